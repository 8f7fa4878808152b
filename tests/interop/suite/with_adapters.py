"""openssl on either side of the adapters' TLS, on each runtime."""

import re
import subprocess

from .adapters import RUNTIMES, certify, run, start
from .cases import case, equal
from .client import Home
from .peer import free_port


@case("echo to openssl s_client", ways=RUNTIMES, messages=[])
def s_client(world):
    chain, key = certify(world.home)
    serving = start(world, "tls-server", chain, key)
    try:
        address = serving.stdout.readline().decode().strip().removeprefix("listening ")
        refused = world.home.run(
            "openssl", "s_client", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-connect", address, input=b"", status=None,
        )  # fmt: skip
        assert refused.returncode != 0, "TLS 1.1 came to pass"
        for version in ("-tls1_2", "-tls1_3"):
            equal(conversation(world, address, chain, version), [b"one\r\n", b"two\r\n"], f"the echo, {version}")
        said, wrong = serving.communicate(timeout=30)
    finally:
        serving.kill()
        serving.wait()
    assert re.fullmatch(rb"served 3 aborted 0\n", said), said + wrong


def conversation(world, address, chain, version):
    """Two lines, of which the second is said when the first has come back."""
    client = subprocess.Popen(
        ["openssl", "s_client", "-quiet", version, "-verify_return_error", "-CAfile", str(chain), "-servername", "localhost",
         "-verify_hostname", "localhost", "-alpn", "echo", "-connect", address],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **world.home.surroundings(),
    )  # fmt: skip
    try:
        heard = []
        for line in (b"one\r\n", b"two\r\n"):
            client.stdin.write(line)
            client.stdin.flush()
            heard.append(client.stdout.readline())
        return heard
    finally:
        client.kill()
        client.communicate()


@case("talk to openssl s_server", ways=RUNTIMES, messages=[])
def s_server(world):
    chain, key = certify(world.home)
    other, _ = certify(Home(world.home.path / "elsewhere"))
    for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
        port = free_port()
        # -rev gives each line back in reverse.
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(chain), "-key", str(key), "-rev", version,
             "-alpn", "echo"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **world.home.surroundings(),
        )  # fmt: skip
        try:
            # Its first words come when it listens.
            while b"ACCEPT" not in (line := server.stdout.readline()):
                assert line, "openssl s_server did not start"
            said = run(world, "tls-client", f"127.0.0.1:{port}", chain, "hello", "wirestate")
            equal(said, ["said olleh", "said etatseriw", f"version {name} alpn echo"], "what came back")
            try:
                run(world, "tls-client", f"127.0.0.1:{port}", other, "hello")
                raise RuntimeError("a certificate that nobody trusts was taken")
            except AssertionError as refused:
                assert "certificate" in str(refused).lower(), refused
        finally:
            server.kill()
            server.communicate()

