"""mbsync: all mailboxes, both ways."""

from .cases import IMAP_WAYS, IMAPS, PLAIN, case, equal
from .mail import PLAIN_MESSAGES, lf


def sync(world):
    security = {PLAIN: "None", IMAPS: "IMAPS"}.get(world.way, "STARTTLS")
    near = world.home.folder("near")
    config = f"""
IMAPAccount switchboard
Host localhost
Port {world.imap_port}
User {world.user}
Pass {world.password}
AuthMechs {'LOGIN' if world.way == PLAIN else 'PLAIN'}
SSLType {security}
CertificateFile {world.ca}

IMAPStore far
Account switchboard

MaildirStore near
Path {near}/
Inbox {near}/INBOX
SubFolders Verbatim

Channel mail
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""
    world.home.run("mbsync", "--verbose", "-c", world.home.put("mbsyncrc", config), "-a", status=0)
    return near


def letters(folder):
    return sorted(path.read_bytes() for part in ("new", "cur") for path in (folder / part).iterdir())


def state(near):
    return sorted((str(path.relative_to(near)), path.read_bytes()) for path in near.rglob("*") if path.is_file() and not path.name.startswith("."))


@case("copies all mail both ways, and then nothing changes", ways=IMAP_WAYS, messages=PLAIN_MESSAGES)
def both_ways(world):
    near = sync(world)
    equal(len(letters(near / "INBOX")), len(PLAIN_MESSAGES), "messages that came")
    # X-TUID is what mbsync writes into what it sends.
    (near / "Drafts" / "new" / "1.interop").write_bytes(b"Subject: from here\n\nhello\n")
    first = sorted((near / "INBOX").rglob("*:2,*"))[0]
    first.rename(first.with_name(first.name.partition(":2,")[0] + ":2,FS"))
    sync(world)
    marked = [path for path in world.mailbox.path.glob("cur/*:2,*") if "F" in path.name.rpartition(",")[2]]
    equal(len(marked), 1, "messages that are flagged there")
    drafts = world.mailbox.path / ".Drafts"
    equal([lf(one).rpartition(b"\n\n")[2] for one in letters(drafts)], [b"hello\n"], "the draft that went")
    before = state(near)
    sync(world)
    equal(state(near), before, "what a further run finds to do")
