"""fetchmail."""

from .cases import POP3S, STLS, WAYS, case, equal
from .mail import PLAIN_MESSAGES, lf


def fetch(world, *words, server="", password=None, status=0):
    """Delivers to an mbox of our own making, so that each message's octets can be told apart."""
    script = '#!/bin/sh\ncat > "$HOME/mail/$$" && mv "$HOME/mail/$$" "$HOME/mail/$$.eml"\n'
    world.home.folder("mail")
    deliver = world.home.put("deliver", script, mode=0o700)
    tls = {STLS: 'sslproto "tls1.2+"', POP3S: "ssl", None: 'sslproto ""'}[world.way if world.tls else None]
    trust = f'sslcertck sslcertfile "{world.ca}" ' if world.tls else ""
    host = "localhost" if world.tls else "127.0.0.1"
    rc = (
        f"set invisible\nset no bouncemail\n"
        f'poll {host} protocol pop3 port {world.port} {server} auth password user "{world.user}" '
        f'password "{password or world.password}" {tls} {trust}{" ".join(words)} mda "{deliver}"\n'
    )
    config = world.home.put("fetchmailrc", rc, mode=0o600)
    done = world.home.run(
        "fetchmail", "-f", config, "--pidfile", world.home.path / "pid", "--idfile", world.home.path / "ids",
        "-v", "-N", "--nosyslog", status=status,
    )  # fmt: skip
    return done, [path.read_bytes() for path in world.home.folder("mail").glob("*.eml")]


def delivered(messages):
    return sorted(map(lf, messages))


@case("fetches all, and deletes", ways=WAYS, messages=PLAIN_MESSAGES)
def fetches(world):
    _, mail = fetch(world, "nokeep", "fetchall", "no rewrite", "stripcr")
    equal(sorted(mail), delivered(PLAIN_MESSAGES), "the mail")
    equal(world.mailbox.files(), [], "the mail that is left")


@case("keeps the mail on the server, and fetches each once", ways=WAYS, messages=PLAIN_MESSAGES)
def keeps(world):
    _, mail = fetch(world, "keep", "no rewrite", "stripcr", server="uidl")
    equal(sorted(mail), delivered(PLAIN_MESSAGES), "the mail")
    # Its word for "there is no new mail" is 1.
    _, mail = fetch(world, "keep", "no rewrite", "stripcr", server="uidl", status=1)
    equal(len(mail), len(PLAIN_MESSAGES), "messages after a second time")
    equal(world.mailbox.files(), PLAIN_MESSAGES, "the mail on the server")


@case("is told that its password is wrong", ways=[STLS], messages=PLAIN_MESSAGES[:1])
def wrong_password(world):
    done, mail = fetch(world, "keep", password="wrong", status=3)
    assert b"-ERR [AUTH]" in done.stdout + done.stderr, done.stdout.decode()
    equal(mail, [], "the mail")
