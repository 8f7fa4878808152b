"""neomutt, by IMAP."""

import mailbox

from .cases import IMAP_WAYS, PLAIN, case, equal
from .mail import PLAIN_MESSAGES, lf
from .with_imap_mutt import open_folder
from .with_mutt import Copied


@case("neomutt reads all messages", ways=IMAP_WAYS, messages=PLAIN_MESSAGES)
def reads(world):
    target = world.home.path / "copied"
    keys = f"<tag-pattern>~A<enter><tag-prefix><copy-message>{target}<enter><exit>"
    open_folder(world, keys=keys, program="neomutt")
    copied = mailbox.mbox(str(target))
    wanted = sorted(lf(one).partition(b"\n\n")[2].rstrip(b"\n") for one in PLAIN_MESSAGES)
    found = sorted(Copied(copied.get_bytes(key)).get_payload_bytes().rstrip(b"\n") for key in copied.keys())
    equal(len(found), len(wanted), "messages")
    for one, other in zip(found, wanted):
        equal(one, other, "a message's body")


@case("neomutt flags one message, moves one and deletes one", ways=[PLAIN], messages=PLAIN_MESSAGES)
def changes(world):
    keys = "<first-entry><flag-message><next-entry><save-message>=Archive<enter><last-entry><delete-message><quit>"
    folder = f"imap://127.0.0.1:{world.imap_port}/"
    open_folder(world, f'set folder="{folder}"', "set delete=yes", keys=keys, program="neomutt")
    equal(len(world.mailbox.files()), len(PLAIN_MESSAGES) - 2, "messages that are left")
    flagged = [path.name for path in world.mailbox.path.glob("cur/*:2,*F*")]
    equal(len(flagged), 1, "messages that are flagged")
    archive = world.mailbox.path / ".Archive"
    equal(len([path for part in ("new", "cur") for path in (archive / part).iterdir()]), 1, "messages in the archive")
