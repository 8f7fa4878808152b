//! `switchboard`: one command that serves mail on loopback.

use std::io::Write;
use std::process::ExitCode;

use switchboard::failure::Failure;
use switchboard::options::{self, Wish};
use switchboard::prepare::Prepared;
use switchboard::settings::Settings;

fn main() -> ExitCode {
    let done = match options::read(std::env::args_os()) {
        Ok(Wish::Run(settings)) => run(*settings),
        Ok(Wish::Show(text)) => {
            // A reader that has gone away wants no more help.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("switchboard: {failure}");
            failure.exit_code()
        }
    }
}

/// Data folder, users, mail, certificate; then listeners, the first-steps page
/// and the service.
fn run(settings: Settings) -> Result<(), Failure> {
    switchboard::log::start(settings.trace);
    let prepared = Prepared::new(settings)?;
    switchboard::serve::serve(prepared)
}
