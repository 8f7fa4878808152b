"""Starts Dovecot's POP3 and IMAP servers with a configuration of its own, unprivileged, and ends it."""

import os
import signal
import socket
import subprocess
import time

from .client import NOBODY, Home
from .mail import Mailbox
from .peer import free_port

CONFIG = """
protocols = pop3 imap
base_dir = {run}
log_path = {home}/log
ssl = yes
ssl_cert = <{home}/server.pem
ssl_key = <{home}/server-key.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u
mail_fsync = never
pop3_lock_session = yes
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {home}/passwd
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop3}
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {pop3s}
    ssl = yes
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
imap_metadata = yes
mail_attribute_dict = file:{home}/mail/%u/dovecot-attributes
mailbox_list_index = yes
mail_plugins = notify quota zlib acl
plugin {{
  quota = count:everything
  quota_rule = *:storage=10M
  quota_vsizes = yes
  acl = vfile
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota imap_zlib imap_acl
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Trash {{
    auto = create
    special_use = \\Trash
  }}
}}
service anvil {{
  chroot =
  # Without it, failed logins from an address are not paid for by the next ones.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


class Dovecot:
    """The server, on free ports."""

    def __init__(self, root, accounts):
        self.home = Home(root / "dovecot")
        self.accounts = accounts
        self.ports = {}

    def __enter__(self):
        home = self.home
        home.folder("mail")
        self.ca = self._certify()
        # Half of the users have a password that only SCRAM-SHA-256 and the plain mechanisms can check.
        lines = []
        for account in self.accounts:
            stored = f"{{PLAIN}}{account.password}"
            if "stored" in account.name:
                made = home.run("doveadm", "pw", "-s", "SCRAM-SHA-256", "-p", account.password)
                stored = made.stdout.decode().strip()
            lines.append(f"{account.name}:{stored}\n")
        home.put("passwd", "".join(lines))
        # A socket's path must be short.
        run = home.folder("run")
        for _ in range(3):
            self.ports = {name: free_port() for name in ("pop3", "pop3s", "imap", "imaps")}
            uid, gid = (NOBODY.pw_uid, NOBODY.pw_gid) if NOBODY else (os.getuid(), os.getgid())
            config = CONFIG.format(
                home=home.path, run=run, uid=uid, gid=gid, user=name_of(uid), group=group_of(gid), **self.ports
            )
            path = home.put("dovecot.conf", config)
            self.process = subprocess.Popen(
                ["dovecot", "-F", "-c", str(path)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                start_new_session=True, **home.surroundings(),
            )  # fmt: skip
            if self._greets():
                return self
            self._end()
        raise SystemExit(f"dovecot did not start: {self.said}\n{self.log_tail()}")

    def __exit__(self, *_):
        self._end()

    def mailbox(self, user):
        owner = (NOBODY.pw_uid, NOBODY.pw_gid) if NOBODY else None
        return Mailbox(self.home.path / "mail" / user, owner)

    def log_tail(self):
        log = self.home.path / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-25:]) if log.exists() else "(no log)"

    def _certify(self):
        self.home.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=interop", "-keyout", "ca-key.pem", "-out", "ca.pem",
        )  # fmt: skip
        self.home.run(
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server-key.pem", "-out", "server.csr",
        )  # fmt: skip
        self.home.put("extensions", "subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:false\n")
        self.home.run(
            "openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
            "-days", "2", "-extfile", "extensions", "-out", "server.pem",
        )  # fmt: skip
        return (self.home.path / "ca.pem").read_bytes()

    def _greets(self):
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                for protocol, greeting in (("pop3", b"+OK"), ("imap", b"* OK")):
                    with socket.create_connection(("127.0.0.1", self.ports[protocol]), timeout=10) as connection:
                        if connection.recv(len(greeting)) != greeting:
                            return False
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def _end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            _, self.said = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            _, self.said = self.process.communicate()


def name_of(uid):
    import pwd

    return pwd.getpwuid(uid).pw_name


def group_of(gid):
    import grp

    return grp.getgrgid(gid).gr_name
