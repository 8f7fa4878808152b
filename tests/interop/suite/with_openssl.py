"""openssl s_client."""

from .cases import POP3S, STLS, case
from .mail import wire


def talk(world, *commands, options=()):
    start = ["-starttls", "pop3"] if world.way == STLS else []
    return world.home.run(
        "openssl", "s_client", "-quiet", "-crlf", "-verify_return_error", "-CAfile", world.ca, *start, *options,
        "-connect", f"localhost:{world.port}", "-servername", "localhost",
        input="".join(command + "\n" for command in commands).encode(),
        status=None,
    )  # fmt: skip


@case("holds a session", ways=[STLS, POP3S])
def session(world):
    message = wire(world.mailbox.files()[0])
    done = talk(world, f"USER {world.user}", f"PASS {world.password}", "STAT", "RETR 1", "QUIT")
    sizes = [len(wire(one)) for one in world.mailbox.files()]
    assert f"+OK {len(sizes)} {sum(sizes)}\r\n".encode() in done.stdout, (done.stdout + done.stderr).decode()
    assert message in done.stdout, "the message is not whole"


@case("agrees on TLS 1.2 and 1.3", ways=[STLS, POP3S])
def versions(world):
    for option in ("-tls1_2", "-tls1_3"):
        done = talk(world, f"USER {world.user}", "QUIT", options=[option])
        # To USER and to QUIT; the greeting, too, where openssl did not need it.
        assert done.stdout.count(b"+OK") >= 2, (option, done.stdout + done.stderr)


@case("is refused TLS 1.1", ways=[STLS, POP3S])
def too_old(world):
    done = talk(world, f"USER {world.user}", "QUIT", options=["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
    assert done.returncode != 0, "the handshake came to pass"


@case("is offered the ALPN protocol pop3", ways=[POP3S])
def alpn(world):
    done = world.home.run(
        "openssl", "s_client", "-CAfile", world.ca, "-alpn", "pop3", "-connect", f"localhost:{world.port}",
        input=b"QUIT\r\n", status=None,
    )  # fmt: skip
    assert b"ALPN protocol: pop3" in done.stdout, done.stdout[-500:].decode(errors="replace")
