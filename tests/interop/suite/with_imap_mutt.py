"""mutt, by IMAP."""

import mailbox

from .cases import IMAP_WAYS, IMAPS, PLAIN, STARTTLS, case, equal
from .mail import PLAIN_MESSAGES, lf
from .with_mutt import Copied, on_terminal


def open_folder(world, *settings, keys, program="mutt"):
    """Opens INBOX, has the program press the keys, and gives all that it drew."""
    scheme = "imaps" if world.way == IMAPS else "imap"
    host = "localhost" if world.tls else "127.0.0.1"
    config = [
        f'set imap_user="{world.user}"', f'set imap_pass="{world.password}"', "set sort=mailbox-order", "set imap_authenticators=plain",
        f'set ssl_ca_certificates_file="{world.ca}"', "set message_cachedir=''", "set header_cache=''",
        f"set ssl_starttls={'yes' if world.way == STARTTLS else 'no'}", f"set ssl_force_tls={'yes' if world.tls else 'no'}",
        "set confirmappend=no", "set confirmcreate=no", f'set folder="{world.home.folder("Mail")}"', "set record=''", "set delete=yes", "set quit=yes", "set copy=no", "set wait_key=no", "set mbox_type=mbox",
        "set timeout=5", 'set index_format="<<%N %s>>"', *settings, f'push "{keys}"',
    ]  # fmt: skip
    rc = world.home.put("muttrc", "\n".join(config) + "\n")
    command = [program, "-n", "-F", str(rc), "-f", f"{scheme}://{host}:{world.imap_port}/INBOX"]
    return on_terminal(command, world.home.surroundings())


@case("reads all messages by IMAP", ways=IMAP_WAYS, messages=PLAIN_MESSAGES)
def reads(world):
    target = world.home.path / "copied"
    open_folder(world, keys=f"<tag-pattern>~A<enter><tag-prefix><copy-message>{target}<enter><exit>")
    copied = mailbox.mbox(str(target))
    wanted = sorted(lf(one).partition(b"\n\n")[2] for one in PLAIN_MESSAGES)
    found = sorted(one.get_payload_bytes() for one in map(Copied, (copied.get_bytes(key) for key in copied.keys())))
    equal(len(found), len(wanted), "messages")
    for one, other in zip(found, wanted):
        equal(one.rstrip(b"\n"), other.rstrip(b"\n"), "a message's body")


@case("deletes by IMAP", ways=[PLAIN, STARTTLS], messages=PLAIN_MESSAGES)
def deletes(world):
    open_folder(world, keys="<first-entry><delete-message><quit>")
    equal(len(world.mailbox.files()), len(PLAIN_MESSAGES) - 1, "the mail that is left")
