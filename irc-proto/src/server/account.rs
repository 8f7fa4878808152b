//! Registration of accounts ([account-registration](https://ircv3.net/specs/extensions/account-registration), draft).

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::Secret;
use wirestate_sasl::server::Identity;

use super::event::kind;
use super::login::is_account;
use super::reply::{cut, one_line, quoted};
use super::{Event, Keyword, Rejected, Server, Violation};
use crate::codec::Message;

/// How accounts are registered: the value of the capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accounts {
    /// Whether a client may do so before it is registered itself (`before-connect`).
    pub before_registration: bool,
    /// Whether it must give an address for e-mail (`email-required`).
    pub email_required: bool,
    /// Whether an account may have another name than the nickname (`custom-account-name`).
    pub custom_names: bool,
}

impl Accounts {
    pub(super) fn value(self) -> Option<String> {
        let all = [
            (self.before_registration, "before-connect"),
            (self.email_required, "email-required"),
            (self.custom_names, "custom-account-name"),
        ];
        let names: Vec<&str> = all.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
        Some(names.join(",")).filter(|names| !names.is_empty())
    }
}

/// What a client asks for.
#[derive(Debug)]
#[non_exhaustive]
pub enum AccountRequest {
    /// REGISTER: a new account.
    Register {
        /// Its name: the nickname, unless the configuration allows others.
        account: String,
        /// An address, of which nothing has been checked; always there where the configuration requires one.
        email: Option<String>,
        /// Its password, not empty.
        password: Secret,
    },
    /// VERIFY: the rest of a registration.
    Verify {
        /// Whose.
        account: String,
        /// What the client was told to get.
        code: Secret,
    },
}

/// What becomes of a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum AccountAnswer<'a> {
    /// It is done, and the client is logged in as this one: SUCCESS and RPL_LOGGEDIN, then [`Event::LoggedIn`].
    Done(Identity),
    /// The client has to do as this text tells it, and to send VERIFY: only an answer to REGISTER.
    VerificationRequired(&'a str),
    /// It is refused.
    Refused(AccountRefusal),
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountRefusal {
    /// There is such an account: ACCOUNT_EXISTS.
    Exists,
    /// No account may have this name: BAD_ACCOUNT_NAME.
    BadName,
    /// WEAK_PASSWORD
    WeakPassword,
    /// UNACCEPTABLE_PASSWORD
    UnacceptablePassword,
    /// Nothing can be sent to this address: INVALID_EMAIL.
    InvalidEmail,
    /// The address is not taken: UNACCEPTABLE_EMAIL.
    UnacceptableEmail,
    /// The code is wrong or too old: INVALID_CODE. It counts as a failed login.
    InvalidCode,
    /// TEMPORARILY_UNAVAILABLE
    Unavailable,
}

impl AccountRefusal {
    fn code(self) -> (&'static [u8], &'static str) {
        match self {
            AccountRefusal::Exists => (b"ACCOUNT_EXISTS", "There is an account of this name already"),
            AccountRefusal::BadName => (b"BAD_ACCOUNT_NAME", "An account cannot have this name"),
            AccountRefusal::WeakPassword => (b"WEAK_PASSWORD", "This password is too weak"),
            AccountRefusal::UnacceptablePassword => (b"UNACCEPTABLE_PASSWORD", "This password cannot be taken"),
            AccountRefusal::InvalidEmail => (b"INVALID_EMAIL", "Give an address to which e-mail can be sent"),
            AccountRefusal::UnacceptableEmail => (b"UNACCEPTABLE_EMAIL", "This e-mail address cannot be taken"),
            AccountRefusal::InvalidCode => (b"INVALID_CODE", "The code is wrong or too old"),
            AccountRefusal::Unavailable => (b"TEMPORARILY_UNAVAILABLE", "Try again later"),
        }
    }
}

impl Server {
    // --- commands ---

    pub(super) fn register_account(&mut self, message: Message<&[u8]>) -> Result<(), Rejected> {
        let accounts = self.config.accounts.ok_or(Rejected::NotRegistered)?;
        let (Some(account), Some(email), Some(password)) = (message.param(0), message.param(1), message.param(2))
        else {
            return Err(Rejected::MissingParams);
        };
        const REGISTER: Keyword = Keyword::Register;
        self.may_ask(accounts, REGISTER, account)?;
        let nick = self.nick.clone();
        if nick.is_empty() {
            return self.refuse_account(REGISTER, &[b"NEED_NICK", b"*"], "Send NICK first");
        }
        let name = if account == b"*" { &nick } else { account };
        if !accounts.custom_names && !name.eq_ignore_ascii_case(&nick) {
            let text = "An account has the name of the nickname that you have";
            return self.refuse_account(REGISTER, &[b"ACCOUNT_NAME_MUST_BE_NICK", quoted(name)], text);
        }
        let refuse = |server: &mut Server, why: AccountRefusal| {
            let (code, text) = why.code();
            server.refuse_account(REGISTER, &[code, quoted(name)], text)
        };
        let Some(account) = core::str::from_utf8(name).ok().filter(|name| is_account(name)) else {
            return refuse(self, AccountRefusal::BadName);
        };
        let Some(password) = core::str::from_utf8(password).ok().filter(|password| !password.is_empty()) else {
            return refuse(self, AccountRefusal::UnacceptablePassword);
        };
        let email = Some(email).filter(|email| !email.is_empty() && *email != b"*");
        let email = match email.map(core::str::from_utf8) {
            None if accounts.email_required => return refuse(self, AccountRefusal::InvalidEmail),
            Some(Err(_)) => return refuse(self, AccountRefusal::InvalidEmail),
            Some(Ok(email)) => Some(email.to_owned()),
            None => None,
        };
        let (account, password) = (account.to_owned(), Secret::new(password));
        self.ask_for_account(REGISTER, &account.clone(), AccountRequest::Register { account, email, password })
    }

    pub(super) fn verify_account(&mut self, message: Message<&[u8]>) -> Result<(), Rejected> {
        let accounts = self.config.accounts.ok_or(Rejected::NotRegistered)?;
        let (Some(name), Some(code)) = (message.param(0), message.param(1)) else {
            return Err(Rejected::MissingParams);
        };
        const VERIFY: Keyword = Keyword::Verify;
        self.may_ask(accounts, VERIFY, name)?;
        let texts = (core::str::from_utf8(name).ok().filter(|name| is_account(name)), core::str::from_utf8(code).ok());
        let (Some(account), Some(code)) = texts else {
            let (code, text) = AccountRefusal::InvalidCode.code();
            return self.refuse_account(VERIFY, &[code, quoted(name)], text);
        };
        let (account, code) = (account.to_owned(), Secret::new(code));
        self.ask_for_account(VERIFY, &account.clone(), AccountRequest::Verify { account, code })
    }

    /// Whether this is the time for such a command.
    fn may_ask(&mut self, accounts: Accounts, command: Keyword, account: &[u8]) -> Result<(), Rejected> {
        if self.registering.is_some() && !accounts.before_registration {
            let text = "Complete your connection first";
            return self.refuse_account(command, &[b"COMPLETE_CONNECTION_REQUIRED"], text);
        }
        if self.is_logged_in() {
            let text = "You are logged in already";
            return self.refuse_account(command, &[b"ALREADY_AUTHENTICATED", quoted(account)], text);
        }
        if self.is_exchanging() {
            let (code, text) = AccountRefusal::Unavailable.code();
            return self.refuse_account(command, &[code, quoted(account)], text);
        }
        Ok(())
    }

    fn ask_for_account(&mut self, command: Keyword, account: &str, request: AccountRequest) -> Result<(), Rejected> {
        let login = self.login.as_mut().ok_or(Rejected::NotOffered)?;
        login.note_request(command, account);
        let ticket = self.issue();
        self.queued = Some(Box::new(Event::Account { ticket, request: Box::new(request) }));
        Ok(())
    }

    /// FAIL, which is the answer.
    fn refuse_account(&mut self, command: Keyword, context: &[&[u8]], text: &str) -> Result<(), Rejected> {
        let params: Vec<&[u8]> =
            [word(command)].into_iter().chain(context.iter().copied()).chain([text.as_bytes()]).collect();
        let said = self.say_from_server(b"FAIL", &params);
        debug_assert!(said.is_ok(), "{said:?}");
        Err(Rejected::Account)
    }

    // --- the application's part ---

    /// Answers [`Event::Account`].
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::OutOfRange`] for [`AccountAnswer::VerificationRequired`] to VERIFY, and for an identity whose name cannot stand in a
    /// message: then the ticket is lost.
    pub fn answer_account(&mut self, ticket: Ticket<kind::Account>, answer: AccountAnswer<'_>) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let request = self.login.as_mut().and_then(|login| login.request()).ok_or(Misuse::WrongState)?;
        let (command, account) = request.take().ok_or(Misuse::WrongState)?;
        let fits = match &answer {
            AccountAnswer::Done(identity) => is_account(identity.name()),
            AccountAnswer::VerificationRequired(_) => command == Keyword::Register,
            AccountAnswer::Refused(_) => true,
        };
        if !fits {
            return Err(Misuse::OutOfRange);
        }
        self.redeem(ticket)?;
        match answer {
            AccountAnswer::Done(identity) => {
                self.tell_account(command, b"SUCCESS", &account, "The account is yours");
                self.tell_login(identity.name());
                self.keep_login(identity);
            }
            AccountAnswer::VerificationRequired(text) => {
                let text = String::from_utf8_lossy(cut(one_line(text.as_bytes()), 200)).into_owned();
                self.tell_account(command, b"VERIFICATION_REQUIRED", &account, &text);
            }
            AccountAnswer::Refused(why) => {
                let (code, text) = why.code();
                // The answer is given, and the application knows of it.
                let _ = self.refuse_account(command, &[code, account.as_bytes()], text);
                if why == AccountRefusal::InvalidCode && self.has_failed_too_often() {
                    self.violate(Violation::TooManyFailedLogins);
                }
            }
        }
        Ok(())
    }

    fn tell_account(&mut self, command: Keyword, code: &[u8], account: &str, text: &str) {
        let said = self.say_from_server(word(command), &[code, account.as_bytes(), text.as_bytes()]);
        debug_assert!(said.is_ok(), "{said:?}");
    }
}

fn word(command: Keyword) -> &'static [u8] {
    if command == Keyword::Verify { b"VERIFY" } else { b"REGISTER" }
}
