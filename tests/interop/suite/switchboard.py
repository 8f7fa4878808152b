"""Starts switchboard, and ends it."""

import os
import re
import signal
import subprocess
import threading

from .certificates import Authority
from .mail import Mailbox


# From one address, which here all clients have.
CONNECTIONS = 300
# How fast one may send on IRC.
FLOOD_LINES, FLOOD_MILLISECONDS = 20, 50
PROTOCOLS = ("pop3", "pop3s", "imap", "imaps", "irc", "ircs", "xmpp", "xmpps", "web")


class Switchboard:
    """The program, listening on ports of the system's choice."""

    def __init__(self, root, accounts, more=()):
        self.data = root / "switchboard"
        self.log = root / "switchboard.log"
        config = root / "switchboard.toml"
        self.clients = Authority(root / "clients")
        config.write_text(
            f'client-authorities = "{self.clients.certificate}"\n[limits]\nconnections-per-address = {CONNECTIONS}\n'
            f"[irc-network]\nflood-lines = {FLOOD_LINES}\nflood-milliseconds = {FLOOD_MILLISECONDS}\n"
        )
        self.command = [os.environ["SWITCHBOARD"], "--data", str(self.data), "--config", str(config)]
        for protocol in PROTOCOLS:
            if f"--{protocol}" not in more:
                self.command += [f"--{protocol}", "127.0.0.1:0"]
        self.command += more
        self.command += os.environ.get("SWITCHBOARD_FLAGS", "").split()
        for account in accounts:
            self.command += ["--user", f"{account.name}:{account.password}"]
        self.ports = {}
        self.page = []

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        watchdog = threading.Timer(60, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            found = re.match(rb"listening (\w+) 127\.0\.0\.1:(\d+)$", line.strip())
            if not found:
                break
            self.ports[found[1].decode()] = int(found[2])
        watchdog.cancel()
        if not self.ports:
            self.process.kill()
            self.process.wait()
            raise SystemExit(f"switchboard did not start:\n{self.log_tail()}")
        # Whatever else it prints must not fill the pipe.
        self.reader = threading.Thread(target=self._read_page, daemon=True)
        self.reader.start()
        self.ca = (self.data / "tls" / "ca.pem").read_bytes()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise SystemExit("switchboard did not end within 30 seconds of SIGTERM")
        if self.process.returncode != 0:
            raise SystemExit(f"switchboard ended with {self.process.returncode}:\n{self.log_tail()}")

    def _read_page(self):
        for line in self.process.stdout:
            self.page.append(line.decode().rstrip("\n"))

    def mailbox(self, user):
        return Mailbox(self.data / "mail" / user)

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
