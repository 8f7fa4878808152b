"""imapfilter."""

from .cases import IMAP_WAYS, IMAPS, STARTTLS, case, equal
from .mail import PLAIN_MESSAGES


def sort(world, rules):
    """Runs it with these rules, and gives what it printed."""
    config = f"""
options.timeout = 30
options.starttls = {"true" if world.way == STARTTLS else "false"}
options.expunge = true
account = IMAP {{
    server = '{"localhost" if world.tls else "127.0.0.1"}',
    port = {world.imap_port},
    username = '{world.user}',
    password = '{world.password}',
    {"ssl = 'auto'," if world.way == IMAPS else ""}
}}
{rules}
"""
    path = world.home.put("config.lua", config)
    return world.home.run("imapfilter", "-c", path, "-t", world.ca).stdout.decode()


def count(folder):
    return len([path for part in ("new", "cur") for path in (folder / part).iterdir()])


@case("sorts mail into mailboxes", ways=IMAP_WAYS, messages=PLAIN_MESSAGES)
def sorts(world):
    said = sort(
        world,
        """
account.INBOX:check_status()
account:create_mailbox('Sorted/Large')
account.INBOX:contain_subject('Dots only'):mark_flagged()
local large = account.INBOX:contain_from('ann@example.org') * account.INBOX:is_larger(50000)
large:move_messages(account['Sorted/Large'])
account.INBOX:is_flagged():copy_messages(account.Archive)
local first = account.INBOX:select_all()
print('left', #first)
for _, message in ipairs(first) do
    local mailbox, uid = table.unpack(message)
    print('subject', mailbox[uid]:fetch_field('Subject'))
end
local done = account.INBOX:contain_body('..') + account.INBOX:is_flagged()
done:delete_messages()
""",
    )
    assert f"left\t{len(PLAIN_MESSAGES) - 1}" in said, said
    assert "Dots only" in said, said
    root = world.mailbox.path
    equal(count(root / ".Sorted.Large"), 1, "messages that were moved")
    equal(count(root / ".Archive"), 1, "messages that were copied")
    left = world.mailbox.files()
    assert len(left) < len(PLAIN_MESSAGES) - 1 and not any(b"Subject: Dots only" in one for one in left), len(left)
