"""Our client against Dovecot. The client takes a list of things to do, and prints what came of each."""

import os
import select
import socket
import subprocess
import threading

from .cases import PLAIN, POP3S, STLS, WAYS, case, equal
from .mail import MESSAGES, top, wire

TLS = {PLAIN: "never", STLS: "stls", POP3S: "implicit", None: "stls"}


def command(world, *todo, password=None, method="best", port=None):
    return [
        os.environ["INTEROP_CLIENT"], f"127.0.0.1:{port or world.port}", TLS[world.way], str(world.ca), world.user,
        password or world.password, method, *map(str, todo),
    ]  # fmt: skip


def run(world, *todo, status=0, **more):
    """Gives the lines that the client printed, each as its words."""
    # Ours is no mail program that dislikes root, and may lie where nobody cannot go.
    done = subprocess.run(
        command(world, *todo, **more), capture_output=True, timeout=60, stdin=subprocess.DEVNULL
    )
    said = (done.stdout + done.stderr)[-800:].decode(errors="replace")
    assert done.returncode == status, f"ended with {done.returncode}, not {status}: {said}"
    return [line.split(" ") for line in done.stdout.decode().splitlines()]


def of(lines, word):
    return [line[1:] for line in lines if line[0] == word]


def fetched(folder, count):
    return [(folder / str(number)).read_bytes() for number in range(1, count + 1)]


@case("serves our client's every request", ways=WAYS)
def everything(world):
    folder = world.home.folder("fetched")
    count = len(MESSAGES)
    lines = run(
        world, "capa", "stat", "list", "list", 2, "uidl", "uidl", 3, "noop", "fetch", folder, "top", 4, 2, folder / "top",
        "dele", 1, "dele", 2, "stat", "rset", "dele", 3, "quit", method="user",
    )  # fmt: skip
    messages = list(MESSAGES)
    # It does not count the line end that it adds to a message without one.
    sizes = [len(wire(message)) - (0 if message.endswith(b"\n") else 2) for message in messages]
    equal(of(lines, "logged-in"), [["UserPass"]], "the way in")
    equal(of(lines, "stat")[0], [str(count), str(sum(sizes))], "STAT")
    equal(of(lines, "size"), [[str(n), str(s)] for n, s in enumerate(sizes, 1)] + [["2", str(sizes[1])]], "LIST")
    ids = of(lines, "unique-id")
    equal([number for number, _ in ids], [str(n) for n in range(1, count + 1)] + ["3"], "UIDL")
    equal(ids[-1], ids[2], "UIDL 3")
    equal(len({one for _, one in ids}), count, "different ids")
    for number, (found, message) in enumerate(zip(fetched(folder, count), messages), 1):
        equal(found, wire(message), f"RETR {number}")
    equal((folder / "top").read_bytes(), top(messages[3], 2), "TOP 4 2")
    equal(of(lines, "stat")[-1][0], str(count - 2), "STAT after DELE")
    equal(of(lines, "closed"), [["quit", "0"]], "the end")
    equal(of(lines, "failed"), [], "what failed")
    equal(world.mailbox.files(), messages[:2] + messages[3:], "the mail that is left")


@case("sees our client pipeline")
def pipelines(world):
    world.way = PLAIN
    folder = world.home.folder("fetched")
    with Relay(world.port) as relay:
        lines = run(world, "fetch", folder, "quit", port=relay.port)
    equal(of(lines, "failed"), [], "what failed")
    most = max(piece.count(b"RETR ") for piece in relay.heard)
    assert most > 4, f"no more than {most} RETR came together"


class Relay:
    """Stands between a client and a server, and keeps what the client says."""

    def __init__(self, port):
        self.heard = []
        self.behind = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(30)
        self.listener.close()

    def _carry(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.behind)) as server:
            ends = {client: server, server: client}
            while True:
                for end in select.select(list(ends), [], [], 30)[0]:
                    piece = end.recv(65536)
                    if not piece:
                        return
                    if end is client:
                        self.heard.append(piece)
                    ends[end].sendall(piece)


def logs_in(world, method, shown):
    lines = run(world, "stat", "quit", method=method)
    equal(of(lines, "logged-in"), [[shown]], "the way in")
    equal(of(lines, "stat")[0][0], "1", "messages")


@case("lets our client in by PLAIN", ways=WAYS, messages=MESSAGES[:1])
def plain(world):
    logs_in(world, "PLAIN", "PLAIN")


@case("lets our client in by LOGIN", ways=[STLS], messages=MESSAGES[:1])
def login(world):
    logs_in(world, "LOGIN", "LOGIN")


@case("lets our client in by CRAM-MD5", ways=[PLAIN, STLS], messages=MESSAGES[:1])
def cram_md5(world):
    logs_in(world, "CRAM-MD5", "CRAM-MD5")


@case("lets our client in by SCRAM-SHA-1", ways=[PLAIN, STLS], messages=MESSAGES[:1])
def scram_sha_1(world):
    logs_in(world, "SCRAM-SHA-1", "SCRAM-SHA-1")


@case("lets our client in by SCRAM-SHA-256", ways=WAYS, messages=MESSAGES[:1])
def scram_sha_256(world):
    logs_in(world, "SCRAM-SHA-256", "SCRAM-SHA-256")


@case("lets our client in by SCRAM-SHA-256 with a stored key", ways=[STLS], messages=MESSAGES[:1])
def scram_stored(world):
    logs_in(world, "SCRAM-SHA-256", "SCRAM-SHA-256")


@case("sees our client choose the best of its mechanisms", ways=WAYS, messages=MESSAGES[:1])
def best(world):
    logs_in(world, "best", "SCRAM-SHA-256")


@case("tells our client that the password is wrong", ways=WAYS, messages=MESSAGES[:1])
def wrong_password(world):
    for method in ("user", "PLAIN", "SCRAM-SHA-256"):
        lines = run(world, "stat", "quit", password="wrong", method=method, status=1)
        equal([line[0] for line in of(lines, "failed")][:1], ["[AUTH]"], method)


@case("tells our client of message numbers that are none", ways=[STLS], messages=MESSAGES[:2])
def bad_numbers(world):
    lines = run(world, "dele", 3, "top", 3, 0, world.home.path / "top", "stat", "quit", status=1)
    equal(len(of(lines, "failed")), 2, "what failed")
    equal(of(lines, "stat")[0][0], "2", "messages")


@case("deletes nothing when our client drops the connection", ways=WAYS, messages=MESSAGES[:3])
def dropped(world):
    lines = run(world, "dele", 1, "dele", 2, "drop")
    equal(of(lines, "dropped"), [["2"]], "deletions lost")
    equal(world.mailbox.files(), MESSAGES[:3], "the mail")


@case("tells our client that the mailbox is in use", ways=[STLS], messages=MESSAGES[:1])
def in_use(world):
    holder = subprocess.Popen(command(world, "stat", "hold", "quit"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        while (line := holder.stdout.readline()) != b"holding\n":
            assert line, "the first session ended"
        lines = run(world, "stat", "quit", status=1)
        equal([line[0] for line in of(lines, "failed")][:1], ["[IN-USE]"], "the second session")
        holder.communicate(timeout=30)
        equal(holder.returncode, 0, "the first session's end")
    finally:
        if holder.poll() is None:
            holder.kill()
            holder.wait()
    run(world, "stat", "quit")


@case("is not trusted without its authority's certificate", ways=[STLS, POP3S], messages=MESSAGES[:1])
def untrusted(world):
    other = world.home.put("other.pem", b"")
    world.home.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=somebody else", "-keyout", "other-key.pem", "-out", other,
    )  # fmt: skip
    (world.home.path / "ca.pem").write_bytes(other.read_bytes())
    lines = run(world, "stat", "quit", status=1)
    equal(of(lines, "logged-in"), [], "logins")
    assert any("TLS" in " ".join(line) for line in of(lines, "broken")), lines
