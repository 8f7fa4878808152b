//! What a client may ask before it is registered (IRCv3 pre-away and extended-isupport), and accounts (account-registration).

use std::time::Duration;

use irc_proto::isupport::Isupport;
use irc_proto::server::{Accounts, Flood, State, Violation};
use irc_proto::{Capabilities, Capability};
use wirestate_testing::{Role, play};
use wirestate_tests::irc::{Desk, PLAIN, Talk};

fn early() -> Desk {
    Desk::with(|config| {
        config.capabilities |= Capabilities::of(&[Capability::PreAway, Capability::ExtendedIsupport]);
        let mut isupport = Isupport::default();
        isupport.network = Some(b"Example"[..].into());
        config.isupport = Some(isupport);
    })
}

/// A desk that registers accounts, as `change` has it.
fn accounts(change: impl FnOnce(&mut Accounts)) -> Desk {
    let mut accounts = Accounts::default();
    change(&mut accounts);
    Desk::with(|config| config.accounts = Some(accounts))
}

// --- AWAY ---

#[test]
fn away_comes_with_the_registration() {
    for (lines, away) in [
        ("AWAY :Gone to lunch", Some("Gone to lunch")),
        ("AWAY *", Some("*")),
        ("AWAY :x\r\nAWAY", None),
        ("AWAY :x\r\nAWAY :", None),
    ] {
        let mut talk = Talk::with(early());
        talk.hear("CAP REQ draft/pre-away");
        let heard = talk.hear(lines);
        let told = if away.is_some() { "306 * :You have been" } else { "305 * :You are no longer" };
        assert!(heard.last().unwrap().starts_with(told), "{heard:?}");
        let talk = talk.register();
        let given = talk.desk.registration.unwrap().away;
        assert_eq!(given.as_deref(), away.map(str::as_bytes));
    }
}

#[test]
fn away_without_the_capability_has_to_wait() {
    let mut talk = Talk::with(early());
    assert_eq!(talk.hear("AWAY :x"), ["451 * :You have not registered"]);
    let mut talk = talk.register();
    assert!(talk.desk.registration.as_ref().unwrap().away.is_none());
    assert_eq!(talk.hear("AWAY :x"), [""; 0]);
    assert_eq!(talk.desk.messages, [b"AWAY :x"]);
}

// --- ISUPPORT ---

#[test]
fn isupport_is_told_in_a_batch() {
    let mut talk = Talk::with(early());
    assert_eq!(talk.hear("ISUPPORT"), ["451 * :You have not registered"]);
    talk.hear("CAP REQ :draft/extended-isupport");
    let plain = talk.hear("ISUPPORT");
    assert!(plain[0].starts_with("005 * ") && plain[0].contains(" NETWORK=Example "), "{plain:?}");
    assert!(plain.iter().all(|line| line.ends_with(" :are supported by this server")));
    talk.hear("CAP REQ :batch");
    let batch = talk.hear("ISUPPORT");
    assert_eq!(batch.len(), plain.len() + 2);
    assert_eq!(batch[0], "BATCH +isupport draft/isupport");
    assert!(batch[1].starts_with("@batch=isupport :irc.localhost 005 * "));
    assert_eq!(batch.last().unwrap(), "BATCH -isupport");
    talk.hear("CAP REQ :labeled-response message-tags");
    let labelled = talk.hear("@label=7 ISUPPORT");
    assert_eq!(labelled[0], "@label=7 :irc.localhost BATCH +isupport draft/isupport");
    assert_eq!(labelled[1..], batch[1..], "the batch is the answer");
    let mut talk = talk.register();
    assert_eq!(talk.hear("ISUPPORT"), [""; 0]);
    assert_eq!(talk.desk.messages, [b"ISUPPORT"]);
}

#[test]
fn isupport_is_offered_where_there_is_one() {
    assert!(Talk::with(early()).hear("CAP LS 302")[0].contains(" draft/extended-isupport"));
    let mut desk = early();
    let config = std::sync::Arc::make_mut(&mut desk.config);
    config.isupport = None;
    assert!(!Talk::with(desk).hear("CAP LS 302")[0].contains("isupport"));
}

// --- accounts ---

#[test]
fn an_account_is_registered_as_the_specification_says() {
    let script = "
        C: NICK tester
        C: REGISTER * * shouldworkbutmightnot
        S: :irc.localhost REGISTER SUCCESS tester :The account is yours
        S: :irc.localhost 900 tester tester!*@* tester :You are now logged in as tester
        C: USER u 0 * :x
        S: :irc.localhost 001 tester :Welcome
    ";
    play(&accounts(|accounts| accounts.before_registration = true), Role::Server, script).unwrap();
    let mut talk = Talk::with(accounts(|accounts| accounts.before_registration = true));
    talk.hear("CAP LS 302\r\nNICK eve\r\nREGISTER * * good");
    assert!(talk.last_event_is("LoggedIn"), "{:?}", talk.events);
    talk.hear("USER u 0 * :x\r\nCAP END");
    assert_eq!(talk.desk.registration.unwrap().account.unwrap().name(), "eve");
}

#[test]
fn the_capability_says_how() {
    let named = |desk: Desk| {
        let said = Talk::with(desk).hear("CAP LS 302").join(" ");
        said.split(' ').find(|word| word.contains("account-registration")).map(str::to_owned)
    };
    assert_eq!(named(Desk::default()), None);
    assert_eq!(named(accounts(|_| {})).as_deref(), Some("draft/account-registration"));
    let all = accounts(|accounts| {
        (accounts.before_registration, accounts.email_required, accounts.custom_names) = (true, true, true);
    });
    let value = "draft/account-registration=before-connect,email-required,custom-account-name";
    assert_eq!(named(all).as_deref(), Some(value));
}

#[test]
fn what_cannot_be_registered_is_refused_by_its_name() {
    let mut talk = Talk::with(accounts(|accounts| accounts.email_required = true));
    assert_eq!(
        talk.hear("REGISTER * a@b c"),
        ["FAIL REGISTER COMPLETE_CONNECTION_REQUIRED :Complete your connection first"]
    );
    talk.hear("NICK eve\r\nUSER u 0 * :x");
    for (line, code) in [
        ("REGISTER other a@b c", "REGISTER ACCOUNT_NAME_MUST_BE_NICK other"),
        ("REGISTER * * c", "REGISTER INVALID_EMAIL eve"),
        ("REGISTER EVE a@b :", "REGISTER UNACCEPTABLE_PASSWORD EVE"),
        ("REGISTER * a@b x", "REGISTER WEAK_PASSWORD eve"),
        ("VERIFY eve 41", "VERIFY INVALID_CODE eve"),
    ] {
        let said = talk.hear(line);
        assert!(said[0].starts_with(&format!("FAIL {code} :")) && said.len() == 1, "{line}: {said:?}");
    }
    assert_eq!(talk.hear("REGISTER * a@b"), ["461 eve REGISTER :Not enough parameters"]);
    assert_eq!(talk.hear("REGISTER eve a@b good").len(), 2);
    let said = talk.hear("REGISTER eve a@b good");
    assert!(said[0].starts_with("FAIL REGISTER ALREADY_AUTHENTICATED eve :"), "{said:?}");
    let mut early = Talk::with(accounts(|accounts| accounts.before_registration = true));
    assert!(early.hear("REGISTER x * c")[0].starts_with("FAIL REGISTER NEED_NICK * :"));
    let mut named = Talk::with(accounts(|accounts| accounts.custom_names = true)).register();
    assert!(named.hear("REGISTER a* * good")[0].starts_with("REGISTER SUCCESS a* :"));
    let mut named = Talk::with(accounts(|accounts| accounts.custom_names = true)).register();
    assert!(named.hear("REGISTER *a * good")[0].starts_with("FAIL REGISTER BAD_ACCOUNT_NAME *a :"));
    assert!(named.hear("REGISTER ann * good")[0].starts_with("FAIL REGISTER ACCOUNT_EXISTS ann :"));
}

#[test]
fn a_code_is_asked_for_and_guessed_at_three_times() {
    let mut talk = Talk::with(accounts(|accounts| accounts.custom_names = true)).register();
    assert_eq!(talk.hear("REGISTER mailer * good"), ["REGISTER VERIFICATION_REQUIRED mailer :Read your mail"]);
    assert!(!talk.last_event_is("LoggedIn"));
    assert_eq!(talk.hear("VERIFY mailer 42")[0], "VERIFY SUCCESS mailer :The account is yours");
    assert_eq!(talk.desk.who.as_deref(), Some("mailer"));
    let mut talk = Talk::with(accounts(|_| {})).register();
    for _ in 0..3 {
        assert!(talk.hear("VERIFY ann 1")[0].starts_with("FAIL VERIFY INVALID_CODE ann :"));
    }
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
}

#[test]
fn during_a_login_no_account_is_made() {
    let mut talk = Talk::with(accounts(|accounts| accounts.before_registration = true));
    talk.hear("CAP REQ sasl\r\nNICK eve\r\nAUTHENTICATE PLAIN");
    assert!(talk.hear("REGISTER * * good")[0].starts_with("FAIL REGISTER TEMPORARILY_UNAVAILABLE * :"));
    assert_eq!(talk.server.state(), State::Authenticating);
    assert!(talk.hear(&format!("AUTHENTICATE {PLAIN}"))[0].starts_with("900 eve eve!*@* ann :"));
}

#[test]
fn where_accounts_are_not_offered_the_network_is_asked() {
    let mut talk = Talk::new();
    assert_eq!(talk.hear("REGISTER * * x"), ["451 * :You have not registered"]);
    let mut talk = talk.register();
    talk.hear("REGISTER * * x");
    assert_eq!(talk.desk.messages, [b"REGISTER * * x"]);
}

// --- masks ---

#[test]
fn a_login_names_as_much_of_the_mask_as_is_known() {
    let mut talk = Talk::with(Desk::with(|config| config.reauthentication = true));
    talk.hear("CAP REQ sasl\r\nWEBIRC gate g web.example 192.0.2.1\r\nNICK ann");
    let login = format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {PLAIN}");
    assert!(talk.hear(&login)[1].starts_with("900 ann ann!*@web.example ann :"));
    let mut talk = talk.register();
    assert!(talk.hear(&login)[1].starts_with("900 ann ann!*@* ann :"), "the network knows more by now");
    talk.server.set_mask(b"ann", b"host.example").unwrap();
    assert!(talk.hear(&login)[1].starts_with("900 ann ann!ann@host.example ann :"));
    talk.server.log_out().unwrap();
    assert_eq!(talk.say(""), ":irc.localhost 901 ann ann!ann@host.example :You are now logged out\r\n");
    for odd in [&b"a b"[..], b"a\r\n", b"a!b", &[b'x'; 129]] {
        assert!(talk.server.set_mask(odd, b"h").is_err() && talk.server.set_mask(b"u", odd).is_err());
    }
    // Whatever is known fits into the line.
    talk.server.set_mask(&[b'u'; 128], &[b'h'; 128]).unwrap();
    let said = talk.hear(&login);
    assert!(said[1].starts_with("900 ann ann!uu") && said[1].len() <= 512);
}

// --- penalties ---

#[test]
fn some_commands_cost_more_than_others() {
    let costs = vec![("who".to_owned(), Duration::from_secs(20))];
    let desk = Desk::with(|config| (config.flood, config.command_costs) = (Flood::RFC1459, costs));
    let mut talk = Talk::with(desk.clone()).register();
    talk.hear("TIME\r\nTIME\r\nTIME");
    assert_eq!(talk.desk.messages.len(), 3);
    let mut talk = Talk::with(desk).register();
    talk.hear("WHO *\r\nTIME");
    assert_eq!(talk.desk.messages, [b"WHO *"]);
    // CAP END behind the registration has cost two seconds.
    talk.wait(13);
    assert_eq!(talk.desk.messages.len(), 1);
    talk.wait(1);
    assert_eq!(talk.desk.messages.len(), 2);
}
