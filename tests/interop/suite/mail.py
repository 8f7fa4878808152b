"""The mail that the cases fetch, and the Maildirs it lies in."""

import os
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[3] / "switchboard" / "samples"


def _header(subject):
    return (
        f"From: Ann <ann@example.org>\nTo: Bob <bob@example.org>\nSubject: {subject}\n"
        "Date: Fri, 21 Nov 1997 09:55:06 -0600\n"
        f"Message-ID: <{subject.lower().replace(' ', '-')}@example.org>\n\n"
    ).encode()


def _noise(length):
    """Octets of all values but NUL, CR and LF, in lines, the same each time."""
    state, octets = 1, bytearray()
    while len(octets) < length:
        state = (state * 1103515245 + 12345) % 2**31
        octet = state >> 16 & 0xFF
        octets.append(octet if octet not in (0, 10, 13) else 0x2E)
        if len(octets) % 71 == 0:
            octets += b"\n"
    return bytes(octets) + b"\n"


# What any client must bring home whole.
PLAIN_MESSAGES = [
    (SAMPLES / name).read_bytes()
    for name in ("01-welcome.eml", "02-attachment.eml", "04-dots.eml", "06-empty-body.eml", "07-no-final-newline.eml")
] + [_header("Dots only") + b".\n..\n...\n.\n", _header("Large") + b"".join(b".line %d\n" % n for n in range(9000))]

# What only octet-exact clients do: all samples, 8-bit octets, NUL, lone CR, mixed line ends, long lines.
MESSAGES = PLAIN_MESSAGES + [
    (SAMPLES / name).read_bytes() for name in ("03-utf-8.eml", "05-long-lines.eml", "08-dot-first.eml", "09-crlf.eml")
] + [
    _header("Noise") + _noise(200_000),
    _header("Mixed") + b"one\r\n.two\nthree\r\n\r\n.\r\n.\nend",
    _header("No line end").rstrip(b"\n"),
]


def wire(message):
    """A message as it crosses the wire, without stuffing: RFC 1939's line ends, one after the last line."""
    lines = message.replace(b"\r\n", b"\n").split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def octets(message):
    """A message as IMAP has it: every line ends with CRLF, and the last is as it is."""
    return message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def top(message, count):
    """What TOP gives: the header, the blank line, and so many lines of the body."""
    header, blank, body = wire(message).partition(b"\r\n\r\n")
    if not blank:
        return header
    lines = body.split(b"\r\n")[:-1]
    return header + blank + b"".join(line + b"\r\n" for line in lines[:count])


def lf(message):
    """A message with Unix line ends, the last line ended."""
    return wire(message).replace(b"\r\n", b"\n")


class Mailbox:
    """A Maildir, seen from the outside."""

    def __init__(self, path, owner=None):
        self.path = Path(path)
        self.owner = owner

    def fill(self, messages):
        """Puts these messages in the place of all that was there."""
        for folder in ("tmp", "new", "cur"):
            directory = self.path / folder
            directory.mkdir(parents=True, exist_ok=True)
            for file in directory.iterdir():
                file.unlink()
        for number, message in enumerate(messages):
            unfinished = self.path / "tmp" / f"{1_000_000_000 + number}.M{number}P1.interop"
            unfinished.write_bytes(message)
            os.rename(unfinished, self.path / "new" / unfinished.name)
        if self.owner:
            for path in [self.path, *self.path.rglob("*")]:
                os.chown(path, *self.owner)

    def files(self):
        """The messages there now, in the order in which they were filled in."""
        found = [file for folder in ("new", "cur") for file in (self.path / folder).iterdir()]
        found.sort(key=lambda file: int(file.name.split(".")[0]))
        return [file.read_bytes() for file in found]
