"""The adapters on each runtime, as a program of their own."""

import os
import subprocess

from .certificates import NEW_KEY

RUNTIMES = ("tokio", "async-std", "smol", "blocking")


def command(world, *job):
    return [os.environ["INTEROP_ADAPTERS"], world.way, *map(str, job)]


def start(world, *job):
    """Starts a job and gives its process; what it prints is read from there."""
    return subprocess.Popen(command(world, *job), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(world, *job):
    """Runs a job to its end and gives the lines that it printed."""
    done = subprocess.run(command(world, *job), capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    said = (done.stdout + done.stderr)[-800:].decode(errors="replace")
    assert done.returncode == 0, f"ended with {done.returncode}: {said}"
    return done.stdout.decode().splitlines()


def certify(home):
    """A certificate for localhost that is its own authority: where it lies, and its key."""
    chain, key = home.path / "localhost.pem", home.path / "localhost-key.pem"
    names = ("-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE")
    home.run("openssl", "req", "-x509", "-days", "2", "-subj", "/CN=localhost", *names, *NEW_KEY, key, "-out", chain)
    return chain, key


class Nobody:
    """In the place of a server, for cases that start their own."""

    ca = b""

    def __init__(self, root, accounts):
        self.process = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def poll(self):
        return None

    def mailbox(self, _user):
        return self

    def fill(self, _messages):
        pass

    def log_tail(self):
        return "(there is none)"
