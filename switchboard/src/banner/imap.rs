//! Commands that read and synchronize mailboxes.

use wirestate_driver::Address;

use super::{Place, double_quoted, host, quoted};
use crate::protocol::Protocol;

/// Commands of clients that read mail, of one that copies it both ways, and of
/// openssl; none where no client gets there.
pub(super) fn imap(
    address: &Address,
    ca: Option<&std::path::Path>,
    protocol: Protocol,
    user: &str,
    password: &str,
) -> Vec<String> {
    match address {
        Address::Tcp(address) => {
            let place = Place { host: host(*address), port: address.port(), socket: None, ca };
            let tls = protocol.is_implicit_tls();
            vec![
                curl(&place, protocol, user, password),
                openssl(&place, tls),
                mutt("mutt", &place, tls, user, password),
                mutt("neomutt", &place, tls, user, password),
                mbsync(&place, tls, user, password),
            ]
        }
        Address::Unix(Some(socket)) => {
            let place = Place { host: "localhost".to_owned(), port: 143, socket: Some(socket), ca };
            vec![curl(&place, protocol, user, password)]
        }
        _ => Vec::new(),
    }
}

fn curl(place: &Place<'_>, protocol: Protocol, user: &str, password: &str) -> String {
    let socket = place.socket.map(|socket| format!("--unix-socket {} ", quoted(&socket.to_string_lossy())));
    format!(
        "curl {}{}{}-u {} '{protocol}://{}:{}/INBOX;MAILINDEX=1'",
        socket.unwrap_or_default(),
        place.trust("--cacert "),
        if protocol.is_implicit_tls() { "" } else { "--ssl-reqd " },
        quoted(&format!("{user}:{password}")),
        place.url_host(),
        place.port,
    )
}

/// Then type on: `a LOGIN name password`.
fn openssl(place: &Place<'_>, tls: bool) -> String {
    format!(
        "openssl s_client -quiet -crlf {}{}-connect {}:{}",
        place.trust("-CAfile "),
        if tls { "" } else { "-starttls imap " },
        place.url_host(),
        place.port,
    )
}

fn mutt(program: &str, place: &Place<'_>, tls: bool, user: &str, password: &str) -> String {
    let trust =
        place.ca.map(|ca| format!("-e {} ", quoted(&format!("set ssl_ca_certificates_file={}", double_quoted(ca)))));
    format!(
        "{program} {}-e {} -f {}://{user}:{password}@{}:{}/INBOX",
        trust.unwrap_or_default(),
        // Some releases choose a -PLUS mechanism that they have no channel binding for, and then give up.
        quoted(if tls {
            "set imap_authenticators=plain"
        } else {
            "set imap_authenticators=plain ssl_force_tls=yes ssl_starttls=yes"
        }),
        if tls { "imaps" } else { "imap" },
        place.url_host(),
        place.port,
    )
}

/// Copies all mail into a new folder; a second run copies what has changed,
/// either way.
fn mbsync(place: &Place<'_>, tls: bool, user: &str, password: &str) -> String {
    let trust = place.ca.map(|ca| format!("\\nCertificateFile {}", double_quoted(ca)));
    let config = format!(
        "IMAPAccount switchboard\\nHost {}\\nPort {}\\nUser {user}\\nPass \"{password}\"\\nAuthMechs PLAIN\\nSSLType {}{}\\n\\n\
         IMAPStore far\\nAccount switchboard\\n\\nMaildirStore near\\nPath '\"$d\"'/\\nInbox '\"$d\"'/INBOX\\nSubFolders Verbatim\\n\\n\
         Channel mail\\nFar :far:\\nNear :near:\\nPatterns *\\nCreate Both\\nExpunge Both\\nSyncState *\\n",
        place.host,
        place.port,
        if tls { "IMAPS" } else { "STARTTLS" },
        trust.unwrap_or_default(),
    );
    format!("d=\"$(mktemp -d)\"; printf '{config}' >\"$d/config\"; mbsync -c \"$d/config\" -a; ls \"$d\"")
}
