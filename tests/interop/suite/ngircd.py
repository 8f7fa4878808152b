"""Starts ngIRCd, which compresses links between servers, and ends it."""

import os
import signal
import socket
import subprocess
import time

from .client import Home
from .dovecot import free_port

CONFIG = """
[Global]
Name = hub.test
Info = interop
AdminInfo1 = nobody
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = hello
[Limits]
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
IncludeDir = {home}/nothing
[Server]
Name = leaf.test
MyPassword = in-pass
PeerPassword = out-pass
Passive = yes
"""


class Ngircd:
    """The server, on a free port. There is no mail in it."""

    ca = b""

    def __init__(self, root, accounts):
        self.home = Home(root / "ngircd")
        self.log = self.home.path / "log"

    def __enter__(self):
        self.home.folder("nothing")
        for _ in range(3):
            self.port = free_port()
            self.ports = {"irc": self.port}
            config = self.home.put("ngircd.conf", CONFIG.format(port=self.port, home=self.home.path))
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    ["ngircd", "-n", "-f", str(config)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.home.surroundings(),
                )  # fmt: skip
            if self._listens():
                return self
            self._end()
        raise SystemExit(f"ngircd did not start:\n{self.log_tail()}")

    def __exit__(self, *_):
        self._end()

    def mailbox(self, _user):
        return self

    def fill(self, _messages):
        pass

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def _listens(self):
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def _end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.kill(self.process.pid, signal.SIGKILL)
                self.process.wait()
