"""What our IRC client can have of switchboard alone: logins, TLS, history."""

import re

from .cases import case
from .chat import IRC, IRCS, STARTTLS, person
from .our_irc_client import client, converse, said


@case("logs in and talks", ways=[IRC, STARTTLS, IRCS], messages=[])
def logs_in(world):
    lines = converse(world, login=True)
    logins = [line for line in lines if line.startswith("logged-in")]
    assert len(logins) == 1 and re.fullmatch(f"logged-in SCRAM-SHA-\\S+ {world.user}", logins[0]), lines
    assert logins[0].split()[1].endswith("-PLUS") == (world.way != IRC), logins


@case("is told that the password is wrong", ways=[IRC, IRCS], messages=[])
def wrong_password(world):
    with client(world, "wrong", "quit", "bye", login=True, password="wrong") as process:
        lines = said(process)
    assert any(line.startswith("login-failed") for line in lines), lines


@case("reads the history", ways=[IRCS], messages=[])
def history(world):
    channel = f"#{world.user}"
    with person(world, "teller", channel) as teller:
        teller.say(f"PRIVMSG {channel} :one", f"PRIVMSG {channel} :two", "PING done")
        teller.hear("PONG")
        with client(world, "reader", "join", channel, "history", channel, "quit", "bye") as process:
            lines = said(process)
    told = [line.rsplit(":", 1)[1] for line in lines if line.startswith("history") and "PRIVMSG" in line]
    assert told == ["one", "two"], lines
