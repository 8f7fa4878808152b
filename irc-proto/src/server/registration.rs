use alloc::boxed::Box;

use bytes::Bytes;
use wirestate_machine::{Instant, Misuse, Ticket};
use wirestate_sasl::Secret;
use wirestate_sasl::server::Identity;

use super::event::{Registration, kind};
use super::reply::{cut, one_line, quoted};
use super::{Event, Forwarded, NickRefusal, Reason, Refusal, Rejected, Server, State};
use crate::Capability;
use crate::codec::{Command, Parts};
use crate::nick::NickFault;
use crate::numerics;

/// No nickname is longer than this, whatever the configuration says: each reply begins with it.
const LONGEST_NICK: usize = 128;

/// What only matters until registration.
#[derive(Debug)]
pub(super) struct Registering {
    /// When the client must be registered. It moves by the time that the application takes for its answers.
    pub(super) by: Instant,
    /// Lines so far.
    pub(super) lines: u16,
    /// Between the first CAP LS or REQ and CAP END.
    pub(super) negotiating: bool,
    /// Nothing yet from clients that only hold a connection open.
    said: Option<Box<Said>>,
}

/// What the client has said of itself, and what has been found out of it.
#[derive(Debug, Default)]
pub(super) struct Said {
    password: Option<Secret>,
    user: Option<User>,
    /// Who the client has proved to be.
    pub(super) account: Option<Identity>,
    away: Option<Box<[u8]>>,
    /// The nickname that the application is asked for.
    wanted: Box<[u8]>,
    pub(super) forwarded: Option<Box<Forwarded>>,
    /// What a gateway says, until the application has decided.
    pub(super) claimed: Option<Box<Forwarded>>,
    cookie: Cookie,
}

#[derive(Debug, Default)]
struct User {
    name: Box<[u8]>,
    realname: Box<[u8]>,
}

/// The PING before registration.
#[derive(Debug, Default)]
enum Cookie {
    #[default]
    NotAsked,
    Asked(Box<[u8]>),
    Answered,
}

impl Registering {
    pub(super) fn new(by: Instant) -> Self {
        Registering { by, lines: 0, negotiating: false, said: None }
    }

    /// TLS has come up: what was said in the clear is forgotten.
    pub(super) fn secured(&mut self) {
        (self.negotiating, self.said) = (false, None);
    }

    pub(super) fn said(&self) -> Option<&Said> {
        self.said.as_deref()
    }

    pub(super) fn said_mut(&mut self) -> &mut Said {
        self.said.get_or_insert_default()
    }
}

impl Server {
    // --- commands ---

    pub(super) fn pass(&mut self, password: &[u8]) -> Result<(), Rejected> {
        let password = core::str::from_utf8(password).map_err(|_| Rejected::NotUtf8)?;
        self.said()?.password = Some(Secret::new(password));
        Ok(())
    }

    /// NICK before registration.
    pub(super) fn nick(&mut self, nick: &[u8]) -> Result<(), Rejected> {
        self.config.nick.check(nick)?;
        if nick.len() > LONGEST_NICK {
            return Err(NickFault::TooLong.into());
        }
        self.said()?.wanted = nick.into();
        let ticket = self.issue();
        self.queued = Some(Box::new(Event::Nick { ticket, nick: Bytes::copy_from_slice(nick) }));
        Ok(())
    }

    pub(super) fn user(&mut self, name: &[u8], realname: &[u8]) -> Result<(), Rejected> {
        let limits = self.config.limits.clone();
        let said = self.said()?;
        if said.user.is_some() {
            return Err(Rejected::AlreadyRegistered);
        }
        let name = cut(name, limits.user.max(1));
        if name.is_empty() || name.iter().any(|byte| *byte <= b' ' || b"!@:*?\x7f".contains(byte)) {
            return Err(Rejected::User);
        }
        said.user = Some(User { name: cut(name, limits.user).into(), realname: cut(realname, limits.name).into() });
        self.try_to_register();
        Ok(())
    }

    /// AWAY before registration (IRCv3 pre-away).
    pub(super) fn away_early(&mut self, text: &[u8]) -> Result<(), Rejected> {
        if !self.agreed.has(Capability::PreAway) {
            return Err(Rejected::NotRegistered);
        }
        let away = Some(text).filter(|text| !text.is_empty()).map(Box::from);
        let (numeric, text) = match away {
            Some(_) => (numerics::RPL_NOWAWAY, "You have been marked as being away"),
            None => (numerics::RPL_UNAWAY, "You are no longer marked as being away"),
        };
        self.said()?.away = away;
        self.numeric(numeric, &[], text);
        Ok(())
    }

    /// The user name of USER.
    pub(super) fn user_name(&self) -> &[u8] {
        let said = self.registering.as_ref().and_then(|registering| registering.said());
        let user = said.and_then(|said| said.user.as_ref());
        user.map_or(&[], |user| &user.name)
    }

    /// PONG before registration, which may carry the cookie.
    pub(super) fn pong(&mut self, token: Option<&[u8]>) -> Result<(), Rejected> {
        let Ok(said) = self.said() else { return Ok(()) };
        if let Cookie::Asked(cookie) = &said.cookie {
            if token != Some(cookie) {
                return Err(Rejected::Cookie);
            }
            said.cookie = Cookie::Answered;
            self.try_to_register();
        }
        Ok(())
    }

    pub(super) fn remind_of_cookie(&mut self) {
        let cookie = match self.said().map(|said| &said.cookie) {
            Ok(Cookie::Asked(cookie)) => cookie.clone(),
            _ => return,
        };
        let cookie = core::str::from_utf8(&cookie).unwrap_or_default();
        self.numeric(numerics::ERR_BADPING, &[], &alloc::format!("To connect, type /QUOTE PONG {cookie}"));
    }

    // --- the application's part ---

    /// Answers [`Event::Nick`] (RFC 2812 §3.1.2): the nickname is this session's. The application holds it from now on, and lets go of the one
    /// before.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn accept_nick(&mut self, ticket: Ticket<kind::Nick>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        if let Ok(said) = self.said() {
            self.nick = core::mem::take(&mut said.wanted);
        }
        self.ask_for_cookie();
        self.try_to_register();
        Ok(())
    }

    /// Answers [`Event::Nick`]: it is not to be had, for the reason whose numeric [`NickRefusal`] names. The client may ask for another, and keeps
    /// the
    /// one that it had.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse_nick(&mut self, ticket: Ticket<kind::Nick>, why: NickRefusal) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let wanted = self.said().map(|said| core::mem::take(&mut said.wanted)).unwrap_or_default();
        let (numeric, text) = match why {
            NickRefusal::InUse => (numerics::ERR_NICKNAMEINUSE, "Nickname is already in use"),
            NickRefusal::Erroneous => (numerics::ERR_ERRONEUSNICKNAME, "Erroneous nickname"),
            NickRefusal::Unavailable => (numerics::ERR_UNAVAILRESOURCE, "Nick is temporarily unavailable"),
            NickRefusal::Collision => (numerics::ERR_NICKCOLLISION, "Nickname collision"),
        };
        self.numeric(numeric, &[quoted(&wanted)], text);
        Ok(())
    }

    /// Answers [`Event::Register`] (RFC 2812 §3.1): the client is a user now. What a server says at that moment, 001 to the MOTD, is the
    /// application's to
    /// [`relay`](wirestate_machine::Relay::relay).
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn welcome(&mut self, ticket: Ticket<kind::Register>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.registering = None;
        if !self.config.reauthentication && self.config.accounts.is_none() {
            self.login = None;
        }
        self.state = State::Registered;
        self.outbox.set_marks(self.config.limits.output);
        self.timer.hear(self.now, &self.config.limits);
        Ok(())
    }

    /// Answers [`Event::Register`]: the client is told why not, by 464, 465 or ERROR alone, and the session ends ([`Reason::Refused`]).
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse(&mut self, ticket: Ticket<kind::Register>, why: Refusal<'_>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let text = match why {
            Refusal::Password => "Password incorrect",
            Refusal::Banned(text) | Refusal::Text(text) => text,
        };
        let text = cut(one_line(text.as_bytes()), 200);
        let shown = core::str::from_utf8(text).unwrap_or_default();
        match why {
            Refusal::Password => self.numeric(numerics::ERR_PASSWDMISMATCH, &[], shown),
            Refusal::Banned(_) => self.numeric(numerics::ERR_YOUREBANNEDCREEP, &[], shown),
            Refusal::Text(_) => {}
        }
        self.say_error(text);
        self.close(Reason::Refused);
        Ok(())
    }

    // --- the course of a registration ---

    /// Asks the application whether the client is welcome, once nothing is missing.
    pub(super) fn try_to_register(&mut self) {
        let Some(registering) = &self.registering else { return };
        let Some(said) = registering.said() else { return };
        let awaits_cookie = self.config.ping_cookie && !matches!(said.cookie, Cookie::Answered);
        if self.nick.is_empty() || said.user.is_none() || registering.negotiating || awaits_cookie {
            return;
        }
        if self.state == State::Authenticating {
            self.abort_login();
        }
        let registration = self.registration();
        self.state = State::Welcoming;
        let ticket = self.issue();
        self.queued = Some(Box::new(Event::Register { ticket, registration: Box::new(registration) }));
    }

    fn registration(&mut self) -> Registration {
        let said = self.registering.as_mut().and_then(|registering| registering.said.take()).unwrap_or_default();
        let user = said.user.unwrap_or_default();
        let secure = said.forwarded.as_ref().is_none_or(|forwarded| forwarded.secure);
        Registration {
            nick: Bytes::copy_from_slice(&self.nick),
            user: user.name.into(),
            realname: user.realname.into(),
            password: said.password,
            account: said.account,
            away: said.away.map(Bytes::from),
            forwarded: said.forwarded,
            capabilities: self.agreed,
            encrypted: self.encrypted && secure,
            certificate: self.login.as_ref().and_then(|login| login.certificate()).cloned().map(Box::new),
        }
    }

    fn ask_for_cookie(&mut self) {
        if !self.config.ping_cookie {
            return;
        }
        let (Some(registering), Some(login)) = (&mut self.registering, &mut self.login) else { return };
        let said = registering.said_mut();
        if !matches!(said.cookie, Cookie::NotAsked) {
            return;
        }
        let nonce = login.nonces.fresh();
        let cookie: Box<[u8]> = nonce.as_str().bytes().filter(u8::is_ascii_alphanumeric).take(12).collect();
        said.cookie = Cookie::Asked(cookie.clone());
        let ping = Parts { command: Command::Word(b"PING"), params: &[&cookie], ..Parts::default() };
        let said = self.say(&ping);
        debug_assert!(said.is_ok(), "{said:?}");
    }

    /// What the client says before registration.
    fn said(&mut self) -> Result<&mut Said, Rejected> {
        self.registering.as_mut().map(|registering| registering.said_mut()).ok_or(Rejected::AlreadyRegistered)
    }

    /// Tells the session the user's new nickname, for the network has changed it: its own replies are addressed to it.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] before registration; [`Misuse::ForbiddenCharacter`] and [`Misuse::TooLong`] for what could not be addressed.
    pub fn set_nick(&mut self, nick: &[u8]) -> Result<(), Misuse> {
        if !matches!(self.state, State::Registered | State::Reauthenticating) {
            return Err(Misuse::WrongState);
        }
        if nick.is_empty() || nick.starts_with(b":") || nick.iter().any(|byte| b"\r\n\0 ".contains(byte)) {
            return Err(Misuse::ForbiddenCharacter);
        }
        if nick.len() > LONGEST_NICK {
            return Err(Misuse::TooLong);
        }
        self.nick = nick.into();
        Ok(())
    }
}
