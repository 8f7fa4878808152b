"""What a case is: a function, a mailbox of its own, and perhaps a way to connect."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from .client import Home
from .mail import MESSAGES

PLAIN, STLS, POP3S = "plain", "STLS", "POP3S"
WAYS = (PLAIN, STLS, POP3S)
STARTTLS, IMAPS = "STARTTLS", "IMAPS"
IMAP_WAYS = (PLAIN, STARTTLS, IMAPS)
PASSWORD = "s3cret-pass"


class Again(Exception):
    """A client failed by a fault of its own, which hangs on luck: the case is to be played anew."""


@dataclass
class Account:
    """A user; each case has its own, so that no session waits for another's end."""

    name: str
    password: str


@dataclass
class Case:
    """One line of the report."""

    title: str
    function: Callable
    account: Account
    way: Optional[str]
    messages: list

    def matches(self, words):
        return not words or any(word.lower() in self.title.lower() for word in words)

    def run(self, server, root):
        for turn in ("", "-again", "-once-more"):
            try:
                return self.play(server, Path(root) / "homes" / type(server).__name__.lower() / (self.account.name + turn))
            except Again as luck:
                why = luck
        raise AssertionError(f"three times: {why}")

    def play(self, server, folder):
        mailbox = server.mailbox(self.account.name)
        mailbox.fill(self.messages)
        home = Home(folder)
        home.put("ca.pem", server.ca)
        self.function(World(server, mailbox, home, self.account, self.way))


@dataclass
class World:
    """What a case works with."""

    server: object
    mailbox: object
    home: Home
    account: Account
    way: Optional[str]

    @property
    def user(self):
        return self.account.name

    @property
    def password(self):
        return self.account.password

    @property
    def tls(self):
        return self.way in (STLS, POP3S, STARTTLS, IMAPS)

    @property
    def port(self):
        return self.server.ports["pop3s" if self.way == POP3S else "pop3"]

    @property
    def imap_port(self):
        return self.server.ports["imaps" if self.way == IMAPS else "imap"]

    @property
    def ca(self):
        return self.home.path / "ca.pem"


def case(title, ways=None, password=PASSWORD, messages=MESSAGES):
    """Makes a case of a function; with `ways`, one for each."""

    def mark(function):
        module = function.__module__.rsplit(".", 1)[-1]
        group = module.split("_", 1)[-1]
        made = function.__globals__.setdefault("CASES", [])
        for way in ways or (None,):
            full = f"{group}: {title}" + (f", {way}" if way else "")
            name = re.sub("[^a-z0-9]+", "-", f"{group} {function.__name__} {way or ''}".lower()).strip("-")
            made.append(Case(full, function, Account(name, password), way, list(messages)))
        return function

    return mark


def of(module):
    """The cases of a module, in the order of the file."""
    return getattr(module, "CASES", [])


def equal(found, wanted, what):
    """Compares, and on a difference says where it begins rather than all of it."""
    if found == wanted:
        return
    if isinstance(found, (bytes, bytearray)) and isinstance(wanted, (bytes, bytearray)):
        pairs = zip(found, wanted)
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(found), len(wanted)))
        near = slice(max(0, at - 20), at + 20)
        raise AssertionError(
            f"{what}: {len(found)} octets for {len(wanted)}, differing at {at}: {found[near]!r} for {wanted[near]!r}"
        )
    raise AssertionError(f"{what}: {found!r} for {wanted!r}")


def alike(found, wanted, what):
    """Compares texts in any order, but for line ends at their end."""
    equal(len(found), len(wanted), what)
    for one, other in zip(*(sorted(text.rstrip(b"\n") for text in texts) for texts in (found, wanted))):
        equal(one, other, what)
