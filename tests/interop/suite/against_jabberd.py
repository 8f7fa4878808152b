"""Our component of jabberd2's router against that."""

from .cases import case, equal
from .xmpp_client import NEVER, client, message, only

ECHO, PEER = "echo.localhost", "peer.localhost"


def router(world, name, *todo, password=None):
    return client(
        world, *todo, kind="router", who=f"jabberd@{name}", way=NEVER,
        password=password or world.server.secret, port=world.server.ports["router"],
    )  # fmt: skip


@case("lets our components bind names, talk, and release them", messages=[])
def routes(world):
    back = message("ann@peer.localhost", "hello yourself", from_="bob@echo.localhost")
    there = message("bob@echo.localhost", "hello echo", from_="ann@peer.localhost")
    todo = ["bind", "more.localhost", "await", PEER, "take", "route", ECHO, PEER, back]
    todo += ["take", "unbind", "more.localhost", "quit"]
    with router(world, ECHO, *todo) as echo:
        echo.saw("bound")
        todo = ["route", PEER, ECHO, there, "take", "route", PEER, "more.localhost", there]
        todo += ["route", PEER, "nobody.localhost", there, "take", "quit"]
        with router(world, PEER, *todo) as peer:
            asked = peer.said()
        answered = echo.said()
    for lines, name in ((asked, PEER), (answered, ECHO)):
        equal(only(lines, "logged-in"), ["DIGEST-MD5"], "the login")
        equal(only(lines, "ready"), [name], "the name")
        equal(lines[-1], "closed quit", "the end")
    reply, nobody = only(asked, "took")
    assert reply.startswith(f"Unicast {ECHO} {PEER} ") and "hello yourself" in reply, reply
    assert nobody.startswith("Error(NotFound)"), nobody
    first, second = only(answered, "took")
    assert "hello echo" in first and second.startswith(f"Unicast {PEER} more.localhost "), answered
    assert "unbound" in answered, answered


@case("refuses our component when its password is wrong", messages=[])
def wrong_password(world):
    with router(world, ECHO, "quit", password="wr0ng") as echo:
        lines = echo.said(1)
    assert only(lines, "login-failed") and not only(lines, "ready"), lines


@case("refuses a name that is taken", messages=[])
def taken(world):
    with router(world, ECHO, "take") as echo:
        echo.saw("ready")
        with router(world, PEER, "bind", ECHO, "quit") as peer:
            lines = peer.said()
    assert "taken (409)" in only(lines, "not")[0], lines
