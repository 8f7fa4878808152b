use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::Misuse;

use super::{Event, Key, Peer, State, Verdict};
use crate::jid::Jid;
use crate::payload::dialback::{Content as Said, Dialback, DialbackKind};
use crate::server::{Reason, Violation};
use crate::stanza::{StanzaCondition, StanzaError};
use crate::xml::Element;

/// How many pairs of domains one stream may carry, and how many keys may wait for their verdict.
const MOST_PAIRS: usize = 128;
const MOST_PENDING: usize = 16;

impl Peer {
    /// Tells what came of a key (XEP-0220 §2.1.2).
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] where no key of that pair waits.
    pub fn answer_result(&mut self, theirs: &Jid, ours: &Jid, verdict: &Verdict) -> Result<(), Misuse> {
        let at = self.pending.iter().position(|pair| (&pair.0, &pair.1) == (theirs, ours)).ok_or(Misuse::WrongState)?;
        if self.base.is_over() || self.base.wire.is_ended() {
            return Err(Misuse::WrongState);
        }
        self.pending.swap_remove(at);
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        let content = match verdict {
            Verdict::Valid => Said::Valid,
            Verdict::Invalid => Said::Invalid,
            Verdict::Error(condition) => Said::Error(StanzaError::new(*condition)),
        };
        self.say_dialback(DialbackKind::Result, ours.clone(), theirs.clone(), None, content);
        match verdict {
            Verdict::Valid => {
                self.prove(theirs.clone(), ours.clone());
                self.state = State::Established;
            }
            Verdict::Invalid => {
                self.base.end(&self.config.limits);
                self.base.close(Reason::Refused);
            }
            Verdict::Error(_) => {}
        }
        Ok(())
    }

    /// Tells whether a key is ours (XEP-0220 §2.2.2). Once the session is over, nothing is said.
    pub fn answer_verify(&mut self, key: &Key, is_ours: bool) {
        let content = if is_ours { Said::Valid } else { Said::Invalid };
        let id = Some(key.stream_id.clone());
        self.say_dialback(DialbackKind::Verify, key.to.clone(), key.from.clone(), id, content);
    }

    pub(super) fn take_dialback(&mut self, element: &Element) -> Result<Option<Event>, Violation> {
        if !self.config.dialback {
            return Err(Violation::UnsupportedElement);
        }
        let Ok(Some(Dialback { kind, from, to, id, content: Said::Key(key) })) = Dialback::read(element.view()) else {
            // What answers nothing that we asked here is answered by nothing.
            return Ok(None);
        };
        let refusal = match kind {
            _ if !self.config.serves(to.as_str()) => Some(StanzaCondition::ItemNotFound),
            DialbackKind::Result if self.is_proved(from.as_ref(), to.as_ref()) => None,
            DialbackKind::Result if self.pending.len() >= MOST_PENDING || self.pairs.len() >= MOST_PAIRS => {
                Some(StanzaCondition::ResourceConstraint)
            }
            _ => None,
        };
        if let Some(condition) = refusal {
            self.say_dialback(kind, to, from, id, Said::Error(StanzaError::new(condition)));
            return Ok(None);
        }
        let stream_id = id.unwrap_or_else(|| (*self.base.stream_id).to_owned());
        let pair = (from.clone(), to.clone());
        let key = Box::new(Key { from, to, stream_id, key });
        if kind == DialbackKind::Verify {
            return Ok(Some(Event::Verify(key)));
        }
        if self.pending.contains(&pair) {
            return Ok(None);
        }
        self.pending.push(pair);
        Ok(Some(Event::Result(key)))
    }

    fn say_dialback(&mut self, kind: DialbackKind, from: Jid, to: Jid, id: Option<String>, content: Said) {
        let said = Dialback { kind, from, to, id, content };
        self.base.write(|writer| said.write(writer));
    }
}
