"""Our IRC client against a server. It takes a list of things to do, and prints what came of each."""

import contextlib
import os
import re
import subprocess

from .cases import case, equal
from .chat import IRC, IRCS, PATIENCE, STARTTLS, person, port

TLS = {None: "never", IRC: "never", STARTTLS: "starttls", IRCS: "implicit"}


@contextlib.contextmanager
def client(world, nick, *todo, login=False, password=None):
    account = [world.user, password or world.password] if login else ["-", "-"]
    address = f"127.0.0.1:{port(world)}"
    command = [os.environ["INTEROP_IRC_CLIENT"], address, TLS[world.way], str(world.ca), nick, *account, *todo]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def said(process, status=0):
    """All that the client printed, once it has ended."""
    try:
        lines = process.communicate(timeout=PATIENCE)[0].decode()
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"the client did not end; it said {process.communicate()[0].decode()[-600:]}") from None
    equal(process.returncode, status, f"the client's status, which said {lines[-600:]!r}")
    return lines.splitlines()


def converse(world, login=False):
    """Joins, talks, asks who somebody is, changes its name, leaves."""
    channel = "#ours"
    todo = ["join", channel, "say", channel, "hello from ours", "hear", "hello to you", "whois", "friend", "members", channel]
    todo += ["nick", "renamed", "await", "late", "members", channel, "quit", "that was ours"]
    with person(world, "friend", channel) as friend:
        with client(world, "ours", *todo, login=login) as process:
            friend.hear(f"JOIN {channel}", f"JOIN :{channel}")
            assert friend.hear("PRIVMSG").endswith(f"PRIVMSG {channel} :hello from ours")
            friend.say(f"PRIVMSG {channel} :hello to you")
            friend.hear("NICK renamed", "NICK :renamed")
            with person(world, "late", channel):
                assert friend.hear("QUIT").startswith(":renamed!")
            lines = said(process)
        equal([line for line in lines if line.startswith("registered")], ["registered ours"], "the welcome")
        whois = [line for line in lines if line.startswith("whois")]
        assert re.search(r" 311 (ours|\S+) friend ", whois[0]) and " 318 " in whois[-1], whois
        members = [line for line in lines if line.startswith("members")]
        equal(members, ["members friend ours", "members friend late renamed"], "who was there")
        equal(lines[-1], "closed quit", "the end")
        return lines


@case("talks with our client", messages=[])
def talks(world):
    converse(world)


@case("tells our client that its nickname is in use, which takes another", messages=[])
def in_use(world):
    with person(world, "taken"):
        with client(world, "taken", "quit", "bye") as process:
            lines = said(process)
    assert any(re.fullmatch("registered taken.+", line) for line in lines), lines
