use super::*;
use wirestate_sasl::base64;

fn asked(config: Config, identity: Identity, sasl: &str) -> Talk {
    let mut talk = Talk::new(config, identity);
    talk.hear(&[&alloc::format!(":srv CAP * LS :{sasl}"), ":srv CAP * ACK :sasl"]);
    talk
}

fn last(talk: &mut Talk) -> String {
    talk.said().lines().last().unwrap_or_default().into()
}

#[test]
fn plain_goes_through() {
    let mut talk = asked(plain(), with_login(), "sasl=PLAIN,EXTERNAL");
    assert_eq!(last(&mut talk), "AUTHENTICATE PLAIN");
    assert_eq!(talk.client.state(), State::Authenticating);
    talk.hear(&["AUTHENTICATE +"]);
    assert_eq!(last(&mut talk), "AUTHENTICATE AGFubgBwZW5jaWw=");
    talk.hear(&[":srv 900 * ada!a@h ann :logged in", ":srv 903 * :ok"]);
    assert_eq!(last(&mut talk), "CAP END");
    assert!(talk.client.is_logged_in());
    assert_eq!(talk.told()[2], "LoggedIn { mechanism: Plain, account: Some(b\"ann\") }");
}

#[test]
fn a_certificate_logs_in() {
    let mut talk = asked(plain(), ada().login(Credentials::external()), "sasl=PLAIN,EXTERNAL");
    assert_eq!(last(&mut talk), "AUTHENTICATE EXTERNAL");
    talk.hear(&["AUTHENTICATE +"]);
    assert_eq!(last(&mut talk), "AUTHENTICATE +");
    talk.hear(&[":srv 900 * ada!a@h ann :logged in", ":srv 903 * :ok"]);
    assert_eq!(last(&mut talk), "CAP END");
    assert!(talk.client.is_logged_in());
    // Who has nothing but a certificate is not asked for a password instead.
    let mut without = asked(plain(), ada().login(Credentials::external()), "sasl=PLAIN");
    assert_eq!(last(&mut without), "CAP END");
    assert_eq!(without.told()[1], "LoginFailed NotOffered");
}

#[test]
fn cleartext_waits_for_tls() {
    let mut talk = asked(plain().cleartext(false), with_login(), "sasl=PLAIN");
    assert_eq!(last(&mut talk), "CAP END");
    assert_eq!(talk.told()[1], "LoginFailed CleartextForbidden");
}

#[test]
fn a_required_login_that_fails_ends_the_session() {
    let required = || plain().sasl(SaslPolicy::Required);
    for lines in
        [&[":srv 904 * :no"][..], &["AUTHENTICATE +", ":srv 904 * :no"], &[":srv 001 ada :hi"], &[":srv 902 * :locked"]]
    {
        let mut talk = asked(required(), with_login(), "sasl=PLAIN");
        talk.hear(lines);
        assert_eq!(last(&mut talk), "QUIT", "{lines:?}");
        talk.client.inbox().close();
        talk.poll();
        assert_eq!(talk.told().last().map(String::as_str), Some("Closed(LoginFailed)"));
    }
    let mut talk = Talk::new(required(), with_login());
    talk.hear(&[":srv 421 * CAP :?"]);
    assert_eq!(last(&mut talk), "QUIT");
}

#[test]
fn scram_is_taken_first_and_its_work_handed_out() {
    let mut talk = asked(plain().iterations(1..=9999), with_login(), "sasl=PLAIN,SCRAM-SHA-256");
    assert_eq!(last(&mut talk), "AUTHENTICATE SCRAM-SHA-256");
    talk.hear(&["AUTHENTICATE +"]);
    let first = last(&mut talk);
    let first = base64::decode(first.strip_prefix("AUTHENTICATE ").unwrap(), 999).unwrap();
    let nonce = String::from_utf8(first).unwrap().split("r=").nth(1).unwrap().to_string();
    let challenge = base64::encode(alloc::format!("r={nonce}x,s=c2FsdA==,i=10").as_bytes());
    talk.hear(&[&alloc::format!("AUTHENTICATE {challenge}")]);
    talk.work();
    assert!(last(&mut talk).starts_with("AUTHENTICATE Yz1"));
    // Success without the server's proof.
    talk.hear(&[":srv 903 * :ok"]);
    assert!(matches!(talk.violation, Some(Violation::Sasl(_))));
}

#[test]
fn the_first_to_speak_of_channel_binding_is_the_best() {
    let mut talk = Talk::new(plain().tls(TlsPolicy::Implicit), with_login());
    talk.secure();
    talk.hear(&[":srv CAP * LS :sasl=SCRAM-SHA-256,SCRAM-SHA-256-PLUS", ":srv CAP * ACK :sasl"]);
    assert_eq!(last(&mut talk), "AUTHENTICATE SCRAM-SHA-256-PLUS");
}

#[test]
fn a_server_that_tells_its_mechanisms_late_is_asked_again() {
    let mut talk = asked(plain(), with_login(), "sasl");
    assert_eq!(last(&mut talk), "AUTHENTICATE SCRAM-SHA-512");
    talk.hear(&[":srv 908 * PLAIN,EXTERNAL :are available", ":srv 904 * :failed"]);
    assert_eq!(last(&mut talk), "AUTHENTICATE PLAIN");
    talk.hear(&[":srv 908 * LOGIN :are available", ":srv 904 * :failed"]);
    assert_eq!(last(&mut talk), "CAP END");
}

#[test]
fn long_messages_go_and_come_in_pieces() {
    let token = "x".repeat(900);
    let credentials = Credentials::token("ann", token).unwrap();
    let mut talk = asked(plain(), ada().login(credentials), "sasl=OAUTHBEARER");
    talk.hear(&["AUTHENTICATE +"]);
    let said = talk.said();
    let pieces: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("AUTHENTICATE ")).skip(1).collect();
    assert!(pieces.len() == 4 && pieces[..3].iter().all(|piece| piece.len() == 400));
    let piece = base64::encode(&[b'{'; 300]);
    assert_eq!(piece.len(), 400);
    talk.hear(&[&alloc::format!("AUTHENTICATE {piece}")]);
    assert_eq!(talk.said(), "");
    talk.hear(&["AUTHENTICATE +"]);
    assert!(talk.said().starts_with("AUTHENTICATE "));
}

#[test]
fn pieces_have_a_bound_and_nonsense_ends_the_exchange_alone() {
    let mut talk = asked(plain(), with_login(), "sasl=PLAIN");
    for _ in 0..60 {
        talk.hear(&[&alloc::format!("AUTHENTICATE {}", "A".repeat(400))]);
    }
    assert_eq!(last(&mut talk), "AUTHENTICATE *");
    talk.hear(&[":srv 906 * :aborted"]);
    assert_eq!(last(&mut talk), "CAP END");

    let mut talk = asked(plain(), with_login(), "sasl=PLAIN");
    talk.hear(&["AUTHENTICATE !!!!"]);
    assert_eq!(last(&mut talk), "AUTHENTICATE *");
    talk.hear(&[":srv 903 * :ok"]);
    assert_eq!(talk.violation, Some(Violation::SuccessAfterAbort));
}

#[test]
fn sasl_that_comes_later_is_used() {
    let mut talk = Talk::new(plain(), with_login());
    talk.hear(&[":srv CAP * LS :", ":srv 001 ada :hi", ":srv CAP ada NEW :sasl=PLAIN", ":srv CAP ada ACK :sasl"]);
    assert_eq!(last(&mut talk), "AUTHENTICATE PLAIN");
    talk.wait(60);
    assert!(talk.said().contains("AUTHENTICATE *"));
    assert!(talk.told().contains(&"LoginFailed Unfinished".into()));
    let again = Credentials::password("ann", "pencil").unwrap();
    assert_eq!(talk.client.login(again), Ok(()));
    talk.hear(&["AUTHENTICATE +", ":srv 903 ada :ok"]);
    assert!(talk.client.is_logged_in());
    assert_eq!(talk.client.state(), State::Registered);
}
