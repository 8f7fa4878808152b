"""curl."""

from .cases import PLAIN, POP3S, STLS, WAYS, case, equal
from .mail import top, wire


def fetch(world, path="", *options, status=0, password=None):
    scheme = "pop3s" if world.way == POP3S else "pop3"
    command = ["curl", "--silent", "--show-error", "--max-time", "50", "--user", f"{world.user}:{world.password if password is None else password}"]
    if world.tls:
        command += ["--cacert", world.ca, "--ssl-reqd"]
    host = "localhost" if world.tls else "127.0.0.1"
    return world.home.run(*command, *options, f"{scheme}://{host}:{world.port}/{path}", status=status)


@case("lists the sizes", ways=WAYS)
def lists(world):
    listing = fetch(world).stdout.decode().split("\r\n")[:-1]
    sizes = [f"{n} {len(wire(message))}" for n, message in enumerate(world.mailbox.files(), 1)]
    equal(listing, sizes, "LIST")


@case("reads every message octet for octet", ways=WAYS)
def reads(world):
    for number, message in enumerate(world.mailbox.files(), 1):
        equal(fetch(world, str(number)).stdout, wire(message), f"message {number}")


@case("asks for unique-ids, which stay the same", ways=[STLS])
def unique_ids(world):
    first = fetch(world, "", "-X", "UIDL").stdout.decode().split()
    again = fetch(world, "", "-X", "UIDL").stdout.decode().split()
    equal(again, first, "UIDL in the next session")
    equal(first[::2], [str(n + 1) for n in range(len(world.mailbox.files()))], "numbers")
    equal(len(set(first[1::2])), len(world.mailbox.files()), "different ids")


@case("reads the top of a message", ways=[PLAIN, POP3S])
def tops(world):
    for number, message in enumerate(world.mailbox.files(), 1):
        equal(fetch(world, "", "-X", f"TOP {number} 2").stdout, top(message, 2), f"message {number}")


@case("deletes by a command of its own", ways=WAYS)
def deletes(world):
    before = world.mailbox.files()
    fetch(world, "2", "-I", "-X", "DELE")
    equal(world.mailbox.files(), before[:1] + before[2:], "the mail that is left")


@case("sends NOOP and STAT", ways=[PLAIN])
def simple(world):
    sizes = [len(wire(message)) for message in world.mailbox.files()]
    said = fetch(world, "", "-v", "-I", "-X", "STAT").stderr.decode()
    assert f"< +OK {len(sizes)} {sum(sizes)}" in said, said
    fetch(world, "", "-I", "-X", "NOOP")


@case("sees other capabilities after login", ways=WAYS)
def capabilities(world):
    done = fetch(world, "", "-v", "-X", "CAPA")
    before = [line[2:].strip() for line in done.stderr.decode().splitlines() if line.startswith("< ")]
    after = done.stdout.decode().split("\r\n")
    for name in ("UIDL", "TOP", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"):
        assert name in after, f"{name} not in {after}"
    assert not any(line.startswith(("STLS", "SASL")) for line in after), f"STLS or SASL after login: {after}"
    equal("STLS" in before, world.way != POP3S, f"STLS in {before}")


@case("is told that its password is wrong", ways=WAYS)
def wrong_password(world):
    done = fetch(world, "1", "-v", status=67, password="wrong")
    assert b"-ERR [AUTH]" in done.stderr, done.stderr.decode()


@case("asks for a message that is not there")
def no_such_message(world):
    done = fetch(world, "4711", "-v", status=None)
    assert done.returncode != 0 and b"-ERR" in done.stderr, done.stderr.decode()


@case("logs in by SASL PLAIN with an initial response", ways=WAYS)
def sasl_plain(world):
    done = fetch(world, "1", "-v", "--login-options", "AUTH=PLAIN", "--sasl-ir")
    assert b"> AUTH PLAIN " in done.stderr, done.stderr.decode()
    equal(done.stdout, wire(world.mailbox.files()[0]), "message 1")


@case("logs in by SASL PLAIN without an initial response", ways=[STLS])
def sasl_plain_late(world):
    done = fetch(world, "1", "-v", "--login-options", "AUTH=PLAIN")
    assert b"> AUTH PLAIN\r\n" in done.stderr or b"> AUTH PLAIN\n" in done.stderr, done.stderr.decode()
    equal(done.stdout, wire(world.mailbox.files()[0]), "message 1")


@case("logs in by SASL EXTERNAL with a certificate", ways=[STLS, POP3S])
def sasl_external(world):
    chain, key = world.server.clients.certify(f"{world.user}@localhost")
    shown = ("--cert", world.home.put("cert.pem", chain), "--key", world.home.put("key.pem", key))
    done = fetch(world, "1", "-v", *shown, "--login-options", "AUTH=EXTERNAL", password="")
    assert b"> AUTH EXTERNAL" in done.stderr, done.stderr.decode()
    equal(done.stdout, wire(world.mailbox.files()[0]), "message 1")


@case("is not let in by the certificate of somebody else", ways=[POP3S])
def sasl_external_of_another(world):
    chain, key = world.server.clients.certify("mallory@localhost")
    shown = ("--cert", world.home.put("cert.pem", chain), "--key", world.home.put("key.pem", key))
    done = fetch(world, "1", "-v", *shown, "--login-options", "AUTH=EXTERNAL", password="", status=67)
    assert b"-ERR [AUTH]" in done.stderr, done.stderr.decode()


@case("does not talk to a server that it does not trust", ways=[STLS, POP3S])
def untrusted(world):
    done = fetch(world, "1", "-v", "--cacert", "/etc/ssl/certs/ca-certificates.crt", status=None)
    assert done.returncode in (60, 77), f"ended with {done.returncode}"
    assert b"> USER" not in done.stderr and b"> AUTH" not in done.stderr, done.stderr.decode()
