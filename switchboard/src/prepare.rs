//! The steps of a start that need no network: settings in, everything that
//! the listeners serve out.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use crate::credentials::Credentials;
use crate::data::DataFolder;
use crate::failure::Failure;
use crate::lobby::Lobby;
use crate::mailstore::Quota;
use crate::settings::Settings;
use crate::store::Store;
use crate::tls::Tls;
use crate::users::Users;
use crate::xmpp::Hub;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A certificate with less time left is told of at a start and a reload.
const SOON: Duration = DAY.saturating_mul(14);

/// All that is ready before the first listener opens.
#[derive(Debug)]
pub struct Prepared {
    /// What the program was told.
    pub settings: Settings,
    /// The data folder, locked for as long as this lives.
    pub data: DataFolder,
    /// Who may log in.
    pub users: Arc<Users>,
    /// What they log in by.
    pub credentials: Credentials,
    /// Everybody's mail.
    pub store: Store,
    /// The certificates.
    pub tls: Tls,
    /// Where sessions of XMPP meet, once they can.
    pub xmpp: OnceLock<Arc<Hub>>,
    /// Where the room is that IRC and XMPP have in common.
    pub lobby: Lobby,
    /// Who is told of a new message of the day.
    listeners: Mutex<Listeners>,
}

#[derive(Default)]
struct Listeners(Vec<Listener>);

type Listener = Box<dyn Fn(&str) + Send>;

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().finish_non_exhaustive()
    }
}

impl Prepared {
    /// Makes or opens the data folder, users, mailboxes and certificate.
    ///
    /// # Errors
    ///
    /// The first step's [`Failure`]; what earlier steps made is kept for the
    /// next start.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let data = DataFolder::open(&settings.data)?;
        let users = Arc::new(Users::load(&settings.users, &data)?);
        if let Some(nobody) = settings.operators.iter().find(|name| users.find(name.as_str()).is_none()) {
            return Err(Failure::Operator(nobody.clone()));
        }
        let limits = &settings.limits;
        let octets = limits.mail_kibibytes.map(|kibibytes| kibibytes.saturating_mul(1024));
        let quota = Quota { octets, messages: limits.mail_messages };
        let store = Store::open(&users, &data)?.with_quota(quota);
        let tls = Tls::load(&settings, &data)?;
        let credentials = Credentials::derive(users.clone(), &settings.server_name, tls.asks_clients())?;
        let (lobby, xmpp, listeners) = Default::default();
        Ok(Self { settings, data, users, credentials, store, tls, lobby, xmpp, listeners })
    }

    /// Calls `listener` with the message of the day at each reload.
    pub fn on_reload(&self, listener: impl Fn(&str) + Send + 'static) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).0.push(Box::new(listener));
    }

    /// Reads the certificates and the message of the day again, and logs how
    /// that went. What cannot be read stays as it was.
    pub fn reload(&self) {
        match self.tls.reload(&self.settings, &self.data) {
            Ok(()) => {
                tracing::info!("certificates reloaded");
                self.warn_of_expiry();
            }
            Err(error) => tracing::error!(reason = %error, "certificates not reloaded, the old ones stay"),
        }
        match self.settings.motd.read() {
            Ok(motd) => {
                let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
                listeners.0.iter().for_each(|listener| listener(&motd));
                tracing::info!("message of the day read");
            }
            Err(error) => tracing::error!(reason = %error, "message of the day not reloaded, the old one stays"),
        }
    }

    /// Logs that a certificate has not much time left, where one has not.
    pub fn warn_of_expiry(&self) {
        let Some(end) = self.tls.expires() else { return };
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        if left < SOON {
            tracing::warn!(days_left = left.as_secs() / DAY.as_secs(), "a certificate expires soon, or has expired");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::options::{Wish, read};

    fn prepare(data: &Path, more: &[&str]) -> Result<Prepared, Failure> {
        let arguments = ["switchboard", "--data", data.to_str().unwrap()];
        match read(arguments.iter().chain(more).copied())? {
            Wish::Run(settings) => Prepared::new(*settings),
            Wish::Show(text) => panic!("unexpected text: {text}"),
        }
    }

    #[test]
    fn a_first_start_and_a_second_find_the_same_world() {
        let root = tempfile::tempdir().unwrap();
        let first = prepare(root.path(), &[]).unwrap();
        let certificate = || std::fs::read(root.path().join("tls/server.pem")).unwrap();
        let made = certificate();
        assert!(matches!(prepare(root.path(), &[]), Err(Failure::Data(_))), "the folder is in use");
        drop(first);
        let second = prepare(root.path(), &[]).unwrap();
        assert_eq!(certificate(), made);
        for user in second.users.iter() {
            assert!(second.store.maildir(user.name()).is_some());
        }
    }

    #[test]
    fn an_operator_must_be_a_user() {
        let root = tempfile::tempdir().unwrap();
        let config = root.path().join("c.toml");
        std::fs::write(&config, "operators = [\"mallory\"]").unwrap();
        let failure = prepare(&root.path().join("data"), &["--config", config.to_str().unwrap()]).unwrap_err();
        assert_eq!(failure.to_string(), "operators: there is no user mallory");
    }
}
