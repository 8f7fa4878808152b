//! The command line and the configuration file: one list of options, read
//! from both places, merged into [`Settings`]. The command line wins.

mod listen;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Parser;
use rustls::pki_types::ServerName;
use serde::Deserialize;

use crate::listen::Listener;
use crate::name::{NameError, UserName};
use crate::protocol::Protocol;
use crate::secret::Secret;
use crate::settings::{
    CertificateFiles, Credentials, CredentialsError, Irc, IrcFault, Limits, MotdSource, Runtime, Settings, UserSource,
    Xmpp, XmppFault,
};
use listen::{Listen, More};

/// What the command line asks for.
#[derive(Debug)]
pub enum Wish {
    /// Run with these settings.
    Run(Box<Settings>),
    /// Print this help or version text and end.
    Show(String),
}

/// Reads the arguments (the program's own name first) and the configuration
/// file they name.
///
/// # Errors
///
/// One [`OptionsError`] variant per broken rule, each a single line that never
/// shows a password.
pub fn read<I>(arguments: I) -> Result<Wish, OptionsError>
where
    I: IntoIterator<Item: Into<OsString> + Clone>,
{
    let line = match Options::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) if !error.use_stderr() => return Ok(Wish::Show(error.render().to_string())),
        Err(error) => return Err(OptionsError::CommandLine(one_line(&error.render().to_string()))),
    };
    let file = match &line.config {
        Some(path) => Options::from_file(path)?,
        None => Options::default(),
    };
    let listeners = Options::listeners(&line, &file)?;
    line.or(file).settle(listeners).map(|settings| Wish::Run(Box::new(settings)))
}

/// Serves mail and chat on loopback: POP3, IMAP, IRC and XMPP, with and without
/// TLS, and IRC and XMPP by WebSocket.
///
/// Without arguments it makes a data folder with three users, sample mail and
/// a certificate, opens the channel #lobby, which is a room of XMPP, too, and prints commands to try.
#[derive(Debug, Default, Parser, Deserialize)]
#[command(name = "switchboard", version)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    /// What carries the listeners [default: tokio]
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<Runtime>,
    /// How many threads carry the sessions, on tokio and on async-std [default: one for each core]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,
    /// Folder for mail, users and certificates [default: switchboard-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A user (repeat for more); other users of the system may see it in the process list
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = secret, conflicts_with = "users")]
    user: Vec<Secret>,
    /// File of users: lines NAME:HASH, the hash as `argon2 SALT -id -e` prints it; # begins a comment
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// POP3 listener [default: 127.0.0.1:1110]: IP:PORT (port 0 lets the system choose), unix:/PATH, or fd:3 for the first socket
    /// that systemd hands over
    #[arg(long, value_name = "ADDR|off")]
    pop3: Option<Listen>,
    /// POP3 within TLS [default: 127.0.0.1:1995]
    #[arg(long, value_name = "ADDR|off")]
    pop3s: Option<Listen>,
    /// IMAP listener [default: 127.0.0.1:1143]
    #[arg(long, value_name = "ADDR|off")]
    imap: Option<Listen>,
    /// IMAP within TLS [default: 127.0.0.1:1993]
    #[arg(long, value_name = "ADDR|off")]
    imaps: Option<Listen>,
    /// IRC listener [default: 127.0.0.1:6667]
    #[arg(long, value_name = "ADDR|off")]
    irc: Option<Listen>,
    /// IRC within TLS [default: 127.0.0.1:6697]
    #[arg(long, value_name = "ADDR|off")]
    ircs: Option<Listen>,
    /// XMPP listener [default: 127.0.0.1:5222]
    #[arg(long, value_name = "ADDR|off")]
    xmpp: Option<Listen>,
    /// XMPP within TLS [default: 127.0.0.1:5223]
    #[arg(long, value_name = "ADDR|off")]
    xmpps: Option<Listen>,
    /// XMPP for components [default: off; 5347 is usual], whose domains and secrets stand in the file's [xmpp-server.components]
    #[arg(long, value_name = "ADDR|off")]
    xmpp_component: Option<Listen>,
    /// Web page, and IRC and XMPP by WebSocket [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR|off")]
    web: Option<Listen>,
    /// One more listener, in the place of the default or beside what the protocol's own option says (repeat for more)
    #[arg(long, value_name = "PROTOCOL=ADDR")]
    listen: Vec<More>,
    /// The same options in TOML, and server-name, motd, motd-file, operators, [irc-network], [xmpp-server], [limits], [[listen]] with proxies,
    /// [certificate], [certificates.NAME], client-authorities; SIGHUP reads certificates and motd-file again
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Log every line of every session, secrets left out
    #[arg(long)]
    trace: bool,
    #[arg(skip)]
    server_name: Option<String>,
    #[arg(skip)]
    motd: Option<String>,
    #[arg(skip)]
    motd_file: Option<PathBuf>,
    #[arg(skip)]
    operators: Vec<String>,
    #[arg(skip)]
    irc_network: Irc,
    #[arg(skip)]
    xmpp_server: Xmpp,
    #[arg(skip)]
    limits: Option<Limits>,
    #[arg(skip)]
    certificate: Option<CertificateFiles>,
    #[arg(skip)]
    certificates: BTreeMap<String, CertificateFiles>,
    #[arg(skip)]
    client_authorities: Option<PathBuf>,
}

impl Options {
    fn from_file(path: &Path) -> Result<Self, OptionsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| OptionsError::ConfigUnreadable { path: path.to_owned(), source })?;
        let mut options = toml::from_str::<Self>(&text).map_err(|error| OptionsError::Config {
            path: path.to_owned(),
            line: line_of(&text, error.span().map_or(0, |span| span.start)),
            message: one_line(error.message()),
        })?;
        if !options.user.is_empty() && options.users.is_some() {
            return Err(OptionsError::UserAndUsers);
        }
        if options.motd.is_some() && options.motd_file.is_some() {
            return Err(OptionsError::MotdTwice);
        }
        // Paths in the file are meant from where the file lies, so that it
        // works from any working directory.
        let base = path.parent().unwrap_or(Path::new(""));
        options.socket_paths().for_each(|path| *path = base.join(&*path));
        let paths = [&mut options.data, &mut options.users, &mut options.client_authorities, &mut options.motd_file];
        let paths = paths.into_iter().flatten();
        let certificates = options.certificate.iter_mut().chain(options.certificates.values_mut());
        for path in paths.chain(certificates.flat_map(|files| [&mut files.chain, &mut files.key])) {
            *path = base.join(&*path);
        }
        Ok(options)
    }

    fn or(self, file: Self) -> Self {
        // --user on the line must also beat `users` in the file, and the other way round.
        let users_on_line = !self.user.is_empty() || self.users.is_some();
        let (user, users) = if users_on_line { (self.user, self.users) } else { (file.user, file.users) };
        Self {
            runtime: self.runtime.or(file.runtime),
            threads: self.threads.or(file.threads),
            data: self.data.or(file.data),
            user,
            users,
            trace: self.trace || file.trace,
            ..file
        }
    }

    fn settle(self, listeners: Vec<Listener>) -> Result<Settings, OptionsError> {
        let limits = self.limits.unwrap_or_default();
        if let Some((name, least)) = limits.too_small() {
            return Err(OptionsError::LimitTooSmall { name, least });
        }
        if let Some(fault) = self.irc_network.fault() {
            return Err(OptionsError::Irc(fault));
        }
        if let Some(fault) = self.xmpp_server.fault() {
            return Err(OptionsError::Xmpp(fault));
        }
        let has_components = listeners.iter().any(|listener| listener.protocol == Protocol::XmppComponent);
        if has_components && self.xmpp_server.components.is_empty() {
            return Err(OptionsError::NoComponents);
        }
        let runtime = self.runtime.unwrap_or_default();
        if runtime == Runtime::Blocking && self.threads.is_some() {
            return Err(OptionsError::ThreadsOfBlocking);
        }
        Ok(Settings {
            irc: self.irc_network,
            xmpp: self.xmpp_server,
            listeners,
            users: user_source(&self.user, self.users)?,
            runtime,
            threads: self.threads,
            data: self.data.unwrap_or_else(|| PathBuf::from("switchboard-data")),
            server_name: server_name(self.server_name)?,
            motd: match self.motd_file {
                Some(path) => MotdSource::File(path),
                None => MotdSource::Text(motd(self.motd)?),
            },
            operators: self.operators.iter().map(|name| operator(name)).collect::<Result<_, _>>()?,
            limits,
            certificate: self.certificate,
            certificates: self.certificates,
            client_authorities: self.client_authorities,
            trace: self.trace,
        })
    }
}

fn user_source(given: &[Secret], file: Option<PathBuf>) -> Result<UserSource, OptionsError> {
    if let Some(path) = file {
        return Ok(UserSource::File(path));
    }
    let mut users: Vec<Credentials> = Vec::with_capacity(given.len());
    for text in given {
        let user = Credentials::parse(text.expose())?;
        if users.iter().any(|other| other.name == user.name) {
            return Err(OptionsError::UserTwice(user.name));
        }
        users.push(user);
    }
    Ok(if users.is_empty() { UserSource::Demo } else { UserSource::Given(users) })
}

fn server_name(text: Option<String>) -> Result<String, OptionsError> {
    let text = text.unwrap_or_else(|| "localhost".to_owned());
    match ServerName::try_from(text.as_str()) {
        Ok(_) => Ok(text),
        Err(_) => Err(OptionsError::ServerName(text)),
    }
}

fn motd(text: Option<String>) -> Result<String, OptionsError> {
    let text = text.unwrap_or_else(|| "Welcome to switchboard.".to_owned());
    MotdSource::tidy(&text).ok_or(OptionsError::Motd)
}

fn operator(name: &str) -> Result<UserName, OptionsError> {
    UserName::parse(name).map_err(|source| OptionsError::Operator { name: name.to_owned(), source })
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// Folds a message of several lines into one, without the usage text.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let wanted = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let joined = wanted.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    joined.strip_prefix("error: ").map(str::to_owned).unwrap_or(joined)
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// Why the options make no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The command line does not parse.
    #[error("{0} (try --help)")]
    CommandLine(String),
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    ConfigUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration file is not TOML, or has an unknown key or a bad value.
    #[error("{} line {line}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The configuration file names users in two ways.
    #[error("the configuration file has both user and users; keep one of them")]
    UserAndUsers,
    /// Every listener is off.
    #[error("every listener is off, so there is nothing to serve; give at least one an address")]
    NothingToServe,
    /// A user is not `NAME:PASSWORD`.
    #[error("--user: {0}")]
    User(#[from] CredentialsError),
    /// One name was given twice.
    #[error("--user: {0} is given twice")]
    UserTwice(UserName),
    /// An operator's name breaks the rules for names.
    #[error("operators: {name:?}: {source}")]
    Operator {
        /// What was written.
        name: String,
        /// The broken rule.
        source: NameError,
    },
    /// The server's name is no host name.
    #[error("server-name: {0:?} is neither a host name nor an IP address")]
    ServerName(String),
    /// The message of the day would break line-based protocols.
    #[error("motd: control characters other than line ends are not allowed")]
    Motd,
    /// The configuration file has the message of the day in two ways.
    #[error("the configuration file has both motd and motd-file; keep one of them")]
    MotdTwice,
    /// A value in `[irc-network]` cannot be used.
    #[error("irc-network: {0}")]
    Irc(IrcFault),
    /// A value in `[xmpp-server]` cannot be used.
    #[error("xmpp-server: {0}")]
    Xmpp(XmppFault),
    /// Nobody could come in.
    #[error("--xmpp-component: no component is known; name one and its secret in the file's [xmpp-server.components]")]
    NoComponents,
    /// There is a thread for each connection.
    #[error("--threads is of tokio and async-std: the blocking runtime has a thread for each connection")]
    ThreadsOfBlocking,
    /// A limit would stop the service.
    #[error("limits: {name} must be at least {least}")]
    LimitTooSmall {
        /// The key.
        name: &'static str,
        /// Its least value.
        least: u32,
    },
}

#[cfg(test)]
mod tests;
