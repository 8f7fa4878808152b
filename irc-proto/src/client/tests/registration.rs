use super::*;

#[test]
fn an_old_server_without_cap_is_registered_with() {
    for refusal in [
        ":srv 421 * CAP :Unknown command",
        ":srv 451 * CAP :not registered",
        ":srv 451 * :You have not registered",
        ":srv 410 * LS :no",
    ] {
        let mut talk = Talk::new(plain(), ada().password("letmein").unwrap());
        assert_eq!(talk.said(), "CAP LS 302");
        talk.hear(&[refusal]);
        assert_eq!(talk.said(), "PASS letmein\nNICK ada\nUSER ada 0 * Ada", "{refusal}");
        assert_eq!(talk.client.state(), State::Registration);
        talk.hear(&[":srv 001 Ada :hi"]);
        assert_eq!(talk.told(), ["Capabilities ", "Registered Ada"]);
    }
}

#[test]
fn a_silent_server_is_registered_with_after_a_while() {
    let mut talk = Talk::new(plain(), ada());
    talk.said();
    assert_eq!(talk.client.deadline(), Some(Instant::START + Duration::from_secs(6)));
    talk.wait(6);
    assert_eq!(talk.said(), "NICK ada\nUSER ada 0 * Ada");
    // It was slow, and had capabilities after all.
    talk.hear(&[":srv CAP * LS :batch"]);
    assert_eq!(talk.said(), "CAP REQ batch");
    talk.hear(&[":srv CAP * ACK :batch"]);
    assert_eq!(talk.said(), "CAP END");
    talk.hear(&[":srv 001 ada :hi"]);
    assert_eq!(talk.told(), ["Capabilities batch", "Registered ada"]);
}

#[test]
fn capabilities_come_in_many_lines_and_are_asked_for() {
    let mut talk = Talk::new(plain(), ada());
    talk.said();
    talk.hear(&[
        ":srv CAP * LS * :batch sasl=PLAIN unheard-of",
        ":srv CAP * LS :server-time cap-notify sts=duration=5",
    ]);
    assert_eq!(talk.said(), "NICK ada\nUSER ada 0 * Ada\nCAP REQ :batch server-time");
    // One of many is refused: then one by one.
    talk.hear(&[":srv CAP * NAK :batch server-time"]);
    assert_eq!(talk.said(), "CAP REQ batch\nCAP REQ server-time");
    talk.hear(&[":srv CAP * NAK :batch", ":srv CAP * ACK :server-time"]);
    assert_eq!(talk.said(), "CAP END");
    talk.hear(&[
        ":srv 001 ada :hi",
        ":srv CAP ada NEW :away-notify",
        ":srv CAP ada ACK :away-notify",
        ":srv CAP ada DEL :server-time",
    ]);
    assert_eq!(talk.said(), "CAP REQ away-notify");
    let told = talk.told();
    assert!(told.contains(&"Capabilities away-notify server-time".into()));
    assert!(told.contains(&"Capabilities away-notify".into()));
}

#[test]
fn too_many_capabilities_are_a_violation() {
    let mut talk = Talk::new(plain(), ada());
    for place in 0..40 {
        let names: Vec<_> = (0..10).map(|one| alloc::format!("x{place}-{one}")).collect();
        talk.hear(&[&alloc::format!(":srv CAP * LS * :{}", names.join(" "))]);
    }
    assert_eq!(talk.violation, Some(Violation::TooManyCapabilities));
    assert!(talk.client.is_closed());
}

#[test]
fn nicknames_are_tried_until_one_is_free() {
    let mut talk = Talk::new(plain(), ada().or_nick("countess").unwrap());
    talk.hear(&[":srv CAP * LS :"]);
    talk.said();
    talk.hear(&[":srv 433 * ada :in use"]);
    assert_eq!(talk.said(), "NICK countess");
    // A late answer about the first one changes nothing.
    talk.hear(&[":srv 433 * ada :in use"]);
    assert_eq!(talk.said(), "");
    talk.hear(&[":srv 432 * countess :erroneous"]);
    assert_eq!(talk.said(), "NICK ada_");
    talk.hear(&[":srv 437 * ada_ :unavailable"]);
    assert_eq!(talk.said(), "NICK ada__");
    talk.hear(&[":srv 001 Someone :hi"]);
    assert_eq!(talk.client.nick(), b"Someone");
}

#[test]
fn nicknames_come_to_an_end() {
    let mut talk = Talk::new(plain(), ada());
    talk.hear(&[":srv CAP * LS :"]);
    for _ in 0..40 {
        let nick = String::from_utf8(talk.client.nick().to_vec()).unwrap();
        talk.hear(&[&alloc::format!(":srv 433 * {nick} :in use")]);
    }
    assert!(talk.said().ends_with("QUIT"));
    talk.wait(5);
    assert_eq!(talk.told().last().map(String::as_str), Some("Closed(NoNick)"));
}

#[test]
fn the_first_nickname_is_won_back() {
    let lost = |tokens: &str| {
        let mut talk = Talk::new(plain(), ada());
        talk.hear(&[
            ":srv CAP * LS :",
            ":srv 433 * ada :in use",
            &alloc::format!(":srv 001 ada_ :hi\r\n:srv 005 ada_ {tokens} :are"),
            ":srv 376 ada_ :",
        ]);
        let said = talk.said();
        (talk, said)
    };
    let (mut talk, said) = lost("MONITOR=9");
    assert!(said.ends_with("MONITOR + ada"));
    talk.hear(&[":srv 731 ada_ :ada"]);
    assert_eq!(talk.said(), "NICK ada");
    talk.hear(&[":ada_ NICK ada"]);
    assert_eq!(talk.said(), "MONITOR - ada");

    let (mut talk, _) = lost("X=1");
    talk.wait(60);
    assert!(talk.said().contains("ISON ada"));
    talk.hear(&[":srv 303 ada_ :ada"]);
    assert_eq!(talk.said(), "");
    talk.hear(&[":srv PONG srv :wirestate-1"]);
    talk.wait(60);
    talk.said();
    talk.hear(&[":srv 303 ada_ :"]);
    assert_eq!(talk.said(), "NICK ada");
    talk.hear(&[":ada QUIT :bye"]);
    assert_eq!(talk.said(), "NICK ada");
}

#[test]
fn no_password_goes_out_in_the_clear() {
    let config = || plain().cleartext(false);
    let mut talk = Talk::new(config(), ada().password("letmein").unwrap());
    talk.hear(&[":srv CAP * LS :"]);
    assert_eq!(talk.said(), "CAP LS 302");
    assert_eq!(talk.told(), ["Closed(CleartextForbidden)"]);
    let mut talk = Talk::new(config(), ada().webirc("pw", "gw", "host", "::1", "").unwrap());
    assert_eq!((talk.said().as_str(), talk.told().len()), ("", 1));
    let mut talk = Talk::new(plain(), ada().webirc("pw", "gw", "host", "::1", "secure").unwrap());
    assert_eq!(talk.said(), "WEBIRC pw gw host 0::1 secure\nCAP LS 302");
}

#[test]
fn starttls_comes_before_everything() {
    let mut talk = Talk::new(plain().tls(TlsPolicy::Required).cleartext(false), ada().password("letmein").unwrap());
    talk.hear(&[":srv NOTICE * :looking up", ":srv CAP * LS :tls batch sasl=PLAIN"]);
    assert_eq!(talk.said(), "CAP LS 302\nSTARTTLS");
    talk.hear(&[":srv 670 * :go ahead"]);
    talk.secure();
    assert_eq!(talk.said(), "CAP LS 302\nPASS letmein\nNICK ada\nUSER ada 0 * Ada");
    assert_eq!(talk.told().len(), 1);
    talk.hear(&[":srv CAP * LS :server-time"]);
    assert_eq!(talk.said(), "CAP REQ server-time");
}

#[test]
fn required_tls_that_is_missing_or_refused_ends_the_session() {
    let violation = |lines: &[&str]| {
        let mut talk = Talk::new(plain().tls(TlsPolicy::Required), ada().password("letmein").unwrap());
        talk.hear(lines);
        assert!(!talk.said().contains("letmein"));
        talk.violation
    };
    assert_eq!(violation(&[":srv CAP * LS :batch"]), Some(Violation::TlsNotOffered));
    assert_eq!(violation(&[":srv CAP * LS :tls", ":srv 691 * :no"]), Some(Violation::TlsRefused));
    assert_eq!(violation(&[":srv 421 * CAP :?", ":srv 421 * STARTTLS :?"]), Some(Violation::TlsRefused));
    assert_eq!(violation(&[":srv CAP * LS :tls", ":srv 001 ada :hi"]), Some(Violation::TlsRefused));
    assert_eq!(
        violation(&[":srv CAP * LS :tls", ":srv 670 * :ok\r\n:srv CAP * LS :sasl"]),
        Some(Violation::BytesBeforeTls)
    );
}

#[test]
fn wished_tls_that_is_refused_is_done_without() {
    let mut talk = Talk::new(plain().tls(TlsPolicy::IfOffered), ada());
    talk.hear(&[":srv CAP * LS :tls batch", ":srv 691 * :no"]);
    assert_eq!(talk.said(), "CAP LS 302\nSTARTTLS\nNICK ada\nUSER ada 0 * Ada\nCAP REQ batch");
}

#[test]
fn sts_says_where_to_go() {
    let mut talk = Talk::new(plain(), ada().password("letmein").unwrap());
    talk.hear(&[":srv CAP * LS :sts=port=6697,duration=9 batch"]);
    assert_eq!(talk.said(), "CAP LS 302");
    assert_eq!(talk.told(), ["Sts(Reconnect { port: 6697 })", "Closed(Sts(6697))"]);
    assert_eq!(talk.client.ending(), Some(Ending::Tls));

    let policy = sts::Policy { port: 6697, duration: 9, preload: false };
    let mut talk = Talk::new(plain().sts(Some(policy)), ada());
    assert_eq!(talk.said(), "");
    assert_eq!(talk.told(), ["Sts(Reconnect { port: 6697 })", "Closed(Sts(6697))"]);

    let mut talk = Talk::new(plain().tls(TlsPolicy::Implicit).host("h", 7000).sts(Some(policy)), ada());
    talk.secure();
    talk.hear(&[":srv CAP * LS :sts=port=1,duration=99,preload"]);
    assert!(talk.told().contains(&"Sts(Keep(Policy { port: 7000, duration: 99, preload: true }))".into()));
}

#[test]
fn registration_has_its_time() {
    let mut talk = Talk::new(plain(), ada());
    talk.wait(6);
    talk.wait(114);
    assert_eq!(talk.told(), ["Closed(Timeout(Registration))"]);
    assert_eq!(talk.client.deadline(), None);
}
