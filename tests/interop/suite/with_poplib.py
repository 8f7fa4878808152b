"""poplib, of Python's own library."""

import contextlib
import poplib
import ssl

from .cases import PLAIN, POP3S, STLS, WAYS, case, equal
from .mail import top, wire

# Its limit of 2,048 octets a line is below what real mail holds.
poplib._MAXLINE = 1 << 20


@contextlib.contextmanager
def connection(world, login=True):
    context = ssl.create_default_context(cafile=str(world.ca))
    if world.way == POP3S:
        pop = poplib.POP3_SSL("localhost", world.port, context=context, timeout=30)
    else:
        pop = poplib.POP3("127.0.0.1" if world.way != STLS else "localhost", world.port, timeout=30)
    try:
        if world.way == STLS:
            pop.stls(context)
        if login:
            pop.user(world.user)
            pop.pass_(world.password)
        yield pop
    finally:
        pop.close()


def refused(action, code=b""):
    try:
        answer = action()
    except poplib.error_proto as error:
        said = error.args[0]
        assert said.startswith(b"-ERR " + code), f"{said!r}, not -ERR {code.decode()}"
        return
    raise AssertionError(f"not refused: {answer!r}")


def whole(lines):
    return b"".join(line + b"\r\n" for line in lines)


@case("does all that RFC 1939 has", ways=WAYS, messages=[])
def everything(world):
    from .mail import PLAIN_MESSAGES

    world.mailbox.fill(PLAIN_MESSAGES)
    sizes = [len(wire(message)) for message in PLAIN_MESSAGES]
    count = len(sizes)
    with connection(world) as pop:
        equal(pop.stat(), (count, sum(sizes)), "STAT")
        equal(pop.list()[1], [b"%d %d" % pair for pair in enumerate(sizes, 1)], "LIST")
        equal(pop.list(3).split()[1:], [b"3", b"%d" % sizes[2]], "LIST 3")
        ids = [line.split()[1] for line in pop.uidl()[1]]
        equal(len(set(ids)), count, "different ids")
        assert all(0 < len(one) <= 70 for one in ids), ids
        equal(pop.uidl(2).split()[1:], [b"2", ids[1]], "UIDL 2")
        pop.noop()
        for number, message in enumerate(PLAIN_MESSAGES, 1):
            equal(whole(pop.retr(number)[1]), wire(message), f"RETR {number}")
            for lines in (0, 1, 3, 100_000):
                equal(whole(pop.top(number, lines)[1]), top(message, lines), f"TOP {number} {lines}")
        pop.dele(1)
        pop.dele(3)
        refused(lambda: pop.dele(1))
        refused(lambda: pop.retr(3))
        refused(lambda: pop.top(3, 0))
        refused(lambda: pop.list(1))
        refused(lambda: pop.uidl(3))
        equal(pop.stat(), (count - 2, sum(sizes) - sizes[0] - sizes[2]), "STAT after DELE")
        equal([int(line.split()[0]) for line in pop.list()[1]], [2, *range(4, count + 1)], "LIST keeps its numbers")
        pop.rset()
        equal(pop.stat(), (count, sum(sizes)), "STAT after RSET")
        pop.dele(2)
        pop.quit()
    equal(world.mailbox.files(), PLAIN_MESSAGES[:1] + PLAIN_MESSAGES[2:], "the mail that is left")


@case("reads odd messages octet for octet", ways=[PLAIN, POP3S])
def odd_messages(world):
    with connection(world) as pop:
        for number, message in enumerate(world.mailbox.files(), 1):
            pop._putcmd(f"RETR {number}")
            pop._getresp()
            found = bytearray()
            while (line := pop.file.readline()) != b".\r\n":
                assert line, "the connection ended within the message"
                found += line[1:] if line.startswith(b".") else line
            equal(bytes(found), wire(message), f"RETR {number}")
        pop.quit()


@case("sees capabilities that fit the state", ways=WAYS)
def capabilities(world):
    with connection(world, login=False) as pop:
        before = pop.capa()
        equal("STLS" in before, world.way == PLAIN, f"STLS in {before}")
        assert "APOP" not in before and "PLAIN" in before["SASL"], before
        assert any(name.startswith("SCRAM-SHA-256") for name in before["SASL"]), before
        refused(pop.stat)
        pop.user(world.user)
        pop.pass_(world.password)
        after = pop.capa()
        assert not {"STLS", "SASL", "USER"} & (after.keys() - {"USER"}), after
        assert {"TOP", "UIDL", "PIPELINING", "RESP-CODES"} <= after.keys(), after
        refused(lambda: pop.user(world.user))
        pop.quit()


@case("does not get TLS twice")
def stls_once(world):
    world.way = STLS
    with connection(world, login=False) as pop:
        refused(lambda: pop._shortcmd("STLS"))
        pop.user(world.user)
        pop.pass_(world.password)
        refused(lambda: pop._shortcmd("STLS"))
        pop.quit()


@case("turns UTF-8 on", ways=[STLS])
def utf8(world):
    with connection(world, login=False) as pop:
        assert "UTF8" in pop.capa()
        pop.utf8()
        pop.user(world.user)
        pop.pass_(world.password)
        equal(pop.stat()[0], len(world.mailbox.files()), "STAT")
        pop.quit()


@case("has no APOP")
def no_apop(world):
    world.way = STLS
    with connection(world, login=False) as pop:
        try:
            pop.apop(world.user, world.password)
        except poplib.error_proto as error:
            assert "APOP not supported" in str(error), error
        else:
            raise AssertionError("the greeting has a timestamp")
        refused(lambda: pop._shortcmd(f"APOP {world.user} c4c9334bac560ecc979e58001b3e22fb"))


@case("keeps blanks in passwords", ways=[STLS], password="  two  words ")
def blanks(world):
    with connection(world) as pop:
        pop.noop()
        pop.quit()


@case("may try again after a wrong password", ways=WAYS)
def wrong_password(world):
    with connection(world, login=False) as pop:
        pop.user(world.user)
        refused(lambda: pop.pass_("wrong"), b"[AUTH]")
        pop.user("nobody-of-that-name")
        refused(lambda: pop.pass_("wrong"), b"[AUTH]")
        pop.user(world.user)
        pop.pass_(world.password)
        pop.quit()


@case("deletes nothing when it drops the connection", ways=WAYS)
def dropped(world):
    before = world.mailbox.files()
    with connection(world) as pop:
        for number in range(1, len(before) + 1):
            pop.dele(number)
    # The next login waits until the first session has let go.
    until_free(world)
    equal(world.mailbox.files(), before, "the mail")


def until_free(world):
    """Logs in as soon as the mailbox is free: a dropped session ends when the server sees the end."""
    for _ in range(200):
        with connection(world, login=False) as pop:
            pop.user(world.user)
            try:
                pop.pass_(world.password)
            except poplib.error_proto as error:
                assert b"[IN-USE]" in error.args[0], error
                continue
            pop.quit()
            return
    raise AssertionError("the mailbox stays in use after its session was dropped")


@case("is refused a second session on its mailbox", ways=WAYS)
def in_use(world):
    with connection(world) as first:
        with connection(world, login=False) as second:
            second.user(world.user)
            refused(lambda: second.pass_(world.password), b"[IN-USE]")
        first.noop()
        first.quit()
    with connection(world) as third:
        third.quit()


@case("is told of message numbers that are none")
def bad_numbers(world):
    world.way = STLS
    with connection(world) as pop:
        count = len(world.mailbox.files())
        for argument in ("0", "-1", "+1", "x", "1x", str(count + 1), "4294967297", "18446744073709551617", ""):
            for command in ("RETR", "DELE"):
                refused(lambda: pop._shortcmd(f"{command} {argument}".strip()))
        equal(pop.stat()[0], count, "STAT")
        pop.quit()
