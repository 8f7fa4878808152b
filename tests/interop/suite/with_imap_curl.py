"""curl, by IMAP."""

from .cases import IMAP_WAYS, IMAPS, PLAIN, case, equal
from .mail import octets


def fetch(world, path="", *options, status=0, password=None):
    scheme = "imaps" if world.way == IMAPS else "imap"
    command = ["curl", "--silent", "--show-error", "--max-time", "50", "--user", f"{world.user}:{world.password if password is None else password}"]
    if world.tls:
        command += ["--cacert", world.ca, "--ssl-reqd"]
    host = "localhost" if world.tls else "127.0.0.1"
    return world.home.run(*command, *options, f"{scheme}://{host}:{world.imap_port}/{path}", status=status)


@case("reads every message octet for octet by IMAP", ways=IMAP_WAYS)
def reads(world):
    for number, message in enumerate(world.mailbox.files(), 1):
        equal(fetch(world, f"INBOX;MAILINDEX={number}").stdout, octets(message), f"message {number}")


@case("appends a message by IMAP, and finds it again", ways=IMAP_WAYS)
def appends(world):
    letter = b"Subject: a letter\r\n\r\n.\r\nmore\r\n"
    fetch(world, "Drafts", "--upload-file", world.home.put("letter", letter))
    equal(fetch(world, "Drafts;UID=1").stdout, letter, "the letter")
    found = fetch(world, "Drafts?SUBJECT%20letter").stdout
    equal(found.strip(), b"* SEARCH 1", "what is found")


@case("lists the mailboxes", ways=[PLAIN])
def lists(world):
    said = fetch(world).stdout.decode()
    for name in ("INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"):
        assert name in said, f"{name} not in {said}"


@case("is told by IMAP that its password is wrong", ways=IMAP_WAYS)
def wrong_password(world):
    done = fetch(world, "INBOX;MAILINDEX=1", "-v", status=67, password="wrong")
    assert b"[AUTHENTICATIONFAILED]" in done.stderr, done.stderr.decode()
