"""People and programs that chat: ours, line by line, and those that people use."""

import base64
import contextlib
import os
import pty
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

IRC, STARTTLS, IRCS = "plain", "STARTTLS", "IRCS"
BOTH = (IRC, IRCS)
PATIENCE = 30


def until(check, what, seconds=PATIENCE):
    """Waits for what another program does; only it knows when."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, f"{what() if callable(what) else what} within {seconds} s"
        time.sleep(0.02)
    return found


def port(world):
    return world.server.ports["ircs" if world.way == IRCS else "irc"]


class Person:
    """A client, line by line."""

    def __init__(self, world, tls=False, at=None):
        self.world = world
        number = at or world.server.ports["ircs" if tls else "irc"]
        self.socket = socket.create_connection(("127.0.0.1", number), timeout=PATIENCE)
        self.rest = b""
        if tls:
            self.shake_hands()

    def shake_hands(self):
        context = ssl.create_default_context(cafile=str(self.world.ca))
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def say(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def line(self):
        """The next line without its end; None at the end of the connection."""
        while b"\n" not in self.rest:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r").decode()

    def hear(self, *words):
        """The next line with one of these words in it; PING is answered."""
        heard = []
        while True:
            line = self.line()
            heard.append(line)
            assert line is not None, f"the connection ended before {words}; heard {heard[-5:]}"
            if line.startswith("PING"):
                self.say("PONG" + line[4:])
            elif any(word in line for word in words):
                return line

    def ask(self, line, *words):
        self.say(line)
        return self.hear(*words)

    def register(self, nick, *capabilities, login=None):
        """Becomes a user; with a name and password, one that is logged in."""
        if capabilities or login:
            wanted = " ".join([*capabilities, *(["sasl"] if login else [])])
            self.say("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :{nick}", f"CAP REQ :{wanted}")
            self.hear(" ACK ")
            if login:
                self.log_in(*login)
                self.hear(" 903 ")
            self.say("CAP END")
        else:
            self.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        self.hear(" 376 ", " 422 ")
        return self

    def log_in(self, name, password):
        self.ask("AUTHENTICATE PLAIN", "AUTHENTICATE +")
        self.say("AUTHENTICATE " + base64.b64encode(f"\0{name}\0{password}".encode()).decode())

    def join(self, channel):
        self.ask(f"JOIN {channel}", " 366 ")
        return self

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def person(world, nick=None, channel=None, **more):
    """Somebody who is on the network, perhaps in a channel, for as long as this lasts."""
    one = Person(world, tls=more.pop("tls", False))
    try:
        if nick:
            one.register(nick, *more.pop("capabilities", ()), **more)
        if channel:
            one.join(channel)
        yield one
    finally:
        one.close()


class Program:
    """A client that people use, while it runs. It writes down what it hears."""

    name = None

    def __init__(self, world, nick, channel, password=None, wrong=False):
        self.world, self.nick, self.channel = world, nick, channel
        self.home = world.home
        self.user, self.password = world.user, "wrong" if wrong else world.password
        self.tls = world.way == IRCS
        self.port = port(world)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def heard(self, text):
        until(lambda: text in self.notes(), lambda: f"{self.name} did not write down {text!r}: {self.notes()[-500:]!r}")

    def notes(self):
        return "".join(path.read_text(errors="replace") for path in self.files() if path.is_file())

    def ended(self):
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end") from None


class Terminal:
    """A terminal for a program that needs one; what it draws is read and kept."""

    def __init__(self, command, surroundings):
        self.ours, theirs = pty.openpty()
        self.drawn = bytearray()
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, **surroundings
        )
        os.close(theirs)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while True:
                if select.select([self.ours], [], [], 1)[0]:
                    more = os.read(self.ours, 65536)
                    if not more:
                        return
                    self.drawn += more

    def type(self, text):
        os.write(self.ours, text.encode() + b"\r")


class Irssi(Program):
    """irssi, on a terminal of ours, with its own log of each channel."""

    name = "irssi"

    def start(self):
        # Left to itself, it takes STARTTLS where it is offered.
        how = {IRC: 'starttls = "no"', STARTTLS: 'starttls = "yes"', IRCS: 'use_tls = "yes"'}[self.world.way]
        tls = f'{how}; tls_verify = "yes"; tls_cafile = "{self.world.ca}";' if self.world.way != IRC else how + ";"
        host = "127.0.0.1" if self.world.way == IRC else "localhost"
        self.home.put("irssi/config", f"""
servers = ( {{ address = "{host}"; port = "{self.port}"; chatnet = "test"; autoconnect = "yes"; {tls} }} );
chatnets = {{ test = {{ type = "IRC"; nick = "{self.nick}"; sasl_mechanism = "PLAIN"; sasl_username = "{self.user}"; sasl_password = "{self.password}"; }}; }};
channels = ( {{ name = "{self.channel}"; chatnet = "test"; autojoin = "yes"; }} );
settings = {{ core = {{ real_name = "somebody"; user_name = "somebody"; }}; "fe-common/core" = {{ autolog = "yes"; autolog_path = "{self.home.path}/log/$0"; }}; }};
""")  # fmt: skip
        self.home.folder("log")
        self.home.folder("irssi")
        self.terminal = Terminal(["irssi", "--home", str(self.home.path / "irssi")], self.home.surroundings())
        self.process = self.terminal.process

    def files(self):
        return (self.home.path / "log").glob("*")

    def say(self, text):
        self.terminal.type(f"/msg {self.channel} {text}")

    def quit(self):
        self.terminal.type("/quit that was irssi")


class Weechat(Program):
    """weechat without a screen. It says one thing at one signal, and quits at another."""

    name = "weechat"
    says = "hello from weechat"

    def start(self):
        folder = self.home.folder("weechat")
        trust = f"/set weechat.network.gnutls_ca_user {self.world.ca};" if self.tls else ""
        tls = "-ssl -tls" if self.tls else "-nossl -notls"
        host = "localhost" if self.tls else "127.0.0.1"
        commands = (
            f"/set logger.file.flush_delay 0;{trust}"
            f"/set weechat.signal.sigusr1 /msg -server test {self.channel} {self.says};"
            "/set weechat.signal.sigusr2 /quit that was weechat;"
            f"/server add test {host}/{self.port} {tls} -nicks={self.nick} -sasl_username={self.user} "
            f"-sasl_password={self.password} -autojoin={self.channel};/connect test"
        )
        self.process = subprocess.Popen(
            ["weechat-headless", "--dir", str(folder), "--run-command", commands],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, **self.home.surroundings(),
        )  # fmt: skip

    def files(self):
        return (self.home.path / "weechat").glob("logs/*")

    def say(self, text):
        assert text == self.says
        self.process.send_signal(signal.SIGUSR1)

    def quit(self):
        self.process.send_signal(signal.SIGUSR2)


class Ii(Program):
    """ii, whose screen and keyboard are files, and which knows neither capabilities nor TLS."""

    name = "ii"

    def start(self):
        self.folder = self.home.folder("ii") / "127.0.0.1"
        self.process = subprocess.Popen(
            ["ii", "-s", "127.0.0.1", "-p", str(self.port), "-n", self.nick, "-i", str(self.folder.parent)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, **self.home.surroundings(),
        )  # fmt: skip
        until(lambda: "message of the day" in self.notes().lower(), "ii was not welcomed")
        self._write(self.folder / "in", f"/j {self.channel}")

    def files(self):
        return [self.folder / "out", self.folder / self.channel / "out"]

    def say(self, text):
        self._write(self.folder / self.channel / "in", text)

    def quit(self):
        self._write(self.folder / "in", "/q that was ii")

    def _write(self, fifo, line):
        until(fifo.exists, f"ii did not make {fifo.name}")
        with open(fifo, "w") as file:
            file.write(line + "\n")
