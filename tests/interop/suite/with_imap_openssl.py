"""openssl s_client, by IMAP."""

from .cases import IMAPS, STARTTLS, case
from .mail import octets


def talk(world, *commands, options=()):
    start = ["-starttls", "imap"] if world.way == STARTTLS else []
    return world.home.run(
        "openssl", "s_client", "-quiet", "-crlf", "-verify_return_error", "-CAfile", world.ca, *start, *options,
        "-connect", f"localhost:{world.imap_port}", "-servername", "localhost",
        input="".join(command + "\n" for command in commands).encode(),
        status=None,
    )  # fmt: skip


@case("openssl holds a session", ways=[STARTTLS, IMAPS])
def session(world):
    message = octets(world.mailbox.files()[0])
    done = talk(world, f"a LOGIN {world.user} {world.password}", "b SELECT INBOX", "c FETCH 1 BODY.PEEK[]", "d LOGOUT")
    said = done.stdout
    for wanted in (b"* %d EXISTS\r\n" % len(world.mailbox.files()), message, b"\r\nc OK ", b"* BYE ", b"\r\nd OK "):
        assert wanted in said, f"{wanted[:60]!r} is not in {said[-800:]!r} {done.stderr!r}"


@case("openssl agrees on TLS 1.2 and 1.3, and on nothing older", ways=[STARTTLS, IMAPS])
def versions(world):
    for option in ("-tls1_2", "-tls1_3"):
        done = talk(world, "a NOOP", "b LOGOUT", options=[option])
        assert b"a OK " in done.stdout and b"b OK " in done.stdout, (option, done.stdout + done.stderr)
    done = talk(world, "a NOOP", options=["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
    assert done.returncode != 0 and b"a OK" not in done.stdout, "the handshake came to pass"


@case("openssl is offered the ALPN protocol imap", ways=[IMAPS])
def alpn(world):
    done = world.home.run(
        "openssl", "s_client", "-CAfile", world.ca, "-alpn", "imap", "-connect", f"localhost:{world.imap_port}",
        input=b"a LOGOUT\r\n", status=None,
    )  # fmt: skip
    assert b"ALPN protocol: imap" in done.stdout, done.stdout[-500:].decode(errors="replace")
