use alloc::boxed::Box;
use alloc::string::String;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{ClientCertificate, Ending, Ticket, TlsFacts};
use wirestate_sasl::server::{Failure, Identity};

use super::append::AppendRequest;
use super::fetch::{ExpungeRequest, FetchRequest, StoreRequest};
use super::search::SearchRequest;
use super::select::SelectRequest;
use super::transfer::CopyRequest;
use crate::codec::{Budget, Command, Fault, Keyword};

/// Marks of what a [`Ticket`] asks for. The events say which methods answer; what [`Refusable`](kind::Refusable) tickets ask for may be refused by
/// [`no`](super::Server::no) and [`bad`](super::Server::bad), and what [`Plain`](kind::Plain) ones do ends with [`ok`](super::Server::ok).
pub mod kind {
    /// The greeting.
    #[derive(Debug)]
    pub enum Greet {}
    /// A verdict on credentials.
    #[derive(Debug)]
    pub enum Authenticate {}
    /// A place for a user that is known.
    #[derive(Debug)]
    pub enum LogIn {}
    /// What has happened in the selected mailbox.
    #[derive(Debug)]
    pub enum Poll {}
    /// A mailbox to be selected.
    #[derive(Debug)]
    pub enum Select {}
    /// Data of messages.
    #[derive(Debug)]
    pub enum Fetch {}
    /// A change of flags.
    #[derive(Debug)]
    pub enum Store {}
    /// A search, sorted or threaded or not.
    #[derive(Debug)]
    pub enum Search {}
    /// Copies of messages in another mailbox, or the messages themselves.
    #[derive(Debug)]
    pub enum Copy {}
    /// The removal of messages.
    #[derive(Debug)]
    pub enum Expunge {}
    /// A place for a message that is announced.
    #[derive(Debug)]
    pub enum AppendBegin {}
    /// The end of messages that have come.
    #[derive(Debug)]
    pub enum AppendEnd {}
    /// Any other command.
    #[derive(Debug)]
    pub enum Command {}

    /// What may be refused, and of which more may be told before.
    pub trait Refusable: sealed::Sealed {}
    /// What may end with OK and nothing else.
    pub trait Plain: Refusable {}
    /// What may tell data of messages by [`fetch`](crate::server::Server::fetch).
    pub trait TellsMessages: Refusable {}

    mod sealed {
        pub trait Sealed {}
    }

    macro_rules! marks {
        ($mark:ident: $($kind:ident)*) => { $(impl $mark for $kind {})* };
    }
    impl sealed::Sealed for Select {}
    impl sealed::Sealed for Fetch {}
    impl sealed::Sealed for Store {}
    impl sealed::Sealed for Search {}
    impl sealed::Sealed for Copy {}
    impl sealed::Sealed for Expunge {}
    impl sealed::Sealed for AppendBegin {}
    impl sealed::Sealed for AppendEnd {}
    impl sealed::Sealed for Command {}
    marks!(Refusable: Select Fetch Store Search Copy Expunge AppendBegin AppendEnd Command);
    marks!(TellsMessages: Fetch Store);
    marks!(Plain: Fetch Store Copy Expunge AppendEnd Command);
}

/// What a session tells the application. Those with a ticket ask for something, and wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The client is there and waits for the greeting: answer with [`Server::greet`](super::Server::greet), or
    /// [`greet_known`](super::Server::greet_known), or refuse.
    Greet(Ticket<kind::Greet>),
    /// TLS is up. What was said before it is forgotten.
    Secured(Box<TlsFacts>),
    /// The client claims to be somebody: answer with [`Server::authenticate`](super::Server::authenticate).
    Authenticate {
        /// Comes back with the answer.
        ticket: Ticket<kind::Authenticate>,
        /// What the mechanism must know.
        ask: Ask,
    },
    /// A login failed; the client is told after the delay. The count is the session's.
    LoginFailed {
        /// How many have failed so far.
        count: u16,
        /// Why.
        failure: Failure,
    },
    /// The client has proved who it is: answer with [`Server::welcome`](super::Server::welcome), or refuse.
    LoggedIn {
        /// Comes back with the answer.
        ticket: Ticket<kind::LogIn>,
        /// Who it is.
        identity: Identity,
    },
    /// The client has given up who it is (UNAUTHENTICATE, RFC 8437). What the application holds for it is to be let go.
    LoggedOut,
    /// The client has told what program it is (ID, RFC 2971): see [`Server::client_id`](super::Server::client_id).
    ClientId,
    /// What has happened in the selected mailbox? Answer with [`Server::catch_up`](super::Server::catch_up), or
    /// [`unchanged`](super::Server::unchanged). It comes before the answer to each command by which the client may be told, unless the mailbox is
    /// [live](super::Selection::live) and has not changed, and in IDLE or with NOTIFY when the session was woken.
    Poll(Ticket<kind::Poll>),
    /// Something has happened in mailboxes that are not selected, as a [`Notice::ELSEWHERE`](super::Notice::ELSEWHERE) has said, and now is a time to
    /// tell of it by [`Server::tell_unasked`](super::Server::tell_unasked).
    Elsewhere,
    /// SELECT or EXAMINE: answer with [`Server::select`](super::Server::select), or refuse. The mailbox that was selected before is so no longer.
    Select {
        /// Comes back with the answer.
        ticket: Ticket<kind::Select>,
        /// Which mailbox, and how.
        request: Box<SelectRequest>,
    },
    /// No mailbox is selected any more: [`Mailbox::leave`](crate::view::Mailbox::leave) it.
    Deselected,
    /// FETCH: give the data of each message with [`Server::fetch`](super::Server::fetch), and end with [`Server::ok`](super::Server::ok). It comes also
    /// without a command, for new messages of which the client has asked NOTIFY; what the end says is then told nobody.
    Fetch {
        /// Comes back with the end.
        ticket: Ticket<kind::Fetch>,
        /// Which messages, and what of them.
        request: Box<FetchRequest>,
    },
    /// STORE: change the flags by [`View::store`](crate::view::View::store) on [`Server::view_mut`](super::Server::view_mut), and end with
    /// [`Server::stored`](super::Server::stored).
    Store {
        /// Comes back with the end.
        ticket: Ticket<kind::Store>,
        /// Which messages, and which flags.
        request: Box<StoreRequest>,
    },
    /// SEARCH, SORT or THREAD: answer with [`Server::found`](super::Server::found), [`sorted`](super::Server::sorted) or
    /// [`threaded`](super::Server::threaded).
    Search {
        /// Comes back with the answer.
        ticket: Ticket<kind::Search>,
        /// What to look for, and what the client wishes to know of it.
        request: Box<SearchRequest>,
    },
    /// COPY or MOVE: end with [`Server::copied`](super::Server::copied). A MOVE removes the messages from the selected
    /// [`Mailbox`](crate::view::Mailbox), too.
    Copy {
        /// Comes back with the end.
        ticket: Ticket<kind::Copy>,
        /// Which messages, and where to.
        request: Box<CopyRequest>,
    },
    /// EXPUNGE, or CLOSE, which tells nothing: remove the messages with `\Deleted`, and end with [`Server::ok`](super::Server::ok).
    Expunge {
        /// Comes back with the end.
        ticket: Ticket<kind::Expunge>,
        /// Which of them.
        request: ExpungeRequest,
    },
    /// APPEND or REPLACE: a message, or a part of one (CATENATE), is announced. Take it by [`Server::take_message`](super::Server::take_message), after
    /// which it comes as [`AppendData`](Event::AppendData), or refuse.
    AppendBegin {
        /// Comes back with the verdict.
        ticket: Ticket<kind::AppendBegin>,
        /// Where to, with what flags, and how long.
        request: Box<AppendRequest>,
    },
    /// Octets of the message that was announced last, in pieces of 16 KiB.
    AppendData(Bytes),
    /// All of the command has come: keep all of its messages, or none, and end with [`Server::appended`](super::Server::appended).
    AppendEnd {
        /// Comes back with the end.
        ticket: Ticket<kind::AppendEnd>,
    },
    /// The command that began with [`AppendBegin`](Event::AppendBegin) came to nothing: forget its messages.
    AppendCancelled,
    /// Any other command that is not the session's own: say what there is to say by [`Server::tell`](super::Server::tell), and end with
    /// [`Server::ok`](super::Server::ok).
    Command {
        /// Comes back with the end.
        ticket: Ticket<kind::Command>,
        /// The command. Its mailbox names and texts are as they came.
        command: Box<Command<Bytes>>,
    },
    /// There is room in the output again: go on with what is long.
    Writable,
    /// The machine has refused a command itself.
    Rejected {
        /// Which command; `Other` for what is none.
        keyword: Keyword,
        /// Why.
        why: Rejected,
    },
    /// The session is over. Nothing follows.
    Closed(Reason),
}

/// What the machine must know to check credentials.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ask {
    /// A question of a SASL mechanism, or LOGIN in the form of [`Password`](wirestate_sasl::server::Ask::Password).
    ///
    /// EXTERNAL's question never comes in this form, but as [`Ask::External`].
    Sasl(wirestate_sasl::server::Ask),
    /// EXTERNAL (RFC 4422 appendix A): whom does the certificate prove, and may that one act as `authzid`? Accept as somebody; accept,
    /// where the client has named somebody; or reject.
    External {
        /// Whom the client wishes to act as; `None`: whomever the certificate proves.
        authzid: Option<String>,
        /// What TLS has verified.
        certificate: Box<ClientCertificate>,
    },
}

/// Why the machine refused a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The word is no command of IMAP and none of the application's.
    #[error("unknown command")]
    Unknown,
    /// The command has its time, but not now.
    #[error("the command is not allowed in this state")]
    WrongState,
    /// The command makes no sense.
    #[error("{0}")]
    Syntax(#[from] Fault),
    /// The command is over a limit; it was skipped.
    #[error("{0}")]
    TooBig(#[from] Budget),
    /// The command has more arguments than anybody needs.
    #[error("the command has too many arguments")]
    TooManyArguments,
    /// A line of the SASL exchange is too long.
    #[error("the line is too long")]
    LineTooLong,
    /// The message is longer than the limits allow.
    #[error("the message is too long")]
    MessageTooLong,
    /// There is no message of this number (RFC 9051 §9 `seq-number`).
    #[error("there is no message of this number")]
    NoSuchMessage,
    /// The message that was to be replaced is gone.
    #[error("the message is gone")]
    Gone,
    /// A sequence number was used though the client has enabled UIDONLY (RFC 9586).
    #[error("only UIDs can be used after UIDONLY was enabled")]
    UidRequired,
    /// The mailbox was selected to be looked at only.
    #[error("the mailbox is read-only")]
    ReadOnly,
    /// Secrets are not taken on an unencrypted channel.
    #[error("the command needs TLS")]
    NeedsTls,
    /// The configuration does not offer it.
    #[error("the server does not offer this")]
    NotOffered,
    /// There is no such SASL mechanism here.
    #[error("there is no such mechanism")]
    NoMechanism,
    /// An extension must be enabled first (RFC 7162 §3.2.5).
    #[error("the extension must be enabled first")]
    NotEnabled,
    /// The connection is compressed already (RFC 4978 §3).
    #[error("compression is active already")]
    CompressionActive,
    /// The client cancelled the SASL exchange, or sent what is no base64.
    #[error("the authentication exchange was broken off")]
    BrokenOff,
    /// IDLE ended in something else than DONE.
    #[error("IDLE ends with DONE")]
    NotDone,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// NOTIFY names events that cannot be asked for together, or not of these mailboxes (RFC 5465 §5 and §6).
    #[error("the events do not go together")]
    Events,
    /// NOTIFY names an event that is not known (RFC 5465 §5).
    #[error("an event is not known")]
    BadEvent,
    /// The mailbox's name is neither UTF-8 nor modified UTF-7.
    #[error("the mailbox's name is not well-formed")]
    MailboxName,
    /// A plugin answered in the application's stead.
    #[error("a plugin answered")]
    Plugin,
}

impl Rejected {
    /// Whether this counts against the session's budget of bad commands.
    pub(super) fn is_bad(self) -> bool {
        matches!(
            self,
            Rejected::Unknown
                | Rejected::WrongState
                | Rejected::Syntax(_)
                | Rejected::TooBig(_)
                | Rejected::TooManyArguments
                | Rejected::LineTooLong
                | Rejected::NoSuchMessage
                | Rejected::UidRequired
                | Rejected::NotEnabled
                | Rejected::BrokenOff
                | Rejected::NotDone
                | Rejected::NotUtf8
                | Rejected::Events
        )
    }
}

/// Why a session is over, where the peer broke no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// LOGOUT was answered.
    Logout,
    /// The client closed the connection.
    PeerClosed,
    /// The client was silent for too long, before or after login.
    Timeout,
    /// The application did not answer in time.
    AnswerTimeout,
    /// The application refused the client, or broke off what it had begun to send.
    Refused,
    /// The selected mailbox was deleted, renamed or numbered anew.
    MailboxEnded,
    /// This end is shutting down.
    Shutdown,
}

impl From<Reason> for Ending {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Logout => Ending::Quit,
            Reason::PeerClosed => Ending::PeerClosed,
            Reason::Timeout => Ending::Timeout,
            Reason::AnswerTimeout | Reason::Refused | Reason::MailboxEnded => Ending::Local,
            Reason::Shutdown => Ending::Shutdown,
        }
    }
}
