use super::*;
use wirestate_machine::plugin::{Plugin, Verdict};

#[test]
fn a_session_ends_in_good_order() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    talk.client.quit("").unwrap();
    assert_eq!(talk.client.quit(""), Err(Misuse::WrongState));
    talk.hear(&["ERROR :Closing Link"]);
    talk.client.inbox().close();
    talk.poll();
    assert_eq!(talk.told(), ["Closed(Quit)"]);
    assert_eq!(talk.client.ending(), Some(Ending::Quit));
    assert_eq!(talk.client.privmsg("a", "b"), Err(Misuse::Closed));
}

#[test]
fn errors_and_shutdown_are_told() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    talk.hear(&["ERROR :Killed"]);
    talk.wait(5);
    assert_eq!(talk.told(), ["Closed(Error(\"Killed\"))"]);
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    talk.client.shutdown();
    assert_eq!(talk.said(), "QUIT");
    talk.wait(5);
    assert_eq!(talk.told(), ["Closed(Shutdown)"]);
    let mut talk = Talk::new(plain().tls(TlsPolicy::Implicit), ada());
    talk.client.shutdown();
    talk.poll();
    assert_eq!(talk.told(), ["Closed(Shutdown)"]);
}

#[test]
fn odd_lines_are_lived_with() {
    let mut talk = Talk::registered(plain().encoding(crate::codec::Encoding::Utf8Only), "server-time", "A=1");
    let long = "x".repeat(5000);
    talk.hear(&[
        &long,
        ":only-a-source",
        "A\0B",
        "FOO",
        ":srv 353",
        ":srv 005",
        ":srv 311 ada",
        ":",
        "BATCH",
        "CAP",
        "AUTHENTICATE",
    ]);
    talk.client.inbox().push(b"FOO \xff\r\n");
    talk.poll();
    let told = talk.told();
    assert!(told.iter().filter(|told| told.starts_with("Odd")).count() >= 4, "{told:?}");
    assert_eq!(talk.client.state(), State::Registered);
}

#[test]
fn the_session_after_takes_up_what_was_left() {
    let mut talk = Talk::registered(plain(), "server-time", "TARGMAX=JOIN:9 MONITOR=9");
    talk.client.join("#secret", Some("key")).unwrap();
    talk.client.set_away(Some("lunch")).unwrap();
    talk.client.monitor("bob").unwrap();
    talk.client.monitor("eve").unwrap();
    talk.client.unmonitor("eve").unwrap();
    assert_eq!(talk.client.monitor("a,b"), Err(Misuse::ForbiddenCharacter));
    talk.hear(&[":ada JOIN #secret", ":ada JOIN #x"]);
    talk.client.inbox().close();
    talk.poll();
    let before = talk.client.continuation();
    assert!(before.nick() == Some(b"ada") && !alloc::format!("{before:?}").contains("key"));

    let client = Client::resuming(plain().into(), ada(), before.clone(), [7; 32], Instant::START);
    let mut talk = Talk { client, events: Vec::new(), now: Instant::START, violation: None };
    talk.hear(&[
        ":srv CAP * LS :",
        ":srv 001 ada :hi",
        ":srv 005 ada TARGMAX=JOIN:9 MONITOR :are",
        ":srv 376 ada :end",
    ]);
    assert_eq!(
        talk.said(),
        "CAP LS 302\nNICK ada\nUSER ada 0 * Ada\nCAP END\nJOIN #secret,#x key\nAWAY lunch\nMONITOR + bob"
    );
    assert_eq!(talk.client.continuation().channels().count(), 0);
    talk.hear(&[":ada JOIN #secret", ":ada JOIN #x"]);
    assert_eq!(talk.client.continuation(), before);
}

#[test]
fn ctcp_is_answered_by_a_plugin_and_not_too_often() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    let answers = CtcpAnswers::new().version("example 1.0").time(|| "noon".into()).rate(4, Duration::from_secs(5));
    talk.client.plugins().add("ctcp", answers).unwrap();
    talk.hear(&[
        ":bob!b@h PRIVMSG ada :\x01VERSION\x01",
        ":bob!b@h PRIVMSG ada :\x01PING 12\x01",
        ":bob!b@h PRIVMSG ada :\x01TIME\x01",
        ":bob!b@h PRIVMSG ada :\x01clientinfo\x01",
        ":bob!b@h PRIVMSG ada :\x01VERSION\x01",
        ":bob!b@h PRIVMSG ada :\x01ACTION waves\x01",
        ":bob!b@h PRIVMSG ada :VERSION",
    ]);
    assert_eq!(
        talk.said(),
        "NOTICE bob :\x01VERSION example 1.0\x01\nNOTICE bob :\x01PING 12\x01\nNOTICE bob :\x01TIME noon\x01\nNOTICE bob :\x01clientinfo ACTION CLIENTINFO PING TIME VERSION\x01"
    );
    assert_eq!(talk.told(), ["PRIVMSG", "PRIVMSG"]);
    talk.wait(5);
    talk.hear(&[":bob!b@h PRIVMSG ada :\x01PING 1\x01"]);
    assert_eq!(talk.said(), "NOTICE bob :\x01PING 1\x01");
}

#[test]
fn plugins_see_what_goes_out() {
    struct Mute;
    impl Plugin<Inbound, Line> for Mute {
        fn outgoing(&mut self, _line: &mut Line) -> Verdict<Line> {
            Verdict::Drop(Line::nothing())
        }
    }
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    talk.client.plugins().add("mute", Mute).unwrap();
    talk.client.privmsg("#x", "a").unwrap();
    assert_eq!(talk.said(), "");
}

#[test]
fn tracking_of_the_own_alone_knows_channels() {
    let mut talk = Talk::registered(plain().tracking(Tracking::Own), "server-time", "A=1");
    talk.hear(&[":ada JOIN #x", ":srv 353 ada = #x :bob eve"]);
    assert_eq!(talk.client.tracker().users().count(), 0);
    assert_eq!(talk.client.continuation().channels().collect::<Vec<_>>(), [b"#x"]);
}

/// Each step that scripts make is in the table.
#[test]
fn sessions_move_as_the_table_says() {
    let welcome = ":srv 001 ada :hi";
    let scripts: [&[&str]; 7] = [
        &[":srv 421 * CAP :?", welcome, "PING x", "ERROR :bye"],
        &[":srv CAP * LS :batch", ":srv CAP * ACK :batch", welcome, ":srv CAP ada DEL :batch"],
        &[":srv CAP * LS :sasl=PLAIN", ":srv CAP * ACK :sasl", "AUTHENTICATE +", ":srv 903 * :ok", welcome],
        &[":srv CAP * LS :sasl=PLAIN", ":srv CAP * ACK :sasl", ":srv 904 * :no", welcome],
        &[":srv CAP * LS :sasl=PLAIN", ":srv CAP * ACK :sasl", welcome, "ERROR :x"],
        &[welcome, "ERROR :x"],
        &[
            ":srv CAP * LS * :a",
            ":srv CAP * LS :b",
            welcome,
            ":srv CAP ada NEW :sasl",
            ":srv CAP ada ACK :sasl",
            ":srv 904 ada :no",
        ],
    ];
    for policy in [SaslPolicy::Off, SaslPolicy::Preferred, SaslPolicy::Required] {
        for script in scripts {
            let mut talk = Talk::new(plain().sasl(policy), with_login());
            for line in script {
                let before = talk.client.state();
                if before == State::Closed {
                    break;
                }
                talk.hear(&[line]);
                let after = talk.client.state();
                let leads = TABLE.rows.iter().any(|row| TABLE.leads(before, row.on, after));
                assert!(before == after || leads, "{before:?} to {after:?} by {line}");
                let allowed = TABLE.allows(after, On::Send);
                assert_eq!(talk.client.privmsg("a", "b").is_ok(), allowed);
                assert_eq!(talk.client.whois("b").is_ok(), TABLE.allows(after, On::Request));
            }
        }
    }
}

#[test]
fn a_bouncers_network_is_bound_before_registration_ends() {
    let wishes = Config::WISHES.with(crate::Capability::SojuBouncerNetworks);
    let mut talk = Talk::new(plain().wishes(wishes), ada().bouncer_network("42").unwrap());
    talk.hear(&[":srv CAP * LS :soju.im/bouncer-networks", ":srv CAP * ACK :soju.im/bouncer-networks"]);
    assert!(talk.said().ends_with("CAP REQ soju.im/bouncer-networks\nBOUNCER BIND 42\nCAP END"));
}

#[test]
fn a_greeting_without_end_is_over_some_time() {
    let before = Continuation::new().channel("#x", None);
    let client = Client::resuming(plain().into(), ada(), before, [7; 32], Instant::START);
    let mut talk = Talk { client, events: Vec::new(), now: Instant::START, violation: None };
    talk.hear(&[":srv CAP * LS :", ":srv 001 ada :hi"]);
    assert!(!talk.said().contains("JOIN"));
    talk.wait(60);
    assert!(talk.said().contains("JOIN #x"));
}
