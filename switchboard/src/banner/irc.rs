//! Commands that join #lobby.

use super::{Place, config_quoted, quoted};
use crate::protocol::Protocol;

/// Commands of clients that log in, and of openssl. `with_password` is whether
/// the server takes a password there without STARTTLS.
pub(super) fn irc(
    place: &Place<'_>,
    protocol: Protocol,
    user: &str,
    password: &str,
    with_password: bool,
) -> Vec<String> {
    let login = with_password.then_some((user, password));
    let tls = protocol.is_implicit_tls();
    vec![irssi(place, tls, user, password), weechat(place, tls, user, login), openssl(place, tls, user)]
}

/// What to open in a browser, and, where XMPP's users may log in, what tells its
/// clients of WebSockets.
pub(super) fn web(place: &Place<'_>, admits: bool) -> Vec<String> {
    let site = format!("http://{}:{}", place.url_host(), place.port);
    let told = admits.then(|| format!("curl {site}/.well-known/host-meta"));
    [format!("xdg-open {site}/")].into_iter().chain(told).collect()
}

/// With a home of its own, for irssi takes networks from its configuration
/// alone; what the user has in theirs stays untouched.
fn irssi(place: &Place<'_>, tls: bool, user: &str, password: &str) -> String {
    let trust = place.ca.map(|ca| format!(" tls_cafile = {};", config_quoted(&ca.to_string_lossy())));
    let server = format!(
        "address = {}; port = \"{}\"; chatnet = \"switchboard\"; autoconnect = \"yes\"; {} = \"yes\"; tls_verify = \"yes\";{}",
        config_quoted(&place.host),
        place.port,
        if tls { "use_tls" } else { "starttls" },
        trust.unwrap_or_default(),
    );
    let (user, password) = (config_quoted(user), config_quoted(password));
    let network = format!(
        "type = \"IRC\"; nick = {user}; sasl_mechanism = \"PLAIN\"; sasl_username = {user}; sasl_password = {password};"
    );
    let config = format!(
        "servers = ( {{ {server} }} ); chatnets = {{ switchboard = {{ {network} }}; }}; \
         channels = ( {{ name = \"#lobby\"; chatnet = \"switchboard\"; autojoin = \"yes\"; }} );"
    );
    format!("irssi --home=\"$(d=\"$(mktemp -d)\"; echo {} >\"$d/config\"; echo \"$d\")\"", quoted(&config))
}

fn weechat(place: &Place<'_>, tls: bool, user: &str, login: Option<(&str, &str)>) -> String {
    let trust = place.ca.filter(|_| tls);
    let trust = trust.map(|ca| format!("/set weechat.network.gnutls_ca_user {};", ca.display())).unwrap_or_default();
    // Releases before 4.0 know TLS as ssl; each passes over what it does not know.
    let tls = if tls { "-ssl -tls" } else { "-nossl -notls" };
    let login = login.map(|(user, password)| format!(" -sasl_username={user} -sasl_password={password}"));
    let commands = format!(
        "{trust}/server add switchboard {}/{} {tls} -nicks={user}{} -autojoin=#lobby;/connect switchboard",
        place.host,
        place.port,
        login.unwrap_or_default(),
    );
    format!("weechat --temp-dir --run-command {}", quoted(&commands))
}

/// Then type on: `PRIVMSG #lobby :hello`.
fn openssl(place: &Place<'_>, tls: bool, user: &str) -> String {
    format!(
        "(printf '%s\\n' {} 'USER {user} 0 * {user}' 'JOIN #lobby'; cat) | openssl s_client -quiet -crlf {}{}-connect {}:{}",
        quoted(&format!("NICK {user}")),
        place.trust("-CAfile "),
        if tls { "" } else { "-starttls irc " },
        place.url_host(),
        place.port,
    )
}
