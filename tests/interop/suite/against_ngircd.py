"""A compressed link to ngIRCd, which compresses from right behind its SERVER line on, in the same segment."""

import re
import socket
import subprocess

from .adapters import RUNTIMES, start
from .cases import case

LINES = 200


class Person:
    """An IRC client in #test."""

    def __init__(self, port, nick):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.lines = self.connection.makefile("rb")
        self.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        self.hear(" 376 ", " 422 ")
        self.say("JOIN #test")
        self.hear(" 366 ")

    def say(self, *lines):
        self.connection.sendall("".join(line + "\r\n" for line in lines).encode())

    def hear(self, *words):
        """The next line with one of these words in it."""
        while True:
            line = self.lines.readline().decode(errors="replace").rstrip("\r\n")
            assert line, f"the connection ended before {words}"
            if line.startswith("PING"):
                self.say("PONG" + line[4:])
            elif any(word in line for word in words):
                return line


@case("links with compression and talks", ways=RUNTIMES, messages=[])
def link(world):
    # Where a segment ends is the system's choice; what lies behind the last plain line has to be seen once.
    tries = ("bob", "carl", "dora", "emil", "fred", "gert")
    assert any(talk(world, nick) > 0 for nick in tries), "the first compressed bytes always came in a segment of their own"


def talk(world, nick):
    """Links, talks to `nick`, and gives how many compressed bytes came in the segment of the last plain line."""
    person = Person(world.server.ports["irc"], nick)
    linked = start(world, "irc-link", f"127.0.0.1:{world.server.ports['irc']}", "in-pass")
    try:
        person.hear("ann!ann@leaf.test JOIN")
        text = "the same words again and again, as people say them"
        person.say(*(f"PRIVMSG #test :{number} {text}" for number in range(LINES)))
        for number in range(LINES):
            heard = person.hear("PRIVMSG")
            assert heard == f":ann!ann@leaf.test PRIVMSG #test :{nick} said {number} {text}", heard
        person.say("PRIVMSG #test :enough")
        person.hear("ann!ann@leaf.test QUIT")
        said, wrong = linked.communicate(timeout=30)
    except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
        linked.kill()
        said, wrong = linked.communicate()
        raise AssertionError(f"{failure}; the link said {(said + wrong).decode(errors='replace')}") from failure
    finally:
        person.connection.close()
    said = said.decode()
    assert linked.returncode == 0, said + wrong.decode(errors="replace")
    assert re.search(r"^version 0210-IRC\+$", said, re.M), said
    behind = int(re.search(r"^linked to hub\.test with (\d+) bytes behind$", said, re.M)[1])
    echoed, plain, wire = map(int, re.search(r"^echoed (\d+) of (\d+) bytes in (\d+)$", said, re.M).groups())
    assert echoed == LINES and wire * 2 < plain, said
    return behind

