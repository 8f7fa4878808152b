use super::*;
use crate::codec::{Encoder, Message, Parts, Profile, Sender};
use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use proptest::prelude::*;

fn message(line: &str) -> Message<&[u8]> {
    Message::parse(line.as_bytes(), Profile::Lenient).unwrap()
}

fn client(line: &str) -> FromClient<'_> {
    FromClient::of(message(line))
}

fn server(line: &str) -> FromServer<'_> {
    FromServer::of(message(line))
}

fn reply(line: &str) -> Reply<'_> {
    Reply::of(message(line))
}

fn link(line: &str) -> Link<'_> {
    Link::of(message(line))
}

#[test]
fn a_client_is_understood() {
    assert!(client("nick ada") == FromClient::Nick { nick: b"ada" });
    let user = FromClient::User { user: b"a", mode: b"0", unused: b"*", realname: b"Ada L" };
    assert!(client("USER a 0 * :Ada L") == user);
    let (channels, keys) = (List::new(b"#a,#b"), Some(List::new(b"k1,k2")));
    assert!(client("JOIN #a,#b k1,k2") == FromClient::Join { channels, keys });
    assert!(client("CAP ls 302") == FromClient::CapLs { version: Some(b"302") });
    assert!(
        client("CAP REQ :sasl -away-notify") == FromClient::CapReq { capabilities: Words::new(b"sasl -away-notify") }
    );
    assert!(client("WHOIS ada") == FromClient::Whois { server: None, nicks: List::new(b"ada") });
    assert!(client("WHOIS * ada") == FromClient::Whois { server: Some(b"*"), nicks: List::new(b"ada") });
    let latest = FromClient::ChathistoryLatest { target: b"#x", to: b"*", limit: b"50" };
    assert!(client("CHATHISTORY LATEST #x * 50") == latest);
    assert!(client("METADATA * SUB a b") == FromClient::MetadataSub { target: b"*", keys: Rest::new(&[b"a", b"b"]) });
    assert!(client("MONITOR + ada,bob") == FromClient::MonitorAdd { nicks: List::new(b"ada,bob") });
    assert!(client("LINKS") == FromClient::Links {});
    let arguments = Rest::new(&[b"ada", b"bob"]);
    assert!(client("MODE #x +ov ada bob") == FromClient::Mode { target: b"#x", modes: Some(b"+ov"), arguments });
}

#[test]
fn a_server_is_understood() {
    let ls = FromServer::CapLs { client: b"*", more: Some(b"*"), capabilities: Words::new(b"sasl=PLAIN sts") };
    assert!(server("CAP * LS * :sasl=PLAIN sts") == ls);
    let join = FromServer::Join { channels: List::new(b"#x"), account: Some(b"ada"), realname: Some(b"Ada L") };
    assert!(server(":ada!a@h JOIN #x ada :Ada L") == join);
    let fail = FromServer::Fail {
        command: b"CHATHISTORY",
        code: b"INVALID_PARAMS",
        context: Rest::new(&[b"LATEST", b"#x"]),
        description: b"No such channel",
    };
    assert!(server("FAIL CHATHISTORY INVALID_PARAMS LATEST #x :No such channel") == fail);
    assert!(server("PONG irc.example.org 12") == FromServer::Pong { server: Some(b"irc.example.org"), token: b"12" });
    assert!(server("PONG 12") == FromServer::Pong { server: None, token: b"12" });
}

#[test]
fn numerics_are_understood_with_what_servers_leave_out_or_add() {
    let names = Words::new(b"@ada +bob");
    assert!(
        reply("353 me = #x :@ada +bob") == Reply::RplNamreply { client: b"me", symbol: b"=", channel: b"#x", names }
    );
    let idle = |idle, signon| Reply::RplWhoisidle { client: b"me", nick: b"ada", idle, signon, text: b"idle" };
    assert!(reply("317 me ada 5 1700000000 :idle") == idle(b"5", Some(b"1700000000")));
    assert!(reply("317 me ada 5 :idle") == idle(b"5", None));
    assert!(
        reply("317 me ada 5 1700000000 more :idle") == idle(b"5", Some(b"1700000000")),
        "what is too much stands before the last"
    );
    let tokens = Rest::new(&[b"NICKLEN=30", b"WHOX"]);
    let isupport = Reply::RplIsupport { client: b"me", tokens, text: b"are supported by this server" };
    assert!(reply("005 me NICKLEN=30 WHOX :are supported by this server") == isupport);
    assert_eq!(reply("353 me").form().map(|form| form.command), Some(Command::Numeric(crate::numerics::RPL_NAMREPLY)));
    assert_eq!(format!("{:?}", reply("353 me")), "Missing(symbol of 353 <client> <symbol> <channel> :<names ...>)");
    assert!(matches!(reply("999 me"), Reply::Other(_)) && matches!(reply("PING x"), Reply::Other(_)));
}

#[test]
fn servers_understand_each_other() {
    let pass =
        Link::Pass { password: b"pw", version: Some(b"0210-IRC+"), flags: Some(b"x|1:CHLMSXZ"), options: Some(b"PZ") };
    assert!(link("PASS pw 0210-IRC+ x|1:CHLMSXZ PZ") == pass);
    assert!(link("PASS pw TS 6 :0AB") == Link::PassTs { password: b"pw", version: b"6", sid: b"0AB" });
    let server = Link::Server { name: b"irc.a", hops: Some(b"1"), token: Some(b"34"), info: b"A server" };
    assert!(link("SERVER irc.a 1 34 :A server") == server);
    assert!(
        link("SERVER irc.a :A server") == Link::Server { name: b"irc.a", hops: None, token: None, info: b"A server" }
    );
    assert!(matches!(
        link("NICK ada 1 a host 34 +i :Ada"),
        Link::NickIntroduced { token: b"34", realname: b"Ada", .. }
    ));
    assert!(link(":ada NICK bob") == Link::Nick { nick: b"bob", ts: None });
    let (modes, arguments, members) = (&b"+ntk"[..], Rest::new(&[b"key"]), Words::new(b"@0ABAAAAAA +0ABAAAAAB"));
    let sjoin = Link::Sjoin { ts: b"1700000000", channel: b"#x", modes, arguments, members };
    assert!(link("SJOIN 1700000000 #x +ntk key :@0ABAAAAAA +0ABAAAAAB") == sjoin);
    assert!(matches!(link("CHANINFO #x +kl key 5 :topic"), Link::ChaninfoFull { limit: b"5", topic: b"topic", .. }));
    assert!(link("CHANINFO #x +n :topic") == Link::Chaninfo { channel: b"#x", modes: b"+n", topic: Some(b"topic") });
    assert!(matches!(link("ENCAP * SU 0ABAAAAAA"), Link::EncapSu { account: None, .. }));
    assert!(matches!(link("ENCAP * NEWER a b"), Link::Encap { command: b"NEWER", .. }));
}

#[test]
fn what_lacks_parameters_says_which() {
    for (line, name) in [
        ("PRIVMSG", "targets"),
        ("PRIVMSG #x", "text"),
        ("CAP", "LS"),
        ("CAP REQ", "capabilities"),
        ("METADATA", "target"),
        ("METADATA *", "GET"),
        ("CHATHISTORY BETWEEN #x 1", "to"),
    ] {
        let FromClient::Missing(missing) = client(line) else { panic!("{line} is complete") };
        assert_eq!(missing.name(), name, "{line}");
        assert!(missing.params().iter().eq(message(line).params()), "{line}");
    }
}

#[test]
fn a_fragment_of_a_long_form_is_no_short_form() {
    let Link::Missing(missing) = link("NICK ada 1 a host 34 +i") else { panic!("it introduces a user in part") };
    assert_eq!(missing.params().iter().count(), 6);
    assert!(matches!(link("CHANINFO #x +kl key 5"), Link::Missing(_)));
    assert!(matches!(client("NICK ada 1"), FromClient::Nick { nick: b"ada" }), "there is one form, and too much");
}

#[test]
fn what_no_table_has_is_whole() {
    let FromClient::Other(other) = client("cap FOO :a b") else { panic!("there is no CAP FOO") };
    assert_eq!(other.command, Command::Word(b"cap"));
    assert_eq!(other.params, Rest::new(&[b"FOO", b"a b"]));
}

#[test]
fn a_gap_cannot_be_written() {
    let mut slots = Slots::new();
    let join = FromServer::Join { channels: List::new(b"#x"), account: None, realname: Some(b"Ada") };
    assert!(join.parts(&mut slots).is_err());
    let mode = FromClient::Mode { target: b"#x", modes: None, arguments: Rest::new(&[b"ada"]) };
    assert!(mode.parts(&mut slots).is_err());
    assert!(FromClient::Nick { nick: b"ada" }.parts(&mut slots).is_ok());
}

#[test]
fn too_many_parameters_are_for_the_encoder_to_refuse() {
    let keys = [&b"k"[..]; 14];
    let mut slots = Slots::new();
    let encoder = Encoder::new(Sender::Client);
    let get = FromClient::MetadataGet { target: b"*", keys: Rest::new(&keys) };
    assert!(encoder.to_bytes(&get.parts(&mut slots).unwrap()).is_err());
    let get = FromClient::MetadataGet { target: b"*", keys: Rest::new(&keys[..13]) };
    assert!(encoder.to_bytes(&get.parts(&mut slots).unwrap()).is_ok());
}

#[test]
fn nothing_injects_a_parameter() {
    let mut slots = Slots::new();
    let encoder = Encoder::new(Sender::Client);
    for nick in [&b"a b"[..], b"a\rQUIT", b"a\nQUIT", b"a\0", b":a", b""] {
        let invite = FromClient::Invite { nick: Some(nick), channel: Some(b"#x") };
        assert!(encoder.to_bytes(&invite.parts(&mut slots).unwrap()).is_err(), "{}", nick.escape_ascii());
    }
}

#[test]
fn debug_shows_no_secret() {
    for line in
        ["PASS hunter2", "OPER ada hunter2", "AUTHENTICATE hunter2", "OPER hunter2", "X hunter2", "JOIN #x hunter2"]
    {
        assert!(!format!("{:?}", client(line)).contains("hunter2"), "{line}");
    }
    assert_eq!(format!("{:?}", client("OPER ada hunter2")), "Oper");
}

#[test]
fn forms_read_like_the_rfcs() {
    let form = |line| client(line).form().unwrap().to_string();
    assert_eq!(form("JOIN #x"), "JOIN <channels,...> [ <keys,...> ]");
    assert_eq!(form("METADATA * SUB a"), "METADATA <target> SUB *<keys>");
    assert_eq!(form("CAP REQ a"), "CAP REQ :<capabilities ...>");
}

#[test]
fn every_numeric_has_a_form() {
    for (numeric, name) in crate::numerics::ALL {
        assert!(Reply::FORMS.iter().any(|form| form.command == Command::Numeric(*numeric)), "{numeric} {name}");
    }
}

/// Lines with the commands of all tables, more and fewer parameters than they have, and odd ones.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let forms: Vec<_> = [FromClient::FORMS, FromServer::FORMS, Reply::FORMS, Link::FORMS].concat();
    let command = prop::sample::select(forms).prop_map(|form| (format!("{:?}", form.command), form.word));
    let param = prop_oneof![Just("*"), Just("#x,#y"), Just("a"), Just("LS"), Just("+"), Just("TS")];
    let last = prop_oneof![Just(""), Just(" :"), Just(" :a b"), Just(" ::c"), Just("  "), Just(" x")];
    (command, prop::collection::vec(param, 0..17), last, any::<bool>()).prop_map(
        |((command, word), mut params, last, lower)| {
            if let Some((at, word)) = word
                && at < params.len()
            {
                params[at] = word;
            }
            let command = if lower { command.to_lowercase() } else { command };
            let params: Vec<_> = params.iter().map(|param| format!(" {param}")).collect();
            format!("{command}{}{last}", params.concat()).into_bytes()
        },
    )
}

macro_rules! comes_back {
    ($type:ident, $line:ident) => {
        let message = Message::parse(&$line, Profile::Lenient).unwrap();
        let typed = $type::of(message);
        let mut slots = Slots::new();
        let parts = typed.parts(&mut slots).unwrap();
        if let Ok(written) = Encoder::new(Sender::Server).to_bytes(&Parts { source: Some(b"s"), ..parts }) {
            let written = written.strip_suffix(b"\r\n").unwrap();
            let again = $type::of(Message::parse(written, Profile::Strict).unwrap());
            prop_assert!(again == typed, "{:?} became {:?}", typed, again);
        } else {
            prop_assert!(message.params().count() > Profile::MAX_PARAMS, "{:?} was not written", typed);
        }
    };
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_to_be_read_alike(line in lines()) {
        comes_back!(FromClient, line);
        comes_back!(FromServer, line);
        comes_back!(Reply, line);
        comes_back!(Link, line);
    }
}
