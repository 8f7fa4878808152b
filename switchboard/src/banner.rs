//! The first-steps page: who may log in, and commands ready to paste.

mod imap;
mod irc;
mod xmpp;

use std::borrow::Cow;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use wirestate_driver::Address;

use crate::protocol::Protocol;
use crate::service::Entrance;
use crate::users::{User, Users};

/// The page, for standard output after the `listening` lines.
///
/// `bound` are the listeners with the ports they really have. `ca` is the
/// authority's certificate to trust, `None` when the system trusts the
/// server's already. `domain` is that of XMPP's users. Passwords are shown for
/// the made users only.
pub fn first_steps(users: &Users, bound: &[Entrance], ca: Option<&Path>, domain: &str) -> String {
    let mut page = String::from("\nUsers:\n");
    for user in users.iter() {
        let _ = match password(user, users) {
            Some(password) => writeln!(page, "  {:<12} {password}", user.name()),
            None => writeln!(page, "  {}", user.name()),
        };
    }
    let Some(user) = users.iter().next() else { return page };
    // Clients begin with no PROXY header.
    for entrance in bound.iter().filter(|entrance| !entrance.is_proxied) {
        let Entrance { protocol, address, .. } = entrance;
        let name = user.name().as_str();
        let password = password(user, users).unwrap_or("PASSWORD");
        let commands = match (protocol, address) {
            (Protocol::Pop3 | Protocol::Pop3s, Address::Tcp(address)) => {
                let place = Place { host: host(*address), port: address.port(), socket: None, ca };
                pop3(&place, *protocol, name, password).to_vec()
            }
            (Protocol::Pop3 | Protocol::Pop3s, Address::Unix(Some(socket))) => {
                let place = Place { host: "localhost".to_owned(), port: 110, socket: Some(socket), ca };
                vec![pop3_curl(&place, *protocol, name, password)]
            }
            (Protocol::Imap | Protocol::Imaps, address) => imap::imap(address, ca, *protocol, name, password),
            (Protocol::Irc | Protocol::Ircs | Protocol::Web, Address::Tcp(address)) => {
                let place = Place { host: host(*address), port: address.port(), socket: None, ca };
                match protocol {
                    Protocol::Web => irc::web(&place, entrance.is_private()),
                    _ => {
                        irc::irc(&place, *protocol, name, password, entrance.is_private() || protocol.is_implicit_tls())
                    }
                }
            }
            (Protocol::Xmpp | Protocol::Xmpps, Address::Tcp(address)) => {
                let place = Place { host: host(*address), port: address.port(), socket: None, ca };
                xmpp::xmpp(&place, *protocol, domain, name, password)
            }
            _ => continue,
        };
        let _ = match protocol {
            Protocol::Web => writeln!(page, "\n{} on {address}:", title(*protocol)),
            Protocol::Xmpp | Protocol::Xmpps => writeln!(
                page,
                "\n{} on {address}, for {name}; in profanity, /join lobby@rooms.{domain} is the room that IRC has as #lobby:",
                title(*protocol)
            ),
            _ => writeln!(page, "\n{} on {address}, for {name}:", title(*protocol)),
        };
        for command in commands {
            let _ = writeln!(page, "  {command}");
        }
    }
    page
}

/// What a command needs to know to get there.
struct Place<'a> {
    host: String,
    port: u16,
    /// The Unix socket that is the way there, whatever host and port are called.
    socket: Option<&'a Path>,
    ca: Option<&'a Path>,
}

impl Place<'_> {
    /// An option with the authority's file, if there is one to name, and a
    /// blank after it.
    fn trust(&self, option: &str) -> String {
        self.ca.map(|ca| format!("{option}{} ", quoted(&ca.to_string_lossy()))).unwrap_or_default()
    }

    /// The host within a URL.
    fn url_host(&self) -> Cow<'_, str> {
        if self.host.contains(':') { format!("[{}]", self.host).into() } else { self.host.as_str().into() }
    }
}

fn pop3(place: &Place<'_>, protocol: Protocol, user: &str, password: &str) -> [String; 5] {
    let implicit = protocol.is_implicit_tls();
    let (host, url_host, port) = (&place.host, place.url_host(), place.port);
    let curl = pop3_curl(place, protocol, user, password);
    let openssl = format!(
        "openssl s_client -quiet -crlf {}{}-connect {url_host}:{port}",
        place.trust("-CAfile "),
        if implicit { "" } else { "-starttls pop3 " },
    );
    // Without a new file each time, mpop would take the mail for fetched for
    // ever after. /dev/null will not do: mpop renames a plain file over what
    // it is given, and if root does that, the device is gone.
    let mpop = format!(
        "mpop --host={host} --port={port} --tls --tls-starttls={} {}--auth=user --user={user} --passwordeval={} \
         --keep --only-new=off --uidls-file=\"$(mktemp)\" --deliver=mda,cat",
        if implicit { "off" } else { "on" },
        place.trust("--tls-trust-file="),
        quoted(&format!("echo {password}")),
    );
    let fetchmail = format!(
        "echo {} | fetchmail -f - -N -a",
        quoted(&format!(
            "poll {host} protocol pop3 port {port} user {user} password {password} {} {}keep mda cat",
            if implicit { "ssl" } else { "sslproto \"tls1.2+\"" },
            place.ca.map(|ca| format!("sslcertck sslcertfile {} ", double_quoted(ca))).unwrap_or_default(),
        )),
    );
    // Some releases of mutt choose a -PLUS mechanism that they have no channel binding for, and then give up.
    let mutt = format!(
        "mutt {}-e {} -f {}://{user}:{password}@{url_host}:{port}/",
        place
            .ca
            .map(|ca| format!("-e {} ", quoted(&format!("set ssl_ca_certificates_file={}", double_quoted(ca)))))
            .unwrap_or_default(),
        quoted(if implicit {
            "set pop_delete=no pop_authenticators=user"
        } else {
            "set pop_delete=no pop_authenticators=user ssl_force_tls=yes ssl_starttls=yes"
        }),
        if implicit { "pops" } else { "pop" },
    );
    [curl, openssl, mpop, fetchmail, mutt]
}

fn pop3_curl(place: &Place<'_>, protocol: Protocol, user: &str, password: &str) -> String {
    let socket = place.socket.map(|socket| format!("--unix-socket {} ", quoted(&socket.to_string_lossy())));
    format!(
        "curl {}{}{}-u {} {protocol}://{}:{}/1",
        socket.unwrap_or_default(),
        place.trust("--cacert "),
        if protocol.is_implicit_tls() { "" } else { "--ssl-reqd " },
        quoted(&format!("{user}:{password}")),
        place.url_host(),
        place.port,
    )
}

fn title(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Pop3 => "POP3 with STLS",
        Protocol::Pop3s => "POP3 within TLS",
        Protocol::Imap => "IMAP with STARTTLS",
        Protocol::Imaps => "IMAP within TLS",
        Protocol::Irc => "IRC with STARTTLS",
        Protocol::Ircs => "IRC within TLS",
        Protocol::Xmpp => "XMPP with STARTTLS",
        Protocol::Xmpps => "XMPP within TLS",
        Protocol::XmppComponent => "XMPP for components",
        Protocol::Web => "A page to chat on, and IRC and XMPP by WebSocket,",
    }
}

fn password<'a>(user: &'a User, users: &Users) -> Option<&'a str> {
    user.secret().filter(|_| users.are_demo()).map(|secret| secret.expose())
}

/// The name to reach an address by; one that stands in the certificate.
fn host(address: SocketAddr) -> String {
    let ip = address.ip();
    if ip.is_unspecified() || ip == std::net::Ipv4Addr::LOCALHOST { "localhost".to_owned() } else { ip.to_string() }
}

/// Quoted for a shell, where need be.
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into()
    } else {
        format!("'{}'", text.replace('\'', r"'\''")).into()
    }
}

/// Quoted for irssi's configuration.
fn config_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// Quoted for a configuration line within a shell's quotes.
fn double_quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    if quoted(&path) == path {
        path.into_owned()
    } else {
        format!("\"{}\"", path.replace('\\', r"\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::settings::{Credentials, UserSource};

    fn page(source: &UserSource, ca: Option<&str>) -> (String, String) {
        let root = tempfile::tempdir().unwrap();
        let users = Users::load(source, &DataFolder::open(root.path()).unwrap()).unwrap();
        let bound = [
            (Protocol::Pop3, Address::Tcp("127.0.0.1:40001".parse().unwrap()), false),
            (Protocol::Pop3s, Address::Tcp("[::1]:40002".parse().unwrap()), false),
            (Protocol::Pop3, Address::Unix(Some("/run/it's".into())), false),
            (Protocol::Pop3, Address::Tcp("127.0.0.1:40003".parse().unwrap()), true),
            (Protocol::Imap, Address::Tcp("127.0.0.1:40008".parse().unwrap()), false),
            (Protocol::Imaps, Address::Tcp("127.0.0.1:40009".parse().unwrap()), false),
            (Protocol::Irc, Address::Tcp("127.0.0.1:40004".parse().unwrap()), false),
            (Protocol::Irc, Address::Tcp("192.0.2.1:40005".parse().unwrap()), false),
            (Protocol::Ircs, Address::Tcp("127.0.0.1:40006".parse().unwrap()), false),
            (Protocol::Web, Address::Tcp("127.0.0.1:40007".parse().unwrap()), false),
            (Protocol::Xmpp, Address::Tcp("127.0.0.1:40010".parse().unwrap()), false),
            (Protocol::Xmpps, Address::Tcp("127.0.0.1:40011".parse().unwrap()), false),
        ]
        .map(|(protocol, address, is_proxied)| Entrance { protocol, address, is_proxied });
        let first = users.iter().next().unwrap().secret().unwrap().expose().to_owned();
        (first_steps(&users, &bound, ca.map(Path::new), "localhost"), first)
    }

    #[test]
    fn demo_passwords_and_real_ports_stand_in_the_commands() {
        let (page, password) = page(&UserSource::Demo, Some("/d/tls/ca.pem"));
        for line in [
            format!("  alice        {password}"),
            format!("  curl --cacert /d/tls/ca.pem --ssl-reqd -u alice:{password} pop3://localhost:40001/1"),
            format!("  curl --cacert /d/tls/ca.pem -u alice:{password} pop3s://[::1]:40002/1"),
            format!(
                r"  curl --unix-socket '/run/it'\''s' --cacert /d/tls/ca.pem --ssl-reqd -u alice:{password} pop3://localhost:110/1"
            ),
            "  openssl s_client -quiet -crlf -CAfile /d/tls/ca.pem -starttls pop3 -connect localhost:40001".to_owned(),
            format!(
                "  weechat --temp-dir --run-command '/set weechat.network.gnutls_ca_user /d/tls/ca.pem;/server add switchboard \
                 localhost/40006 -ssl -tls -nicks=alice -sasl_username=alice -sasl_password={password} \
                 -autojoin=#lobby;/connect switchboard'"
            ),
            "  xdg-open http://localhost:40007/".to_owned(),
            "  curl http://localhost:40007/.well-known/host-meta".to_owned(),
            format!(
                "  echo hello | SSL_CERT_FILE=/d/tls/ca.pem go-sendxmpp -t -u alice@localhost -p {password} -j localhost:40011 \
                 -c lobby@rooms.localhost"
            ),
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\nnot in{page}");
        }
        for (program, count) in [("mpop", 2), ("fetchmail", 2), ("  mutt", 4), ("neomutt", 2), ("mbsync", 2)] {
            assert_eq!(page.lines().filter(|line| line.contains(program)).count(), count, "{page}");
        }
        let curl =
            format!("  curl --cacert /d/tls/ca.pem -u alice:{password} 'imaps://localhost:40009/INBOX;MAILINDEX=1'");
        assert!(page.lines().any(|line| line == curl), "{page}");
        for (program, count) in [("irssi", 3), ("weechat --", 3), ("-starttls irc", 2), ("profanity -a", 2)] {
            assert_eq!(page.lines().filter(|line| line.contains(program)).count(), count, "{page}");
        }
        let far = page.lines().filter(|line| line.contains("40005")).collect::<Vec<_>>();
        assert!(
            far.iter().all(|line| !line.contains("sasl") || line.contains("starttls = \"yes\"")),
            "no password is taken there in the clear: {far:?}"
        );
        assert!(!page.contains("40003"), "no client begins with a PROXY header: {page}");
        assert!(!page.contains("/dev/"), "a program that replaces its file would destroy the device: {page}");
    }

    #[test]
    fn given_passwords_are_not_repeated() {
        let source = UserSource::Given(vec![Credentials::parse("dora:hunter2").unwrap()]);
        let (page, _) = page(&source, None);
        assert!(!page.contains("hunter2"), "{page}");
        assert!(page.contains("curl --ssl-reqd -u dora:PASSWORD pop3://localhost:40001/1"), "{page}");
        assert!(!page.contains("cacert"));
    }

    #[test]
    fn odd_paths_are_quoted() {
        let (page, _) = page(&UserSource::Demo, Some("/my data/it's/ca.pem"));
        assert!(page.contains(r"--cacert '/my data/it'\''s/ca.pem' "), "{page}");
        assert!(page.contains(r#"sslcertfile "/my data/it'\''s/ca.pem" keep"#), "{page}");
    }
}
