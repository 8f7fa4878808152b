//! Messages: RFC 6121 §8.5 row by row, carbons, messages for who is away.

use super::*;
use crate::stanza::MessageType;

/// Brings Romeo into the state of a row, and says who is there.
fn scene(found: Found) -> Talk {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    match found {
        Found::NoAccount => {}
        Found::NoResource => talk.bind(2, "romeo"),
        Found::NegativeOnly => {
            talk.user(2, "romeo", -1);
            talk.user(3, "romeo", -5);
        }
        Found::Ready => {
            talk.user(2, "romeo", 1);
            talk.user(3, "romeo", 0);
            talk.user(4, "romeo", -1);
        }
    }
    talk
}

#[test]
fn each_row_of_the_table_is_what_happens() {
    for row in DELIVERY {
        let kinds = [MessageType::Normal, MessageType::Chat, MessageType::Groupchat, MessageType::Headline];
        for (kind, outcome) in kinds.into_iter().zip(row.outcomes) {
            let mut talk = scene(row.found);
            let user = if row.found == Found::NoAccount { "nobody" } else { "romeo" };
            let to = match row.address {
                table::Address::Bare => format!("{user}@im.example"),
                table::Address::Match => format!("{user}@im.example/r2"),
                table::Address::NoMatch => format!("{user}@im.example/elsewhere"),
            };
            talk.say(1, &format!("<message type='{kind}' to='{to}'><body>Hi</body></message>"));
            let outcome = match outcome {
                Outcome::AsBare => {
                    let bare =
                        DELIVERY.iter().find(|bare| bare.found == row.found && bare.address == table::Address::Bare);
                    bare.unwrap().outcomes[1]
                }
                outcome => outcome,
            };
            let told: Vec<u64> = talk.heard.keys().copied().collect();
            let held = talk.router.storage_mut().release(jid("romeo@im.example").as_ref()).len();
            match outcome {
                Outcome::Deliver => assert_eq!(told, [2], "{row:?} {kind}"),
                Outcome::All => assert_eq!(told, [2, 3], "{row:?} {kind}"),
                Outcome::Refuse => {
                    assert_eq!(told, [1], "{row:?} {kind}");
                    assert_eq!(refusal(&talk.elements(1)), refused(&to, "service-unavailable"));
                }
                Outcome::Hold | Outcome::Ignore => assert!(told.is_empty(), "{row:?} {kind}"),
                Outcome::AsBare => unreachable!(),
            }
            assert_eq!(held, usize::from(outcome == Outcome::Hold), "{row:?} {kind}");
        }
    }
}

#[test]
fn an_error_goes_to_who_is_there_and_nowhere_else() {
    let mut talk = scene(Found::Ready);
    let error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    talk.say(1, &format!("<message type='error' to='romeo@im.example'>{error}</message>"));
    talk.say(1, &format!("<message type='error' to='romeo@im.example/none'>{error}</message>"));
    talk.nothing_else();
    talk.say(1, &format!("<message type='error' to='romeo@im.example/r3'>{error}</message>"));
    assert_eq!(talk.heard(3).len(), 1);
    talk.nothing_else();
}

#[test]
fn the_sender_is_who_it_is_and_the_address_stays() {
    let mut talk = scene(Found::Ready);
    talk.say(
        1,
        "<message from='nurse@im.example/x' to='romeo@im.example/r2' type='chat' id='a&amp;b'><x xmlns='y'/></message>",
    );
    let expected = "<message to='romeo@im.example/r2' type='chat' id='a&amp;b' from='juliet@im.example/r1'><x xmlns='y'/></message>";
    assert_eq!(
        talk.elements(2)[0],
        expected.replacen("<message", "<message xmlns='jabber:client'", 1).parse::<Element>().unwrap()
    );
    talk.nothing_else();
}

#[test]
fn prefixes_of_the_start_tag_mean_the_same_to_all() {
    let mut talk = scene(Found::Ready);
    talk.say(1, "<message xmlns:p='urn:p' to='romeo@im.example/r2'><p:x a='1'/></message>");
    assert!(talk.elements(2)[0].child("x", "urn:p").is_some());
    talk.say(1, "<c:message xmlns:c='jabber:client' to='romeo@im.example/r2'><c:body>Hi</c:body></c:message>");
    assert_eq!(talk.elements(2)[0].child("body", ns::CLIENT).unwrap().text(), "Hi");
}

#[test]
fn without_an_address_it_is_for_oneself() {
    let mut talk = scene(Found::Ready);
    talk.say(2, "<message><body>Note</body></message>");
    assert_eq!(talk.heard.keys().copied().collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn copies_go_to_the_other_clients_that_want_them() {
    let mut talk = scene(Found::Ready);
    talk.user(5, "juliet", 0);
    for number in [1, 3, 4, 5] {
        let enable = "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>";
        assert_eq!(
            talk.ask(number, enable),
            ["<iq type='result' id='c' to='".to_string() + talk.router.jid(Session(number)).unwrap().as_str() + "'/>"]
        );
    }
    talk.say(1, "<message type='chat' to='romeo@im.example/r2'><body>Hi</body></message>");
    assert_eq!(talk.elements(2).len(), 1);
    for (number, bare, name) in
        [(3, "romeo@im.example", "received"), (4, "romeo@im.example", "received"), (5, "juliet@im.example", "sent")]
    {
        let heard = talk.elements(number);
        let own = jid(bare);
        let (direction, copy) =
            crate::payload::carbons::copied(heard[0].view(), own.as_ref()).unwrap().expect("a copy");
        assert_eq!((direction.as_str(), heard.len()), (name, 1));
        assert_eq!(copy.stanza.attr("from").as_deref(), Some("juliet@im.example/r1"));
        assert_eq!(copy.stanza.attr("to").as_deref(), Some("romeo@im.example/r2"));
        assert!(crate::payload::carbons::copied(heard[0].view(), jid("tybalt@im.example").as_ref()).unwrap().is_none());
    }
    talk.nothing_else();
    for private in ["<private xmlns='urn:xmpp:carbons:2'/>", "<no-copy xmlns='urn:xmpp:hints'/>"] {
        talk.say(1, &format!("<message type='chat' to='romeo@im.example/r2'><body>Hi</body>{private}</message>"));
        assert_eq!(talk.elements(2).len(), 1);
        talk.nothing_else();
    }
}

#[test]
fn what_is_held_comes_with_its_moment_to_the_first_who_wants_messages() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.say(1, "<message type='chat' to='romeo@im.example'><body>Hi</body></message>");
    talk.say(1, "<message type='chat' to='romeo@im.example'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
    talk.nothing_else();
    talk.now += 5000;
    talk.bind(2, "romeo");
    talk.say(2, "<presence><priority>-1</priority></presence>");
    assert_eq!(talk.elements(2).len(), 1, "its own presence");
    talk.say(2, "<presence/>");
    let heard = talk.elements(2);
    let held: Vec<_> = heard.iter().filter(|element| element.name() == "message").collect();
    assert_eq!(held.len(), 1);
    let delay = crate::payload::delay::Delay::of(held[0].view(), "im.example").expect("a delay");
    assert_eq!(delay.stamp, NOW);
    talk.say(2, "<presence type='unavailable'/>");
    talk.say(2, "<presence/>");
    assert!(talk.elements(2).iter().all(|element| element.name() == "presence"), "once only");
}

#[test]
fn what_cannot_be_held_comes_back() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    for _ in 0..100 {
        talk.say(1, "<message to='romeo@im.example'><body>Hi</body></message>");
    }
    talk.nothing_else();
    talk.say(1, "<message to='romeo@im.example'><body>Hi</body></message>");
    assert_eq!(refusal(&talk.elements(1)), refused("romeo@im.example", "service-unavailable"));
}

#[test]
fn components_speak_for_their_domain_alone() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.component(9, "echo.im.example");
    assert_eq!(talk.router.connect(Session(8), jid("echo.im.example").as_ref()), Err(ConnectFault::Taken(Session(9))));
    assert_eq!(talk.router.connect(Session(8), jid("rooms.im.example").as_ref()), Err(ConnectFault::Own));
    talk.say(1, "<message to='bot@echo.im.example/x'><body>Hi</body></message>");
    let heard = talk.elements(9);
    assert!(heard[0].is("message", ns::COMPONENT_ACCEPT));
    assert_eq!(heard[0].attr("to").as_deref(), Some("bot@echo.im.example/x"));
    talk.say(9, "<message from='bot@echo.im.example' to='juliet@im.example'><body>Ho</body></message>");
    let heard = talk.elements(1);
    assert!(heard[0].is("message", ns::CLIENT) && heard[0].child("body", ns::CLIENT).is_some());
    talk.say(9, "<message from='romeo@im.example' to='juliet@im.example'><body>Ho</body></message>");
    talk.say(9, "<message to='juliet@im.example'><body>Ho</body></message>");
    talk.nothing_else();
    talk.gone(9);
    talk.say(1, "<message to='bot@echo.im.example'><body>Hi</body></message>");
    assert_eq!(refusal(&talk.elements(1)), refused("bot@echo.im.example", "remote-server-not-found"));
}

#[test]
fn what_goes_far_away_is_the_applications_to_send() {
    let mut talk = Talk::with(|config| config.is_federated = true);
    talk.user(1, "juliet", 0);
    talk.say(1, "<message to='far.example/o&apos;hara &lt;&amp;' id='1'><body>Hi</body></message>");
    let [Action::Remote { domain, parcel }] = talk.actions.as_slice() else { panic!("{:?}", talk.actions) };
    assert_eq!(&**domain, "far.example");
    let element = parcel.to_element(None).unwrap();
    assert_eq!(element.attr("to").as_deref(), Some("far.example/o'hara <&"));
    talk.router.undeliverable(&parcel.clone(), talk.now, &mut talk.out);
    talk.deliver();
    assert_eq!(refusal(&talk.elements(1)), refused("far.example/o'hara <&", "remote-server-not-found"));
}

#[test]
fn a_resource_is_one_sessions() {
    let mut talk = Talk::new();
    let juliet = jid("juliet@im.example");
    talk.router.bind(Session(1), juliet.as_ref(), "home", NOW, &mut talk.out).unwrap();
    talk.router.bind(Session(2), juliet.as_ref(), "home", NOW, &mut talk.out).unwrap();
    talk.deliver();
    assert_eq!(talk.actions, [Action::Close { session: Session(1), reason: CloseReason::Replaced }]);
    assert_eq!(talk.router.session(jid("juliet@im.example/home").as_ref()), Some(Session(2)));
    assert_eq!(talk.router.bind(Session(2), juliet.as_ref(), "x", NOW, &mut talk.out), Err(BindFault::AlreadyBound));
    for number in 3..18 {
        talk.bind(number, "juliet");
    }
    assert_eq!(talk.router.bind(Session(99), juliet.as_ref(), "x", NOW, &mut talk.out), Err(BindFault::TooMany));
    let nobody = jid("nobody@im.example");
    assert_eq!(talk.router.bind(Session(99), nobody.as_ref(), "x", NOW, &mut talk.out), Err(BindFault::NoAccount));
    let far = jid("juliet@far.example");
    assert_eq!(talk.router.bind(Session(99), far.as_ref(), "x", NOW, &mut talk.out), Err(BindFault::NotOurs));

    let mut talk = Talk::with(|config| config.on_conflict = Conflict::Refuse);
    talk.router.bind(Session(1), juliet.as_ref(), "home", NOW, &mut talk.out).unwrap();
    assert_eq!(talk.router.bind(Session(2), juliet.as_ref(), "home", NOW, &mut talk.out), Err(BindFault::Conflict));
    assert_eq!(talk.router.session_count(), 1);
}

#[test]
fn an_account_that_is_removed_takes_its_sessions_along() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.router.storage_mut().remove_account(jid("juliet@im.example").as_ref());
    talk.router.forget_account(jid("juliet@im.example").as_ref(), NOW, &mut talk.out);
    talk.deliver();
    assert_eq!(talk.actions, [Action::Close { session: Session(1), reason: CloseReason::AccountDeleted }]);
    assert_eq!(talk.router.session_count(), 0);
}

#[test]
fn servers_come_by_one_session_and_are_reached_by_another() {
    let mut talk = Talk::with(|config| config.is_federated = true);
    talk.user(1, "juliet", 0);
    let (far, other) = (jid("far.example"), jid("other.example"));
    talk.scopes.insert(8, (Scope::SERVER, ns::SERVER));
    talk.scopes.insert(9, (Scope::SERVER, ns::SERVER));
    talk.router.admit(Session(8), far.as_ref(), false).unwrap();
    talk.router.admit(Session(8), other.as_ref(), false).unwrap();
    talk.say(8, "<iq type='get' id='1' from='o@far.example' to='im.example'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(matches!(talk.actions.pop(), Some(Action::Remote { domain, .. }) if &*domain == "far.example"));
    talk.router.admit(Session(9), far.as_ref(), true).unwrap();
    assert_eq!(talk.router.admit(Session(7), far.as_ref(), true), Err(ConnectFault::Taken(Session(9))));
    assert_eq!(talk.router.admit(Session(1), far.as_ref(), false), Err(ConnectFault::AlreadyBound));
    talk.say(8, "<iq type='get' id='1' from='o@far.example' to='im.example'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert_eq!(talk.elements(9).len(), 1);
    let room = "<x xmlns='http://jabber.org/protocol/muc'/>";
    talk.say(1, &format!("<presence to='a@rooms.im.example/J'>{room}</presence>"));
    talk.say(8, &format!("<presence from='o@far.example/x' to='a@rooms.im.example/O'>{room}</presence>"));
    talk.gone(9);
    talk.heard.clear();
    assert_eq!(talk.router.room(jid("a@rooms.im.example").as_ref()).unwrap().occupant_count(), 2);
    talk.say(1, "<message type='groupchat' to='a@rooms.im.example'><body>Hi</body></message>");
    let Some(Action::Remote { parcel, .. }) = talk.actions.pop() else { panic!("{:?}", talk.actions) };
    talk.router.undeliverable(&parcel, talk.now, &mut talk.out);
    talk.deliver();
    assert_eq!(talk.router.room(jid("a@rooms.im.example").as_ref()).unwrap().occupant_count(), 1);
    talk.gone(8);
    talk.say(8, "<message from='o@far.example' to='juliet@im.example'><body>Hi</body></message>");
    assert!(talk.elements(1).iter().all(|heard| heard.attr("from").as_deref() != Some("o@far.example")));
}
