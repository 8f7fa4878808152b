//! Conversations on a small server. Whatever is delivered, the harness reads as its receiver would.

mod any;
mod archives;
mod blocking;
mod bridge;
mod delivery;
mod presence;
mod rooms;
mod rosters;
mod services;
mod wishes;

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use super::*;
use crate::jid::Rules;
use crate::ns;
use crate::xml::{Limits as XmlLimits, Scope};

/// 2026-11-21T08:00:00.000Z
const NOW: u64 = 1_795_248_000_000;

struct Talk {
    router: Router,
    out: Deliveries,
    heard: BTreeMap<u64, Vec<Element>>,
    actions: Vec<Action>,
    scopes: BTreeMap<u64, (Scope, &'static str)>,
    now: u64,
}

impl Talk {
    fn new() -> Talk {
        Talk::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Talk {
        let mut config = Config::new("im.example").unwrap();
        change(&mut config);
        let mut router = Router::new(config, Memory::default());
        for name in ["juliet", "romeo", "nurse", "tybalt"] {
            let account = jid(&format!("{name}@im.example"));
            router.storage_mut().add_account(account.as_ref());
        }
        let (heard, scopes) = (BTreeMap::new(), BTreeMap::new());
        Talk { router, out: Deliveries::new(), heard, actions: Vec::new(), scopes, now: NOW }
    }

    /// Binds session `number` to `name@im.example/r<number>`.
    fn bind(&mut self, number: u64, name: &str) {
        let account = jid(&format!("{name}@im.example"));
        let bound = self.router.bind(Session(number), account.as_ref(), &format!("r{number}"), self.now, &mut self.out);
        bound.unwrap();
        self.scopes.insert(number, (Scope::CLIENT, ns::CLIENT));
        self.deliver();
    }

    /// Binds it, and makes it available with this priority.
    fn user(&mut self, number: u64, name: &str, priority: i8) {
        self.bind(number, name);
        self.say(number, &format!("<presence><priority>{priority}</priority></presence>"));
        self.heard.clear();
    }

    fn component(&mut self, number: u64, domain: &str) {
        self.router.connect(Session(number), jid(domain).as_ref()).unwrap();
        self.scopes.insert(number, (Scope::COMPONENT, ns::COMPONENT_ACCEPT));
    }

    fn say(&mut self, number: u64, xml: &str) {
        let (scope, content) = self.scopes.get(&number).cloned().unwrap_or((Scope::CLIENT, ns::CLIENT));
        let element = Element::parse(xml.as_bytes().to_vec().into(), &scope, &XmlLimits::AFTER_LOGIN).unwrap();
        let stanza = Stanza::read(element, content, Rules::Rfc7622).unwrap();
        self.router.handle(Session(number), &stanza, self.now, &mut self.out);
        self.deliver();
    }

    /// Says it, and gives what the speaker hears.
    fn ask(&mut self, number: u64, xml: &str) -> Vec<String> {
        self.heard.clear();
        self.say(number, xml);
        self.heard(number)
    }

    fn gone(&mut self, number: u64) {
        self.router.disconnect(Session(number), self.now, &mut self.out);
        self.deliver();
    }

    fn deliver(&mut self) {
        for delivery in self.out.deliveries() {
            assert!(!delivery.to.is_empty());
            for recipient in delivery.to {
                let number = recipient.session.0;
                let (scope, content) = self.scopes.get(&number).cloned().unwrap_or((Scope::CLIENT, ns::CLIENT));
                let mut bytes = Vec::new();
                delivery.write(recipient, &scope, &mut bytes);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let element = Element::parse(bytes.into(), &scope, &XmlLimits::PEER);
                let element = element.unwrap_or_else(|fault| panic!("{fault}: {text}"));
                let stanza = Stanza::read(element, content, Rules::Rfc7622);
                let stanza = stanza.unwrap_or_else(|refused| panic!("{refused}: {text}"));
                // It stands alone just as well.
                let to = recipient.to.as_deref().map(Jid::as_str);
                assert!(delivery.parcel.to_element(to).is_ok(), "{text}");
                let mut own = delivery.packets().filter(|(session, _)| *session == recipient.session);
                assert!(own.any(|(_, packet)| packet.to_element().is_ok()));
                self.heard.entry(number).or_default().push(stanza.into_element());
            }
        }
        self.actions.extend_from_slice(self.out.actions());
        self.out.clear();
    }

    /// What a session has heard since the last time, as it was written.
    fn heard(&mut self, number: u64) -> Vec<String> {
        self.elements(number).iter().map(Element::to_string).collect()
    }

    fn elements(&mut self, number: u64) -> Vec<Element> {
        self.heard.remove(&number).unwrap_or_default()
    }

    /// The presences that a session has heard: from whom, and of what type.
    fn presences(&mut self, number: u64) -> Vec<(String, String)> {
        let attr = |element: &Element, name| element.attr(name).unwrap_or_default().into_owned();
        let all = self.elements(number);
        let presences = all.iter().filter(|element| element.name() == "presence");
        let mut presences: Vec<_> = presences.map(|element| (attr(element, "from"), attr(element, "type"))).collect();
        presences.sort();
        presences
    }

    fn nothing_else(&self) {
        assert!(self.heard.is_empty(), "{:?}", self.heard);
    }

    /// Makes two users see each other.
    fn befriend(&mut self, one: u64, other: u64) {
        for (asking, asked) in [(one, other), (other, one)] {
            let bare = |talk: &Talk, number| talk.router.jid(Session(number)).unwrap().bare().to_string();
            let (asking_jid, asked_jid) = (bare(self, asking), bare(self, asked));
            self.say(asking, &format!("<presence type='subscribe' to='{asked_jid}'/>"));
            self.say(asked, &format!("<presence type='subscribed' to='{asking_jid}'/>"));
        }
        self.heard.clear();
    }
}

fn jid(text: &str) -> Jid {
    Jid::parse(text).unwrap()
}

/// Whom an element is from, and the condition of its error.
fn refusal(heard: &[Element]) -> Option<(String, String)> {
    let [element] = heard else { panic!("{heard:?}") };
    assert_eq!(element.attr("type").as_deref(), Some("error"), "{element}");
    let error = crate::stanza::StanzaError::read(element.view())?;
    Some((element.attr("from").unwrap_or_default().into_owned(), error.condition().to_string()))
}

fn refused(from: &str, condition: &str) -> Option<(String, String)> {
    Some((from.to_string(), condition.to_string()))
}
