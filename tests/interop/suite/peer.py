"""A server of somebody else's: started with a configuration of its own, unprivileged, on free ports, and ended."""

import signal
import socket
import subprocess
import time

from .client import Home


class Peer:
    """A server without mail. Kinds of it say which `PORTS` it has, how it is `configured`, and by which command."""

    PORTS = ()
    ca = b""

    def __init__(self, root, accounts):
        name = type(self).__name__.lower()
        self.home = Home(root / name)
        self.log = root / f"{name}.log"
        self.accounts = accounts
        self.ports = {}

    def configured(self):
        """Writes the configuration for `self.ports`, and gives the command that starts the server."""
        raise NotImplementedError

    def __enter__(self):
        # Between the choice of a port and its use another may take it.
        for _ in range(3):
            self.ports = {name: free_port() for name in self.PORTS}
            command = self.configured()
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(
                    [str(word) for word in command],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.home.surroundings(),
                )  # fmt: skip
            if all(self._listens(port) for port in self.ports.values()):
                return self
            self.__exit__()
        raise SystemExit(f"{command[0]} did not start:\n{self.log_tail()}")

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
        """There is no mail in it."""

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def _listens(self, port):
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=10).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
