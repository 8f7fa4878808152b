//! Registration of accounts ([account-registration](https://ircv3.net/specs/extensions/account-registration), draft).

use core::fmt;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::Client;
use super::state::On;
use crate::capability::Capability;
use crate::codec::{Command, Message};

/// What became of REGISTER or VERIFY.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountReply {
    /// Which of them.
    pub command: AccountCommand,
    /// What became of it.
    pub outcome: AccountOutcome,
    /// The account, where the server names it.
    pub account: Option<Bytes>,
    /// The server's words, for a person.
    pub text: Bytes,
}

/// How a client comes to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountCommand {
    /// REGISTER: a new account.
    Register,
    /// VERIFY: the rest of it.
    Verify,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountOutcome {
    /// The account is the client's, which is logged in.
    Done,
    /// The user has to do as the text says, and the client to [verify](Client::verify_account).
    VerificationRequired,
    /// It is refused.
    Refused(AccountFault),
}

/// Why it is refused: the code of the FAIL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountFault {
    /// `ACCOUNT_EXISTS`
    Exists,
    /// `BAD_ACCOUNT_NAME`
    BadName,
    /// `ACCOUNT_NAME_MUST_BE_NICK`
    MustBeNick,
    /// `ALREADY_AUTHENTICATED`
    LoggedIn,
    /// `WEAK_PASSWORD`
    WeakPassword,
    /// `UNACCEPTABLE_PASSWORD`
    UnacceptablePassword,
    /// `INVALID_EMAIL`
    InvalidEmail,
    /// `UNACCEPTABLE_EMAIL`
    UnacceptableEmail,
    /// `INVALID_CODE`
    InvalidCode,
    /// `COMPLETE_CONNECTION_REQUIRED`
    NotYet,
    /// `NEED_NICK`
    NeedNick,
    /// `TEMPORARILY_UNAVAILABLE`
    Unavailable,
    /// Another code.
    Other(Bytes),
}

impl AccountFault {
    fn of(code: &[u8]) -> Self {
        const KNOWN: [(&[u8], AccountFault); 12] = [
            (b"ACCOUNT_EXISTS", AccountFault::Exists),
            (b"BAD_ACCOUNT_NAME", AccountFault::BadName),
            (b"ACCOUNT_NAME_MUST_BE_NICK", AccountFault::MustBeNick),
            (b"ALREADY_AUTHENTICATED", AccountFault::LoggedIn),
            (b"WEAK_PASSWORD", AccountFault::WeakPassword),
            (b"UNACCEPTABLE_PASSWORD", AccountFault::UnacceptablePassword),
            (b"INVALID_EMAIL", AccountFault::InvalidEmail),
            (b"UNACCEPTABLE_EMAIL", AccountFault::UnacceptableEmail),
            (b"INVALID_CODE", AccountFault::InvalidCode),
            (b"COMPLETE_CONNECTION_REQUIRED", AccountFault::NotYet),
            (b"NEED_NICK", AccountFault::NeedNick),
            (b"TEMPORARILY_UNAVAILABLE", AccountFault::Unavailable),
        ];
        let known = KNOWN.iter().find(|(name, _)| *name == code).map(|(_, fault)| fault.clone());
        known.unwrap_or_else(|| AccountFault::Other(Bytes::copy_from_slice(code)))
    }
}

impl AccountReply {
    /// Reads `REGISTER SUCCESS account :text` and its like, and the FAIL of either command.
    pub(super) fn of(message: Message<&[u8]>) -> Option<Self> {
        let is_failure = message.command().is(b"FAIL");
        let word = match message.command() {
            Command::Word(_) if is_failure => message.param(0)?,
            Command::Word(word) => word,
            Command::Numeric(_) => return None,
        };
        let command = match word {
            word if word.eq_ignore_ascii_case(b"REGISTER") => AccountCommand::Register,
            word if word.eq_ignore_ascii_case(b"VERIFY") => AccountCommand::Verify,
            _ => return None,
        };
        let code = message.param(usize::from(is_failure))?;
        let outcome = match code {
            code if is_failure => AccountOutcome::Refused(AccountFault::of(code)),
            b"SUCCESS" => AccountOutcome::Done,
            b"VERIFICATION_REQUIRED" => AccountOutcome::VerificationRequired,
            _ => return None,
        };
        let count = message.params().count();
        let at = 1 + usize::from(is_failure);
        let account =
            message.param(at).filter(|account| at + 1 < count && *account != b"*").map(Bytes::copy_from_slice);
        let text = message.params().last().filter(|_| at < count).map(Bytes::copy_from_slice).unwrap_or_default();
        Some(AccountReply { command, outcome, account, text })
    }
}

impl fmt::Debug for AccountReply {
    /// Not the text, which may hold a code or an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account.as_deref().unwrap_or(b"*");
        write!(f, "AccountReply({:?} {} {:?})", self.command, account.escape_ascii(), self.outcome)
    }
}

/// Accounts. What the server makes of it is [`Event::Account`](super::Event::Account); it is sent after registration alone.
///
/// They are refused as all that the program [says](Client::send), by [`Misuse::NotOffered`] where the server does not offer `draft/account-registration`, and
/// by [`Misuse::CleartextForbidden`] without TLS, if [`Config::cleartext`](super::Config::cleartext) does not allow it.
impl Client {
    /// REGISTER: a new account of this name, or without one of the nickname's, with an address for e-mail where the server wants one.
    pub fn register_account(
        &mut self,
        account: Option<&str>,
        email: Option<&str>,
        password: &str,
    ) -> Result<(), Misuse> {
        self.may_ask_for_accounts()?;
        let [account, email] = [account, email].map(|name| name.unwrap_or("*"));
        if [account, email, password].contains(&"") {
            return Err(Misuse::OutOfRange);
        }
        self.command(b"REGISTER", &[account.as_bytes(), email.as_bytes(), password.as_bytes()])
    }

    /// VERIFY: the code that the user was sent for this account.
    pub fn verify_account(&mut self, account: &str, code: &str) -> Result<(), Misuse> {
        self.may_ask_for_accounts()?;
        if [account, code].contains(&"") {
            return Err(Misuse::OutOfRange);
        }
        self.command(b"VERIFY", &[account.as_bytes(), code.as_bytes()])
    }

    fn may_ask_for_accounts(&self) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        // To offer it is all that there is of this one: nobody has to ask for it.
        if !self.offers.has(Capability::AccountRegistration.name().as_bytes()) {
            return Err(Misuse::NotOffered);
        }
        if self.is_encrypted() || self.config.cleartext { Ok(()) } else { Err(Misuse::CleartextForbidden) }
    }
}
