//! Messages that are only passed on: they go past a layer that is not there, and through one that is.

mod common;

use bytes::Bytes;
use common::{Toy, trust};
use wirestate_layers::deflate::At;
use wirestate_layers::{Deflate, Tls, Trace};
use wirestate_machine::redact::Nothing;
use wirestate_machine::{Instant, Machine, Relay};

const NEWS: Bytes = Bytes::from_static(b"news\n");

/// Whether a driver may write a message past the machine.
fn is_open(machine: &impl Relay<Message = Bytes>) -> bool {
    machine.is_settled() && machine.is_transparent(&NEWS)
}

#[test]
fn compression_stops_them() {
    let mut layer = Deflate::new(Toy::new());
    assert!(is_open(&layer));
    layer.compress_input();
    assert!(!is_open(&layer));
    let mut layer = Deflate::new(Toy::new());
    layer.compress_output(At::Now);
    assert!(!is_open(&layer));
}

#[test]
fn tls_stops_them() {
    let config = trust(&[]).server;
    assert!(is_open(&Tls::server(Toy::new(), config.clone())) && is_open(&Tls::without(Toy::new())));
    let mut layer = Tls::server(Toy::implicit(), config);
    layer.poll(Instant::START).unwrap();
    assert!(!is_open(&layer));
}

#[test]
fn a_recorder_stops_them() {
    assert!(is_open(&Trace::<_, Nothing>::silent(Toy::new())));
    assert!(!is_open(&Trace::new(Toy::new(), Nothing, drop)));
}
