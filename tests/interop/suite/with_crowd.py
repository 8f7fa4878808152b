"""Many sessions at once."""

import poplib
import select
import ssl
import threading

from .cases import case, equal
from .switchboard import CONNECTIONS
from .with_sockets import Wire

CROWD = 200


@case(f"of {CROWD} connections is served, all open at once")
def crowd(world):
    wires = [Wire(world) for _ in range(CROWD)]
    try:
        for wire in wires:
            wire.ok()
        for wire in wires:
            wire.send(b"CAPA\r\n")
        for wire in wires:
            wire.ok()
            assert b"PIPELINING" in wire.lines()
        for wire in wires:
            wire.send(b"QUIT\r\n")
        for wire in wires:
            wire.ok()
            wire.ends()
    finally:
        for wire in wires:
            wire.socket.close()


@case("beyond the limit of one address waits, and comes in when others leave")
def too_many(world):
    wires = [Wire(world) for _ in range(CONNECTIONS + 5)]
    try:
        for wire in wires[:CONNECTIONS]:
            wire.ok()
        late = wires[CONNECTIONS:]
        equal(select.select([wire.socket for wire in late], [], [], 0.5)[0], [], "those who should wait, and do not")
        wires[0].ask(b"CAPA")
        for wire in wires[:5]:
            wire.socket.close()
        for wire in late:
            wire.ok()
    finally:
        for wire in wires:
            wire.socket.close()


@case(f"of {CROWD} sessions logs in over TLS, one at a time on the mailbox")
def logins(world):
    context = ssl.create_default_context(cafile=str(world.ca))
    tally, lock = {"in": 0, "in use": 0, "other": []}, threading.Lock()

    def one():
        try:
            pop = poplib.POP3_SSL("localhost", world.server.ports["pop3s"], context=context, timeout=60)
            pop.user(world.user)
            try:
                pop.pass_(world.password)
                pop.stat()
                with lock:
                    tally["in"] += 1
            except poplib.error_proto as error:
                if not error.args[0].startswith(b"-ERR [IN-USE]"):
                    raise
                with lock:
                    tally["in use"] += 1
            pop.quit()
        except Exception as error:
            with lock:
                tally["other"].append(repr(error))

    threads = [threading.Thread(target=one, daemon=True) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    equal(tally["other"], [], "what went wrong")
    equal(tally["in"] + tally["in use"], CROWD, "sessions")
    assert tally["in"] >= 1, tally
