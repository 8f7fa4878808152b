use super::*;

#[test]
fn lines_wait_for_their_time_and_pong_and_quit_do_not() {
    let mut talk = Talk::registered(plain().pacing(Pacing::default()), "server-time", "A=1");
    for place in 0..8 {
        talk.client.privmsg("#x", &place.to_string()).unwrap();
    }
    assert_eq!(talk.said().lines().count(), 5);
    talk.hear(&["PING :x y"]);
    assert_eq!(talk.said(), "PONG :x y");
    assert_eq!(talk.client.queued(), 3);
    let due = talk.client.deadline().unwrap();
    talk.now = due;
    talk.poll();
    assert_eq!(talk.said(), "PRIVMSG #x 5");
    talk.client.quit("bye").unwrap();
    assert_eq!(talk.said(), "QUIT bye");
    assert_eq!((talk.client.queued(), talk.client.state()), (0, State::Leaving));
}

#[test]
fn a_full_queue_refuses() {
    let limits = Limits { queue: 2, ..Limits::default() };
    let mut talk = Talk::registered(
        plain().pacing(Pacing::Bucket { interval: Duration::from_secs(1), burst: 1 }).limits(limits),
        "server-time",
        "A=1",
    );
    for expected in [Ok(()), Ok(()), Ok(()), Err(Misuse::QueueFull)] {
        assert_eq!(talk.client.privmsg("#x", "a").map(drop), expected);
    }
    assert_eq!(talk.client.whois("bob"), Err(Misuse::QueueFull));
    assert_eq!(talk.client.pending(), 0);
}

#[test]
fn bouncers_are_not_paced() {
    for offered in ["znc.in/playback", "soju.im/bouncer-networks"] {
        let mut talk = Talk::registered(plain().pacing(Pacing::default()), offered, "A=1");
        (0..20).for_each(|_| assert!(talk.client.privmsg("#x", "a").is_ok()));
        assert_eq!(talk.said().lines().count(), 20);
    }
}

#[test]
fn relayed_lines_end_a_session_that_cannot_send_them() {
    use wirestate_machine::Relay as _;
    let line = Line::new(&crate::codec::Parts {
        command: crate::codec::Command::Word(b"PING"),
        params: &[b"x"],
        ..Default::default()
    })
    .unwrap();
    let limits = Limits { queue: 2, ..Limits::default() };
    let mut talk = Talk::registered(
        plain().pacing(Pacing::Bucket { interval: Duration::from_secs(1), burst: 1 }).limits(limits),
        "server-time",
        "A=1",
    );
    (0..3).for_each(|_| talk.client.relay(&line));
    assert_eq!(talk.client.state(), State::Registered);
    talk.client.relay(&line);
    talk.client.inbox().close();
    talk.poll();
    assert_eq!(talk.told(), ["Closed(QueueExceeded)"]);
}

#[test]
fn liveness_is_watched_and_lag_measured() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    talk.wait(60);
    assert_eq!(talk.said(), "PING wirestate-1");
    talk.now = talk.now + Duration::from_millis(250);
    talk.hear(&[":srv PONG srv :wirestate-1"]);
    assert_eq!(talk.told(), ["Lag(250ms)"]);
    talk.wait(60);
    assert_eq!(talk.said(), "PING wirestate-2");
    talk.hear(&[":srv PONG srv :another"]);
    talk.wait(59);
    assert_eq!(talk.told(), ["PONG"]);
    talk.wait(1);
    assert_eq!(talk.told(), ["Closed(Timeout(Pong))"]);
}

#[test]
fn who_quits_after_the_queue_has_said_all() {
    let mut talk = Talk::registered(plain().pacing(Pacing::default()), "server-time", "A=1");
    for number in 0..7 {
        talk.client.privmsg("#x", &number.to_string()).unwrap();
    }
    assert_eq!(talk.client.quit_after_queue("a\r\nb"), Err(Misuse::ForbiddenCharacter));
    talk.client.quit_after_queue("bye").unwrap();
    assert_eq!(talk.client.privmsg("#x", "too late"), Err(Misuse::WrongState));
    assert!(!talk.said().contains("QUIT"));
    let mut said = Vec::new();
    for _ in 0..20 {
        talk.wait(1);
        said.extend(talk.said().lines().map(String::from));
    }
    said.retain(|line| !line.is_empty());
    assert_eq!(said[said.len() - 2..], ["PRIVMSG #x 6", "QUIT bye"]);
    assert_eq!(talk.client.state(), State::Closed, "the server did not close in time");
}

#[test]
fn who_cannot_wait_quits_all_the_same() {
    let mut talk = Talk::registered(plain().pacing(Pacing::default()), "server-time", "A=1");
    for number in 0..7 {
        talk.client.privmsg("#x", &number.to_string()).unwrap();
    }
    talk.client.quit_after_queue("bye").unwrap();
    talk.client.quit("now").unwrap();
    assert!(talk.said().ends_with("\nQUIT now"));
    let mut idle = Talk::registered(plain(), "server-time", "A=1");
    idle.client.quit_after_queue("").unwrap();
    assert_eq!(idle.said(), "QUIT");
}
