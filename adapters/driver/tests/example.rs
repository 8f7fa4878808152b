//! The example, as the README has it run.

mod program;

use program::Program;

#[test]
fn poll_loop_echoes() {
    let echo = Program::start("poll_loop", &["127.0.0.1:0"]);
    assert_eq!(echo.talk("hello\r\nworld\r\n"), "hello\r\nworld\r\n");
    // One session's end is not the loop's.
    assert_eq!(echo.talk("again\r\n"), "again\r\n");
}

/// What it costs to do without a driver.
#[test]
fn poll_loop_has_less_than_a_hundred_lines() {
    let lines = include_str!("../examples/poll_loop.rs").lines().count();
    assert!(lines < 100, "{lines}");
}
