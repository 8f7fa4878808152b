"""profanity, go-sendxmpp and slixmpp, who come into the room that is #lobby on IRC, and talk to somebody there."""

import os
import signal
import sys

from .cases import case
from .chat import Terminal, person, until

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
    import subprocess

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
