//! An address of XMPP has one spelling, by either of the rules: what is read of it reads as itself, as a whole and part by part, owned and borrowed.
//! No part is empty or too long, and no part can hold what ends it.
//!
//! The input is lines. Each is read as an address; and three of them as a localpart, a domain and a resourcepart.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::meter::Meter;
use xmpp_proto::jid::{
    Jid, JidRef, MAX_PART, Rules, escape, prepare_domain, prepare_local, prepare_resource, unescape,
};

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<&str> = text.split('\n').collect();
    for rules in [Rules::Rfc7622, Rules::Rfc6122] {
        for line in &lines {
            whole(rules, line);
            parts(rules, line);
        }
        for three in lines.windows(3) {
            together(rules, three[0], three[1], three[2]);
        }
    }
    lines.iter().for_each(|line| escaped(line));
    work(&text);
});

fn whole(rules: Rules, text: &str) {
    let owned = Jid::parse_by(rules, text);
    let borrowed = JidRef::parse_by(rules, text);
    let (Ok(jid), Ok(lent)) = (&owned, &borrowed) else {
        return assert_eq!(owned.err(), borrowed.err(), "{text:?}");
    };
    assert_eq!(*jid, lent.as_ref(), "{text:?}");
    assert_eq!(lent.is_borrowed(), jid.as_str() == text, "{text:?}");
    lawful(rules, jid);
}

/// What holds of each address.
fn lawful(rules: Rules, jid: &Jid) {
    let again = Jid::parse_by(rules, jid.as_str());
    assert_eq!(again.as_ref(), Ok(jid), "an address that does not read as itself");
    let again = again.unwrap();
    assert_eq!((again.local(), again.domain(), again.resource()), (jid.local(), jid.domain(), jid.resource()));
    let parts = [jid.local(), Some(jid.domain()), jid.resource()];
    for part in parts.into_iter().flatten() {
        assert!(!part.is_empty() && part.len() <= MAX_PART, "{} octets: {jid:?}", part.len());
    }
    assert!(
        !jid.domain().contains(['@', '/']) && !jid.local().is_some_and(|local| local.contains(['@', '/'])),
        "{jid:?}"
    );
    let [at, slash] = [jid.local().map_or("", |_| "@"), jid.resource().map_or("", |_| "/")];
    let (local, resource) = (jid.local().unwrap_or_default(), jid.resource().unwrap_or_default());
    assert_eq!(format!("{local}{at}{}{slash}{resource}", jid.domain()), jid.as_str());
    assert_eq!(Jid::from_parts(rules, jid.local(), jid.domain(), jid.resource()).as_ref(), Ok(jid));
    assert_eq!(Jid::parse_by(rules, jid.bare().as_str()).as_ref(), Ok(&jid.bare().to_jid()));
    assert_eq!(Jid::parse_by(rules, jid.server().as_str()).as_ref(), Ok(&jid.server().to_jid()));
    assert_eq!(jid.clone().into_bare(), jid.bare());
    assert_eq!((jid.bare().local(), jid.bare().domain(), jid.bare().resource()), (jid.local(), jid.domain(), None));
    assert_eq!((jid.is_bare(), jid.is_full()), (jid.resource().is_none(), jid.resource().is_some()));
    if let Some(resource) = jid.resource() {
        assert_eq!(jid.bare().with_resource_by(rules, resource).as_ref(), Ok(jid));
    }
}

fn parts(rules: Rules, text: &str) {
    for prepare in [prepare_local, prepare_domain, prepare_resource] {
        let Ok(prepared) = prepare(rules, text) else { continue };
        assert!(!prepared.is_empty() && prepared.len() <= MAX_PART);
        assert_eq!(prepare(rules, &prepared).as_deref(), Ok(&*prepared), "{text:?}");
    }
}

fn together(rules: Rules, local: &str, domain: &str, resource: &str) {
    if let Ok(jid) = Jid::from_parts(rules, Some(local), domain, Some(resource)) {
        lawful(rules, &jid);
        // What it was put together from says the same where it is read in one.
        if !local.contains(['@', '/']) && !domain.contains(['@', '/']) {
            assert_eq!(Jid::parse_by(rules, &format!("{local}@{domain}/{resource}")), Ok(jid));
        }
    }
}

/// XEP-0106.
fn escaped(name: &str) {
    if let Ok(local) = escape(name) {
        assert!(!local.contains([' ', '"', '&', '\'', '/', ':', '<', '>', '@']), "{local:?}");
        assert_eq!(unescape(&local), name);
    }
}

fn work(text: &str) {
    let cost = |times: usize| {
        let (text, mut meter) = (text.repeat(times), Meter::default());
        for rules in [Rules::Rfc7622, Rules::Rfc6122] {
            meter.run(|| drop(Jid::parse_by(rules, &text)));
        }
        meter
    };
    cost(4).check_linear(&cost(8));
}
