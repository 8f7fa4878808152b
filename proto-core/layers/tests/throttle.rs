//! The throttle by a clock that only the test turns.

mod common;

use std::num::NonZeroU32;
use std::time::Duration;

use common::*;
use wirestate_layers::{Rate, Throttle};
use wirestate_machine::{Instant, Machine, Upgrade};

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate { per_second: NonZeroU32::new(per_second)?, burst: NonZeroU32::new(burst)? })
}

fn seconds(count: u64) -> Instant {
    Instant::START + Duration::from_secs(count)
}

#[test]
fn input_passes_at_its_rate() {
    let mut slow = Throttle::new(Toy::new(), rate(100, 200), None);
    slow.inbox().push(&b"123456789\n".repeat(100));
    settle(&mut slow, seconds(7)).unwrap();
    assert_eq!(slow.lines().len(), 20);
    // The deadline alone drives it on, and never stands still.
    let mut last = seconds(7);
    while let Some(deadline) = slow.deadline() {
        assert!(deadline > last);
        last = deadline;
        settle(&mut slow, deadline).unwrap();
        let allowed = 200 + 100 * (deadline - seconds(7)).as_nanos() as usize / 1_000_000_000;
        assert!(slow.lines().len() * 10 <= allowed);
    }
    assert_eq!(slow.lines().len(), 100);
    assert_eq!(last, seconds(15));
}

#[test]
fn output_passes_at_its_rate_and_to_the_last_byte() {
    let mut slow = Throttle::new(Toy::new(), None, rate(1000, 500));
    settle(&mut slow, seconds(0)).unwrap();
    slow.say(&[b'x'; 3000]);
    slow.inbox().push(b"BYE\n");
    settle(&mut slow, seconds(0)).unwrap();
    assert_eq!(slow.outbox().drain().len(), 500);
    assert!(!slow.is_closed());
    let (mut now, mut written) = (seconds(0), 500);
    while !slow.is_closed() {
        now = slow.deadline().unwrap();
        settle(&mut slow, now).unwrap();
        written += slow.outbox().drain().len();
    }
    assert_eq!(written, 3004);
    assert!(now >= Instant::START + Duration::from_millis(2504) && now < seconds(3), "{now:?}");
}

#[test]
fn it_stops_the_driver_from_reading() {
    let mut slow = Throttle::new(Toy::new(), rate(1, 1), None);
    let taken = slow.inbox().push_some(&[b'x'; 100_000]);
    settle(&mut slow, seconds(0)).unwrap();
    assert!(taken <= 16 * 1024);
    assert!(slow.inbox().room() <= 1);
}

#[test]
fn the_end_comes_after_what_came_before_it() {
    let mut slow = Throttle::new(Toy::new(), rate(1, 1), None);
    slow.inbox().push(b"a\n");
    slow.inbox().close();
    settle(&mut slow, seconds(0)).unwrap();
    assert_eq!(slow.events, []);
    settle(&mut slow, seconds(1)).unwrap();
    assert_eq!(slow.events, [Event::Line("a\n".into()), Event::Ended]);
}

#[test]
fn a_failed_machine_s_farewell_does_not_wait() {
    let mut slow = Throttle::new(Toy::new(), None, rate(1, 1));
    slow.inbox().push(&[b'x'; 2048]);
    assert!(settle(&mut slow, seconds(0)).is_err());
    assert!(slow.is_closed());
    assert_eq!(slow.outbox().drain(), b"too long\n");
}

#[test]
fn what_waits_does_not_pass_an_upgrade() {
    let mut slow = Throttle::new(Toy::new(), rate(9, 9), None);
    slow.inbox().push(b"STARTTLS\nDELE 1\n");
    settle(&mut slow, seconds(0)).unwrap();
    assert_eq!(slow.inbox().room(), 0);
    assert_eq!(slow.outbox().drain(), b"GO\n");
    assert_eq!(slow.upgrade(), Some(Upgrade::Tls));
    slow.upgraded(seconds(1), wirestate_machine::Upgraded::Deflate);
    settle(&mut slow, seconds(60)).unwrap();
    assert_eq!(slow.lines(), [b"STARTTLS\n"]);
}

#[test]
fn without_rates_it_is_not_there() {
    let mut free = Throttle::new(Toy::new(), None, None);
    free.inbox().push(b"BYE\n");
    settle(&mut free, seconds(0)).unwrap();
    assert!(free.is_closed());
    assert_eq!(free.inner_mut().outbox().len(), 4);
}
