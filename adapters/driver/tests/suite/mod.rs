//! What an adapter has to do, whatever its runtime: each skin runs these tests, over real sockets on loopback.

pub(crate) mod endings;
pub(crate) mod handles;
mod harness;
mod house;
pub(crate) mod listening;
mod notes;
pub(crate) mod partings;
pub(crate) mod proxies;
pub(crate) mod reaching;
pub(crate) mod seats;
pub(crate) mod sockets;
pub(crate) mod storms;
mod toy;
mod world;

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown as Side, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant as Time};

pub(crate) use harness::World;
use harness::{BlackHole, Counting, Gate, PATIENCE, Server, client, echo, listener, read_line, read_to_end};
pub(crate) use toy::{Lines, Rude, Toy};
use wirestate_driver::{ConnectError, Connection, Connector, Error, How, Mode, Next, Options, Pace, Step, Stream};
use wirestate_machine::{Machine, Upgrade};

pub(crate) fn lines_are_answered<W: World>() {
    let server = Server::echo::<W>();
    let mut client = server.client();
    for line in ["one\r\n", "two\r\n", "three\r\n"] {
        client.write_all(line.as_bytes()).unwrap();
        assert_eq!(read_line(&mut client), line);
    }
    client.write_all(b"quit\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), "bye\r\n");
    drop(client);
    let report = server.stop_gracefully();
    assert_eq!((report.accepted, report.aborted, report.left, report.failed.len()), (1, 0, 0, 0));
}

pub(crate) fn input_may_come_byte_by_byte<W: World>() {
    let server = Server::echo::<W>();
    let mut client = server.client();
    client.set_nodelay(true).unwrap();
    for byte in b"one\r\nquit\r\n" {
        client.write_all(&[*byte]).unwrap();
    }
    assert_eq!(read_to_end(&mut client), "one\r\nbye\r\n");
}

pub(crate) fn pipelined_replies_leave_in_one_write<W: World>() {
    let writes = Arc::new(AtomicUsize::new(0));
    let count = writes.clone();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |conn| {
        let writes = count.clone();
        async move {
            let parts = conn.into_parts();
            let stream = Counting { stream: parts.stream, writes };
            let conn = Connection::open(stream, parts.info, parts.clock, parts.options, |_, _| parts.machine);
            echo(conn).await.unwrap();
        }
    });
    let mut client = server.client();
    let batch = "line\r\n".repeat(100);
    client.write_all(batch.as_bytes()).unwrap();
    client.shutdown(Side::Write).unwrap();
    assert_eq!(read_to_end(&mut client), batch);
    assert_eq!(writes.load(Ordering::Relaxed), 1);
}

pub(crate) fn answers_may_be_awaited_for<W: World>() {
    let server = Server::start::<W, _>(Options::new(), Toy::new, |mut conn| async move {
        while let Ok(Some((ticket, line))) = conn.try_next().await {
            let gate = Arc::new(Gate::default());
            let storage = gate.clone();
            thread::spawn(move || storage.open());
            gate.pass().await;
            conn.machine().answer(ticket, &line);
        }
    });
    let mut client = server.client();
    client.write_all(b"one\r\ntwo\r\nthree\r\nquit\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), "one\r\ntwo\r\nthree\r\nbye\r\n");
}

pub(crate) fn a_dropped_pull_loses_nothing<W: World>() {
    let server = Server::start::<W, _>(Options::new(), Toy::new, |mut conn| async move {
        while let Some(Ok((ticket, line))) = in_pieces(&mut conn).await {
            conn.machine().answer(ticket, &line);
        }
    });
    let mut client = server.client();
    client.set_nodelay(true).unwrap();
    let script = "a line\r\n".repeat(50);
    for piece in script.as_bytes().chunks(3) {
        client.write_all(piece).unwrap();
    }
    client.shutdown(Side::Write).unwrap();
    assert_eq!(read_to_end(&mut client), script);
}

/// A pull whose future is dropped and made anew at each wait.
async fn in_pieces<M: Machine, S: Stream>(conn: &mut Connection<M, S>) -> Next<M> {
    poll_fn(|cx| pin!(conn.next()).poll(cx)).await
}

pub(crate) fn what_came_before_a_half_close_is_answered<W: World>() {
    let (server, told) = Server::telling::<W>(Options::new(), Toy::new);
    let mut client = server.client();
    client.write_all(b"one\r\ntwo\r\nhalf").unwrap();
    client.shutdown(Side::Write).unwrap();
    assert_eq!(read_to_end(&mut client), "one\r\ntwo\r\n");
    let traffic = told.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!((traffic.read, traffic.written), (14, 10));
}

pub(crate) fn a_reset_in_mid_write_is_told<W: World>() {
    let (server, told) = Server::telling::<W>(Options::new(), Toy::new);
    let mut client = server.client();
    client.write_all(b"flood 1000000000\r\n").unwrap();
    client.read_exact(&mut [0; 1000]).unwrap();
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    let error = told.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(matches!(error, Error::Write(_) | Error::Read(_)), "{error}");
    let mut next = server.client();
    next.write_all(b"quit\r\n").unwrap();
    assert_eq!(read_to_end(&mut next), "bye\r\n");
}

pub(crate) fn a_peer_that_stops_reading_is_closed_and_bounded<W: World>() {
    let (tell, told) = channel();
    let options = Options::new().stall(Duration::from_millis(100));
    let server = Server::start::<W, _>(options, Toy::new, move |mut conn| {
        let tell: Sender<_> = tell.clone();
        async move {
            let ended = conn.try_next().await;
            tell.send((ended.err().unwrap(), conn.machine().outbox().len())).unwrap();
        }
    });
    let mut client = server.client();
    client.write_all(b"flood 1000000000\r\n").unwrap();
    let (error, waiting) = told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(error, Error::Stalled { .. }), "{error}");
    assert!(waiting < 80_000, "{waiting}");
}

pub(crate) fn a_peer_that_reads_too_slowly_is_closed<W: World>() {
    let within = Duration::from_millis(50);
    let options = Options::new().pace(Pace::new(1 << 30, within));
    let (server, told) = Server::telling::<W>(options, Toy::new);
    let mut client = server.client();
    // The system gives up to 32 MiB to one that it is not told of.
    socket2::SockRef::from(&client).set_recv_buffer_size(64 * 1024).unwrap();
    client.write_all(b"flood 1000000000\r\n").unwrap();
    // It reads on and on, a little at a time.
    let start = Time::now();
    let mut space = [0; 64];
    while matches!(client.read(&mut space), Ok(1..)) {
        assert!(start.elapsed() < PATIENCE);
    }
    let error = told.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(matches!(error, Error::TooSlow { taken, within: told } if taken < 1 << 30 && told == within), "{error}");
}

pub(crate) fn a_deadline_fires<W: World>() {
    let (server, told) = Server::telling::<W>(Options::new(), |now| Toy::with_idle(now, Duration::from_millis(30)));
    let mut client = server.client();
    let start = Time::now();
    assert_eq!(read_to_end(&mut client), "timeout\r\n");
    assert!(start.elapsed() < PATIENCE / 2);
    drop(client);
    assert!(told.recv_timeout(PATIENCE).unwrap().is_ok());
}

pub(crate) fn the_farewell_of_a_broken_protocol_is_delivered<W: World>() {
    let (server, told) = Server::telling::<W>(Options::new(), Toy::new);
    let mut client = server.client();
    client.write_all(b"one\r\nbad\r\nnever read\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), "one\r\nrude\r\n");
    drop(client);
    assert!(matches!(told.recv_timeout(PATIENCE).unwrap(), Err(Error::Protocol(Rude))));
}

pub(crate) fn an_upgrade_without_a_layer_is_an_error<W: World>() {
    let (server, told) = Server::telling::<W>(Options::new(), Toy::new);
    let mut client = server.client();
    client.write_all(b"tls\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), "");
    drop(client);
    assert!(matches!(told.recv_timeout(PATIENCE).unwrap(), Err(Error::UnhandledUpgrade(Upgrade::Tls))));
}

pub(crate) fn a_reset_does_not_eat_the_last_reply<W: World>() {
    let server = Server::echo::<W>();
    let mut client = server.client();
    let mut script = b"quit\r\n".to_vec();
    script.resize(32 * 1024, b'x');
    client.write_all(&script).unwrap();
    assert_eq!(read_to_end(&mut client), "bye\r\n");
    client.write_all(b"and more").unwrap();
    client.shutdown(Side::Write).unwrap();
}

pub(crate) fn large_streams_go_both_ways_at_once<W: World>() {
    let server = Server::echo::<W>();
    let script = "0123456789012345678901234567890123456789012345678901234567890\r\n".repeat(50_000);
    W::block_on(async {
        let mut conn = W::connect(server.address(), |_, _| Lines::new()).await.unwrap();
        conn.machine().send(script.as_bytes());
        let mut echoed = Vec::new();
        while echoed.len() < script.len() {
            echoed.extend_from_slice(&conn.try_next().await.unwrap().unwrap());
        }
        assert!(echoed == script.as_bytes());
        let size = script.len() as u64;
        assert_eq!((conn.traffic().read, conn.traffic().written), (size, size));
        conn.close(How::Flush).await.unwrap();
    });
    assert_eq!(server.stop_gracefully().aborted, 0);
}

pub(crate) fn a_client_talks_and_says_goodbye<W: World>() {
    let server = Server::echo::<W>();
    W::block_on(async {
        let mut conn = W::connect(server.address(), |_, _| Lines::new()).await.unwrap();
        assert_eq!(conn.info().peer().tcp(), Some(server.address()));
        conn.machine().send(b"hello\r\n");
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "hello\r\n");
        conn.machine().send(b"quit\r\n");
        conn.flush().await.unwrap();
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "bye\r\n");
        assert!(conn.try_next().await.unwrap().is_none());
    });
}

pub(crate) fn a_refused_connection_says_so<W: World>() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = W::block_on(W::connect(gone.to_string(), |_, _| Lines::new())).unwrap_err();
    match refused {
        ConnectError::Connect { address, source } => {
            assert_eq!((address, source.kind()), (gone.into(), ErrorKind::ConnectionRefused));
        }
        other => panic!("{other}"),
    }
}

pub(crate) fn a_name_that_is_none_says_so<W: World>() {
    let nowhere = W::block_on(W::connect("no port in here", |_, _| Lines::new())).unwrap_err();
    assert!(matches!(nowhere, ConnectError::Resolve(_)), "{nowhere}");
}

pub(crate) fn connecting_has_a_deadline<W: World>() {
    let hole = BlackHole::dig();
    let after = Duration::from_millis(50);
    let late = W::block_on(W::connect(Connector::to(hole.address).within(after), |_, _| Lines::new())).unwrap_err();
    assert!(matches!(late, ConnectError::Deadline { after: told, step: Step::Connect } if told == after), "{late}");
}

pub(crate) fn several_addresses_are_served<W: World>() {
    let server = Server::start_on::<W, _>(vec![listener(), listener()], Toy::new, |conn| async {
        let _ = echo(conn).await;
    });
    assert_eq!(server.addresses.len(), 2);
    for address in &server.addresses {
        let mut client = client(*address);
        client.write_all(b"quit\r\n").unwrap();
        assert_eq!(read_to_end(&mut client), "bye\r\n");
    }
    assert_eq!(server.stop_gracefully().accepted, 2);
}

pub(crate) fn a_handler_that_panics_harms_nobody_else<W: World>() {
    let server = Server::start::<W, _>(Options::new(), Toy::new, |mut conn| async move {
        while let Ok(Some((ticket, line))) = conn.try_next().await {
            assert!(line != "panic\r\n", "as it was told to");
            conn.machine().answer(ticket, &line);
        }
    });
    let mut calm = server.client();
    calm.write_all(b"before\r\n").unwrap();
    assert_eq!(read_line(&mut calm), "before\r\n");
    let mut wild = server.client();
    wild.write_all(b"panic\r\n").unwrap();
    assert_eq!(read_to_end(&mut wild), "");
    calm.write_all(b"after\r\n").unwrap();
    assert_eq!(read_line(&mut calm), "after\r\n");
    drop(calm);
    let report = server.stop_gracefully();
    assert_eq!((report.accepted, report.left), (2, 0));
}

pub(crate) fn idle_sessions_are_told_to_go<W: World>() {
    let server = Server::echo::<W>();
    let mut clients = [server.client(), server.client()];
    for client in &mut clients {
        client.write_all(b"here\r\n").unwrap();
        assert_eq!(read_line(client), "here\r\n");
    }
    let address = server.address();
    server.shutdown.trigger(Mode::Graceful { within: PATIENCE });
    for mut client in clients {
        assert_eq!(read_to_end(&mut client), "going\r\n");
    }
    let start = Time::now();
    let report = server.stop_gracefully();
    assert!(start.elapsed() < PATIENCE / 2);
    assert_eq!((report.accepted, report.aborted, report.left), (2, 0, 0));
    assert!(TcpStream::connect(address).is_err());
}

pub(crate) fn busy_sessions_end_at_their_safe_point<W: World>() {
    let gate = Arc::new(Gate::default());
    let (server, mut client) = waiting_at::<W>(gate.clone());
    server.shutdown.trigger(Mode::Graceful { within: PATIENCE });
    let start = Time::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(start.elapsed() < PATIENCE, "listening stops");
        thread::yield_now();
    }
    gate.open();
    assert_eq!(read_to_end(&mut client), "wait\r\ngoing\r\n");
    drop(client);
    assert_eq!(server.stop_gracefully().aborted, 0);
}

pub(crate) fn what_waits_elsewhere_is_cut_off_at_the_deadline<W: World>() {
    let (server, mut client) = waiting_at::<W>(Arc::default());
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(30) });
    assert_eq!((report.aborted, report.left), (1, 0));
    assert_eq!(client.read(&mut [0; 10]).unwrap_or(0), 0);
}

/// The pull's own waker leads nowhere any more, as that of a group of futures does which was dropped.
pub(crate) fn who_has_left_a_pull_and_waits_elsewhere_is_cut_off_at_the_deadline<W: World>() {
    let (tell, waiting) = channel();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |mut conn| {
        let tell = tell.clone();
        async move {
            let pulled = conn.poll_next(&mut Context::from_waker(Waker::noop()));
            assert!(pulled.is_pending());
            tell.send(()).unwrap();
            Gate::default().pass().await;
        }
    });
    let client = server.client();
    waiting.recv_timeout(PATIENCE).unwrap();
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(30) });
    assert_eq!((report.aborted, report.left), (1, 0));
    drop(client);
}

/// A server whose handler waits at `gate` with the answer to `wait`, and a client that has sent it.
fn waiting_at<W: World>(gate: Arc<Gate>) -> (Server, TcpStream) {
    let (tell, waiting) = channel();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |mut conn| {
        let (gate, tell) = (gate.clone(), tell.clone());
        async move {
            while let Ok(Some((ticket, line))) = conn.try_next().await {
                tell.send(()).unwrap();
                gate.pass().await;
                conn.machine().answer(ticket, &line);
            }
        }
    });
    let mut client = server.client();
    client.write_all(b"wait\r\n").unwrap();
    waiting.recv_timeout(PATIENCE).unwrap();
    (server, client)
}

pub(crate) fn a_machine_that_does_not_end_is_cut_off_at_the_deadline<W: World>() {
    let (tell, told) = channel();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |mut conn| {
        let tell: Sender<_> = tell.clone();
        async move {
            let mut forgotten = Vec::new();
            loop {
                match conn.try_next().await {
                    Ok(Some((ticket, _))) => {
                        forgotten.push(ticket);
                        tell.send(None).unwrap();
                    }
                    Ok(None) => break,
                    Err(error) => tell.send(Some(error)).unwrap(),
                }
            }
        }
    });
    let mut client = server.client();
    client.write_all(b"wait\r\n").unwrap();
    assert!(told.recv_timeout(PATIENCE).unwrap().is_none());
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(30) });
    assert!(matches!(told.recv_timeout(PATIENCE).unwrap(), Some(Error::Aborted)));
    assert_eq!((report.aborted, report.left), (1, 0));
}

pub(crate) fn now_ends_idle_and_busy_sessions_at_once<W: World>() {
    let (server, mut busy) = waiting_at::<W>(Arc::default());
    let mut stuck = server.client();
    stuck.write_all(b"flood 1000000000\r\n").unwrap();
    stuck.read_exact(&mut [0; 1000]).unwrap();
    let start = Time::now();
    let report = server.stop(Mode::Now);
    assert!(start.elapsed() < PATIENCE / 2);
    // What the system buffers for the one that does not read may just suffice for its last word.
    assert!(matches!((report.accepted, report.aborted, report.left), (2, 1..=2, 0)), "{report:?}");
    assert_eq!(busy.read(&mut [0; 10]).unwrap_or(0), 0);
}

pub(crate) fn now_still_says_goodbye<W: World>() {
    let server = Server::echo::<W>();
    let mut client = server.client();
    client.write_all(b"here\r\n").unwrap();
    assert_eq!(read_line(&mut client), "here\r\n");
    let report = server.stop(Mode::Now);
    assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
    assert_eq!(read_to_end(&mut client), "going\r\n");
}

/// Runs the suite in a world.
macro_rules! suite {
    ($name:ident: $world:ty) => {
        mod $name {
            crate::suite::suite! { @tests $world;
                lines_are_answered
                input_may_come_byte_by_byte
                pipelined_replies_leave_in_one_write
                answers_may_be_awaited_for
                a_dropped_pull_loses_nothing
                what_came_before_a_half_close_is_answered
                a_reset_in_mid_write_is_told
                a_peer_that_stops_reading_is_closed_and_bounded
                a_peer_that_reads_too_slowly_is_closed
                a_deadline_fires
                the_farewell_of_a_broken_protocol_is_delivered
                an_upgrade_without_a_layer_is_an_error
                a_reset_does_not_eat_the_last_reply
                large_streams_go_both_ways_at_once
                a_client_talks_and_says_goodbye
                a_refused_connection_says_so
                a_name_that_is_none_says_so
                connecting_has_a_deadline
                several_addresses_are_served
                a_handler_that_panics_harms_nobody_else
                idle_sessions_are_told_to_go
                busy_sessions_end_at_their_safe_point
                what_waits_elsewhere_is_cut_off_at_the_deadline
                who_has_left_a_pull_and_waits_elsewhere_is_cut_off_at_the_deadline
                a_machine_that_does_not_end_is_cut_off_at_the_deadline
                now_ends_idle_and_busy_sessions_at_once
                now_still_says_goodbye
            }
            crate::suite::suite! { @in handles $world;
                a_handle_speaks_on_an_idle_connection
                handles_speak_from_many_threads_in_order
                a_clients_handle_speaks_too
                one_encoding_goes_to_many
                who_is_gone_or_full_is_told
                messages_wait_while_the_outbox_is_full
                a_mailbox_is_bounded
                a_mailbox_is_bounded_in_bytes
                the_last_word_finds_room_everywhere
                closing_by_flush_says_what_was_told_before
                closing_by_abort_waits_for_nobody
                the_handle_of_a_gone_connection_says_so
                a_control_knows_all_connections
                a_paused_connection_is_not_read_and_loses_nothing
                stats_tell_what_went_over
                a_dropped_pull_loses_no_message
            }
            crate::suite::suite! { @in endings $world;
                each_end_is_told_once_with_its_reason
                a_reset_is_told_as_such
                a_timeout_is_told_as_such
                a_stalled_peer_is_told_as_a_timeout
                both_ends_of_a_shutdown_are_told
                water_marks_are_told_when_they_are_passed
                silence_is_told_until_the_peer_speaks
                each_listener_has_its_own_idle_time
                clients_tell_their_notices_too
                a_stall_may_be_asked_about
                a_client_may_be_asked_about_a_reset
            }
            crate::suite::suite! { @in reaching $world;
                a_host_and_a_port_are_reached
                an_address_that_refuses_is_passed_by
                a_silent_address_is_passed_by
                unix_sockets_are_reached
                a_unix_socket_whose_backlog_is_full_is_not_waited_for
                the_own_address_is_seen_by_the_server
                an_own_address_that_is_none_is_told
                a_server_that_comes_up_later_is_reached
                a_connection_that_ended_is_made_again
                a_shutdown_ends_the_pause_between_two_tries
                a_shutdown_ends_a_try
                a_handshake_belongs_to_the_connecting
                a_handshake_that_fails_is_the_connectors_failure
                a_handshake_has_the_connectors_deadline
                a_handshake_that_fails_is_tried_again
            }
            crate::suite::suite! { @in partings $world;
                a_graceful_end_delivers_what_is_being_said
                a_graceful_end_delivers_what_handles_said
                a_reset_does_not_eat_the_farewell
                what_a_peer_does_not_take_in_time_is_cut_off
                a_graceful_end_may_be_hastened
                a_half_closed_session_gets_all_that_it_asked_for
                single_connections_end_with_a_shutdown_too
                single_connections_are_cut_off_at_the_deadline_too
                one_shutdown_ends_many_servers
                a_swapped_session_keeps_its_bytes_and_its_seat
                a_swapped_session_is_cut_off_like_any_other
                a_control_finds_a_swapped_session
                a_session_of_another_kind_is_reached_by_the_same_messages
                a_kept_seat_counts_until_it_is_dropped
                who_keeps_a_seat_is_cut_off_like_any_other
                a_kept_seat_may_be_taken_again
            }
            crate::suite::suite! { @in listening $world;
                all_kinds_are_served_at_once
                abstract_names_are_served
                a_path_goes_with_its_listener
                what_is_left_of_a_dead_process_is_replaced
                what_is_no_abandoned_socket_is_left_alone
                sockets_made_elsewhere_are_served
                a_port_of_the_systems_choice_is_known_before
                one_listener_may_have_many_sockets
                where_all_addresses_are_listened_on_each_connection_knows_its_own
                a_port_may_be_shared
                ipv6_may_leave_ipv4_to_others
                listeners_come_and_go_while_others_stay
                what_is_asked_before_the_server_runs_is_done
                a_server_without_listeners_stays_until_its_shutdown
                a_listener_that_fails_is_told_and_ends_alone
                when_the_last_listener_fails_the_server_ends
            }
            crate::suite::suite! { @in seats $world;
                at_the_limit_clients_wait_in_the_backlog
                pauses_and_resumes_are_told_once_each
                a_higher_limit_lets_in_who_waits
                no_limit_any_more_lets_in_who_waits
                who_is_told_of_a_pause_may_lift_it
                a_lower_limit_waits_until_enough_have_left
                with_a_limit_of_zero_nobody_is_let_in
                a_paused_server_ends_as_others_do
                above_the_limit_of_its_address_a_client_waits
                one_address_at_its_limit_holds_up_no_other
                beyond_those_who_wait_clients_are_refused
                a_higher_limit_for_each_address_lets_in_who_waits
                those_who_wait_count_as_connections
                who_waits_and_hangs_up_gives_his_place_free
                who_hangs_up_while_waiting_counts_no_more
                what_is_said_while_waiting_is_not_lost
                a_shutdown_turns_away_who_waits
                a_network_may_count_as_one_address
                above_the_rate_clients_wait_in_the_backlog
                the_rate_lets_in_one_after_the_other
                at_a_rate_of_zero_nobody_is_let_in
                the_last_observer_takes_the_place_of_the_one_before
            }
            crate::suite::suite! { @in sockets $world;
                small_replies_leave_at_once
                nobody_is_asked_whether_he_is_there_unless_that_is_wanted
                keepalive_is_as_it_was_asked_for
                what_keepalive_does_not_say_is_the_systems
                unix_sockets_need_no_keepalive
            }
            crate::suite::suite! { @in proxies $world;
                both_versions_tell_who_it_is
                a_header_may_come_byte_by_byte
                the_first_commands_may_come_with_the_header
                health_checks_keep_their_addresses
                what_is_no_sound_header_is_refused
                a_header_that_is_too_slow_is_refused
                who_is_no_proxy_is_refused
                who_comes_directly_is_who_it_is
                over_a_unix_socket_proxies_are_believed_if_asked
                limits_count_whom_a_proxy_introduces
                who_moves_about_in_a_network_of_his_own_is_one
                who_has_not_introduced_itself_takes_a_seat
                a_shutdown_waits_for_no_header
            }
            crate::suite::suite! { @in_processes storms $world;
                without_descriptors_the_listener_rests_and_goes_on
                sockets_are_inherited
                a_storm_of_connections_leaves_nothing_behind
            }
        }
    };
    (@tests $world:ty; $($test:ident)*) => {
        $(#[test] fn $test() { crate::suite::$test::<$world>() })*
    };
    (@in_processes $file:ident $world:ty; $($test:ident)*) => {
        mod $file {
            $(#[test] fn $test() {
                crate::suite::$file::$test::<$world>(concat!(module_path!(), "::", stringify!($test)))
            })*
        }
    };
    (@in $file:ident $world:ty; $($test:ident)*) => {
        mod $file {
            $(#[test] fn $test() { crate::suite::$file::$test::<$world>() })*
        }
    };
}
pub(crate) use suite;
