use super::*;

fn registered() -> Talk {
    Talk::registered(plain(), "draft/account-registration message-tags", "A=1")
}

fn account(talk: &mut Talk) -> AccountReply {
    match talk.events.pop() {
        Some(Event::Account(reply)) => *reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_is_registered_and_verified() {
    let mut talk = registered();
    talk.client.register_account(None, Some("ada@example.org"), "pen cil").unwrap();
    assert_eq!(talk.said(), "REGISTER * ada@example.org :pen cil");
    talk.hear(&[":srv REGISTER VERIFICATION_REQUIRED ada :Look into your mail"]);
    let reply = account(&mut talk);
    assert_eq!((reply.command, &reply.outcome), (AccountCommand::Register, &AccountOutcome::VerificationRequired));
    assert_eq!((reply.account.as_deref(), &reply.text[..]), (Some(&b"ada"[..]), &b"Look into your mail"[..]));
    assert!(!alloc::format!("{reply:?}").contains("mail"));
    talk.client.verify_account("ada", "1234").unwrap();
    assert_eq!(talk.said(), "VERIFY ada 1234");
    talk.hear(&[":srv VERIFY SUCCESS ada :Welcome", ":srv 900 ada ada!a@h ada :You are now logged in as ada"]);
    let outcome = |event: &Event| matches!(event, Event::Account(reply) if reply.outcome == AccountOutcome::Done);
    assert!(talk.events.iter().any(outcome), "{:?}", talk.events);
}

#[test]
fn a_refusal_tells_why() {
    let mut talk = registered();
    for (line, fault, account_name) in [
        ("FAIL REGISTER ACCOUNT_EXISTS ada :taken", AccountFault::Exists, Some("ada")),
        ("FAIL REGISTER NEED_NICK * :send NICK", AccountFault::NeedNick, None),
        ("FAIL REGISTER COMPLETE_CONNECTION_REQUIRED :later", AccountFault::NotYet, None),
        ("FAIL VERIFY INVALID_CODE ada :no", AccountFault::InvalidCode, Some("ada")),
        ("FAIL REGISTER MOON_PHASE ada :no", AccountFault::Other("MOON_PHASE".into()), Some("ada")),
        ("FAIL register WEAK_PASSWORD", AccountFault::WeakPassword, None),
    ] {
        talk.hear(&[line]);
        let reply = account(&mut talk);
        assert_eq!(reply.outcome, AccountOutcome::Refused(fault), "{line}");
        assert_eq!(reply.account.as_deref(), account_name.map(str::as_bytes), "{line}");
    }
    talk.hear(&["FAIL JOIN X :y", "REGISTER", "REGISTER ODD ada :x", "FAIL REGISTER"]);
    assert!(talk.events.iter().all(|event| matches!(event, Event::Message { .. })), "{:?}", talk.events);
}

#[test]
fn no_account_is_made_where_that_is_not_offered_or_not_safe() {
    let mut talk = Talk::registered(plain(), "message-tags", "A=1");
    assert_eq!(talk.client.register_account(None, None, "pencil"), Err(Misuse::NotOffered));
    let mut talk = Talk::registered(plain().cleartext(false), "draft/account-registration", "A=1");
    assert_eq!(talk.client.register_account(None, None, "pencil"), Err(Misuse::CleartextForbidden));
    assert_eq!(talk.client.verify_account("ada", "1"), Err(Misuse::CleartextForbidden));
    let mut talk = registered();
    assert_eq!(talk.client.register_account(Some(""), None, "pencil"), Err(Misuse::OutOfRange));
    assert_eq!(talk.client.register_account(None, None, ""), Err(Misuse::OutOfRange));
    assert_eq!(talk.client.verify_account("a da", "1"), Err(Misuse::ForbiddenCharacter));
    assert_eq!(talk.said(), "");
}
