"""profanity, go-sendxmpp, slixmpp, and by WebSocket nbxmpp and our own client, who come into the room that is #lobby on IRC, and talk to somebody there."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.request
from xml.dom import minidom

from websockets.sync.client import connect

from .cases import case, equal
from .chat import Terminal, person, until
from .xmpp_client import WEBSOCKET, client, only, run, xml

STARTTLS, XMPPS = "STARTTLS", "XMPPS"
BOTH = [STARTTLS, XMPPS]
ROOM = "lobby@rooms.localhost"
SLIXMPP = """
import slixmpp, sys

async def come(_):
    c.send_presence()
    await c.get_roster()
    await c["xep_0045"].join_muc_wait("lobby@rooms.localhost", sys.argv[4], maxstanzas=0)
    c.send_message("lobby@rooms.localhost", "hello from slixmpp", mtype="groupchat")

def hear(message):
    print(message["mucnick"], message["body"], flush=True)
    if message["mucnick"] != sys.argv[4]:
        c.disconnect()

# Left to itself this release takes a -PLUS mechanism, without a binding for TLS 1.3.
c = slixmpp.ClientXMPP(sys.argv[1], sys.argv[2], plugin_config={"feature_mechanisms": {"use_mech": "PLAIN"}})
c.register_plugin("xep_0045")
c.ca_certs = "ca.pem"
c.add_event_handler("session_start", come)
c.add_event_handler("groupchat_message", hear)
c.connect(("127.0.0.1", int(sys.argv[3])), use_ssl=False)
c.process(forever=False)
"""


NBXMPP = """
import sys

import gi
gi.require_version("Soup", "3.0")
from gi.repository import GLib
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.protocol import Message, Presence
from nbxmpp.structs import StanzaHandler

user, password, url, nick = sys.argv[1:]
room = "lobby@rooms.localhost"
loop = GLib.MainLoop()
client = Client(log_context="suite")
client.set_domain("localhost")
client.set_username(user)
client.set_password(password)
client.set_custom_host(url, ConnectionProtocol.WEBSOCKET, ConnectionType.PLAIN)
client.set_protocols([ConnectionProtocol.WEBSOCKET])

def come(*_):
    presence = Presence(to=f"{room}/{nick}")
    muc = presence.setTag("x", namespace="http://jabber.org/protocol/muc")
    # What was said before is not for us.
    muc.setTag("history", attrs={"maxstanzas": "0"})
    client.send_stanza(presence)
    client.send_stanza(Message(to=room, body="hello from nbxmpp", typ="groupchat"))

def hear(_client, message, _properties):
    sender, body = message.getFrom().resource, message.getBody()
    print(sender, body, flush=True)
    if sender != nick and body:
        client.disconnect()

def end(*_):
    print("ended", client.get_error()[1], flush=True)
    loop.quit()

client.subscribe("connected", come)
client.subscribe("disconnected", end)
client.subscribe("connection-failed", end)
client.register_handler(StanzaHandler(name="message", callback=hear))
client.connect()
loop.run()
"""


def port(world):
    return world.server.ports["xmpps" if world.way == XMPPS else "xmpp"]


def trusting(world):
    """The home, with the authority where OpenSSL and Go look for those that are trusted."""
    surroundings = world.home.surroundings()
    surroundings["env"] = {**surroundings["env"], "SSL_CERT_FILE": str(world.ca), "TERM": "xterm"}
    return surroundings


@case("profanity logs in, talks to somebody of IRC and leaves", ways=BOTH, messages=[])
def profanity(world):
    nick = f"prof-{world.way.lower()}"
    policy = "legacy" if world.way == XMPPS else "force"
    world.home.put("profanity/accounts", f"""[test]
enabled=true
jid={world.user}@localhost
password={world.password}
server=localhost
port={port(world)}
tls.policy={policy}
muc.service=rooms.localhost
muc.nick={nick}
""")  # fmt: skip
    surroundings = trusting(world)
    surroundings["env"].update(XDG_DATA_HOME=str(world.home.path), XDG_CONFIG_HOME=str(world.home.path), LINES="40", COLUMNS="120")
    world.home.folder("profanity")
    with person(world, f"f-{nick}", "#lobby") as friend:
        terminal = Terminal(["profanity", "-a", "test"], surroundings)

        def sees(text):
            until(lambda: text.encode() in terminal.drawn, lambda: f"no {text!r} on {bytes(terminal.drawn[-900:])!r}")

        try:
            sees("logged in successfully")
            terminal.type(f"/join {ROOM}")
            friend.hear(f":{nick}!xmpp@xmpp JOIN #lobby")
            friend.say("PRIVMSG #lobby :hello-to-profanity")
            sees("hello-to-profanity")
            terminal.type("hello from profanity")
            friend.hear(f":{nick}!xmpp@xmpp PRIVMSG #lobby :hello from profanity")
            terminal.type("/quit")
            friend.hear(f":{nick}!xmpp@xmpp QUIT")
            terminal.process.wait(30)
        finally:
            if terminal.process.poll() is None:
                os.killpg(terminal.process.pid, signal.SIGKILL)
                terminal.process.wait()


@case("go-sendxmpp says something in the room", ways=[XMPPS], messages=[])
def go_sendxmpp(world):
    with person(world, "f-go", "#lobby") as friend:
        world.home.run(
            "env", f"SSL_CERT_FILE={world.ca}", "go-sendxmpp", "-t", "-u", f"{world.user}@localhost", "-p", world.password,
            "-j", f"localhost:{port(world)}", "-c", ROOM, input=b"hello from go-sendxmpp\n",
        )  # fmt: skip
        friend.hear("xmpp@xmpp PRIVMSG #lobby :hello from go-sendxmpp")


@case("go-sendxmpp sends to somebody who is away, by STARTTLS", ways=[STARTTLS], messages=[])
def go_sendxmpp_to_one(world):
    jid = f"{world.user}@localhost"
    world.home.run(
        "env", f"SSL_CERT_FILE={world.ca}", "go-sendxmpp", "-u", jid, "-p", world.password,
        "-j", f"localhost:{port(world)}", jid, input=b"a note to myself\n",
    )  # fmt: skip


@case("slixmpp talks to somebody of IRC", ways=[STARTTLS], messages=[])
def slixmpp(world):
    with person(world, "f-slix", "#lobby") as friend:
        client = subprocess.Popen(
            [sys.executable, "-c", SLIXMPP, f"{world.user}@localhost", world.password, str(port(world)), "slix"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **world.home.surroundings(),
        )  # fmt: skip
        try:
            friend.hear(":slix!xmpp@xmpp PRIVMSG #lobby :hello from slixmpp")
            friend.say("PRIVMSG #lobby :hello, slixmpp")
            said, errors = client.communicate(timeout=30)
            assert b"f-slix hello, slixmpp" in said, (said, errors[-600:])
        finally:
            client.kill()
            client.wait()


# --- by WebSocket ---


def web(world):
    return world.server.ports["web"]


@case("our client talks to somebody of IRC by WebSocket", ways=[WEBSOCKET], messages=[])
def by_websocket(world):
    enter = xml("presence", "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>", to=f"{ROOM}/ws")
    say = xml("message", "<body>hello by WebSocket</body>", type="groupchat", to=ROOM)
    todo = ["send", enter, "hear", "code='110'", "send", say, "hear", "hello, WebSocket", "quit"]
    with person(world, "f-ws", "#lobby") as friend:
        with client(world, *todo, port=web(world)) as ours:
            friend.hear(":ws!xmpp@xmpp PRIVMSG #lobby :hello by WebSocket")
            friend.say("PRIVMSG #lobby :hello, WebSocket")
            lines = ours.said()
    heard = only(lines, "heard")
    assert "<body>hello, WebSocket</body>" in heard[-1], heard
    equal(lines[-1], "closed quit", "the end")


@case("nbxmpp talks to somebody of IRC by WebSocket", ways=[WEBSOCKET], messages=[])
def nbxmpp(world):
    url = f"ws://127.0.0.1:{web(world)}/xmpp-websocket"
    with person(world, "f-nb", "#lobby") as friend:
        program = subprocess.Popen(
            [sys.executable, "-c", NBXMPP, world.user, world.password, url, "nb"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **world.home.surroundings(),
        )  # fmt: skip
        try:
            friend.hear(":nb!xmpp@xmpp PRIVMSG #lobby :hello from nbxmpp")
            friend.say("PRIVMSG #lobby :hello, nbxmpp")
            said, errors = program.communicate(timeout=30)
            assert said.endswith(b"f-nb hello, nbxmpp\nended stream-end\n"), (said, errors[-600:])
        finally:
            program.kill()
            program.wait()


@case("many messages come by WebSocket, in order", ways=[WEBSOCKET], messages=[])
def many_by_websocket(world):
    with client(world, "bodies", "100", "quit", port=web(world)) as one:
        me = one.saw("ready").removeprefix("ready ")
        run(world, "count", me, "100", "quit", way="STARTTLS", port=world.server.ports["xmpp"])
        equal(only(one.said(), "body"), [str(number) for number in range(100)], "the messages")


@case("a WebSocket carries one element a message, and its end is told", messages=[])
def one_element_a_message(world):
    site = f"127.0.0.1:{web(world)}"
    with urllib.request.urlopen(f"http://{site}/.well-known/host-meta.json") as answer:
        equal(answer.headers["Access-Control-Allow-Origin"], "*", "who may read it")
        link, = json.load(answer)["links"]
    equal(link["rel"], "urn:xmpp:alt-connections:websocket", "what the link is for")
    framing, sasl = "urn:ietf:params:xml:ns:xmpp-framing", "urn:ietf:params:xml:ns:xmpp-sasl"
    login = base64.b64encode(f"\0{world.user}\0{world.password}".encode()).decode()
    with connect(link["href"].replace("localhost", "127.0.0.1"), subprotocols=["stomp", "xmpp", "text.ircv3.net"]) as socket:
        equal(socket.subprotocol, "xmpp", "the subprotocol")

        def hear(name):
            text = socket.recv(timeout=30)
            element = minidom.parseString(text).documentElement
            equal(element.localName, name, f"the element of {text}")
            return element

        for ask, answers in (
            (f"<open xmlns='{framing}' to='localhost' version='1.0'/>", ["open", "features"]),
            (f"<auth xmlns='{sasl}' mechanism='PLAIN'>{login}</auth>", ["success"]),
            (f"<open xmlns='{framing}' to='localhost' version='1.0'/>", ["open", "features"]),
            (xml("iq", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>", type="set", id="1"), ["iq"]),
            ("<enable xmlns='urn:xmpp:sm:3'/>", ["enabled"]),
            (xml("message", type="nonsense") + xml("message"), ["error", "close"]),
        ):
            socket.send(ask)
            for name in answers:
                hear(name)
        try:
            socket.recv(timeout=30)
        except Exception as end:
            equal(end.rcvd.code, 1008, "the code of the end")
        else:
            raise AssertionError("something comes behind <close/>")
