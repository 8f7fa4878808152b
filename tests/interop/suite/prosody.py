"""Prosody: clients, servers and a component."""

from .certificates import Authority
from .peer import Peer

CONFIG = """
pidfile = "{home}/prosody.pid"
data_path = "{home}/data"
certificates = "{home}"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ {c2s_tls} }}
s2s_ports = {{ {s2s} }}
component_ports = {{ {component} }}
component_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {http} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{ }}
consider_websocket_secure = true
modules_enabled = {{
    "roster"; "saslauth"; "tls"; "dialback"; "disco"; "carbons"; "pep"; "private"; "blocklist"; "vcard4"; "vcard_legacy";
    "version"; "uptime"; "time"; "ping"; "register"; "mam"; "csi_simple"; "smacks"; "s2s_bidi"; "websocket"; "limits"; "legacyauth"
}}
modules_disabled = {{ "offline" }}
authentication = "internal_hashed"
allow_unencrypted_plain_auth = true
allow_registration = false
c2s_require_encryption = false
s2s_require_encryption = false
s2s_secure_auth = false
limits = {{ }}
smacks_hibernation_time = 60
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
ssl = {{ certificate = "{home}/localhost.crt", key = "{home}/localhost.key", cafile = "{home}/ca.pem" }}

VirtualHost "localhost"
VirtualHost "plain.localhost"
    disable_sasl_mechanisms = {{ "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" }}
    ssl = {{ certificate = "{home}/plain.localhost.crt", key = "{home}/plain.localhost.key" }}
Component "rooms.localhost" "muc"
Component "bridge.localhost"
    component_secret = "{secret}"
"""
SECRET = "between-us"
HOSTS = ("localhost", "plain.localhost")


class Prosody(Peer):
    """The server, on free ports, with an account for each case."""

    PORTS = ("c2s", "c2s_tls", "s2s", "component", "http")
    secret = SECRET

    def __enter__(self):
        self.authority = authority = Authority(self.home.path / "ca")
        self.ca = authority.certificate.read_bytes()
        self.home.put("ca.pem", self.ca)
        for host in HOSTS:
            chain, key = authority.certify_host(host)
            self.home.put(f"{host}.crt", chain)
            self.home.put(f"{host}.key", key)
        self.home.folder("data")
        return super().__enter__()

    def configured(self):
        config = self.home.put("prosody.cfg.lua", CONFIG.format(home=self.home.path, secret=SECRET, **self.ports))
        for account in self.accounts:
            for host in HOSTS:
                self.home.run("prosodyctl", "--config", config, "register", account.name, host, account.password)
        return ["prosody", "-F", "--config", config]
