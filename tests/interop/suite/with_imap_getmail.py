"""getmail6, by IMAP."""

from .cases import IMAP_WAYS, IMAPS, PLAIN, STARTTLS, alike, case, equal
from .mail import PLAIN_MESSAGES, lf
from .with_getmail import body, in_maildir, maildir


def fetch(world, destination, password=None, status=0, mailboxes=("INBOX",), **options):
    retriever = {
        "type": "SimpleIMAPSSLRetriever" if world.tls else "SimpleIMAPRetriever",
        "server": "localhost" if world.tls else "127.0.0.1",
        "port": world.imap_port,
        "username": world.user,
        "password": password or world.password,
        "timeout": 30,
        "mailboxes": f"({''.join(repr(name) + ', ' for name in mailboxes)})",
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
    return world.home.run("getmail", f"--getmaildir={folder}", "--rcfile=getmailrc", status=status)


# It has no STARTTLS: TLS from the first octet, or none.
@case("getmail fetches all, and deletes", ways=[way for way in IMAP_WAYS if way != STARTTLS], messages=PLAIN_MESSAGES)
def to_maildir(world):
    fetch(world, maildir(world), delete="true")
    alike([body(one) for one in in_maildir(world)], [body(lf(one)) for one in PLAIN_MESSAGES], "bodies")
    equal(world.mailbox.files(), [], "the mail that is left")


@case("getmail fetches only what is new the second time, from two mailboxes", ways=[IMAPS], messages=PLAIN_MESSAGES)
def only_new(world):
    for _ in range(2):
        fetch(world, maildir(world), read_all="false", mailboxes=("INBOX", "Archive"))
        equal(len(in_maildir(world)), len(PLAIN_MESSAGES), "messages")


@case("getmail is told that its password is wrong", ways=[PLAIN], messages=PLAIN_MESSAGES[:1])
def wrong_password(world):
    done = fetch(world, maildir(world), password="wrong", status=None)
    assert b"AUTHENTICATIONFAILED" in done.stdout + done.stderr, (done.stdout + done.stderr).decode()
    equal(in_maildir(world), [], "the mail")
