use super::*;

const ROUTER: &str = "<stream:stream xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' \
    xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='r1'>";

fn account(how: Name) -> Account {
    Account::router("echo.example", how, "jabberd", "secret").unwrap()
}

/// A component whose login was taken, with what it said when it bound its name.
fn logged_in(how: Name) -> (Talk, String) {
    let mut talk = Talk::new(clear(), account(how));
    assert!(talk.said().ends_with(
        "<stream:stream xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    ));
    talk.hears(ROUTER).hears(&features(&mechanisms(&["PLAIN"]))).hears(SUCCESS).hears(ROUTER);
    talk.said();
    talk.hears("<stream:features/>");
    let said = talk.said();
    (talk, said)
}

fn ready() -> Talk {
    let (mut talk, _) = logged_in(Name::default());
    talk.hears("<bind id='1'/>");
    talk.events.clear();
    talk
}

#[test]
fn a_name_is_bound() {
    let (mut talk, said) = logged_in(Name { default: true, log: true, multi: true });
    assert!(
        said.starts_with("<bind xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' name='echo.example' id='"),
        "{said}"
    );
    assert!(said.ends_with(" multi='true'><default/><log/></bind>"), "{said}");
    talk.events.clear();
    talk.hears("<bind id='1'/>");
    assert_eq!(talk.told(), ["Bound", "Ready"]);
    assert_eq!(talk.client.jid().map(Jid::as_str), Some("echo.example"));
}

#[test]
fn a_name_that_is_taken_ends_the_session() {
    let (mut talk, _) = logged_in(Name::default());
    talk.hears("<bind id='1' error='409'/>");
    let taken = Routed::Bound(Err(RouterError::Conflict));
    assert!(talk.events.iter().any(|event| matches!(event, Event::Routed(routed) if **routed == taken)));
    assert_eq!(talk.said(), "</stream:stream>");
}

#[cfg(feature = "legacy")]
#[test]
fn the_login_is_by_digest_md5_without_tls() {
    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Never), account(Name::default()));
    talk.said();
    talk.hears(ROUTER).hears(&features(&mechanisms(&["PLAIN", "DIGEST-MD5"])));
    assert_eq!(talk.said(), "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='DIGEST-MD5'/>");
    let challenge =
        base64::encode(b"realm=\"router\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",charset=utf-8,algorithm=md5-sess");
    talk.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>"));
    let response = String::from_utf8(payload(&talk.said())).unwrap();
    assert!(
        response.contains("digest-uri=\"xmpp/jabberd-router\"") && response.contains("username=\"jabberd\""),
        "{response}"
    );
    // The router must prove itself; the seed did not look.
    let rspauth = base64::encode(b"rspauth=00000000000000000000000000000000");
    talk.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{rspauth}</challenge>"));
    assert!(matches!(talk.violation(), Violation::Sasl(_)) || talk.said().starts_with("<abort "), "{:?}", talk.outcome);
}

#[test]
fn tls_is_demanded_where_the_policy_says_so() {
    let mut talk = Talk::new(Config::default(), account(Name::default()));
    talk.said();
    talk.hears(ROUTER).hears(&features(&mechanisms(&["DIGEST-MD5"])));
    assert_eq!(talk.said(), "</stream:stream>");
}

#[test]
fn stanzas_travel_in_routes() {
    let mut talk = ready();
    let (here, there) = (Jid::parse("echo.example").unwrap(), Jid::parse("sm.example").unwrap());
    let message = element("<message to='ann@sm.example' from='echo.example'><body>Hi</body></message>");
    talk.client.route(&here, &there, message.view()).unwrap();
    talk.client.broadcast(&here, message.view()).unwrap();
    let inside = "<message xmlns='jabber:client' to='ann@sm.example' from='echo.example'><body>Hi</body></message>";
    assert_eq!(
        talk.said(),
        format!(
            "<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' to='sm.example' from='echo.example'>{inside}</route>\
             <route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' type='broadcast' from='echo.example'>{inside}</route>"
        )
    );
    talk.hears(&format!("<route to='echo.example' from='sm.example'>{inside}</route>"));
    let Some(Event::Routed(routed)) = talk.events.pop() else { panic!() };
    let Routed::Route { from, kind, content, .. } = *routed else { panic!() };
    assert_eq!((from.as_deref(), kind, content), (Some("sm.example"), RouteKind::Unicast, Some(message)));
    talk.hears("<route to='x' from='echo.example' error='404'/>");
    let Some(Event::Routed(routed)) = talk.events.pop() else { panic!() };
    assert!(matches!(*routed, Routed::Route { kind: RouteKind::Error(RouterError::NotFound), .. }));
}

#[test]
fn names_come_and_go() {
    let mut talk = ready();
    let other = Jid::parse("other.example").unwrap();
    talk.client.bind_name(&other, Name::default()).unwrap();
    talk.client.unbind_name(&other).unwrap();
    talk.client.throttle().unwrap();
    assert!(
        talk.said().contains("<unbind xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' name='other.example'/>")
    );
    talk.hears("<bind error='403'/><unbind/><throttle/><presence from='sm.example'/><presence from='sm.example' type='unavailable'/>");
    let routed: Vec<Routed> = talk
        .events
        .drain(..)
        .map(|event| match event {
            Event::Routed(routed) => *routed,
            other => panic!("{other:?}"),
        })
        .collect();
    let domain = |is_available| Routed::Domain { name: "sm.example".into(), is_available };
    assert_eq!(
        routed,
        [
            Routed::Bound(Err(RouterError::Forbidden)),
            Routed::Unbound(Ok(())),
            Routed::Throttled,
            domain(true),
            domain(false)
        ]
    );
}

#[test]
fn routes_are_for_routers() {
    let mut talk = Talk::ready(clear(), "");
    let here = Jid::parse("h.example").unwrap();
    assert_eq!(talk.client.throttle(), Err(Misuse::WrongState));
    assert_eq!(talk.client.route(&here, &here, element("<message/>").view()), Err(Misuse::WrongState));
    let mut talk = ready();
    assert_eq!(talk.client.send(element("<message/>")), Err(Misuse::OutOfRange));
}

#[test]
fn the_router_is_asked_for_a_sign_of_life_by_a_route_to_ourselves() {
    let mut talk = ready();
    talk.waits(120);
    let route =
        "<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' to='echo.example' from='echo.example'/>";
    assert_eq!(talk.said(), route);
    talk.hears(route).waits(119);
    assert_eq!(talk.told(), [""; 0]);
    talk.waits(1).waits(30);
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::Timeout(Wait::Pong)))));
}
