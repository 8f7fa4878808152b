//! Limits: accept that pauses and resumes, in all, for each address, and by its rate.

use std::io::Write;
use std::net::Shutdown as Side;
use std::time::{Duration, Instant as Time};

use wirestate_driver::{Limits, Mode, Notice, Observer, Rate};

use super::harness::{PATIENCE, World, listener, read_line, read_to_end};
use super::house::{House, News, is_left_waiting, is_served, is_turned_away, leave, until};
use super::notes::Notes;

fn house<W: World>(limits: Limits) -> House {
    House::open::<W>(vec![listener()], limits)
}

fn at_most(connections: usize) -> Limits {
    Limits::new().connections(connections)
}

fn each(per_address: usize) -> Limits {
    Limits::new().per_address(per_address)
}

pub(crate) fn at_the_limit_clients_wait_in_the_backlog<W: World>() {
    let house = house::<W>(at_most(1));
    let mut first = house.guest();
    assert_eq!(house.hear(), News::Paused(1));
    let mut second = house.client_from(1);
    second.write_all(b"and me\r\n").unwrap();
    is_served(&mut first);
    assert!(is_left_waiting(&second));
    leave(first);
    assert_eq!(read_line(&mut second), "and me\r\n");
    assert_eq!(house.peak(), 1);
    assert_eq!(house.server.stop_gracefully().accepted, 2);
}

pub(crate) fn pauses_and_resumes_are_told_once_each<W: World>() {
    let house = house::<W>(at_most(2));
    let (first, second) = (house.guest(), house.guest());
    assert_eq!(house.hear(), News::Paused(2));
    house.control().set_limits(at_most(2));
    house.control().set_limits(at_most(1));
    leave(first);
    leave(second);
    assert_eq!(house.hear(), News::Resumed);
    let third = house.guest();
    assert_eq!(house.hear(), News::Paused(1));
    leave(third);
    assert_eq!(house.hear(), News::Resumed);
    house.server.stop_gracefully();
    assert_eq!(house.news.try_iter().next(), None);
}

pub(crate) fn a_higher_limit_lets_in_who_waits<W: World>() {
    let house = house::<W>(at_most(1));
    let _first = house.guest();
    assert_eq!(house.hear(), News::Paused(1));
    let mut second = house.client_from(1);
    let mut third = house.client_from(1);
    house.control().set_limits(at_most(2));
    is_served(&mut second);
    assert_eq!((house.hear(), house.hear()), (News::Resumed, News::Paused(2)));
    assert!(is_left_waiting(&third));
    leave(second);
    is_served(&mut third);
    assert_eq!(house.peak(), 2);
}

pub(crate) fn no_limit_any_more_lets_in_who_waits<W: World>() {
    let house = house::<W>(at_most(1));
    let mut first = house.guest();
    assert_eq!(house.hear(), News::Paused(1));
    let mut others: Vec<_> = (0..20).map(|_| house.client_from(1)).collect();
    house.control().set_limits(Limits::new());
    others.iter_mut().for_each(is_served);
    is_served(&mut first);
    assert_eq!(house.hear(), News::Resumed);
    assert_eq!(house.control().connections(), 21);
}

pub(crate) fn who_is_told_of_a_pause_may_lift_it<W: World>() {
    let house = house::<W>(Limits::new());
    let steer = house.control().clone();
    house.control().set_observer(Observer::new(move |notice| {
        if let Notice::AcceptPaused { connections } = notice {
            steer.set_limits(at_most(connections + 1));
        }
    }));
    house.control().set_limits(at_most(0));
    let guests: Vec<_> = (0..10).map(|_| house.guest()).collect();
    assert!(house.control().connections() == guests.len());
}

pub(crate) fn a_lower_limit_waits_until_enough_have_left<W: World>() {
    let house = house::<W>(Limits::new());
    let mut guests: Vec<_> = (0..4).map(|_| house.guest()).collect();
    house.control().set_limits(at_most(2));
    assert_eq!(house.hear(), News::Paused(4));
    guests.iter_mut().for_each(is_served);
    let mut late = house.client_from(1);
    late.write_all(b"late\r\n").unwrap();
    for left in [3, 2] {
        leave(guests.pop().unwrap());
        until(|| house.control().connections() == left);
        guests.iter_mut().for_each(is_served);
        assert!(is_left_waiting(&late));
    }
    leave(guests.pop().unwrap());
    assert_eq!(read_line(&mut late), "late\r\n");
    assert_eq!((house.hear(), house.hear()), (News::Resumed, News::Paused(2)));
}

pub(crate) fn with_a_limit_of_zero_nobody_is_let_in<W: World>() {
    let house = house::<W>(at_most(0));
    assert_eq!(house.hear(), News::Paused(0));
    let mut client = house.client_from(1);
    client.write_all(b"hello\r\n").unwrap();
    assert!(is_left_waiting(&client));
    assert!(house.visitors.try_recv().is_err());
    house.control().set_limits(at_most(1));
    assert_eq!(read_line(&mut client), "hello\r\n");
}

pub(crate) fn a_paused_server_ends_as_others_do<W: World>() {
    for mode in [Mode::Now, Mode::Graceful { within: PATIENCE }] {
        let house = house::<W>(at_most(1));
        let mut first = house.guest();
        let mut second = house.client_from(1);
        assert_eq!(house.hear(), News::Paused(1));
        house.server.shutdown.trigger(mode);
        assert_eq!(read_to_end(&mut first), "going\r\n");
        drop(first);
        is_turned_away(&mut second);
        let report = house.server.stop(mode);
        assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
    }
}

pub(crate) fn above_the_limit_of_its_address_a_client_waits<W: World>() {
    let house = house::<W>(each(1));
    let first = house.guest();
    let mut second = house.client_from(1);
    second.write_all(b"and me\r\n").unwrap();
    // Who came later has been let in, so the second has been accepted.
    let mut other = house.guest_from(2);
    assert!(is_left_waiting(&second));
    assert_eq!(house.control().connections(), 2);
    leave(first);
    assert_eq!(read_line(&mut second), "and me\r\n");
    is_served(&mut other);
    assert_eq!(house.peak(), 2);
    assert!(house.news.try_recv().is_err());
}

pub(crate) fn one_address_at_its_limit_holds_up_no_other<W: World>() {
    let house = house::<W>(each(1));
    let _first = house.guest();
    let waiting: Vec<_> = (0..10).map(|_| house.client_from(1)).collect();
    let mut others: Vec<_> = (2..12).map(|last| house.guest_from(last)).collect();
    others.iter_mut().for_each(is_served);
    assert!(waiting.iter().all(is_left_waiting));
}

pub(crate) fn beyond_those_who_wait_clients_are_refused<W: World>() {
    let house = house::<W>(each(1).waiting(1));
    let first = house.guest();
    let mut second = house.client_from(1);
    let mut third = house.client_from(1);
    let address = third.local_addr().unwrap().into();
    assert_eq!(house.hear(), News::Refused(address, "too many connections from this address".into()));
    is_turned_away(&mut third);
    assert!(is_left_waiting(&second));
    leave(first);
    is_served(&mut second);
}

pub(crate) fn a_higher_limit_for_each_address_lets_in_who_waits<W: World>() {
    for limits in [each(2), Limits::new()] {
        let house = house::<W>(each(1));
        let mut first = house.guest();
        let mut second = house.client_from(1);
        second.write_all(b"and me\r\n").unwrap();
        house.guest_from(2);
        assert!(is_left_waiting(&second));
        house.control().set_limits(limits);
        assert_eq!(read_line(&mut second), "and me\r\n");
        is_served(&mut first);
    }
}

pub(crate) fn those_who_wait_count_as_connections<W: World>() {
    let house = house::<W>(each(1).connections(2));
    let first = house.guest();
    let mut second = house.client_from(1);
    assert_eq!(house.hear(), News::Paused(1));
    let mut other = house.client_from(2);
    other.write_all(b"me too\r\n").unwrap();
    assert!(is_left_waiting(&other) && is_left_waiting(&second));
    leave(first);
    is_served(&mut second);
    leave(second);
    assert_eq!(read_line(&mut other), "me too\r\n");
}

pub(crate) fn who_waits_and_hangs_up_gives_his_place_free<W: World>() {
    let house = house::<W>(each(1).waiting(1));
    let first = house.guest();
    for (other, said, is_reset) in [(2, "", false), (3, "quit\r\nand ha", false), (4, "here\r\n", true)] {
        let mut second = house.client_from(1);
        let address = second.local_addr().unwrap().into();
        second.write_all(said.as_bytes()).unwrap();
        // Who came later has been let in, so the second has been accepted.
        leave(house.guest_from(other));
        if is_reset {
            socket2::SockRef::from(&second).set_linger(Some(Duration::ZERO)).unwrap();
        }
        drop(second);
        assert_eq!(house.hear(), News::Refused(address, "the connection was gone before it began".into()));
    }
    let mut third = house.client_from(1);
    leave(house.guest_from(5));
    assert!(is_left_waiting(&third));
    leave(first);
    is_served(&mut third);
    assert!(house.news.try_recv().is_err(), "nobody was refused who was there");
}

pub(crate) fn who_hangs_up_while_waiting_counts_no_more<W: World>() {
    let house = house::<W>(each(1).connections(2));
    let _first = house.guest();
    let second = house.client_from(1);
    assert_eq!(house.hear(), News::Paused(1));
    let mut other = house.client_from(2);
    other.write_all(b"me too\r\n").unwrap();
    assert!(is_left_waiting(&other));
    drop(second);
    assert!(matches!(house.hear(), News::Refused(..)));
    assert_eq!(house.hear(), News::Resumed);
    assert_eq!(read_line(&mut other), "me too\r\n");
}

pub(crate) fn what_is_said_while_waiting_is_not_lost<W: World>() {
    let house = house::<W>(each(1));
    let first = house.guest();
    let mut second = house.client_from(1);
    let script: String = (0..2000).map(|number| format!("{number}\r\n")).collect();
    second.write_all(script.as_bytes()).unwrap();
    leave(house.guest_from(2));
    leave(first);
    second.shutdown(Side::Write).unwrap();
    assert_eq!(read_to_end(&mut second), script);
}

pub(crate) fn a_shutdown_turns_away_who_waits<W: World>() {
    for mode in [Mode::Now, Mode::Graceful { within: PATIENCE }] {
        let house = house::<W>(each(1));
        let mut first = house.guest();
        let mut second = house.client_from(1);
        let mut other = house.guest_from(2);
        house.server.shutdown.trigger(mode);
        for guest in [&mut first, &mut other] {
            assert_eq!(read_to_end(guest), "going\r\n");
            guest.shutdown(Side::Both).unwrap();
        }
        is_turned_away(&mut second);
        let report = house.server.stop(mode);
        assert_eq!((report.accepted, report.aborted, report.left), (2, 0, 0));
    }
}

pub(crate) fn a_network_may_count_as_one_address<W: World>() {
    let house = house::<W>(each(1).prefixes(24, 64));
    let first = house.guest_from(1);
    let mut neighbour = house.client_from(2);
    neighbour.write_all(b"and me\r\n").unwrap();
    until(|| house.control().connections() == 1);
    house.control().set_limits(each(2).prefixes(24, 64));
    assert_eq!(read_line(&mut neighbour), "and me\r\n");
    let mut third = house.client_from(3);
    third.write_all(b"me too\r\n").unwrap();
    assert!(is_left_waiting(&third));
    // Each for itself, there is room.
    house.control().set_limits(each(1));
    assert_eq!(read_line(&mut third), "me too\r\n");
    leave(first);
}

pub(crate) fn above_the_rate_clients_wait_in_the_backlog<W: World>() {
    let hour = Duration::from_secs(3600);
    let house = house::<W>(Limits::new().rate(Rate::new(2, hour)));
    let _guests = [house.guest(), house.guest()];
    let News::Slowed(Some(pause)) = house.hear() else { panic!("the rate is reached") };
    assert!(pause > hour / 2 - PATIENCE && pause <= hour / 2, "{pause:?}");
    let mut late = house.client_from(1);
    late.write_all(b"late\r\n").unwrap();
    assert!(is_left_waiting(&late));
    assert_eq!(house.control().connections(), 2);
    house.control().set_limits(Limits::new());
    assert_eq!(read_line(&mut late), "late\r\n");
    assert_eq!(house.hear(), News::CaughtUp);
}

pub(crate) fn the_rate_lets_in_one_after_the_other<W: World>() {
    let each = Duration::from_millis(20);
    let house = house::<W>(Limits::new().rate(Rate::new(2, 2 * each)));
    let start = Time::now();
    let mut clients: Vec<_> = (0..6).map(|_| house.client_from(1)).collect();
    clients.iter_mut().for_each(is_served);
    // Two come at once.
    assert!(start.elapsed() >= 4 * each, "{:?}", start.elapsed());
    assert!(matches!(house.hear(), News::Slowed(Some(_))));
    assert_eq!(house.hear(), News::CaughtUp);
}

pub(crate) fn at_a_rate_of_zero_nobody_is_let_in<W: World>() {
    let house = house::<W>(Limits::new().rate(Rate::per_second(0)));
    assert_eq!(house.hear(), News::Slowed(None));
    let mut client = house.client_from(1);
    client.write_all(b"hello\r\n").unwrap();
    assert!(is_left_waiting(&client));
    house.control().set_limits(Limits::new().rate(Rate::per_second(1000)));
    assert_eq!(read_line(&mut client), "hello\r\n");
    assert_eq!(house.hear(), News::CaughtUp);
    house.control().set_limits(Limits::new().rate(Rate::per_second(0)));
    assert_eq!(house.hear(), News::Slowed(None));
    house.server.stop_gracefully();
}

pub(crate) fn the_last_observer_takes_the_place_of_the_one_before<W: World>() {
    let house = house::<W>(Limits::new());
    let guest = house.guest();
    let (observer, notes) = Notes::new();
    house.control().set_observer(observer);
    assert_eq!(house.hear(), News::Superseded);
    // The connection that was there tells the new one of its end, and nothing more comes to the old one, which is gone.
    leave(guest);
    notes.until("disconnected: quit");
    house.control().set_limits(at_most(0));
    // The guest's seat may be given back a moment after its end is told.
    assert!(notes.next().1.starts_with("AcceptPaused"));
    assert!(house.news.recv().is_err());
}
