"""mutt, on a terminal of ours."""

import mailbox
import os
import pty
import select
import subprocess
import time

from .cases import PLAIN, POP3S, STLS, WAYS, case, equal
from .mail import PLAIN_MESSAGES, lf


def open_folder(world, *settings, keys):
    """Opens the folder, has mutt press the keys, and gives all that it drew."""
    scheme = "pops" if world.way == POP3S else "pop"
    host = "localhost" if world.tls else "127.0.0.1"
    config = [
        f'set pop_user="{world.user}"', f'set pop_pass="{world.password}"', "set pop_delete=no", "set sort=mailbox-order",
        f'set ssl_ca_certificates_file="{world.ca}"', "set message_cachedir=''",
        f"set ssl_starttls={'yes' if world.way == STLS else 'no'}", f"set ssl_force_tls={'yes' if world.tls else 'no'}",
        "set confirmappend=no", "set confirmcreate=no", f'set folder="{world.home.folder("Mail")}"', "set record=''", "set delete=yes", "set quit=yes", "set copy=no", "set wait_key=no", "set mbox_type=mbox",
        "set pop_reconnect=no", "set timeout=5", 'set index_format="<<%N %s>>"', *settings, f'push "{keys}"',
    ]  # fmt: skip
    if world.tls:
        # Left to itself, Debian's takes the -PLUS form that the server offers, and then has no channel binding to give.
        config.insert(0, 'set pop_authenticators="scram-sha-256"')
    rc = world.home.put("muttrc", "\n".join(config) + "\n")
    command = ["mutt", "-n", "-F", str(rc), "-f", f"{scheme}://{host}:{world.port}/"]
    return on_terminal(command, world.home.surroundings())


def on_terminal(command, surroundings, seconds=20):
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, **surroundings
    )
    os.close(theirs)
    drawn, end = bytearray(), time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    more = os.read(ours, 65536)
                except OSError:
                    more = b""
                if not more:
                    break
                drawn += more
            elif process.poll() is not None:
                break
        if process.poll() is None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"mutt did not end; it drew {bytes(drawn[-600:])!r}") from None
        equal(process.returncode, 0, "mutt's status")
        return bytes(drawn)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)


@case("lists the headers", ways=WAYS, messages=PLAIN_MESSAGES)
def headers(world):
    drawn = open_folder(world, keys="<exit>")
    for subject in (b"Dots only", b"Large"):
        assert subject in drawn, f"{subject!r} is not on the screen: {drawn[-800:]!r}"


@case("reads all messages", ways=WAYS, messages=PLAIN_MESSAGES)
def reads(world):
    target = world.home.path / "copied"
    open_folder(world, keys=f"<tag-pattern>~A<enter><tag-prefix><copy-message>{target}<enter><exit>")
    copied = mailbox.mbox(str(target))
    wanted = sorted(lf(one).partition(b"\n\n")[2] for one in PLAIN_MESSAGES)
    found = sorted(one.get_payload_bytes() for one in map(Copied, (copied.get_bytes(key) for key in copied.keys())))
    equal(len(found), len(wanted), "messages")
    for one, other in zip(found, wanted):
        equal(one.rstrip(b"\n"), other.rstrip(b"\n"), "a message's body")


class Copied:
    """A message of an mbox."""

    def __init__(self, octets):
        self.octets = octets

    def get_payload_bytes(self):
        return self.octets.partition(b"\n\n")[2].replace(b"\n>From ", b"\nFrom ")


@case("deletes", ways=[PLAIN, STLS], messages=PLAIN_MESSAGES)
def deletes(world):
    open_folder(world, keys="<first-entry><delete-message><quit>")
    equal(world.mailbox.files(), PLAIN_MESSAGES[1:], "the mail that is left")
