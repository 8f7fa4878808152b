"""Bare sockets: what no well-behaved client sends."""

import base64
import contextlib
import socket
import ssl

from .cases import PLAIN, STLS, case, equal
from .mail import wire


class Wire:
    """A connection, line by line."""

    def __init__(self, world, port=None):
        self.world = world
        self.socket = socket.create_connection(("127.0.0.1", port or world.server.ports["pop3"]), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        """The next line without its end; None at the end of the connection."""
        while b"\r\n" not in self.rest:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                assert not self.rest, f"the connection ended within a line: {self.rest!r}"
                return None
            self.rest += more
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def lines(self):
        """A multi-line answer without the closing dot, unstuffed."""
        found = []
        while (line := self.line()) != b".":
            assert line is not None, "the connection ended within an answer"
            found.append(line[1:] if line.startswith(b".") else line)
        return found

    def ok(self):
        line = self.line()
        assert line is not None and line.startswith(b"+OK"), f"{line!r}, not +OK"
        return line

    def err(self, code=b""):
        line = self.line()
        assert line is not None and line.startswith(b"-ERR " + code), f"{line!r}, not -ERR {code.decode()}"
        return line

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.ok()

    def login(self):
        self.ok()
        self.ask(b"USER " + self.world.user.encode())
        self.ask(b"PASS " + self.world.password.encode())

    def shake_hands(self):
        context = ssl.create_default_context(cafile=str(self.world.ca))
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def ends(self):
        equal(self.line(), None, "the end")


@contextlib.contextmanager
def wired(world, port=None):
    wire = Wire(world, port)
    try:
        yield wire
    finally:
        wire.socket.close()


def credentials(world):
    return f"USER {world.user}\r\nPASS {world.password}\r\n".encode()


@case("send a whole session at once, QUIT included")
def pipelined(world):
    messages = world.mailbox.files()
    with wired(world) as w:
        commands = "".join(f"RETR {n}\r\nNOOP\r\n" for n in range(1, len(messages) + 1))
        w.send(credentials(world) + b"STAT\r\n" + commands.encode() + b"DELE 1\r\nQUIT\r\n")
        for _ in range(4):
            w.ok()
        for number, message in enumerate(messages, 1):
            w.ok()
            equal(b"".join(line + b"\r\n" for line in w.lines()), wire(message), f"RETR {number}")
            w.ok()
        w.ok()
        w.ok()
        w.ends()
    equal(world.mailbox.files(), messages[1:], "the mail that is left")


@case("send a session octet by octet")
def by_octets(world):
    with wired(world) as w:
        for octet in credentials(world) + b"NOOP\r\nLIST 1\r\nQUIT\r\n":
            w.send(bytes([octet]))
        for _ in range(6):
            w.ok()
        w.ends()


@case("send commands behind QUIT, which act on nothing")
def behind_quit(world):
    before = world.mailbox.files()
    with wired(world) as w:
        w.send(credentials(world) + b"QUIT\r\nDELE 1\r\nQUIT\r\n" + b"NOOP\r\n" * 100)
        for _ in range(4):
            w.ok()
        w.ends()
    equal(world.mailbox.files(), before, "the mail")


@case("send octets behind STLS, which act on nothing")
def behind_stls(world):
    for injected in (credentials(world) + b"DELE 1\r\nQUIT\r\n", b"USER mallory\r\n", b"NO", b"\r\n"):
        before = world.mailbox.files()
        with wired(world) as w:
            w.ok()
            w.send(b"STLS\r\n" + injected)
            line = w.line()
            # Refused, or taken and the handshake then fails; never obeyed.
            if line is not None and line.startswith(b"+OK"):
                with contextlib.suppress(ssl.SSLError, OSError):
                    w.shake_hands()
                    raise AssertionError(f"the handshake came to pass after {injected!r}")
            else:
                extra = w.line()
                assert extra is None or not extra.startswith(b"+OK"), f"{injected!r} was obeyed: {extra!r}"
        equal(world.mailbox.files(), before, "the mail")


@case("give a name before STLS, which is forgotten")
def name_before_stls(world):
    with wired(world) as w:
        w.ok()
        w.ask(b"USER " + world.user.encode())
        w.ask(b"STLS")
        w.shake_hands()
        w.send(b"PASS " + world.password.encode() + b"\r\n")
        w.err()


@case("cancel and spoil SASL exchanges")
def sasl_faults(world):
    with wired(world) as w:
        w.ok()
        w.send(b"AUTH PLAIN\r\n")
        assert w.line().startswith(b"+ "), "no continuation"
        w.send(b"*\r\n")
        w.err()
        w.send(b"AUTH PLAIN\r\n")
        w.line()
        w.send(b"!!!\r\n")
        w.err()
        w.send(b"AUTH PLAIN =\r\n")
        w.err()
        w.send(b"AUTH NO-SUCH-MECHANISM\r\n")
        w.err()
        proof = base64.b64encode(f"\0{world.user}\0{world.password}".encode())
        w.ask(b"AUTH PLAIN " + proof)
        w.ask(b"QUIT")
        w.ends()


@case("send a line of 2 MB")
def long_line(world):
    with wired(world) as w:
        w.login()
        with contextlib.suppress(ConnectionError):
            w.send(b"NOOP " + b"x" * 2_000_000 + b"\r\nNOOP\r\n")
        line = w.line()
        assert line is None or line.startswith(b"-ERR"), line


@case("send a line of 10 MB without an end")
def endless_line(world):
    with wired(world) as w:
        w.ok()
        with contextlib.suppress(ConnectionError):
            for _ in range(160):
                w.send(b"x" * 65536)
            w.send(b"\r\n")
        line = w.line()
        assert line is None or line.startswith(b"-ERR"), line


@case("end lines with LF alone, and send NUL, CR and 8-bit octets")
def odd_lines(world):
    with wired(world) as w:
        w.login()
        w.send(b"NOOP\n")
        line = w.line()
        assert line.startswith((b"+OK", b"-ERR")), line
        for odd in (b"NO\0OP", b"NOOP\rNOOP", b"NO\xffOP", b"", b" NOOP"):
            w.send(odd + b"\r\n")
            w.err()


@case("send nonsense for ever, and are shown out")
def nonsense(world):
    with wired(world) as w:
        w.ok()
        with contextlib.suppress(ConnectionError):
            w.send(b"HELO\r\n" * 10_000)
        said = 0
        while (line := w.line()) is not None:
            assert line.startswith(b"-ERR"), line
            said += 1
        assert said < 1000, f"{said} bad commands were answered"


@case("drop the connection at any place of a session")
def dropped_anywhere(world):
    before = world.mailbox.files()
    script = credentials(world) + b"DELE 1\r\nDELE 2\r\nRETR 3\r\nQUI"
    for cut in range(0, len(script) + 1, 5):
        with wired(world) as w:
            w.send(script[:cut])
    from .with_poplib import until_free

    world.way = PLAIN
    until_free(world)
    equal(world.mailbox.files(), before, "the mail")


@case("read nothing of a large answer, and leave")
def unread(world):
    with wired(world) as w:
        w.login()
        w.send(b"RETR 7\r\n" * 500)
    with wired(world) as w:
        w.ok()
        w.ask(b"CAPA")
        w.lines()


@case("speak TLS to the plain port, and plain to the TLS port")
def wrong_port(world):
    with wired(world) as w:
        with contextlib.suppress(ssl.SSLError, OSError):
            w.shake_hands()
            raise AssertionError("the plain port speaks TLS")
    with wired(world, world.server.ports["pop3s"]) as w:
        w.send(b"USER x\r\nQUIT\r\n")
        with contextlib.suppress(ConnectionError):
            while answer := w.socket.recv(4096):
                assert b"+OK" not in answer, answer
