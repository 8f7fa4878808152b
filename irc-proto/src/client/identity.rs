use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use wirestate_machine::Misuse;
use wirestate_sasl::Secret;
use wirestate_sasl::client::Credentials;

use super::line::Line;
use crate::codec::{Command, Parts};

/// Who a client is: what it registers with (RFC 2812 §3.1) and logs in with.
pub struct Identity {
    pub(super) nicks: Nicks,
    pub(super) user: String,
    pub(super) realname: String,
    pub(super) password: Option<Secret>,
    pub(super) credentials: Option<Credentials>,
    pub(super) webirc: Option<Webirc>,
    pub(super) network: Option<String>,
}

pub(super) struct Webirc {
    pub(super) password: Secret,
    pub(super) rest: [String; 4],
}

impl Identity {
    /// Somebody of this nickname, user name and real name.
    ///
    /// # Errors
    /// [`Misuse::ForbiddenCharacter`] and [`Misuse::TooLong`] where one cannot stand in its message; [`Misuse::OutOfRange`] where nickname or user
    /// name is empty.
    pub fn new(nick: &str, user: &str, realname: &str) -> Result<Self, Misuse> {
        check_word(nick)?;
        check_word(user)?;
        Line::new(&Parts {
            command: Command::Word(b"USER"),
            params: &[user.as_bytes(), b"0", b"*", realname.as_bytes()],
            ..Parts::default()
        })?;
        Ok(Identity {
            nicks: Nicks::new(nick),
            user: user.into(),
            realname: realname.into(),
            password: None,
            credentials: None,
            webirc: None,
            network: None,
        })
    }

    /// A nickname to take where the ones before it are taken. After the last one, underscores and numbers are put behind the first.
    ///
    /// # Errors
    /// As for [`new`](Identity::new).
    pub fn or_nick(mut self, nick: &str) -> Result<Self, Misuse> {
        check_word(nick)?;
        self.nicks.named.push(nick.as_bytes().into());
        Ok(self)
    }

    /// Nicknames of the program's own making, tried after those that have been named and instead of underscores and numbers.
    #[must_use]
    pub fn or_nicks(mut self, nicks: impl Iterator<Item = String> + Send + 'static) -> Self {
        self.nicks.made = Some(Box::new(nicks));
        self
    }

    /// The server's password (PASS), which bouncers take user name and network in, too.
    ///
    /// # Errors
    /// [`Misuse::ForbiddenCharacter`] and [`Misuse::TooLong`].
    pub fn password(mut self, password: impl Into<String>) -> Result<Self, Misuse> {
        let password = Secret::new(password);
        let params = &[password.expose().as_bytes()];
        Line::new(&Parts { command: Command::Word(b"PASS"), params, ..Parts::default() })?;
        self.password = Some(password);
        Ok(self)
    }

    /// What to log in with by SASL.
    #[must_use]
    pub fn login(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The network of a bouncer that the session is for (`BOUNCER BIND`), by its id. It is said where `soju.im/bouncer-networks` is among the
    /// [wishes](super::Config::wishes) and agreed on.
    ///
    /// # Errors
    /// As for [`new`](Identity::new).
    pub fn bouncer_network(mut self, id: &str) -> Result<Self, Misuse> {
        check_word(id)?;
        self.network = Some(id.into());
        Ok(self)
    }

    /// Speaks for somebody else, as a gateway does (WEBIRC): `options` are as in `secure` and `remote-port=1234`, one blank between them.
    ///
    /// # Errors
    /// As for [`new`](Identity::new).
    pub fn webirc(
        mut self,
        password: impl Into<String>,
        gateway: &str,
        host: &str,
        ip: &str,
        options: &str,
    ) -> Result<Self, Misuse> {
        // An address that begins with a colon would be the last parameter.
        let ip = if ip.starts_with(':') { alloc::format!("0{ip}") } else { ip.into() };
        let webirc =
            Webirc { password: Secret::new(password), rest: [gateway.into(), host.into(), ip, options.into()] };
        webirc.with_parts(Line::new)?;
        self.webirc = Some(webirc);
        Ok(self)
    }
}

impl Webirc {
    pub(super) fn with_parts<T>(&self, act: impl FnOnce(&Parts<'_>) -> T) -> T {
        let [gateway, host, ip, options] = self.rest.each_ref().map(|part| part.as_bytes());
        let params = [self.password.expose().as_bytes(), gateway, host, ip, options];
        let params = if options.is_empty() { &params[..4] } else { &params[..] };
        act(&Parts { command: Command::Word(b"WEBIRC"), params, ..Parts::default() })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("nick", &self.nicks.wished().escape_ascii())
            .field("user", &self.user)
            .field("password", &self.password.is_some())
            .field("login", &self.credentials.is_some())
            .finish_non_exhaustive()
    }
}

/// The nicknames to try, in order.
pub(super) struct Nicks {
    named: Vec<Box<[u8]>>,
    made: Option<Box<dyn Iterator<Item = String> + Send>>,
    tried: u32,
}

impl Nicks {
    fn new(first: &str) -> Self {
        Nicks { named: alloc::vec![first.as_bytes().into()], made: None, tried: 0 }
    }

    /// The one that the program wants most.
    pub(super) fn wished(&self) -> &[u8] {
        self.named.first().map(|nick| &nick[..]).unwrap_or_default()
    }

    pub(super) fn wish(&mut self, nick: &[u8]) {
        if let Some(first) = self.named.first_mut() {
            *first = nick.into();
        }
    }

    pub(super) fn tried(&self) -> u32 {
        self.tried
    }
}

impl Iterator for Nicks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let place = self.tried as usize;
        self.tried = self.tried.saturating_add(1);
        if let Some(nick) = self.named.get(place) {
            return Some(nick.to_vec());
        }
        if let Some(made) = &mut self.made {
            return made.find(|nick| check_word(nick).is_ok()).map(String::into_bytes);
        }
        // Underscores first, then numbers, in nine bytes, which every server takes.
        let number = place - self.named.len();
        let tail = match number {
            0 => String::from("_"),
            1 => String::from("__"),
            _ => alloc::format!("{}", number - 1),
        };
        let room = self.wished().len().min(9usize.saturating_sub(tail.len()).max(1));
        let mut nick = Vec::from(self.wished().get(..room).unwrap_or_default());
        // Not in the middle of a character.
        while core::str::from_utf8(&nick).is_err() && nick.pop().is_some() {}
        nick.extend_from_slice(tail.as_bytes());
        Some(nick)
    }
}

fn check_word(word: &str) -> Result<(), Misuse> {
    if word.is_empty() {
        return Err(Misuse::OutOfRange);
    }
    if word.starts_with(':') || word.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n' | b' ')) {
        return Err(Misuse::ForbiddenCharacter);
    }
    if word.len() > 200 { Err(Misuse::TooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_go_on_after_the_named_ones() {
        let identity = Identity::new("adalovelace", "ada", "Ada").and_then(|ada| ada.or_nick("countess")).unwrap();
        let nicks: Vec<_> = identity.nicks.take(6).map(|nick| String::from_utf8(nick).unwrap()).collect();
        assert_eq!(nicks, ["adalovelace", "countess", "adalovel_", "adalove__", "adalovel1", "adalovel2"]);
    }

    #[test]
    fn what_breaks_a_line_is_refused() {
        for (nick, user, real) in
            [("a b", "u", "r"), ("a\r", "u", "r"), ("a", "u\n", "r"), ("a", "u", "r\0"), (":a", "u", "r")]
        {
            assert_eq!(Identity::new(nick, user, real).err(), Some(Misuse::ForbiddenCharacter));
        }
        assert_eq!(Identity::new("", "u", "r").err(), Some(Misuse::OutOfRange));
        let ada = || Identity::new("ada", "ada", "Ada").unwrap();
        assert_eq!(ada().password("x\r\nQUIT").err(), Some(Misuse::ForbiddenCharacter));
        assert_eq!(ada().webirc("p", "g w", "h", "::1", "").err(), Some(Misuse::ForbiddenCharacter));
        assert!(ada().webirc("p", "gw", "h", "::1", "secure").is_ok());
    }

    #[test]
    fn debug_shows_no_secret() {
        let ada = Identity::new("ada", "ada", "Ada").and_then(|ada| ada.password("hunter2")).unwrap();
        assert!(!alloc::format!("{ada:?}").contains("hunter2"));
    }
}
