//! Why the program ends without having served: one clear line, and a status
//! that tells a mistake in the call (2) from trouble with the machine (1).

use std::process::ExitCode;

use irc_proto::channel::ChannelFault;

use crate::data::DataError;
use crate::irc::HistoryError;
use crate::listen::Place;
use crate::maildir::MaildirError;
use crate::name::UserName;
use crate::options::OptionsError;
use crate::protocol::Protocol;
use crate::settings::MotdError;
use crate::tls::TlsError;
use crate::users::UsersError;
use crate::xmpp::KeptError;

/// Why the program ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The command line or the configuration file makes no sense.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There are no users to serve.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// An operator is no user.
    #[error("operators: there is no user {0}")]
    Operator(UserName),
    /// A mailbox cannot be used.
    #[error(transparent)]
    Mail(#[from] MaildirError),
    /// There is no certificate to serve with.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A listener cannot be opened.
    #[error("cannot listen on {place} for {protocol}: {source}; give another address with --{protocol}")]
    Listen {
        /// What it should have spoken.
        protocol: Protocol,
        /// Where.
        place: Place,
        /// Why, such as "Address already in use".
        source: std::io::Error,
    },
    /// The sockets that were handed over cannot be taken.
    #[error("cannot take the inherited sockets: {0}; hand over sockets that listen, of TCP or Unix")]
    Inherited(std::io::Error),
    /// No socket was handed over as this descriptor.
    #[error("no socket was inherited as fd:{0}; LISTEN_FDS and LISTEN_PID tell what is, as systemd sets them")]
    NotInherited(u16),
    /// There is no message of the day to show.
    #[error(transparent)]
    Motd(#[from] MotdError),
    /// A channel cannot be opened.
    #[error("irc-network: channels: {0:?}: {1}")]
    Channel(String, ChannelFault),
    /// The server's name is no domain of XMPP.
    #[error(
        "server-name: {0:?} cannot stand in an address of XMPP: {1}; take another name, or set --xmpp and --xmpps to off"
    )]
    Domain(String, String),
    /// A room cannot be opened.
    #[error("xmpp-server: rooms: {0:?}: {1}")]
    Room(String, String),
    /// The history on disk cannot be used.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// What is kept of XMPP cannot be used.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Randomness,
    /// The runtime cannot be started.
    #[error("cannot start the runtime: {0}; try another with --runtime")]
    Runtime(std::io::Error),
    /// Every listener has failed while it was served.
    #[error("every listener has failed; the log tells why")]
    NothingLeft,
    /// Signals cannot be waited for.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
}

impl Failure {
    /// The status to end with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Options(_) => ExitCode::from(2),
            _ => ExitCode::from(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_one_clear_line() {
        let failure = Failure::Listen {
            protocol: Protocol::Pop3,
            place: "127.0.0.1:1110".parse().unwrap(),
            source: std::io::ErrorKind::AddrInUse.into(),
        };
        assert_eq!(
            failure.to_string(),
            "cannot listen on 127.0.0.1:1110 for pop3: address in use; give another address with --pop3"
        );
    }
}
