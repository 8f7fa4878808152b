"""Our XMPP client and component against Prosody."""

import contextlib
import re
import socket
import threading

from .cases import case, equal
from .certificates import Authority
from .xmpp_client import DIRECT, NEVER, PORTS, STARTTLS, WARY, WAYS, WEBSOCKET, client, message, only, run, xml


def address(world, resource, host="localhost"):
    return f"{world.user}@{host}/{resource}"


@case("logs our client in and says goodbye", ways=WAYS, messages=[])
def logs_in(world):
    lines = run(world, "quit")
    how, = only(lines, "logged-in")
    # Prosody 0.12 binds logins to channels of TLS 1.2 alone.
    equal(how, "SCRAM-SHA-1", "the mechanism")
    equal(only(lines, "ready"), [address(world, "ours")], "who we are")
    equal(only(lines, "managed"), ["resumable=true"], "stream management")
    equal(lines[-1], "closed quit", "the end")


@case("logs our client in by PLAIN where there is nothing else", ways=(NEVER, STARTTLS), messages=[])
def plain(world):
    lines = run(world, "quit", who=address(world, "ours", "plain.localhost"))
    equal(only(lines, "logged-in"), ["PLAIN"], "the mechanism")
    equal(lines[-1], "closed quit", "the end")


@case("tells our client that its password is wrong", ways=WAYS, messages=[])
def wrong_password(world):
    lines = run(world, "quit", password="wr0ng", status=1)
    failed, = only(lines, "login-failed")
    assert "not-authorized" in failed, failed
    equal(lines[-1], "broken closed: LoginFailed", "the end")


@case("tells our client that its password is wrong, by PLAIN", ways=(STARTTLS,), messages=[])
def wrong_password_plain(world):
    lines = run(world, "quit", who=address(world, "ours", "plain.localhost"), password="wr0ng", status=1)
    assert "not-authorized" in only(lines, "login-failed")[0], lines


@case("is not told our client's password as it is, which it alone would take", messages=[])
def wary(world):
    lines = run(world, "quit", who=address(world, "ours", "plain.localhost"), way=WARY, status=1)
    assert "allow cleartext in the configuration" in only(lines, "login-failed")[0], lines
    lines = run(world, "quit", way=WARY)
    equal(only(lines, "logged-in"), ["SCRAM-SHA-1"], "the mechanism that shows no password")


@case("is not trusted with a certificate of somebody else's", ways=(STARTTLS, DIRECT), messages=[])
def untrusted(world):
    strangers = Authority(world.home.path / "strangers").certificate
    lines = run(world, "quit", ca=strangers, status=1)
    assert "invalid peer certificate" in lines[-1] and not only(lines, "logged-in"), lines


@case("is not trusted with a certificate of another name", ways=(DIRECT,), messages=[])
def other_name(world):
    lines = run(world, "quit", who=address(world, "ours", "other.localhost"), status=1)
    # Prosody has none for it, and ends the handshake.
    assert "UnrecognisedName" in lines[-1] and not only(lines, "logged-in"), lines


@case("carries messages and presence between two of our clients", ways=WAYS, messages=[])
def talk(world):
    one, two = address(world, "one"), address(world, "two")
    words = "Fish &amp; chips &lt;3 \N{SNOWMAN}"
    second = ["send", xml("presence", "<show>away</show>"), "hear", "chips"]
    second += ["send", message(one, "thanks"), "hear", "unavailable", "quit"]
    with client(world, *second, who=two) as listener:
        listener.saw("ready")
        first = ["send", xml("presence"), "hear", f"from='{two}'", "send", message(two, words), "hear", "thanks", "quit"]
        lines = run(world, *first, who=one)
        heard = only(listener.said(), "heard")
    assert words in heard[0] and f"from='{one}'" in heard[0], heard
    assert "away" in only(lines, "heard")[0] and f"from='{two}'" in only(lines, "heard")[1], lines


@case("keeps a roster, and pushes it to the other client", messages=[])
def roster(world):
    item = "<item jid='friend@localhost' name='A friend'><group>Friends</group></item>"
    change = xml("iq", f"<query xmlns='jabber:iq:roster'>{item}</query>", type="set")
    ask = xml("iq", "<query xmlns='jabber:iq:roster'/>", type="get")
    with client(world, "ask", ask, "hear", "friend@localhost", "quit", who=address(world, "two")) as other:
        other.saw("answer")
        lines = run(world, "ask", ask, "ask", change, "ask", ask, "quit")
        pushed, = only(other.said(), "heard")
    before, changed, after = only(lines, "answer")
    assert "friend@localhost" not in before and "type='result'" in changed, lines
    assert "A friend" in after and "<group>Friends</group>" in after, after
    assert "type='set'" in pushed and "A friend" in pushed, pushed


@case("answers pings, and asks for service discovery, version and what is not there", messages=[])
def questions(world):
    def ask(payload, to="localhost"):
        return ["ask", xml("iq", payload, type="get", to=to)]

    todo = ask("<ping xmlns='urn:xmpp:ping'/>") + ask("<query xmlns='http://jabber.org/protocol/disco#info'/>")
    todo += ask("<query xmlns='http://jabber.org/protocol/disco#items'/>") + ask("<query xmlns='jabber:iq:version'/>")
    todo += ask("<nothing xmlns='urn:of:the:suite'/>") + ask("<ping xmlns='urn:xmpp:ping'/>", address(world, "nobody"))
    ping, info, items, version, nothing, nobody = only(run(world, *todo, "quit"), "answer")
    assert "type='result'" in ping, ping
    assert re.search("<identity [^>]*category='server'", info) and "urn:xmpp:carbons:2" in info, info
    assert "rooms.localhost" in items and "bridge.localhost" in items, items
    assert "<name>Prosody</name>" in version, version
    assert "type='error'" in nothing and "service-unavailable" in nothing, nothing
    assert "type='error'" in nobody and "service-unavailable" in nobody, nobody


@case("lets one of our clients ping the other", messages=[])
def ping(world):
    with client(world, "send", xml("presence"), "hear", "enough", "quit", who=address(world, "two")) as other:
        other.saw("ready")
        asked = xml("iq", "<ping xmlns='urn:xmpp:ping'/>", type="get", to=address(world, "two"))
        lines = run(world, "ask", asked, "send", message(address(world, "two"), "enough"), "quit")
        other.said()
    answer, = only(lines, "answer")
    assert "type='result'" in answer and f"from='{address(world, 'two')}'" in answer, answer


@case("has rooms in which our clients talk", ways=(NEVER, WEBSOCKET), messages=[])
def room(world):
    place = f"{world.user}@rooms.localhost"
    enter = "<x xmlns='http://jabber.org/protocol/muc'/>"
    form = "<x xmlns='jabber:x:data' type='submit'/>"
    unlock = xml("iq", f"<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>", type="set", to=place)
    owner = ["send", xml("presence", enter, to=f"{place}/ann"), "hear", "code='110'", "ask", unlock]
    owner += ["hear", f"{place}/bob", "hear", "hello all"]
    owner += ["send", xml("message", "<body>hello bob</body>", type="groupchat", to=place)]
    owner += ["hear", "type='unavailable'", "quit"]
    with client(world, *owner, who=address(world, "one")) as ann:
        ann.saw("answer")
        guest = ["send", xml("presence", enter, to=f"{place}/bob"), "hear", "code='110'", "hear", "<subject"]
        guest += ["send", xml("message", "<body>hello all</body>", type="groupchat", to=place), "hear", "hello bob"]
        guest += ["send", xml("presence", type="unavailable", to=f"{place}/bob"), "hear", "type='unavailable'", "quit"]
        lines = run(world, *guest, who=address(world, "two"))
        heard = only(ann.said(), "heard")
    assert f"from='{place}/bob'" in heard[2] and f"from='{place}/ann'" in only(lines, "heard")[2], (heard, lines)


@case("sends carbons to our other client", messages=[])
def carbons(world):
    enable = xml("iq", "<enable xmlns='urn:xmpp:carbons:2'/>", type="set")
    todo = ["ask", enable, "send", xml("presence"), "hear", "<received", "hear", "<sent", "quit"]
    friend = "friend@bridge.localhost"
    bridge = [
        "hear", "hello bridge",
        "send", message(address(world, "two"), "hello two", ns="jabber:component:accept", from_=friend), "quit",
    ]  # fmt: skip
    with component(world, *bridge) as other, client(world, *todo, who=address(world, "one")) as copied:
        copied.saw("answer")
        other.saw("ready")
        # Copies go to those who have said that they are there.
        seen = ["send", xml("presence"), "hear", f"from='{address(world, 'one')}'"]
        run(world, *seen, "send", message(friend, "hello bridge"), "hear", "hello two", "quit", who=address(world, "two"))
        other.said()
        received, sent = only(copied.said(), "heard")
    assert "hello two" in received and "hello bridge" in sent, (received, sent)


def component(world, *todo, password=None):
    return client(
        world, *todo, kind="component", who="bridge.localhost", way=NEVER,
        password=password or world.server.secret, port=world.server.ports["component"],
    )  # fmt: skip


@case("takes our component, which talks with a client", ways=(NEVER, WEBSOCKET), messages=[])
def bridge(world):
    me, gate = address(world, "ours"), "gate@bridge.localhost/here"
    answer = message(me, "hello yourself", ns="jabber:component:accept", from_=gate)
    asked = xml("iq", "<ping xmlns='urn:xmpp:ping'/>", "jabber:component:accept", type="get", from_=gate, to=me)
    with component(world, "hear", "hello bridge", "send", answer, "ask", asked, "quit") as other:
        other.saw("ready")
        with client(world, "send", message(gate, "hello bridge"), "hear", "hello yourself", "hear", "enough") as user:
            lines = other.said()
            user.saw("heard")
    equal(only(lines, "logged-in"), ["Handshake"], "the login")
    assert f"from='{me}'" in only(lines, "heard")[0], lines
    assert "type='result'" in only(lines, "answer")[0], lines
    equal(lines[-1], "closed quit", "the end")


@case("refuses our component when its secret is wrong", messages=[])
def wrong_secret(world):
    with component(world, "quit", password="wr0ng") as other:
        lines = other.said(1)
    assert not only(lines, "ready") and "not-authorized" in " ".join(lines), lines


@case("logs our client in as clients of old did", ways=(NEVER, DIRECT), messages=[])
def legacy(world):
    asked = xml("iq", "<ping xmlns='urn:xmpp:ping'/>", type="get", to="localhost")
    lines = run(world, "ask", asked, "quit", kind="legacy")
    equal(only(lines, "logged-in"), ["LegacyPassword"], "the login")
    assert "type='result'" in only(lines, "answer")[0] and lines[-1] == "closed quit", lines


@case("refuses clients of old whose password is wrong", messages=[])
def legacy_wrong(world):
    lines = run(world, "quit", kind="legacy", password="wr0ng", status=1)
    assert "not-authorized" in only(lines, "login-failed")[0], lines


class Cutter:
    """Passes bytes on to a port, and cuts connection after connection behind so many bytes from the client, or from the server."""

    def __init__(self, port, cuts):
        self.port, self.cuts = port, list(cuts)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.here = self.door.getsockname()[1]
        self.threads = []

    def __enter__(self):
        self._begin(self._serve)
        return self

    def __exit__(self, *_):
        shut(self.door)
        self.door.close()
        for thread in self.threads:
            thread.join(10)

    def _begin(self, function, *arguments):
        self.threads.append(threading.Thread(target=function, args=arguments))
        self.threads[-1].start()

    def _serve(self):
        while True:
            try:
                near = self.door.accept()[0]
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.port))
            up, down = self.cuts.pop(0) if self.cuts else (None, None)
            self._begin(self._pass, near, far, up, whole)
            self._begin(self._pass, far, near, down, lambda data: len(data))

    def _pass(self, source, sink, most, ripe):
        passed, waiting = 0, b""
        try:
            while more := source.recv(4096):
                waiting += more
                go = ripe(waiting if most is None else waiting[: most - passed])
                sink.sendall(waiting[:go])
                passed += go
                waiting = waiting[go:]
                if most is not None and passed + len(waiting) >= most:
                    break
        except OSError:
            pass
        shut(source)
        shut(sink)


def whole(data):
    """How much of what a client says ends with a whole message.

    Prosody 0.12 reads on with the parser of the connection before, which must not stand within a message when that is cut. In what is
    encrypted there are none to be seen, and half a record is dropped.
    """
    begun, ended = data.rfind(b"<message"), data.rfind(b"</message>")
    if begun > ended:
        return begun
    tag = data.rfind(b"<")
    return tag if begun >= 0 and tag > data.rfind(b">") else len(data)


def shut(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@case("resumes streams that were cut, and nothing is lost or doubled", ways=(NEVER, STARTTLS, DIRECT), messages=[])
def resumed(world):
    count = 300
    one, two = address(world, "one"), address(world, "two")
    port = world.server.ports[PORTS[world.way]]
    # In the midst of what is said and of what is heard, behind the login and what TLS makes one record of.
    # Each connection but the last is cut.
    talks = [(6000, None), (7001, None), (8002, None), (None, 24000), (None, 24001), (None, 24002)]
    hears = [(None, 20000), (None, 24001), (None, 24002), (6000, None), (7001, None)]
    with Cutter(port, talks) as near, Cutter(port, hears) as far:
        todo = ["endure", "bodies", str(count), "count", one, str(count), "hear", "enough", "quit"]
        with client(world, *todo, who=two, port=far.here) as other:
            other.saw("managed")
            todo = ["endure", "count", two, str(count), "bodies", str(count), "send", message(two, "enough"), "quit"]
            with client(world, *todo, who=one, port=near.here) as talker:
                lines, others = talker.said(), other.said()
    for said in (lines, others):
        equal(only(said, "body"), [str(number) for number in range(count)], "what was heard")
        assert not only(said, "unacknowledged"), said
    equal((lines.count("resumed"), others.count("resumed")), (len(talks), len(hears)), "how often they went on")


@case("forgets a stream that ended in good order", messages=[])
def not_resumed(world):
    for _ in range(2):
        lines = run(world, "quit")
        assert "resumed" not in lines and lines[-1] == "closed quit", lines


@case("knows our server by its certificate, and answers on the same stream", messages=[])
def server(world):
    chain, key = world.server.authority.certify_host("peer.localhost")
    pair = world.home.put("pair.pem", chain + key, mode=0o644)
    sender = "somebody@peer.localhost/there"
    back = message(sender, "and back")
    with client(world, "send", xml("presence"), "hear", "from afar", "send", back, "quit") as local:
        local.saw("ready")
        sent = message(f"{world.user}@localhost", "from afar", ns="jabber:server", from_=sender)
        account = {"kind": "server", "who": "localhost@peer.localhost", "password": pair}
        port = world.server.ports["s2s"]
        lines = run(world, "send", sent, "hear", "and back", "quit", way=STARTTLS, port=port, **account)
        heard, = only(local.said(), "heard")
    equal(only(lines, "logged-in"), ["EXTERNAL"], "the login")
    assert f"from='{sender}'" in heard, heard
