//! What is the same in the hostile inputs of every protocol's server: floods, slow clients, other protocols, and SASL in a loop. The test that
//! measures has [`Heap`] as its global allocator.

use std::time::Duration;

use bytes::Buf;
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::base64;
use wirestate_testing::Heap;

use crate::talk::{Application, Talk, Violation};

/// Feeds a flood to a session whose output is read and whose questions are not answered, and gives the most heap that was held.
pub fn peak<D: Application>(mut talk: Talk<D>, flood: impl Iterator<Item = Vec<u8>>) -> usize {
    let (_, usage) = Heap::measure(|| {
        for piece in flood {
            let _ = talk.server.inbox().push_some(&piece);
            while let Ok(Some(_)) = talk.server.poll(talk.now) {}
            talk.server.outbox().clear();
        }
    });
    usage.peak
}

/// H1: whatever stands in the segment of the command that begins TLS ends the session, and acts on nothing.
pub fn behind_starttls<D: Application>(begin: impl Fn() -> Talk<D>, command: &str, all: &[&str], early: &Violation<D>)
where
    Violation<D>: PartialEq,
{
    for behind in all {
        let mut talk = begin();
        talk.say(format!("{command}\r\n{behind}"));
        assert_eq!(talk.violation.as_ref(), Some(early), "{behind:?}");
        assert!(talk.events.is_empty() && talk.server.upgrade().is_none());
    }
}

/// H18: the first bytes of another protocol end the session, with one line.
pub fn other_protocols<D: Application>(begin: impl Fn() -> Talk<D>, requests: &[&[u8]]) {
    for request in requests {
        let mut talk = begin();
        assert_eq!(talk.say(request).lines().count(), 1);
        assert!(talk.server.is_closed() && talk.events.is_empty());
    }
}

/// H22: an exchange that is broken off, over and over, leaves nothing behind.
pub fn cancelled_exchanges<D: Application>(talk: &mut Talk<D>, warm: &str, round: &str) {
    talk.say(warm);
    talk.events = Vec::new();
    let (_, usage) = Heap::measure(|| {
        for _ in 0..10_000 {
            talk.say(round);
            talk.events = Vec::new();
        }
    });
    assert!(usage.live <= 64, "{usage:?}");
}

/// H27: what a failed SCRAM tells of a user: the number of parts of the challenge, when the refusal comes, and what it says. `before` stands
/// before the first message, before the last one, and before the challenge.
pub fn failed_scram<D: Application>(
    talk: &mut Talk<D>,
    before: [&str; 3],
    user: &str,
) -> (usize, Option<Instant>, String) {
    let first = base64::encode(format!("n,,n={user},r=abc").as_bytes());
    let challenge = talk.say(format!("{}{first}\r\n", before[0]));
    let challenge = base64::decode(challenge.strip_prefix(before[2]).unwrap().trim_end(), 4096).unwrap();
    let challenge = String::from_utf8(challenge).unwrap();
    let nonce = challenge.split(',').next().unwrap().to_owned();
    let proof = base64::encode(&[0; 32]);
    let last = base64::encode(format!("c=biws,{nonce},p={proof}").as_bytes());
    talk.say(format!("{}{last}\r\n", before[1]));
    (challenge.split(',').count(), talk.server.deadline(), talk.wait(2))
}

/// H37: who sends and never reads is not read from either, and goes on once it reads.
pub fn pipelining_without_reading<D: Application>(talk: &mut Talk<D>, line: &str, most: usize) {
    let flood = line.repeat(10_000);
    let mut fed = 0;
    let mut feed = |talk: &mut Talk<D>| {
        fed += talk.server.inbox().push_some(&flood.as_bytes()[fed..]);
        while let Ok(Some(event)) = talk.server.poll(talk.now) {
            talk.desk.answer(&mut talk.server, event).unwrap();
        }
        fed
    };
    let (_, usage) = Heap::measure(|| (0..10_000).map(|_| feed(talk)).last());
    let before = feed(talk);
    assert!(before < flood.len() && talk.server.inbox().room() == 0, "the input waits too");
    assert!(usage.peak < most, "{usage:?}");
    // Once the answers are read, all goes on.
    let waiting = talk.server.outbox().len();
    talk.server.outbox().advance(waiting);
    feed(talk);
    assert!(feed(talk) > before);
}

/// H38: a byte in twenty seconds does not hold a connection for longer than `seconds`, which is a total.
pub fn slow_loris<D: Application + Default>(line: &str, seconds: u64) {
    let mut talk = Talk::<D>::new();
    let mut passed = 0;
    for byte in line.bytes() {
        talk.say([byte]);
        talk.wait(20);
        passed += 20;
        if talk.server.is_closed() {
            break;
        }
    }
    assert_eq!(passed, seconds);
    let silent = D::default().machine(Instant::START);
    assert_eq!(silent.deadline(), Some(Instant::START + Duration::from_secs(seconds)));
}
