"""Our XMPP client against a server. It takes a list of things to do, and prints what came of each."""

import contextlib
import os
import subprocess
import threading

from .cases import equal
from .chat import PATIENCE, until

NEVER, WARY, STARTTLS, DIRECT, WEBSOCKET = "plain", "wary", "STARTTLS", "direct TLS", "WebSocket"
WAYS = (NEVER, STARTTLS, DIRECT, WEBSOCKET)
POLICIES = {None: "never", NEVER: "never", WARY: "wary", STARTTLS: "starttls", DIRECT: "direct", WEBSOCKET: "websocket"}
PORTS = {None: "c2s", NEVER: "c2s", WARY: "c2s", STARTTLS: "c2s", DIRECT: "c2s_tls", WEBSOCKET: "http"}


class Client:
    """The program under way: what it prints is collected as it comes."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def saw(self, start):
        """Waits for a line that begins with this."""

        def found():
            ended = self.process.poll() is not None and not self.reader.is_alive()
            line = next((line for line in list(self.lines) if line.startswith(start)), None)
            assert line or not ended, f"the client ended without {start!r}; it said {self.lines[-8:]}"
            return line

        return until(found, lambda: f"no {start!r} in {self.lines[-8:]}")

    def said(self, status=0):
        """All that it printed, once it has ended."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the client did not end; it said {self.lines[-8:]}") from None
        self.reader.join()
        equal(self.process.returncode, status, f"the status of the client, which said {self.lines[-8:]}")
        return self.lines

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()


@contextlib.contextmanager
def client(world, *todo, way=None, kind="user", who=None, password=None, port=None, ca=None):
    """The program with its list, ended with the block. By default it is the case's own user."""
    way = way or world.way
    port = port or world.server.ports[PORTS[way]]
    account = [kind, who or f"{world.user}@localhost/ours", password or world.password]
    started = Client([os.environ["INTEROP_XMPP_CLIENT"], f"127.0.0.1:{port}", POLICIES[way], ca or world.ca, *account, *todo])
    try:
        yield started
    finally:
        started.end()


def run(world, *todo, status=0, **more):
    with client(world, *todo, **more) as started:
        return started.said(status)


def only(lines, start):
    """What those lines say that begin with this word."""
    return [line[len(start) + 1 :] for line in lines if line.startswith(start + " ")]


def xml(name, content="", ns="jabber:client", **attributes):
    given = "".join(f" {key.rstrip('_')}='{value}'" for key, value in attributes.items())
    return f"<{name} xmlns='{ns}'{given}>{content}</{name}>"


def message(to, body, **more):
    return xml("message", f"<body>{body}</body>", to=to, type="chat", **more)
