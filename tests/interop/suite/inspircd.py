"""Starts InspIRCd, which knows much of IRCv3, and ends it."""

import signal
import socket
import subprocess
import time

from .client import Home
from .dovecot import free_port

CONFIG = """
<config format="xml">
<server name="irc.example.org" description="interop" network="Interop" id="001">
<admin name="interop" nick="interop" email="interop@example.org">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="main" allow="*" timeout="60" useident="no" resolvehostnames="no" localmax="100" globalmax="100">
<limits maxnick="32">
<module name="cap"><module name="ircv3"><module name="ircv3_servertime"><module name="ircv3_msgid"><module name="ircv3_batch">
<module name="ircv3_labeledresponse"><module name="ircv3_echomessage"><module name="ircv3_ctctags"><module name="namesx"><module name="monitor">
<log method="file" type="*" level="default" target="{home}/log">
<path configdir="{home}" datadir="{home}/data" logdir="{home}/data" runtimedir="{home}/data">
<pid file="{home}/data/pid">
"""


class Inspircd:
    """The server, on a free port. There is no mail in it."""

    ca = b""

    def __init__(self, root, accounts):
        self.home = Home(root / "inspircd")
        self.log = root / "inspircd.log"

    def __enter__(self):
        self.home.folder("data")
        for _ in range(3):
            port = free_port()
            self.ports = {"irc": port}
            config = self.home.put("inspircd.conf", CONFIG.format(port=port, home=self.home.path))
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    ["inspircd", "--nofork", f"--config={config}"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.home.surroundings(),
                )  # fmt: skip
            end = time.monotonic() + 20
            while time.monotonic() < end and self.process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=10).close()
                    return self
                except OSError:
                    time.sleep(0.05)
            self.__exit__()
        raise SystemExit(f"inspircd did not start:\n{self.log_tail()}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def mailbox(self, _user):
        return self

    def fill(self, _messages):
        pass

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
