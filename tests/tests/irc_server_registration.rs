//! Registration with the IRC server, as the RFCs and the IRCv3 specifications print it: PASS, NICK, USER, CAP, STARTTLS, STS and WEBIRC.

use irc_proto::isupport::Isupport;
use irc_proto::server::{Accounts, Event, Server, State, Sts, Tls, Violation, Webirc};
use irc_proto::{Capabilities, Capability};
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::Mechanism;
use wirestate_testing::{Role, play};
use wirestate_tests::irc::{Desk, PLAIN, Talk, open_config, starttls_config};

fn is_registered(talk: &Talk) -> bool {
    talk.server.state() == State::Registered
}

#[test]
fn rfc_2812_registration_in_any_order() {
    for lines in [
        "PASS secret\r\nNICK Wiz\r\nUSER guest 0 * :Ronnie Reagan",
        "USER guest 8 * :Ronnie Reagan\r\nPASS secret\r\nNICK Wiz",
    ] {
        let mut talk = Talk::new();
        assert_eq!(talk.hear(lines), ["001 Wiz :Welcome"]);
        let told = talk.desk.registration.as_ref().unwrap();
        assert_eq!(
            (&told.nick[..], &told.user[..], &told.realname[..]),
            (&b"Wiz"[..], &b"guest"[..], &b"Ronnie Reagan"[..])
        );
        assert!(told.password.as_ref().unwrap().matches("secret") && !told.encrypted && told.account.is_none());
        assert_eq!(talk.server.nick_name(), b"Wiz");
    }
}

#[test]
fn a_nickname_is_checked_then_asked_for_and_may_be_tried_again() {
    let mut talk = Talk::new();
    assert_eq!(talk.hear("NICK"), ["431 * :No nickname given"]);
    assert_eq!(talk.hear("NICK 9lives"), ["432 * 9lives :Erroneous nickname"]);
    assert_eq!(talk.hear("NICK #a"), ["432 * #a :Erroneous nickname"]);
    assert_eq!(talk.hear(&format!("NICK {}", "n".repeat(33))).len(), 1);
    assert!(talk.events.iter().all(|event| event.starts_with("Rejected")));
    assert_eq!(talk.hear("NICK bob"), ["433 * bob :Nickname is already in use"]);
    assert_eq!(talk.hear("USER ann 0 * :Ann"), [""; 0]);
    assert_eq!(talk.hear("NICK ann\r\nNICK x"), ["001 ann :Welcome"]);
    assert_eq!(talk.desk.messages, [b"NICK x"]);
}

#[test]
fn the_nickname_of_before_registration_may_change() {
    let mut talk = Talk::new();
    assert!(talk.hear("NICK one\r\nNICK two\r\nNICK bob")[0].starts_with("433 two bob "));
    assert_eq!(talk.hear("USER u 0 * :r"), ["001 two :Welcome"]);
}

#[test]
fn what_is_missing_or_odd_in_user_is_told() {
    let mut talk = Talk::new();
    assert_eq!(talk.hear("USER a 0 *"), ["461 * USER :Not enough parameters"]);
    assert_eq!(talk.hear("USER a@b 0 * :x"), ["468 * :Your user name is not valid"]);
    assert_eq!(talk.hear(&format!("USER {} 0 * :x", "u".repeat(50))), [""; 0]);
    assert_eq!(talk.hear("USER again 0 * :x"), ["462 * :You may not reregister"]);
    talk.hear("NICK ann");
    assert_eq!(talk.desk.registration.as_ref().unwrap().user.len(), 18);
    for line in ["PASS x", "USER a 0 * :x", "WEBIRC gate g h 192.0.2.1"] {
        assert_eq!(talk.hear(line), ["462 ann :You may not reregister"]);
    }
}

#[test]
fn other_commands_wait_for_registration_and_unknown_ones_are_told() {
    let mut talk = Talk::new();
    assert_eq!(talk.hear("JOIN #a"), ["451 * :You have not registered"]);
    assert_eq!(talk.hear("XLATER"), ["451 * :You have not registered"]);
    assert_eq!(talk.hear("FOO bar"), ["421 * FOO :Unknown command"]);
    assert_eq!(talk.hear("001 a :b"), ["421 * * :Unknown command"]);
    assert_eq!(talk.hear("XECHO"), ["461 * XECHO :Not enough parameters"]);
    assert_eq!(talk.hear("XECHO hi\r\nPING t"), ["PONG irc.localhost :t"]);
    assert_eq!(talk.desk.messages, [b"XECHO hi"]);
}

#[test]
fn the_application_may_refuse_with_a_password_asked_for() {
    let desk = Desk { password: Some("secret"), ..Desk::default() };
    let mut talk = Talk::with(desk.clone());
    assert_eq!(
        talk.hear("PASS other\r\nNICK ann\r\nUSER a 0 * :x"),
        ["464 ann :Password incorrect", "ERROR :Closing Link: ann (Password incorrect)"]
    );
    assert!(talk.last_event_is("Closed(Refused)"));
    let mut talk = Talk::with(desk);
    assert_eq!(talk.hear("PASS other\r\nPASS secret\r\nNICK ann\r\nUSER a 0 * :x"), ["001 ann :Welcome"]);
}

#[test]
fn a_cookie_must_come_back_where_it_is_asked_for() {
    let mut talk = Talk::with(Desk::with(|config| config.ping_cookie = true));
    let asked = talk.hear("NICK ann\r\nUSER a 0 * :x");
    let cookie = asked[0].strip_prefix("PING :").unwrap().to_owned();
    assert_eq!(talk.hear("PONG wrong"), [format!("513 ann :To connect, type /QUOTE PONG {cookie}")]);
    assert!(!is_registered(&talk));
    assert_eq!(talk.hear(&format!("PONG {cookie}")), ["001 ann :Welcome"]);
}

// --- capabilities ---

#[test]
fn capability_negotiation_as_it_is_specified() {
    let mut config = open_config();
    (config.tls, config.mechanisms) = (Tls::Off, vec![Mechanism::Plain]);
    config.capabilities = Capabilities::of(&[Capability::MultiPrefix, Capability::AwayNotify]);
    config.other_capabilities.clear();
    let desk = Desk::new(config);
    play(
        &desk,
        Role::Server,
        "
        C: CAP LS 302
        C: NICK dan
        C: USER d 0 * :This is a really good name
        S: :irc.localhost CAP * LS :away-notify multi-prefix sasl=PLAIN
        C: CAP REQ :multi-prefix sasl
        S: :irc.localhost CAP dan ACK :multi-prefix sasl
        C: CAP END
        S: :irc.localhost 001 dan :Welcome
    ",
    )
    .unwrap();
    play(
        &desk,
        Role::Server,
        "
        C: CAP LS
        S: :irc.localhost CAP * LS :away-notify multi-prefix sasl
        C: CAP REQ :away-notify nonsense
        S: :irc.localhost CAP * NAK :away-notify nonsense
        C: CAP LIST
        S: :irc.localhost CAP * LIST :
        C: CAP REQ :away-notify multi-prefix
        S: :irc.localhost CAP * ACK :away-notify multi-prefix
        C: CAP REQ :-multi-prefix
        S: :irc.localhost CAP * ACK :-multi-prefix
        C: CAP LIST
        S: :irc.localhost CAP * LIST :away-notify
        C: CAP FOO
        S: :irc.localhost 410 * FOO :Invalid CAP command
        C: CAP
        S: :irc.localhost 461 * CAP :Not enough parameters
        C: CAP REQ :
        S: :irc.localhost CAP * ACK :
    ",
    )
    .unwrap();
}

#[test]
fn a_request_is_granted_whole_or_not_at_all() {
    let mut talk = Talk::new();
    talk.hear("CAP REQ :batch echo-message");
    assert!(talk.hear("CAP REQ :-batch server-time no-such")[0].starts_with("CAP * NAK :"));
    assert_eq!(talk.server.capabilities(), Capabilities::of(&[Capability::Batch, Capability::EchoMessage]));
    assert!(talk.last_event_is("Rejected { keyword: Cap, why: CapRefused }"));
    talk.hear("CAP REQ :-batch example.org/x");
    assert!(talk.server.has_agreed_on("example.org/x") && !talk.server.capabilities().has(Capability::Batch));
}

#[test]
fn registration_waits_for_cap_end_after_ls_or_req() {
    for begin in ["CAP LS", "CAP REQ :batch"] {
        let mut talk = Talk::new();
        talk.hear(begin);
        talk.hear("NICK ann\r\nUSER a 0 * :x");
        assert!(!is_registered(&talk));
        assert_eq!(talk.hear("CAP END"), ["001 ann :Welcome"]);
        assert_eq!(talk.hear("CAP END"), [""; 0]);
    }
}

#[test]
fn cap_302_implies_cap_notify_for_good() {
    let mut talk = Talk::new();
    talk.hear("CAP LS 302");
    assert_eq!(talk.hear("CAP LIST"), ["CAP * LIST :cap-notify"]);
    assert_eq!(talk.hear("CAP REQ :-cap-notify"), ["CAP * NAK :-cap-notify"]);
    assert_eq!(talk.hear("CAP REQ :cap-notify"), ["CAP * ACK :cap-notify"]);
    let mut old = Talk::new();
    assert_eq!(old.hear("CAP REQ :cap-notify\r\nCAP REQ :-cap-notify").len(), 2);
    assert!(old.server.capabilities().is_empty());
}

#[test]
fn a_long_list_takes_several_lines_for_302_and_one_for_others() {
    let long = Desk::with(|config| {
        config.capabilities = Capability::ALL.iter().copied().collect();
        config.isupport = Some(Isupport::default());
        config.accounts = Some(Accounts::default());
        config.values = vec![(Capability::Multiline, "max-bytes=4096,max-lines=20".into())];
    });
    let mut talk = Talk::with(long.clone());
    let lines: Vec<_> = talk.say("CAP LS 302\r\n").lines().map(str::to_owned).collect();
    assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= 510));
    let (last, before) = lines.split_last().unwrap();
    assert!(before.iter().all(|line| line.starts_with(":irc.localhost CAP * LS * :")));
    assert!(last.starts_with(":irc.localhost CAP * LS :"));
    let all: Vec<_> = lines.iter().flat_map(|line| line.rsplit_once(" :").unwrap().1.split(' ')).collect();
    assert!(all.contains(&"draft/multiline=max-bytes=4096,max-lines=20") && all.contains(&"example.org/x=y"));
    // sts is not configured.
    assert_eq!(all.len(), Capability::ALL.len() - 1 + 1);
    let old = Talk::with(long).hear("CAP LS");
    assert!(old.len() == 1 && !old[0].contains('='));
}

#[test]
fn capabilities_come_and_go_while_the_session_runs() {
    let mut talk = Talk::new();
    talk.hear("CAP LS 302\r\nCAP REQ :multi-prefix draft/chathistory");
    let mut talk = talk.register();
    talk.server.withdraw("multi-prefix").unwrap();
    assert_eq!(talk.hear("PING x"), ["CAP ann DEL :multi-prefix", "PONG irc.localhost :x"]);
    assert!(!talk.server.capabilities().has(Capability::MultiPrefix));
    assert!(talk.hear("CAP REQ multi-prefix")[0].starts_with("CAP ann NAK"));
    talk.server.offer("multi-prefix").unwrap();
    talk.server.offer("multi-prefix").unwrap();
    assert_eq!(talk.say(""), ":irc.localhost CAP ann NEW :multi-prefix\r\n");
    talk.server.withdraw("example.org/x").unwrap();
    talk.server.offer("example.org/x").unwrap();
    assert_eq!(talk.hear("PONG"), ["CAP ann DEL :example.org/x", "CAP ann NEW :example.org/x=y"]);
    assert!(talk.server.offer("no-such").is_err() && talk.server.withdraw("cap-notify").is_err());
    talk.hear("CAP REQ :multi-prefix");
    assert!(talk.last_event_is("Capabilities({"));
    let mut old = Talk::registered();
    old.server.withdraw("multi-prefix").unwrap();
    assert_eq!(old.say(""), "");
}

// --- TLS ---

#[test]
fn starttls_forgets_what_was_said_in_the_clear() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    assert!(talk.hear("CAP LS 302")[0].contains(" tls"));
    talk.hear("CAP REQ :multi-prefix\r\nPASS secret\r\nNICK eve\r\nUSER eve 0 * :Eve");
    assert_eq!(talk.hear("STARTTLS"), ["670 eve :STARTTLS successful, proceed with TLS handshake"]);
    assert_eq!(talk.server.state(), State::Securing);
    assert_eq!(talk.server.inbox().room(), 0);
    talk.secure();
    assert!(talk.last_event_is("Secured") && talk.server.nick_name().is_empty());
    assert!(talk.server.capabilities().is_empty());
    assert_eq!(talk.hear("STARTTLS"), ["691 * :STARTTLS is not offered here"]);
    assert!(!talk.hear("CAP LS 302")[0].contains(" tls"));
    assert_eq!(talk.hear("NICK ann\r\nUSER ann 0 * :Ann\r\nCAP END"), ["001 ann :Welcome"]);
    let told = talk.desk.registration.as_ref().unwrap();
    assert!(told.encrypted && told.password.is_none());
    assert!(talk.hear("STARTTLS")[0].starts_with("691 "));
}

#[test]
fn passwords_are_offered_over_tls_alone() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    assert!(!talk.hear("CAP LS 302")[0].contains("PLAIN"));
    talk.hear("CAP REQ sasl");
    let refused = talk.hear("AUTHENTICATE PLAIN");
    assert!(refused[0].starts_with("908 * SCRAM-SHA-512,") && refused[1].starts_with("904 "), "{refused:?}");
    talk.hear("STARTTLS");
    talk.secure();
    assert!(talk.hear("CAP LS 302")[0].contains(",PLAIN"));
    talk.hear("CAP REQ sasl\r\nAUTHENTICATE PLAIN");
    assert!(talk.hear(&format!("AUTHENTICATE {PLAIN}"))[1].starts_with("903 "));
}

#[test]
fn implicit_tls_comes_before_the_first_line() {
    let mut talk = Talk::with(Desk::with(|config| config.tls = Tls::Implicit));
    assert_eq!((talk.server.state(), talk.server.inbox().room()), (State::Securing, 0));
    talk.secure();
    assert_eq!(talk.hear("NICK ann\r\nUSER a 0 * :x"), ["001 ann :Welcome"]);
    assert!(talk.server.is_encrypted());
}

#[test]
fn sts_tells_the_port_without_tls_and_the_duration_with_it() {
    let mut desk = Desk::with(|config| {
        config.sts = Some(Sts { port: 6697, seconds: 2_592_000, preload: true });
    });
    assert!(Talk::with(desk.clone()).hear("CAP LS 302")[0].contains(" sts=port=6697 "));
    assert!(!Talk::with(desk.clone()).hear("CAP LS")[0].contains("sts"));
    let mut talk = Talk::with(desk.clone());
    talk.hear("CAP LS 302");
    assert!(talk.hear("CAP REQ sts")[0].starts_with("CAP * NAK"));
    let mut config = open_config();
    (config.sts, config.tls) = (desk.config.sts, Tls::Outside);
    desk = Desk::new(config);
    assert!(Talk::with(desk).hear("CAP LS 302")[0].contains(" sts=duration=2592000,preload "));
}

#[test]
fn data_behind_starttls_ends_the_session() {
    let mut talk = Talk::with(Desk::new(starttls_config()));
    let said = talk.say("STARTTLS\r\nNICK eve\r\n");
    assert!(
        said.contains(" 691 * :") && said.ends_with("ERROR :Closing Link: * (Data came before the TLS handshake)\r\n")
    );
    assert_eq!(talk.violation, Some(Violation::DataBeforeTls));
    assert!(talk.events.is_empty());
}

// --- gateways ---

#[test]
fn a_trusted_gateway_tells_for_whom_it_speaks() {
    let mut talk = Talk::new();
    talk.hear("WEBIRC gate KiwiIRC evil!host@name 198.51.100.3 :secure remote-port=5");
    assert!(talk.last_event_is("Forwarded(Forwarded { gateway: \"KiwiIRC\", host: \"198.51.100.3\""));
    assert_eq!(talk.hear("WEBIRC gate g h 192.0.2.1"), ["462 * :You may not reregister"]);
    talk.hear("NICK ann\r\nUSER a 0 * :x");
    let told = talk.desk.registration.as_ref().unwrap();
    // The client's half is encrypted, the gateway's is not.
    assert!(told.forwarded.as_ref().unwrap().secure && !told.encrypted);
}

#[test]
fn a_gateway_nobody_knows_is_closed_and_one_without_facts_too() {
    for line in ["WEBIRC wrong g host.example 192.0.2.1", "WEBIRC gate g host.example nowhere"] {
        let mut talk = Talk::new();
        assert_eq!(talk.hear(line), ["ERROR :Closing Link: * (Access denied)"]);
        assert!(talk.server.is_closed());
    }
    let mut talk = Talk::with(Desk::with(|config| config.webirc = Webirc::Off));
    assert_eq!(talk.hear("WEBIRC gate g host.example 192.0.2.1"), ["421 * WEBIRC :Unknown command"]);
}

#[test]
fn the_application_may_decide_about_gateways() {
    let desk = Desk::with(|config| config.webirc = Webirc::Ask);
    let mut talk = Talk::with(desk.clone());
    assert_eq!(talk.hear("WEBIRC other g h 192.0.2.1"), ["ERROR :Closing Link: * (Access denied)"]);
    let mut talk = Talk::with(desk);
    talk.hear("WEBIRC gate g host.example 192.0.2.1");
    assert!(talk.last_event_is("Forwarded("));
    assert!(!format!("{:?}", talk.events).contains("gate\""), "a password in Debug");
}

#[test]
fn an_answer_on_another_ticket_changes_nothing() {
    let desk = Desk::default();
    let mut server = Server::new(desk.config.clone(), [1; 32], Instant::START);
    let mut other = Server::new(desk.config.clone(), [2; 32], Instant::START);
    server.inbox().push(b"NICK ann\r\nUSER a 0 * :x\r\n");
    let Ok(Some(Event::Nick { ticket, .. })) = server.poll(Instant::START) else { panic!() };
    assert!(other.accept_nick(ticket).is_err());
    assert!(matches!(server.poll(Instant::START), Ok(None)));
    assert!(server.set_nick(b"x").is_err() && server.nick_name().is_empty());
}
