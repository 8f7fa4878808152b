//! Any order of calls on an IRC network: arrivals, lines of any bytes, departures, logins, other hosts, other capabilities.
//!
//! No panic; only lawful lines, to sessions that are there, each once; members and memberships agree; the heap is bounded.
//!
//! The input is lines: a digit for the session, a sign for the call, and the rest for its argument; see `Call`.

#![no_main]

use std::collections::BTreeSet;

use irc_proto::Capabilities;
use irc_proto::Capability;
use irc_proto::codec::{Message, Profile};
use irc_proto::network::{Action, Config, Deliveries, Network, Newcomer, Session, Statuses};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::meter::Meter;

fuzz_target!(|input: &[u8]| {
    let mut config = Config::default();
    config.statuses = if input.len() % 2 == 0 { Statuses::Qaohv } else { Statuses::Ohv };
    config.motd = vec!["odd\r\nline".into()];
    config.limits.list = 8;
    config.limits.channels = 6;
    let mut world = World { network: Network::new(config), present: BTreeSet::new(), out: Deliveries::new(), now: 1 };
    let mut meter = Meter::default();
    for line in input.split(|byte| *byte == b'\n') {
        let [digit, sign, rest @ ..] = line else { continue };
        let session = Session(u64::from(digit % 8));
        meter.run(|| world.call(session, *sign, rest));
        world.check_deliveries();
    }
    world.check();
    assert!(meter.peak() < 1024 * 1024 + 512 * input.len() as isize, "{} bytes of heap", meter.peak());
});

struct World {
    network: Network,
    present: BTreeSet<Session>,
    out: Deliveries,
    now: u64,
}

impl World {
    fn call(&mut self, session: Session, sign: u8, rest: &[u8]) {
        let World { network, out, now, .. } = self;
        match sign {
            b'+' => {
                let mut words = rest.split(|byte| *byte == b' ');
                let nick = words.next().unwrap_or_default();
                let user = words.next().unwrap_or_default();
                let host = words.next().unwrap_or_default();
                let account = words.next();
                let newcomer =
                    Newcomer { nick, user, host, realname: rest, account, away: words.next(), ..Newcomer::default() };
                if network.register(session, &newcomer, *now, out).is_ok() {
                    self.present.insert(session);
                }
            }
            b'-' => {
                network.disconnect(session, rest, *now, out);
                self.present.remove(&session);
            }
            b'?' => drop(network.claim(session, rest)),
            b'*' => {
                let set: Capabilities =
                    rest.iter().filter_map(|byte| Capability::ALL.get(usize::from(*byte) % 64)).copied().collect();
                network.set_capabilities(session, set);
            }
            b'!' => network.set_capabilities(session, Capability::ALL.iter().copied().collect()),
            b'@' => network.set_account(session, (!rest.is_empty()).then_some(rest), *now, out),
            b'#' => network.set_host(session, rest, rest, *now, out),
            b'o' => network.operator(session, rest.is_empty(), *now, out),
            b't' => *now = now.saturating_add(1 << (rest.len() % 48)),
            _ => {
                if let Ok(message) = Message::parse(rest, Profile::Lenient) {
                    network.handle(session, message, *now, out);
                }
            }
        }
    }

    fn check_deliveries(&mut self) {
        for delivery in self.out.deliveries() {
            let receivers: BTreeSet<_> = delivery.to.iter().collect();
            assert!(!delivery.to.is_empty() && receivers.len() == delivery.to.len(), "{delivery:?}");
            assert!(delivery.to.iter().all(|session| self.present.contains(session)), "{delivery:?} to who is gone");
            let lines = delivery.bytes.strip_suffix(b"\r\n").expect("whole lines");
            for line in lines.split(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let message = Message::parse(line, Profile::Strict)
                    .unwrap_or_else(|fault| panic!("{fault}: {}", line.escape_ascii()));
                let tags = if message.tags().is_empty() { 0 } else { message.tags().as_bytes().len() + 2 };
                assert!(line.len() - tags <= 510, "{} bytes: {}", line.len(), line.escape_ascii());
            }
        }
        for action in self.out.actions() {
            if let Action::Close { session, .. } = action {
                self.present.remove(session);
            }
        }
        self.out.clear();
    }

    fn check(&self) {
        assert_eq!(self.network.users().count(), self.present.len());
        let mut memberships = 0;
        for channel in self.network.channels() {
            let members: BTreeSet<_> = self.network.members(channel).map(|(user, _)| user.session()).collect();
            assert!(!members.is_empty() && members.len() == channel.member_count());
            assert!(members.iter().all(|session| self.present.contains(session)));
            assert!(
                ["b", "e", "I", "q"].iter().map(|letter| channel.list(letter.as_bytes()[0]).len()).sum::<usize>() <= 8
            );
            memberships += members.len();
        }
        assert_eq!(self.network.users().map(|user| user.channel_count()).sum::<usize>(), memberships);
        assert!(self.network.users().all(|user| user.channel_count() <= 6));
    }
}
