"""Python's imaplib."""

import imaplib
import poplib
import ssl
import time

from .cases import IMAP_WAYS, IMAPS, PLAIN, STARTTLS, case, equal
from .mail import PLAIN_MESSAGES, octets


def connect(world):
    context = ssl.create_default_context(cafile=str(world.ca))
    if world.way == IMAPS:
        session = imaplib.IMAP4_SSL("localhost", world.imap_port, ssl_context=context, timeout=50)
    else:
        session = imaplib.IMAP4("localhost", world.imap_port, timeout=50)
        if world.way == STARTTLS:
            session.starttls(context)
    session.login(world.user, world.password)
    return session


def ok(answer):
    status, data = answer
    equal(status, "OK", f"the status of {data!r}")
    return data


@case("reads, marks and removes messages", ways=IMAP_WAYS, messages=PLAIN_MESSAGES)
def reads(world):
    with connect(world) as session:
        count = int(ok(session.select())[0])
        equal(count, len(PLAIN_MESSAGES), "EXISTS")
        for number, message in enumerate(PLAIN_MESSAGES, 1):
            equal(ok(session.fetch(str(number), "(BODY.PEEK[])"))[0][1], octets(message), f"message {number}")
        flags = ok(session.store("1", "+FLAGS", r"(\Deleted \Flagged)"))[0]
        assert rb"\Deleted" in flags and rb"\Flagged" in flags, flags
        equal(ok(session.expunge()), [b"1"], "what is expunged")
        equal(ok(session.search(None, "ALL"))[0], b" ".join(b"%d" % n for n in range(1, count)), "what is left")
    equal(len(world.mailbox.files()), len(PLAIN_MESSAGES) - 1, "the files that are left")


@case("makes, renames and removes mailboxes, copies and moves", ways=[PLAIN], messages=PLAIN_MESSAGES)
def tree(world):
    with connect(world) as session:
        ok(session.create("Work/2026"))
        ok(session.select())
        ok(session.copy("1", "Work/2026"))
        ok(session.uid("MOVE", "1", "Work/2026"))
        ok(session.rename("Work/2026", "Work/&APw-ber"))
        equal(int(ok(session.select("Work/&APw-ber"))[0]), 2, "messages")
        names = b"\n".join(ok(session.list()))
        assert b"Work/&APw-ber" in names, names
        ok(session.close())
        ok(session.delete("Work/&APw-ber"))
        equal(session.select("Work/&APw-ber")[0], "NO", "a mailbox that is gone")


@case("hears in IDLE of what POP3 removes and what is delivered", ways=[PLAIN, IMAPS], messages=PLAIN_MESSAGES)
def idles(world):
    with connect(world) as session:
        ok(session.select())
        tag = session._new_tag()
        session.send(tag + b" IDLE\r\n")
        assert session.readline().startswith(b"+"), "no continuation"
        pop = poplib.POP3("localhost", world.server.ports["pop3"], timeout=50)
        pop.user(world.user)
        pop.pass_(world.password)
        pop.dele(1)
        pop.quit()
        heard = [session.readline()]
        equal(heard[0], b"* 1 EXPUNGE\r\n", "what POP3 removed")
        new = world.mailbox.path / "new" / f"{int(time.time())}.interop"
        new.write_bytes(b"Subject: new\n\nhello\n")
        line = session.readline()
        while b"EXISTS" not in line:
            line = session.readline()
        equal(line, b"* %d EXISTS\r\n" % len(PLAIN_MESSAGES), "the delivery")
        session.send(b"DONE\r\n")
        while not line.startswith(tag):
            line = session.readline()
        assert b"OK" in line, line
