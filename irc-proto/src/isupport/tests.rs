use super::*;
use alloc::vec;
use proptest::prelude::*;

fn applied(tokens: &[&str]) -> Isupport {
    let mut view = Isupport::default();
    tokens.iter().for_each(|token| assert_eq!(view.apply(token.as_bytes()), Ok(()), "{token}"));
    view
}

const LIVELY: &[&str] = &[
    "AWAYLEN=390",
    "BOT=B",
    "CASEMAPPING=ascii",
    "CHANMODES=Ibe,k,fl,CEMRUimnstu",
    "CHANNELLEN=64",
    "CHANTYPES=#",
    "CLIENTTAGDENY=*,-draft/react,-typing",
    "ELIST=CMNTU",
    "EXCEPTS",
    "EXTBAN=$,ajrxz",
    "HOSTLEN=63",
    "INVEX=J",
    "KICKLEN=390",
    "LINELEN=2048",
    "MAXLIST=be:60,I:10",
    "MODES",
    "MONITOR=100",
    "NETWORK=Some\\x20Net",
    "NICKLEN=32",
    "PREFIX=(qaohv)~&@%+",
    "SAFELIST",
    "STATUSMSG=~&@%+",
    "TARGMAX=NAMES:1,PRIVMSG:4,MONITOR:",
    "TOPICLEN",
    "USERLEN=18",
    "UTF8ONLY",
    "WHOX",
    "draft/ICON=https://example.org/a\\x3Db",
    "CALLERID",
];

#[test]
fn lists_and_targets_are_set_and_announced() {
    let mut view = Isupport::default();
    view.set_max_list(Letters::new(b"be"), 60);
    view.set_max_list(Letters::new(b"I"), 10);
    view.set_max_list(Letters::new(b"eq"), 5);
    assert_eq!((view.max_list(b'b'), view.max_list(b'e'), view.max_list(b'I')), (Some(60), Some(5), Some(10)));
    view.set_max_list(Letters::new(b"b"), 7);
    let lists: Vec<_> = view.max_lists().collect();
    let wanted = [(b"I".as_slice(), 10), (b"eq", 5), (b"b", 7)];
    assert_eq!(lists, wanted.map(|(modes, most)| (Letters::new(modes), most)));
    assert_eq!(view.set_max_targets(b"privmsg", Limit::Most(4)), Ok(()));
    assert_eq!(view.set_max_targets(b"JOIN", Limit::Unlimited), Ok(()));
    assert_eq!(view.set_max_targets(b"JO:IN", Limit::Unlimited), Err(TokenFault::Value));
    let named: Vec<_> = view.target_limits().collect();
    assert_eq!(named, [(&b"JOIN"[..], Limit::Unlimited), (b"PRIVMSG", Limit::Most(4))]);
    let mut again = Isupport::default();
    view.tokens().iter().for_each(|token| again.apply(token).unwrap());
    assert_eq!(again, view);
}

#[test]
fn only_so_many_commands_are_kept() {
    let mut view = Isupport::default();
    let name = |at: usize| vec![b'A'; at + 1];
    for at in 0..Isupport::MOST_KEPT {
        assert_eq!(view.set_max_targets(&name(at), Limit::Most(1)), Ok(()));
    }
    assert_eq!(view.set_max_targets(&name(Isupport::MOST_KEPT), Limit::Most(1)), Err(TokenFault::TooMany));
    assert_eq!(view.set_max_targets(&name(3), Limit::Most(2)), Ok(()));
}

#[test]
fn a_lively_server_is_understood() {
    let view = applied(LIVELY);
    assert_eq!(view.case_mapping, CaseMapping::Ascii);
    assert_eq!((view.nick_len, view.topic_len, view.away_len, view.line_len), (Some(32), None, Some(390), 2048));
    assert_eq!((view.modes, view.monitor), (Limit::Unlimited, Some(Limit::Most(100))));
    assert_eq!((view.bot, view.excepts, view.invex), (Some(b'B'), Some(b'e'), Some(b'J')));
    assert_eq!(view.network.as_deref(), Some(&b"Some Net"[..]));
    assert_eq!((view.max_list(b'e'), view.max_list(b'I'), view.max_list(b'q')), (Some(60), Some(10), None));
    assert_eq!(view.max_targets(b"PRIVMSG"), Some(Limit::Most(4)));
    assert_eq!((view.max_targets(b"MONITOR"), view.max_targets(b"JOIN")), (Some(Limit::Unlimited), None));
    assert_eq!(view.mode_types.statuses().first(), Some(&Status { letter: b'q', symbol: b'~' }));
    assert_eq!(view.extban, Some(ExtBan { prefix: Some(b'$'), types: Letters::new(b"ajrxz") }));
    assert!(view.denies_client_tag(b"draft/reply") && !view.denies_client_tag(b"typing"));
    assert_eq!(view.other(b"draft/ICON"), Some(Some(&b"https://example.org/a=b"[..])));
    assert_eq!((view.other(b"CALLERID"), view.other(b"KNOCK")), (Some(None), None));
}

#[test]
fn letters_beyond_ascii_have_a_mapping_of_their_own() {
    for wide in [
        &["CASEMAPPING=ascii", "UTF8MAPPING=rfc8265"][..],
        &["UTF8MAPPING=rfc8265", "CASEMAPPING=ascii"],
        &["CASEMAPPING=ascii", "UTF8MAPPING=rfc8265", "CASEMAPPING=ascii"],
        &["CASEMAPPING=rfc8265"],
    ] {
        let view = applied(wide);
        assert_eq!(view.case_mapping, CaseMapping::Precis, "{wide:?}");
        assert!(view.tokens().contains(&b"CASEMAPPING=ascii".to_vec()));
        assert!(view.tokens().contains(&b"UTF8MAPPING=rfc8265".to_vec()));
    }
    let narrow = applied(&["CASEMAPPING=ascii", "UTF8MAPPING=rfc8265", "-UTF8MAPPING"]);
    assert_eq!((narrow.case_mapping, narrow.other(b"UTF8MAPPING")), (CaseMapping::Ascii, None));
    let other = applied(&["CASEMAPPING=rfc1459", "UTF8MAPPING=rfc8265", "UTF8MAPPING=rfc9999"]);
    assert_eq!((other.case_mapping, other.other(b"UTF8MAPPING")), (CaseMapping::Rfc1459, Some(Some(&b"rfc9999"[..]))));
}

#[test]
fn what_is_announced_reads_back() {
    for view in [Isupport::default(), applied(LIVELY), applied(&["CASEMAPPING=rfc7613", "PREFIX=", "CHANTYPES="])] {
        let mut read = Isupport::default();
        view.tokens().iter().for_each(|token| assert_eq!(read.apply(token), Ok(())));
        assert_eq!(read, view);
    }
}

#[test]
fn all_that_is_taken_back_is_as_before() {
    let mut view = applied(LIVELY);
    for token in LIVELY {
        let key = token.split('=').next().unwrap();
        assert_eq!(view.apply(format!("-{key}").as_bytes()), Ok(()), "{key}");
    }
    assert_eq!(view, Isupport::default());
}

#[test]
fn odd_tokens_change_nothing() {
    let cases = [
        ("", TokenFault::Key),
        ("=x", TokenFault::Key),
        ("-", TokenFault::Key),
        ("-NICKLEN=9", TokenFault::NegatedValue),
        ("NICKLEN=-1", TokenFault::Value),
        ("NICKLEN=4294967296", TokenFault::Value),
        ("MODES=x", TokenFault::Value),
        ("PREFIX=ov", TokenFault::Value),
        ("PREFIX=(ov)@", TokenFault::Value),
        ("EXCEPTS=ee", TokenFault::Value),
        ("MAXLIST=b", TokenFault::Value),
        ("EXTBAN=abc", TokenFault::Value),
    ];
    for (token, fault) in cases {
        let mut view = Isupport::default();
        assert_eq!(view.apply(token.as_bytes()), Err(fault), "{token}");
        assert_eq!(view, Isupport::default(), "{token}");
    }
}

#[test]
fn an_endless_list_of_parameters_is_bounded() {
    let mut view = Isupport::default();
    let taken = (0..1000).filter(|number| view.apply(format!("X{number}=1").as_bytes()).is_ok()).count();
    assert_eq!(taken, Isupport::MOST_KEPT);
    assert_eq!(view.apply(b"X0=2"), Ok(()));
}

#[test]
fn lines_have_thirteen_tokens_and_keep_to_the_room() {
    let tokens = alloc::vec![b"KEY=value".to_vec(); 30];
    let counts = |room| token_lines(&tokens, room).map(<[_]>::len).collect::<Vec<_>>();
    assert_eq!(counts(400), [13, 13, 4]);
    assert_eq!(counts(100), [10, 10, 10]);
    assert_eq!(counts(0), [1; 30]);
    assert_eq!(token_lines(&[], 400).count(), 0);
}

proptest! {
    #[test]
    fn any_tokens_are_read_and_written_back(tokens in prop::collection::vec(
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "-?(CHANMODES|PREFIX|MAXLIST|TARGMAX|CLIENTTAGDENY|CASEMAPPING|UTF8MAPPING|EXTBAN|LINELEN|X)(=[a-zA-Z0-9():,@+\\\\]{0,12})?"
                .prop_map(alloc::string::String::into_bytes),
        ],
        0..8,
    )) {
        let mut view = Isupport::default();
        for token in &tokens {
            let _ = view.apply(token);
        }
        let mut read = Isupport::default();
        for token in view.tokens() {
            prop_assert!(!token.iter().any(|byte| matches!(byte, b' ' | b'\r' | b'\n' | 0)));
            prop_assert_eq!(read.apply(&token), Ok(()));
        }
        prop_assert_eq!(read, view);
    }

    #[test]
    fn values_are_escaped_and_read_back(value: Vec<u8>) {
        let token = Token::write(b"KEY", Some(&value));
        prop_assert_eq!(Token::parse(&token).unwrap().unescaped().unwrap().into_owned(), value);
    }
}
