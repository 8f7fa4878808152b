"""IRC line by line, over TLS and without, and by WebSocket."""

import contextlib
import os
import re
import signal
import time

from websockets.sync.client import connect

from .cases import Account, case, equal
from .chat import IRC, IRCS, PATIENCE, STARTTLS, Person, Terminal, person, until
from .switchboard import FLOOD_LINES, FLOOD_MILLISECONDS, Switchboard


@case("logs in by SASL, after a wrong password too", ways=[IRC, STARTTLS, IRCS], messages=[])
def sasl(world):
    with person(world, tls=world.way == IRCS) as one:
        if world.way == STARTTLS:
            one.ask("STARTTLS", " 670 ")
            one.shake_hands()
        offered = one.ask("CAP LS 302", " LS ")
        assert re.search(r"sasl=\S*SCRAM-SHA-256\S*,PLAIN", offered), offered
        one.ask("CAP REQ :sasl", " ACK ")
        one.log_in(world.user, "wrong")
        one.hear(" 904 ")
        one.log_in(world.user, world.password)
        assert one.hear(" 900 ").split(" ")[4] == world.user
        one.hear(" 903 ")
        one.say("NICK anything", "USER x 0 * :x", "CAP END")
        one.hear(" 376 ")
        whois = one.ask("WHOIS anything", " 330 ", " 318 ")
        assert f" {world.user} " in whois and " 330 " in whois, whois
        equal(one.ask("QUIT :bye", "ERROR"), "ERROR :Closing Link: anything (Quit: bye)", "the last word")
        equal(one.line(), None, "the end")


@case("says whose a nickname is", messages=[])
def in_use(world):
    with person(world, "holder") as holder, person(world) as late:
        late.say("NICK Holder", "USER x 0 * :x")
        late.hear(" 433 * Holder ")
        late.ask("NICK late", " 376 ")
        late.ask("NICK holder", " 433 late holder ")
        holder.say("NICK other")
        holder.hear("NICK :other", "NICK other")
        late.ask("NICK holder", "NICK :holder", "NICK holder")


@case("gives the history to whoever joins", messages=[])
def history(world):
    channel = f"#{world.user}"
    wanted = ["draft/chathistory", "batch", "server-time", "message-tags"]
    with person(world, "teller", channel) as teller, person(world, "keeper", channel):
        teller.say(*(f"PRIVMSG {channel} :{number}" for number in range(3)), "PING done")
        teller.hear("PONG")
        with person(world, "reader", channel, capabilities=wanted) as reader:
            begin = reader.ask(f"CHATHISTORY LATEST {channel} * 10", "BATCH +")
            reference = re.search(r"BATCH \+(\S+) chathistory " + channel, begin)[1]
            for number in range(3):
                line = reader.hear("PRIVMSG")
                assert f"batch={reference}" in line and "time=" in line and "msgid=" in line, line
                assert line.endswith(f":teller!teller@localhost PRIVMSG {channel} :{number}"), line
            reader.hear(f"BATCH -{reference}")


@case("slows who sends too fast, and loses nothing", messages=[])
def flood(world):
    channel, count = f"#{world.user}", FLOOD_LINES + 40
    with person(world, "slow", channel) as listener, person(world, "fast", channel) as talker:
        start = time.monotonic()
        talker.say(*(f"PRIVMSG {channel} :{number}" for number in range(count)))
        for number in range(count):
            equal(listener.hear("PRIVMSG").rsplit(":", 1)[1], str(number), "the next line")
        took = time.monotonic() - start
    assert took > 30 * FLOOD_MILLISECONDS / 1000, f"{count} lines passed in {took:.2f} s"


@case("is spoken by openssl, too", ways=[STARTTLS, IRCS], messages=[])
def openssl(world):
    options = ["-starttls", "irc"] if world.way == STARTTLS else []
    number = world.server.ports["ircs" if world.way == IRCS else "irc"]
    done = world.home.run(
        "openssl", "s_client", "-quiet", "-crlf", "-verify_return_error", "-CAfile", world.ca, *options,
        "-connect", f"localhost:{number}",
        input=b"NICK byhand\nUSER byhand 0 * :By Hand\nJOIN #byhand\nPRIVMSG #byhand :to nobody\nPING end\nQUIT :bye\n", status=None,
    )  # fmt: skip
    for wanted in (b" 001 byhand ", b" 366 byhand ", b" PONG ", b"ERROR :Closing Link: byhand (Quit: bye)\r\n"):
        assert wanted in done.stdout, (wanted, (done.stdout + done.stderr)[-800:])


@case("keeps its commands that are printed for pasting", messages=[])
def printed(world):
    """Each command of the first-steps page, pasted as it stands into a shell, joins #lobby."""
    with Switchboard(world.home.folder("own"), [], more=["--pop3", "off", "--pop3s", "off"]) as own:

        def printed_commands():
            found = [line.strip() for line in own.page if re.match(r"  (irssi|weechat|\(printf) ", line)]
            return found if len(found) == 6 else None

        # The page is read while it is printed.
        commands = until(printed_commands, lambda: f"not six commands in {own.page}")
        watcher = Person(world, at=own.ports["irc"]).register("watcher").join("#lobby")
        for command in commands:
            # Of weechat only the form without a screen is installed.
            runnable = command.replace("weechat ", "weechat-headless ", 1)
            # By the same person as the server, whose data folder is nobody else's.
            surroundings = {key: world.home.surroundings()[key] for key in ("cwd", "env")}
            terminal = Terminal(["sh", "-c", runnable], surroundings)
            try:
                joined = watcher.hear("JOIN #lobby")
                assert joined.startswith(":alice"), joined
                log = until(lambda: re.findall(r"registered.*nick=alice\S*.*", own.log.read_text()), "no word in the log")
                assert "openssl" in command or 'account="alice"' in log[-1], log[-1]
            except (AssertionError, OSError) as failure:
                raise AssertionError(f"{failure}; {command}; drawn: {bytes(terminal.drawn[-400:])!r}") from failure
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(terminal.process.pid, signal.SIGKILL)
                terminal.process.wait()
            watcher.hear(" QUIT ")
        watcher.close()


@case("says ERROR to all at SIGTERM", messages=[])
def sigterm(world):
    with Switchboard(world.home.folder("own"), [Account("x", "y")]) as own:
        people = [Person(world, at=own.ports["irc"]).register(f"p{number}").join("#lobby") for number in range(5)]
        own.process.send_signal(signal.SIGTERM)
        for number, one in enumerate(people):
            equal(one.hear("ERROR"), f"ERROR :Closing Link: p{number} (Server is shutting down)", "the last word")
            equal(one.line(), None, "the end")
        equal(own.process.wait(PATIENCE), 0, "the status")


# --- by WebSocket ---


def register(socket, nick):
    socket.send(f"NICK {nick}")
    socket.send(f"USER {nick} 0 * :{nick}")
    return hear(socket, " 376 ")


def hear(socket, word):
    while True:
        message = socket.recv(timeout=PATIENCE)
        line = message if isinstance(message, str) else message.decode()
        assert "\r" not in line and "\n" not in line, f"more than a line: {line!r}"
        if word in line:
            return message


@case("is spoken by WebSocket, in text and in binary", messages=[])
def websocket(world):
    url, channel = f"ws://127.0.0.1:{world.server.ports['web']}/", f"#{world.user}"
    with person(world, "stream", channel) as other:
        for kind, protocols in ((str, ["text.ircv3.net"]), (bytes, ["binary.ircv3.net"]), (str, None)):
            nick = f"web{len(protocols[0]) if protocols else 0}"
            with connect(url, subprotocols=protocols) as socket:
                equal(socket.subprotocol, protocols[0] if protocols else None, "the subprotocol")
                assert isinstance(register(socket, nick), kind)
                socket.send(f"JOIN {channel}")
                hear(socket, " 366 ")
                text = f"PRIVMSG {channel} :grüße"
                socket.send(text if kind is str else text.encode())
                assert other.hear("PRIVMSG").endswith(f"PRIVMSG {channel} :grüße")
                other.say(f"PRIVMSG {channel} :zurück")
                heard = hear(socket, "zurück")
                assert isinstance(heard, kind), heard
                socket.send("QUIT :bye")
                hear(socket, "ERROR")
            other.hear(f":{nick}!{nick}@localhost QUIT :Quit: bye")


@case("lets no other site's page in by WebSocket", messages=[])
def origin(world):
    number = world.server.ports["web"]
    for name, is_let_in in ((f"http://localhost:{number}", True), ("http://evil.example", False), ("null", False)):
        try:
            with connect(f"ws://127.0.0.1:{number}/", origin=name) as socket:
                register(socket, "page")
        except Exception as error:
            assert not is_let_in, f"{name} was refused: {error}"
            assert "403" in str(error), error
        else:
            assert is_let_in, f"{name} was let in"


@case("shows a page to browsers", messages=[])
def page(world):
    done = world.home.run("curl", "-sSi", f"http://localhost:{world.server.ports['web']}/")
    assert done.stdout.startswith(b"HTTP/1.1 200 ") and b"text.ircv3.net" in done.stdout, done.stdout[:300]
