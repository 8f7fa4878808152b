//! The examples, as the README has it run.

#[path = "../../driver/tests/program/mod.rs"]
mod program;

use program::Program;

#[test]
fn blocking_echo_echoes() {
    let echo = Program::start("blocking_echo", &["127.0.0.1:0"]);
    assert_eq!(echo.talk("hello\r\nquit\r\n"), "hello\r\n");
    let said = echo.enter();
    assert!(said.contains("is here") && said.contains("is gone") && said.contains("accepted: 1"), "{said}");
}

#[test]
fn websocket_echo_shows_its_page() {
    let echo = Program::start("websocket_echo", &["127.0.0.1:0"]);
    let said = echo.talk("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("<title>echo</title>"), "{said}");
    echo.enter();
}
