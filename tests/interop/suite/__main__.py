"""Runs every case, prints a line for each, and ends with the count."""

import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from . import (
    against_dovecot,
    against_dovecot_imap,
    against_jabberd,
    against_ngircd,
    against_prosody,
    cases,
    irc_by_hand,
    irc_vectors,
    our_irc_client,
    our_irc_login,
    with_adapters,
    with_chat_programs,
    with_crowd,
    with_curl,
    with_fetchmail,
    with_getmail,
    with_imap_curl,
    with_imap_getmail,
    with_imap_mutt,
    with_imap_neomutt,
    with_imap_openssl,
    with_imapfilter,
    with_imaplib,
    with_mbsync,
    with_mpop,
    with_mutt,
    with_offlineimap,
    with_openssl,
    with_poplib,
    with_sockets,
    with_xmpp_programs,
)
from .adapters import Nobody
from .dovecot import Dovecot
from .inspircd import Inspircd
from .jabberd import Jabberd
from .ngircd import Ngircd
from .prosody import Prosody
from .switchboard import Switchboard

SERVERS = {
    Switchboard: [
        with_curl,
        with_poplib,
        with_sockets,
        with_openssl,
        with_mpop,
        with_fetchmail,
        with_getmail,
        with_mutt,
        with_imap_curl,
        with_imaplib,
        with_mbsync,
        with_imap_mutt,
        with_imap_neomutt,
        with_imap_openssl,
        with_imap_getmail,
        with_imapfilter,
        with_offlineimap,
        with_crowd,
        with_chat_programs,
        with_xmpp_programs,
        irc_by_hand,
        our_irc_client,
        our_irc_login,
    ],
    Dovecot: [against_dovecot, against_dovecot_imap],
    Ngircd: [against_ngircd, our_irc_client],
    Inspircd: [our_irc_client],
    Prosody: [against_prosody],
    Jabberd: [against_jabberd],
    Nobody: [with_adapters, irc_vectors],
}


# Programs of others, on a machine of others, have their luck: so many cases may need a second try, which is told.
SECOND_TRIES = 2


def main(words):
    # So that the servers end with us, however we end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed, failed, shaky = 0, 0, 0
    # Not within a person's TMPDIR: the clients, who may be somebody else, must get in.
    root = Path(tempfile.mkdtemp(prefix="interop-", dir="/tmp"))
    root.chmod(0o755)
    try:
        for server_type, modules in SERVERS.items():
            chosen = [case for module in modules for case in cases.of(module) if case.matches(words)]
            if not chosen:
                continue
            with server_type(root, [case.account for case in chosen]) as server:
                for case in chosen:
                    error, seconds = attempt(case, server, root)
                    if error is not None and shaky < SECOND_TRIES and server.process.poll() is None:
                        shaky += 1
                        print(f"ANEW  {case.title}: {error}", flush=True)
                        error, seconds = attempt(case, server, root / "anew")
                    if error is None:
                        passed += 1
                        print(f"PASS  {case.title} ({seconds:.1f} s)", flush=True)
                    else:
                        failed += 1
                        print(f"FAIL  {case.title}: {error}", flush=True)
                        if server.process.poll() is not None:
                            raise SystemExit(f"the server ended by itself, with {server.process.returncode}:\n{server.log_tail()}")
                if failed:
                    print(f"the last lines of {server_type.__name__}'s log:\n{server.log_tail()}", file=sys.stderr)
    finally:
        if os.environ.get("KEEP"):
            print(f"kept: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {shaky} tried a second time")
    if not passed and not failed:
        print("no case has one of these words in its title", file=sys.stderr)
        return 2
    return 1 if failed else 0


def attempt(case, server, root):
    start = time.monotonic()
    error = None
    try:
        case.run(server, root)
    except AssertionError as failure:
        error = str(failure) or traceback.format_exc(limit=-1)
    except Exception as failure:  # a client's own exceptions are failures, too
        where = traceback.extract_tb(failure.__traceback__)[-1]
        error = f"{type(failure).__name__}: {failure} ({Path(where.filename).name}:{where.lineno})"
    return error, time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
