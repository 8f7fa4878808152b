"""irssi, weechat, ii and a library of Python, who talk to each other and to us."""

import functools
import ssl
import threading

import irc.client
import irc.connection

from .cases import case, equal
from .chat import BOTH, IRC, IRCS, PATIENCE, STARTTLS, Ii, Irssi, Program, Weechat, person, port, until


class Python(Program):
    """The library `irc`, on a thread of its own."""

    name = "the Python client"

    def start(self):
        self.lines, self.is_over = [], threading.Event()
        wrap = None
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.world.ca))
            wrap = functools.partial(context.wrap_socket, server_hostname="localhost")
        factory = irc.connection.Factory(wrapper=wrap) if wrap else irc.connection.Factory()
        reactor = irc.client.Reactor()
        self.connection = reactor.server().connect(
            "127.0.0.1", self.port, self.nick, password=self.password, sasl_login=self.user, connect_factory=factory
        )
        self.connection.add_global_handler("welcome", lambda connection, _: connection.join(self.channel))
        self.connection.add_global_handler("all_raw_messages", lambda _, event: self.lines.append(event.arguments[0]))
        self.connection.add_global_handler("disconnect", lambda *_: self.is_over.set())

        def run():
            while not self.is_over.is_set():
                reactor.process_once(0.1)

        threading.Thread(target=run, daemon=True).start()

    def __exit__(self, *_):
        self.is_over.set()
        self.connection.close()

    def notes(self):
        return "\n".join(self.lines)

    def say(self, text):
        self.connection.privmsg(self.channel, text)

    def quit(self):
        self.connection.quit("that was the Python client")

    def ended(self):
        assert self.is_over.wait(PATIENCE), "the Python client was not disconnected"


def talks(world, kind, nick, login=True):
    """Joins, says and hears something, leaves."""
    channel = f"#{world.user}"
    with person(world, f"{nick}-friend", channel, capabilities=["extended-join"]) as friend:
        with kind(world, nick, channel) as client:
            joined = friend.hear(f"JOIN {channel}")
            assert joined.startswith(f":{nick}!"), joined
            equal(joined.split(" ")[3], world.user if login else "*", f"the account in {joined!r}")
            friend.say(f"PRIVMSG {channel} :hello, you there: äöü")
            client.heard("hello, you there: äöü")
            client.say("hello from " + nick)
            said = friend.hear("PRIVMSG")
            assert said.endswith(f" PRIVMSG {channel} :hello from {nick}"), said
            client.quit()
            left = friend.hear(" QUIT ", " PART ")
            assert left.split("!")[0].endswith(f":{nick}"), left
            client.ended()


@case("irssi logs in, talks and leaves", ways=[IRC, STARTTLS, IRCS], messages=[])
def irssi(world):
    talks(world, Irssi, "irssi")


@case("weechat logs in, talks and leaves", ways=BOTH, messages=[])
def weechat(world):
    talks(world, Weechat, "weechat")


@case("ii talks, without a capability, and leaves", ways=[IRC], messages=[])
def ii(world):
    talks(world, Ii, "ii", login=False)


@case("a library of Python logs in, talks and leaves", ways=BOTH, messages=[])
def python(world):
    talks(world, Python, "python")


@case("all of them talk to each other in #lobby", ways=[IRC], messages=[])
def together(world):
    kinds = {"one": Irssi, "two": Weechat, "three": Ii, "four": Python}
    clients = {}
    with person(world, "zero", "#lobby") as zero:
        try:
            for nick, kind in kinds.items():
                clients[nick] = kind(world, nick, "#lobby").__enter__()
                zero.hear(f":{nick}!")
            for nick, client in clients.items():
                text = Weechat.says if isinstance(client, Weechat) else f"hello from {nick}"
                client.say(text)
                zero.hear(f"PRIVMSG #lobby :{text}")
                for other in clients.values():
                    if other is not client:
                        other.heard(text)
        finally:
            for client in clients.values():
                client.__exit__(None, None, None)


@case("irssi is told that the password is wrong", ways=[IRCS], messages=[])
def wrong_password(world):
    with Irssi(world, "wrong", "#nowhere", wrong=True) as client:
        until(
            lambda: b"SASL authentication failed" in client.terminal.drawn or b"904" in client.terminal.drawn,
            lambda: f"irssi showed {bytes(client.terminal.drawn[-600:])!r}, and no failure",
        )


@case("weechat is told that the password is wrong", ways=[IRC], messages=[])
def wrong_in_weechat(world):
    with Weechat(world, "wrong-2", "#nowhere", wrong=True) as client:
        client.heard("SASL authentication failed")


@case("irssi takes another nickname when its own is in use", ways=[IRC], messages=[])
def in_use(world):
    channel = f"#{world.user}"
    with person(world, "taken", channel) as friend:
        with Irssi(world, "taken", channel) as client:
            joined = friend.hear(f"JOIN {channel}")
            assert joined.startswith(":taken_!"), joined
            client.quit()
            client.ended()
