"""getmail6."""

import mailbox

from .cases import POP3S, STLS, WAYS, Again, case, equal
from .mail import PLAIN_MESSAGES, lf


def fetch(world, destination, password=None, status=0, **options):
    retriever = {
        "type": "SimplePOP3SSLRetriever" if world.tls else "SimplePOP3Retriever",
        "server": "localhost" if world.tls else "127.0.0.1",
        "port": world.port,
        "username": world.user,
        "password": password or world.password,
        "timeout": 15,
    }
    if world.tls:
        retriever["ca_certs"] = world.ca
    sections = {
        "retriever": retriever,
        "destination": destination,
        "options": {"received": "false", "delivered_to": "false", "read_all": "true", "delete": "false", **options},
    }
    text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items())
    folder = world.home.folder("getmail")
    world.home.put("getmail/getmailrc", text)
    done = world.home.run("getmail", f"--getmaildir={folder}", "--rcfile=getmailrc", status=None)
    said = done.stderr + done.stdout
    # A child of its own that ends before it waits for it is waited for in vain.
    if b"waiting child pid" in said:
        raise Again(said.decode(errors="replace").strip())
    if status is not None:
        equal(done.returncode, status, f"getmail's status ({said[-600:].decode(errors='replace').strip()})")
    return done


def maildir(world):
    for folder in ("cur", "new", "tmp"):
        world.home.folder("mail", folder)
    return {"type": "Maildir", "path": f"{world.home.path}/mail/"}


def in_maildir(world):
    return sorted(path.read_bytes() for path in (world.home.path / "mail" / "new").iterdir())


def body(message):
    return message.partition(b"\n\n")[2]


# It has no STLS: TLS from the first octet, or none.
@case("fetches all to a Maildir, and deletes", ways=[way for way in WAYS if way != STLS], messages=PLAIN_MESSAGES)
def to_maildir(world):
    fetch(world, maildir(world), delete="true")
    equal(sorted(map(body, in_maildir(world))), sorted(body(lf(one)) for one in PLAIN_MESSAGES), "bodies")
    equal(world.mailbox.files(), [], "the mail that is left")


@case("fetches to an mbox", ways=[POP3S], messages=PLAIN_MESSAGES)
def to_mbox(world):
    path = world.home.put("mbox", b"")
    fetch(world, {"type": "Mboxrd", "path": path})
    found = mailbox.mbox(str(path))
    subjects = [message["Subject"] for message in found]
    equal(len(subjects), len(PLAIN_MESSAGES), "messages")
    assert "Dots only" in subjects and "Large" in subjects, subjects


@case("fetches only what is new the second time", ways=[POP3S], messages=PLAIN_MESSAGES)
def only_new(world):
    fetch(world, maildir(world), read_all="false")
    equal(len(in_maildir(world)), len(PLAIN_MESSAGES), "messages")
    fetch(world, maildir(world), read_all="false")
    equal(len(in_maildir(world)), len(PLAIN_MESSAGES), "messages after a second time")


@case("is told that its password is wrong", ways=[POP3S], messages=PLAIN_MESSAGES[:1])
def wrong_password(world):
    done = fetch(world, maildir(world), password="wrong", status=None)
    assert b"[AUTH]" in done.stdout + done.stderr, (done.stdout + done.stderr).decode()
    equal(in_maildir(world), [], "the mail")
