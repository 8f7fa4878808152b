//! Commands that chat by XMPP, in the room that is #lobby on IRC.

use super::{Place, quoted};
use crate::protocol::Protocol;

/// Commands of a client for people, of one for scripts, and of a library; the
/// last two say something in the room. `domain` is that of the users.
pub(super) fn xmpp(place: &Place<'_>, protocol: Protocol, domain: &str, user: &str, password: &str) -> Vec<String> {
    let tls = protocol.is_implicit_tls();
    let jid = format!("{user}@{domain}");
    let mut commands = vec![profanity(place, tls, domain, user, password)];
    if tls {
        commands.push(go_sendxmpp(place, &jid, domain, password));
    } else {
        commands.push(slixmpp(place, &jid, domain, user, password));
    }
    commands
}

/// With a home of its own, for profanity takes accounts from its files alone;
/// what the user has in theirs stays untouched.
fn profanity(place: &Place<'_>, tls: bool, domain: &str, user: &str, password: &str) -> String {
    let lines = [
        "[switchboard]".to_owned(),
        "enabled=true".to_owned(),
        format!("jid={user}@{domain}"),
        format!("password={password}"),
        format!("server={}", place.host),
        format!("port={}", place.port),
        format!("tls.policy={}", if tls { "legacy" } else { "force" }),
        format!("muc.service=rooms.{domain}"),
        format!("muc.nick={user}"),
    ];
    let lines = lines.iter().map(|line| quoted(line).into_owned()).collect::<Vec<_>>().join(" ");
    format!(
        "(d=\"$(mktemp -d)\" && mkdir \"$d/profanity\" && printf '%s\\n' {lines} >\"$d/profanity/accounts\" && \
         {}XDG_DATA_HOME=\"$d\" XDG_CONFIG_HOME=\"$d\" profanity -a switchboard)",
        place.trust("SSL_CERT_FILE="),
    )
}

fn go_sendxmpp(place: &Place<'_>, jid: &str, domain: &str, password: &str) -> String {
    format!(
        "echo hello | {}go-sendxmpp -t -u {jid} -p {} -j {}:{} -c lobby@rooms.{domain}",
        place.trust("SSL_CERT_FILE="),
        quoted(password),
        place.url_host(),
        place.port,
    )
}

/// Some releases of slixmpp choose a -PLUS mechanism that they have no channel
/// binding for on TLS 1.3; and a name they look up without the port.
fn slixmpp(place: &Place<'_>, jid: &str, domain: &str, user: &str, password: &str) -> String {
    let address = if place.host == "localhost" { "127.0.0.1" } else { &place.host };
    let trust = place.ca.map(|ca| format!("c.ca_certs = {:?}\n", ca.to_string_lossy())).unwrap_or_default();
    let script = format!(
        "import slixmpp\n\
         async def come(_):\n\
         \x20   c.send_presence()\n\
         \x20   await c[\"xep_0045\"].join_muc_wait(\"lobby@rooms.{domain}\", \"{user}-py\", maxstanzas=0)\n\
         \x20   c.send_message(\"lobby@rooms.{domain}\", \"hello\", mtype=\"groupchat\")\n\
         c = slixmpp.ClientXMPP({jid:?}, {password:?}, plugin_config={{\"feature_mechanisms\": {{\"use_mech\": \"PLAIN\"}}}})\n\
         c.register_plugin(\"xep_0045\")\n\
         {trust}c.add_event_handler(\"session_start\", come)\n\
         c.add_event_handler(\"groupchat_message\", lambda m: print(m[\"mucnick\"], m[\"body\"], flush=True))\n\
         c.connect((\"{address}\", {}))\n\
         c.process()",
        place.port,
    );
    format!("python3 -c {}", quoted(&script))
}
