//! Why a session ended is told through all layers, and by the layer that ended it.

mod common;

use std::num::NonZeroU32;

use common::{Toy, settle, trust};
use wirestate_layers::tls::HANDSHAKE_PATIENCE;
use wirestate_layers::{Deflate, Faulty, Rate, Script, Throttle, Tls, Trace};
use wirestate_machine::redact::Nothing;
use wirestate_machine::{Ending, Instant, Machine};

#[test]
fn the_machine_is_heard_through_all_layers() {
    let rate = NonZeroU32::new(1 << 20).map(|bytes| Rate { per_second: bytes, burst: bytes });
    let traced = Trace::new(Toy::new(), Nothing, drop);
    let faulty = Faulty::new(Deflate::new(traced), &Script::new());
    let mut server = Throttle::new(Tls::server(faulty, trust(&[]).server), rate, rate);
    assert_eq!(server.ending(), None);
    server.inbox().push(b"BYE\n");
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(server.ending(), Some(Ending::Quit));
}

#[test]
fn a_layer_tells_what_it_ended_itself() {
    let mut deflate = Deflate::new(Toy::new());
    deflate.compress_input();
    deflate.inbox().push(b"\xFFthis is no DEFLATE");
    assert!(settle(&mut deflate, Instant::START).is_err());
    assert_eq!(deflate.ending(), Some(Ending::Violation));

    let shaking = |says: &[u8], now| {
        let mut server = Tls::server(Toy::implicit(), trust(&[]).server);
        settle(&mut server, Instant::START).unwrap();
        server.inbox().push(says);
        let _ = settle(&mut server, now);
        server.ending()
    };
    assert_eq!(shaking(b"", Instant::START), None);
    assert_eq!(shaking(b"GET / HTTP/1.1\r\n", Instant::START), Some(Ending::Tls));
    assert_eq!(shaking(b"\x16\x03\x01", Instant::START + HANDSHAKE_PATIENCE), Some(Ending::Timeout));

    let mut server = Tls::server(Toy::implicit(), trust(&[]).server);
    settle(&mut server, Instant::START).unwrap();
    server.inbox().close();
    assert!(settle(&mut server, Instant::START).is_err());
    assert_eq!(server.ending(), Some(Ending::PeerClosed));
}
