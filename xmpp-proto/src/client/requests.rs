use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use wirestate_machine::Instant;

use super::event::RequestId;
use super::rare::{Absent, Rare};
use crate::jid::{Jid, JidRef};
use crate::xml::ElementRef;

/// Requests that wait for their answers (RFC 6120 §8.2.3). An answer is a stanza `iq` of type `result` or `error`, with the request's id, from whom
/// the request was to; anything else is nobody's answer, whatever its id.
#[derive(Debug)]
pub(super) struct Requests {
    all: Rare<All>,
    last: u32,
    /// What the ids begin with that are made here, so that they differ from those of other streams.
    prefix: u32,
}

/// Those that are open. Gone while none is.
#[derive(Debug, Default)]
pub(super) struct All {
    open: BTreeMap<Box<str>, Pending>,
    due: BTreeSet<(Instant, RequestId)>,
    ids: BTreeMap<RequestId, Box<str>>,
    /// Those that the clock has not seen yet, with the time they have.
    untimed: Vec<(RequestId, Duration)>,
}

impl Absent for All {
    fn absent() -> &'static Self {
        static NONE: All =
            All { open: BTreeMap::new(), due: BTreeSet::new(), ids: BTreeMap::new(), untimed: Vec::new() };
        &NONE
    }
}

#[derive(Debug)]
struct Pending {
    request: RequestId,
    to: Option<Jid>,
    due: Option<Instant>,
}

impl Requests {
    pub(super) fn new(prefix: u32) -> Self {
        Requests { all: Rare::new(), last: 0, prefix }
    }

    pub(super) fn len(&self) -> usize {
        self.all.open.len()
    }

    /// Opens a request. It gets the id that the program wished for, unless another one that is open has it.
    pub(super) fn open(&mut self, wish: Option<&str>, to: Option<Jid>, patience: Duration) -> (RequestId, Box<str>) {
        let id: Box<str> = match wish {
            Some(wish) if !wish.is_empty() && !self.all.open.contains_key(wish) => wish.into(),
            _ => self.fresh_id(),
        };
        self.last = self.last.wrapping_add(1);
        let request = RequestId(self.last);
        self.all.open.insert(id.clone(), Pending { request, to, due: None });
        self.all.ids.insert(request, id.clone());
        self.all.untimed.push((request, patience));
        (request, id)
    }

    /// An id that no open request has.
    pub(super) fn fresh_id(&mut self) -> Box<str> {
        loop {
            self.last = self.last.wrapping_add(1);
            let id = format!("w{:08x}-{:x}", self.prefix, self.last);
            if !self.all.open.contains_key(&*id) {
                return id.into();
            }
        }
    }

    /// Closes the request that `stanza` answers, if there is one. `me` is who we are on this stream.
    pub(super) fn answered_by(&mut self, stanza: ElementRef<'_>, me: Option<&Jid>) -> Option<RequestId> {
        if self.all.open.is_empty() || stanza.name() != "iq" {
            return None;
        }
        if !matches!(stanza.attr("type").as_deref(), Some("result" | "error")) {
            return None;
        }
        let id = stanza.attr("id")?;
        let pending = self.all.open.get(&*id)?;
        let from = stanza.attr("from");
        if !is_from_peer(from.as_deref(), pending.to.as_ref(), me) {
            return None;
        }
        let request = pending.request;
        self.close(request);
        Some(request)
    }

    /// Closes a request, if it is open.
    pub(super) fn close(&mut self, request: RequestId) -> bool {
        let Some(all) = self.all.present() else { return false };
        let Some(id) = all.ids.remove(&request) else { return false };
        if let Some(Pending { due: Some(due), .. }) = all.open.remove(&id) {
            all.due.remove(&(due, request));
        }
        all.untimed.retain(|(untimed, _)| *untimed != request);
        if all.open.is_empty() {
            self.all.clear();
        }
        true
    }

    /// Begins to time what was asked since this was called last.
    pub(super) fn keep_time(&mut self, now: Instant) {
        let Some(All { open, due: all_due, ids, untimed }) = self.all.present() else { return };
        for (request, patience) in untimed.drain(..) {
            let Some(pending) = ids.get(&request).and_then(|id| open.get_mut(id)) else { continue };
            let due = now + patience;
            pending.due = Some(due);
            all_due.insert((due, request));
        }
    }

    /// When the next one is late; at once where one is not timed yet.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        if self.all.untimed.is_empty() { self.all.due.first().map(|(due, _)| *due) } else { Some(now) }
    }

    /// Closes one whose time is up.
    pub(super) fn late(&mut self, now: Instant) -> Option<RequestId> {
        let (due, request) = *self.all.due.first()?;
        (due <= now && self.close(request)).then_some(request)
    }

    /// Closes the oldest one.
    pub(super) fn cancel_one(&mut self) -> Option<RequestId> {
        let request = *self.all.ids.keys().next()?;
        self.close(request).then_some(request)
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }
}

/// Whether `from` is the one that a request to `to` is answered by. Without `to` that is our own account, for which the server speaks (RFC 6120
/// §10.3.3); it may leave `from` out (§8.1.2.1), say the bare address, itself, or as in RFC 3920 our full address. Nobody else can say these.
fn is_from_peer(from: Option<&str>, to: Option<&Jid>, me: Option<&Jid>) -> bool {
    let to_us = match (to, me) {
        (None, _) => true,
        (Some(to), Some(me)) => to.as_ref() == me.bare() || to.as_ref() == me.server(),
        (Some(_), None) => false,
    };
    let Some(from) = from.filter(|from| !from.is_empty()) else { return to_us };
    let Ok(from) = JidRef::parse(from) else { return false };
    let from = from.as_ref();
    match (to, me) {
        (Some(to), _) => from == to.as_ref(),
        (None, Some(me)) => from == me.bare() || from == me.server() || from == me.as_ref(),
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Element;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn jid(text: &str) -> Jid {
        Jid::parse(text).unwrap()
    }

    fn element(text: &str) -> Element {
        text.parse().unwrap()
    }

    fn answers(requests: &mut Requests, text: &str) -> bool {
        requests.answered_by(element(text).view(), Some(&jid("ann@h.example/r"))).is_some()
    }

    #[test]
    fn only_a_result_or_an_error_from_whom_it_went_to_is_the_answer() {
        let mut requests = Requests::new(0);
        let to_bob = requests.open(Some("1"), Some(jid("bob@h.example/x")), PATIENCE).0;
        for spoofed in [
            "<message id='1' type='result' from='bob@h.example/x'/>",
            "<presence id='1' type='error' from='bob@h.example/x'/>",
            "<iq id='1' type='get' from='bob@h.example/x'/>",
            "<iq id='1' type='set' from='bob@h.example/x'/>",
            "<iq id='1' from='bob@h.example/x'/>",
            "<iq id='2' type='result' from='bob@h.example/x'/>",
            "<iq type='result' from='bob@h.example/x'/>",
            "<iq id='1' type='result' from='bob@h.example'/>",
            "<iq id='1' type='result' from='eve@h.example/x'/>",
            "<iq id='1' type='result' from='h.example'/>",
            "<iq id='1' type='result' from='@'/>",
            "<iq id='1' type='result'/>",
        ] {
            assert!(!answers(&mut requests, spoofed), "{spoofed}");
        }
        let answer = element("<iq id='1' type='error' from='Bob@H.example/x'/>");
        assert_eq!(requests.answered_by(answer.view(), Some(&jid("ann@h.example/r"))), Some(to_bob));
        assert_eq!(requests.len(), 0, "an answer comes once");
        assert!(!answers(&mut requests, "<iq id='1' type='error' from='bob@h.example/x'/>"));
    }

    #[test]
    fn the_server_answers_for_our_account() {
        for from in ["", "from='ann@h.example'", "from='h.example'", "from='ann@h.example/r'"] {
            let mut requests = Requests::new(0);
            requests.open(Some("1"), None, PATIENCE);
            assert!(!answers(&mut requests, "<iq id='1' type='result' from='eve@h.example'/>"));
            assert!(!answers(&mut requests, "<iq id='1' type='result' from='ann@h.example/other'/>"));
            assert!(answers(&mut requests, &format!("<iq id='1' type='result' {from}/>")), "{from}");
        }
        for to in ["ann@h.example", "h.example"] {
            let mut requests = Requests::new(0);
            requests.open(Some("1"), Some(jid(to)), PATIENCE);
            assert!(answers(&mut requests, "<iq id='1' type='result'/>"));
        }
    }

    #[test]
    fn a_clash_of_ids_gives_the_newer_request_its_own_and_both_are_answered() {
        let mut requests = Requests::new(0xabc);
        let (first, id) = requests.open(Some("1"), None, PATIENCE);
        let (second, other) = requests.open(Some("1"), None, PATIENCE);
        assert_eq!(&*id, "1");
        assert_ne!(id, other);
        let me = jid("ann@h.example/r");
        let answer = element(&format!("<iq id='{other}' type='result'/>"));
        assert_eq!(requests.answered_by(answer.view(), Some(&me)), Some(second));
        assert_eq!(requests.answered_by(element("<iq id='1' type='result'/>").view(), Some(&me)), Some(first));
    }

    #[test]
    fn each_has_its_time() {
        let mut requests = Requests::new(0);
        let start = Instant::START;
        let (slow, _) = requests.open(None, None, PATIENCE * 2);
        let (quick, _) = requests.open(None, None, PATIENCE);
        assert_eq!(requests.deadline(start), Some(start));
        requests.keep_time(start);
        assert_eq!(requests.deadline(start), Some(start + PATIENCE));
        assert_eq!(requests.late(start), None);
        assert_eq!(requests.late(start + PATIENCE), Some(quick));
        assert_eq!(requests.late(start + PATIENCE), None);
        assert!(requests.close(slow));
        assert!(!requests.close(slow));
        assert_eq!(requests.deadline(start), None);
    }
}
