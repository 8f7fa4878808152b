//! The example, as the README has it run.

#[path = "../../driver/tests/program/mod.rs"]
mod program;

use program::Program;

#[test]
fn smol_echo_echoes_on_smol() {
    let echo = Program::start("smol_echo", &["smol", "127.0.0.1:0"]);
    assert_eq!(echo.talk("hello\r\nquit\r\n"), "hello\r\n");
    let said = echo.enter();
    assert!(said.contains("is here") && said.contains("is gone") && said.contains("accepted: 1"), "{said}");
}

#[test]
fn smol_echo_echoes_on_async_std() {
    let echo = Program::start("smol_echo", &["async-std", "127.0.0.1:0"]);
    assert_eq!(echo.talk("hello\r\nquit\r\n"), "hello\r\n");
    let said = echo.enter();
    assert!(said.contains("is here") && said.contains("is gone") && said.contains("accepted: 1"), "{said}");
}
