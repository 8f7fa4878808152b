"""Our IMAP client against Dovecot. The client takes a list of things to do, and prints what came of each."""

import os
import subprocess

from .against_dovecot import Relay, of
from .cases import IMAP_WAYS, IMAPS, PLAIN, STARTTLS, case, equal
from .mail import MESSAGES, octets

TLS = {PLAIN: "never", STARTTLS: "starttls", IMAPS: "implicit", None: "starttls"}


def command(world, *todo, password=None, method="best", port=None):
    return [
        os.environ["INTEROP_IMAP_CLIENT"], f"127.0.0.1:{port or world.imap_port}", TLS[world.way], str(world.ca), world.user,
        password or world.password, method, *map(str, todo),
    ]  # fmt: skip


def run(world, *todo, status=0, **more):
    """Gives the lines that the client printed, each as its words."""
    done = subprocess.run(command(world, *todo, **more), capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    said = (done.stdout + done.stderr)[-1500:].decode(errors="replace")
    assert done.returncode == status, f"ended with {done.returncode}, not {status}: {said}"
    lines = [line.split(" ") for line in done.stdout.decode().splitlines()]
    equal(of(lines, "odd"), [], "what could not be understood")
    return lines


def messages(lines):
    """What was told of each message: pairs by its number."""
    told = {}
    for number, *items in of(lines, "message"):
        told.setdefault(number, {}).update(item.split("=", 1) for item in items)
    return told


@case("serves our client's reading and marking", ways=IMAP_WAYS)
def reads(world):
    kept = world.home.folder("kept")
    kept.chmod(0o777)
    lines = run(
        world, "id", "namespace", "select", "INBOX", "selected", "facts", "keep", kept, "flag", "2:3", "\\Flagged", "flag", "4", "Work",
        "search-save", "copy", "$", "Sent", "search", "Dots", "sort", "thread", "unselect", "status", "Sent", "logout",
    )  # fmt: skip
    count = len(MESSAGES)
    equal(of(lines, "selected")[0][0], str(count), "EXISTS")
    for uid, message in enumerate(MESSAGES, 1):
        # NUL cannot be in a message of IMAP, and Dovecot sends 0x80 in its place.
        equal((kept / str(uid)).read_bytes(), octets(message).replace(b"\0", b"\x80"), f"message {uid}")
    told = messages(lines)
    equal([int(told[str(n)]["size"]) for n in range(1, count + 1)], [len(octets(one)) for one in MESSAGES], "sizes")
    assert "\\Flagged" in told["3"]["flags"] and "Work" in told["4"]["flags"], told
    equal(of(lines, "found-count"), [["2"]], "how many are flagged")
    assert any("Messages(2)," in " ".join(line) for line in of(lines, "status")), lines
    equal(len(of(lines, "found")), 2, "SEARCH and SORT")
    equal(sorted(map(int, of(lines, "found")[1])), list(range(1, count + 1)), "what is sorted")
    equal(of(lines, "closed"), [["logout"]], "the end")


@case("serves our client's folders", ways=[PLAIN, STARTTLS])
def folders(world):
    lines = run(
        world, "create", "Wörk", "create-for", "\\Archive", "Old", "rename", "Old", "Older", "subscribe", "Older", "list", "*", "list-subscribed", "list-status", "*",
        "delete", "Older", "select", "W&APY-rk", "selected", "close", "logout",
    )  # fmt: skip
    names = [name for name, *_ in of(lines, "list")]
    for name in ("INBOX", "W&APY-rk", "Older", "Sent"):
        assert name in names, names
    special = [line for line in of(lines, "list") if line[0] == "Sent" and "Sent" in line[1]]
    assert special, of(lines, "list")
    equal(len(of(lines, "status")), len({name for name in names}), "the mailboxes whose status came with LIST")
    equal(of(lines, "selected")[0][0], "0", "messages in the new mailbox")


@case("takes what our client appends, one and several, and moves", ways=IMAP_WAYS, messages=MESSAGES[:3])
def appends(world):
    letters = [b"Subject: one\r\n\r\n" + b"long line\r\n" * 9000, b"Subject: two\r\n\r\n\r\n", b"Subject: three\r\n\r\nend"]
    paths = [world.home.put(f"letter{n}", letter) for n, letter in enumerate(letters)]
    kept = world.home.folder("kept")
    lines = run(
        world, "append", "Sent", 1, paths[0], "append", "Sent", 3, *paths, "select", "Sent", "selected", "keep", kept, "move", "1", "Trash",
        "flag", "2", "\\Deleted", "flag", "3", "\\Deleted", "uid-expunge", "3", "noop", "expunge", "status", "Trash", "logout",
    )  # fmt: skip
    equal(of(lines, "selected")[0][0], "4", "messages that are there")
    for uid, letter in enumerate([letters[0], *letters], 1):
        equal((kept / str(uid)).read_bytes(), letter, f"message {uid}")
    equal([uid for _, uid in of(lines, "expunged")], ["1", "3", "2"], "what went, by its UID")
    # One of AppendUid for each APPEND, and what was copied.
    equal(sum(line[1:] and line[1].startswith("AppendUid") for line in lines if line[0] == "ok"), 2, "APPENDUID")



@case("lets our client find out what has changed while it was away", ways=[STARTTLS], messages=MESSAGES[:6])
def resyncs(world):
    lines = run(world, "enable", "CONDSTORE", "select", "INBOX", "flag", "1", "\\Seen", "selected", "logout")
    before = of(lines, "selected")[0]
    run(world, "select", "INBOX", "flag", "2:3", "\\Deleted", "expunge", "flag", "5", "\\Flagged", "logout")
    lines = run(world, "resync", "INBOX", before[1], before[2], "selected", "changed", before[2], "logout")
    equal(of(lines, "vanished")[0], ["true", "2:3"], "what has gone")
    equal({told["uid"]: told["flags"] for told in messages(lines).values() if "uid" in told and "5" == told["uid"]}, {"5": "\\Flagged"}, "what was flagged")
    after = of(lines, "selected")[0]
    equal((after[0], after[1]), ("4", before[1]), "the mailbox")
    assert int(after[2]) > int(before[2]), (before, after)
    # Somebody has changed message 5 since, and nobody message 4.
    lines = run(world, "enable", "CONDSTORE", "select", "INBOX", "flag-unchanged", "4,5", before[2], "\\Answered", "logout")
    assert any(line[0] == "ok" and "Modified" in " ".join(line) for line in lines), lines


@case("talks to our client through compression", ways=IMAP_WAYS, messages=MESSAGES[:6])
def compresses(world):
    kept = world.home.folder("kept")
    letter = world.home.put("letter", b"Subject: a\r\n\r\n" + b"again and " * 20_000)
    lines = run(world, "compress", "select", "INBOX", "keep", kept, "facts", "append", "INBOX", 1, letter, "noop", "compressed", "logout")
    equal(of(lines, "compressed"), [["true"]], "whether it became shorter")
    for uid, message in enumerate(MESSAGES[:6], 1):
        equal((kept / str(uid)).read_bytes(), octets(message), f"message {uid}")
    equal(of(lines, "closed"), [["logout"]], "the end")


@case("tells our client in IDLE what happens", ways=[PLAIN, IMAPS], messages=MESSAGES[:2])
def idles(world):
    todo = ("select", "INBOX", "idle-until", "exists", "facts", "idle-until", "message", "logout")
    idler = subprocess.Popen(command(world, *todo), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        said = until(idler, b"idling\n")
        letter = world.home.put("letter", b"Subject: new\r\n\r\nhello\r\n")
        run(world, "append", "INBOX", 1, letter, "logout")
        said += until(idler, b"idling\n")
        run(world, "select", "INBOX", "flag", "1", "\\Answered", "logout")
        rest, _ = idler.communicate(timeout=30)
        equal(idler.returncode, 0, "its end")
        said += rest
        assert b"exists 3\n" in said and b"subject=new" in said, said
        assert b"\\Answered" in rest, rest
    finally:
        if idler.poll() is None:
            idler.kill()
            idler.wait()


def until(process, wanted):
    said = b""
    while not said.endswith(wanted):
        line = process.stdout.readline()
        assert line, f"it ended; it said {said!r}"
        said += line
    return said


@case("tells our client of other mailboxes", ways=[PLAIN], messages=MESSAGES[:2])
def notifies(world):
    letter = world.home.put("letter", b"Subject: new\r\n\r\nhello\r\n")
    lines = run(world, "create", "a", "notify", "a", "append", "a", 1, letter, "noop", "logout")
    told = [" ".join(line) for line in of(lines, "status")]
    assert told and all(line.startswith("a ") for line in told), lines
    assert any("Messages(1)" in line for line in told), told


@case("keeps our client's annotations, and tells its quota and rights", ways=[STARTTLS], messages=MESSAGES[:2])
def annotations(world):
    lines = run(
        world, "set-metadata", "INBOX", "/private/comment", "a comment", "metadata", "INBOX", "/private/comment",
        "quota", "INBOX", "my-rights", "INBOX", "logout",
    )  # fmt: skip
    equal(of(lines, "metadata"), [["/private/comment", "a_comment"]], "the annotation")
    equal(of(lines, "quota-roots"), [["1"]], "quota roots")
    assert "limit: 10240" in " ".join(of(lines, "quota")[0]), of(lines, "quota")
    assert "l" in of(lines, "rights")[0][0] and "r" in of(lines, "rights")[0][0], of(lines, "rights")


@case("sees our client pipeline", messages=MESSAGES[:2])
def pipelines(world):
    world.way = PLAIN
    with Relay(world.imap_port) as relay:
        lines = run(world, "select", "INBOX", "facts", "logout", port=relay.port)
    equal(of(lines, "failed"), [], "what failed")
    assert len(messages(lines)) == 2, lines


@case("lets our client in", ways=IMAP_WAYS, messages=MESSAGES[:1])
def logins(world):
    for method in ("login", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "best"):
        lines = run(world, "select", "INBOX", "selected", "logout", method=method)
        equal(of(lines, "selected")[0][0], "1", f"messages after {method}")


@case("lets our client in by SCRAM-SHA-256 with a stored key", ways=[STARTTLS], messages=MESSAGES[:1])
def scram_stored(world):
    equal(of(run(world, "logout", method="SCRAM-SHA-256"), "closed"), [["logout"]], "the end")


@case("tells our client that the password is wrong", ways=[PLAIN, IMAPS], messages=MESSAGES[:1])
def wrong_password(world):
    for method in ("login", "SCRAM-SHA-256"):
        lines = run(world, "logout", password="wrong", method=method, status=1)
        assert of(lines, "failed")[0][0] == "[AuthenticationFailed]", lines


@case("is not trusted without its authority's certificate", ways=[STARTTLS, IMAPS], messages=MESSAGES[:1])
def untrusted(world):
    other = world.home.put("other.pem", b"")
    world.home.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=somebody else", "-keyout", "other-key.pem", "-out", other,
    )  # fmt: skip
    (world.home.path / "ca.pem").write_bytes(other.read_bytes())
    lines = run(world, "logout", status=1)
    equal(of(lines, "logged-in"), [], "logins")
    assert any("TLS" in " ".join(line) for line in of(lines, "broken")), lines
