"""mpop, which pipelines on its own account."""

from .cases import PLAIN, POP3S, STLS, WAYS, case, equal
from .mail import PLAIN_MESSAGES, lf

ALL = ("user", "plain", "scram-sha-1", "scram-sha-256")


def fetch(world, auth="user", password=None, status=0, **options):
    target = world.home.folder("mail")
    for folder in ("cur", "new", "tmp"):
        world.home.folder("mail", folder)
    settings = {
        "host": "localhost" if world.tls else "127.0.0.1",
        "port": world.port,
        "user": world.user,
        "password": password or world.password,
        "auth": auth,
        "tls": "on" if world.tls else "off",
        "tls_starttls": "on" if world.way == STLS else "off",
        "delivery": f"maildir {target}",
        "received_header": "off",
        "pipelining": "auto",
        "timeout": 30,
        **options,
    }
    if world.tls:
        settings["tls_trust_file"] = world.ca
    lines = "".join(f"{key} {value}\n" for key, value in settings.items())
    config = world.home.put("mpoprc", f"account interop\n{lines}account default: interop\n")
    done = world.home.run("mpop", f"--file={config}", "--debug", status=status)
    return done, sorted(file.read_bytes() for file in (target / "new").iterdir())


def delivered(messages):
    return sorted(map(lf, messages))


@case("fetches all, and deletes", ways=WAYS, messages=PLAIN_MESSAGES)
def fetches(world):
    done, mail = fetch(world, keep="off")
    equal(mail, delivered(PLAIN_MESSAGES), "the mail")
    assert b"PIPELINING" in done.stdout + done.stderr, "it saw no PIPELINING"
    equal(world.mailbox.files(), [], "the mail that is left")


@case("keeps the mail on the server, and fetches each once", ways=[STLS], messages=PLAIN_MESSAGES)
def keeps(world):
    _, first = fetch(world, keep="on")
    equal(first, delivered(PLAIN_MESSAGES), "the mail")
    _, second = fetch(world, keep="on")
    equal(second, first, "the mail after a second time")
    equal(world.mailbox.files(), PLAIN_MESSAGES, "the mail on the server")


@case("logs in by SASL PLAIN", ways=[STLS, POP3S], messages=PLAIN_MESSAGES[:1])
def plain(world):
    equal(fetch(world, auth="plain")[1], delivered(PLAIN_MESSAGES[:1]), "the mail")


@case("logs in by SCRAM-SHA-256", ways=WAYS, messages=PLAIN_MESSAGES[:1])
def scram_sha_256(world):
    equal(fetch(world, auth="scram-sha-256")[1], delivered(PLAIN_MESSAGES[:1]), "the mail")


@case("logs in by SCRAM-SHA-1", ways=[STLS], messages=PLAIN_MESSAGES[:1])
def scram_sha_1(world):
    equal(fetch(world, auth="scram-sha-1")[1], delivered(PLAIN_MESSAGES[:1]), "the mail")


@case("is told that its password is wrong", ways=[PLAIN, STLS], messages=PLAIN_MESSAGES[:1])
def wrong_password(world):
    for auth in ALL:
        done, mail = fetch(world, auth=auth, password="wrong", status=77)
        assert b"-ERR [AUTH]" in done.stdout + done.stderr, f"{auth}: {done.stdout[-300:]!r}"
        equal(mail, [], "the mail")
