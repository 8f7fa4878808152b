//! The table, and the machine that must keep it.

use super::*;
use crate::codec::command::{FetchItems, Search, Select, Store, StoreAction};
use crate::codec::{Command, Keyword, Mailbox};
use wirestate_machine::Misuse;
use wirestate_machine::table::Named;

#[test]
fn the_page_shows_the_table() {
    assert!(TABLE.is_in_order());
    let kept = include_str!("../table.md");
    let page = alloc::format!("{}\n```mermaid\n{}```\n", TABLE.to_markdown(), TABLE.to_mermaid());
    assert!(kept == page, "put this into table.md:\n{page}");
}

fn in_state(state: State) -> Client {
    let mut config = open();
    config.quirks.unlisted_commands = true;
    match state {
        State::Greeting => client(config),
        State::Negotiation => {
            let mut client = client(config);
            says(&mut client, "* OK hello\r\n");
            client
        }
        State::NotAuthenticated => ready(config, ""),
        State::Authenticating => {
            let mut client = ready(config, "");
            client.login(password()).unwrap();
            client
        }
        State::Authenticated => logged_in(config, ""),
        State::Selected => selected(config, "", 3),
        State::Leaving => {
            let mut client = logged_in(config, "");
            client.logout().unwrap();
            client
        }
        State::Closed => {
            let mut client = client(config);
            client.inbox().close();
            events(&mut client);
            client
        }
    }
}

/// Asks for a command in one way or another.
fn asks(client: &mut Client, keyword: Keyword) -> Result<RequestId, Misuse> {
    let inbox = || Mailbox::<&[u8]>::Inbox;
    let select = || Select { mailbox: inbox(), parameters: Vec::new() };
    let keys = || SearchKeys::<&[u8]>::new([SearchKey::All]).unwrap();
    let (all, one) = (SequenceSet::ALL, set("1"));
    match keyword {
        Keyword::Capability => client.capability(),
        Keyword::Noop => client.noop(),
        Keyword::Logout => client.logout(),
        Keyword::Login => client.login(password()),
        Keyword::Id => client.id(None),
        Keyword::Enable => client.enable([Capability::CondStore]),
        Keyword::Compress => client.compress(),
        Keyword::Unauthenticate => client.unauthenticate(),
        Keyword::Select => client.select("INBOX"),
        Keyword::Examine => client.command(Command::Examine(select())),
        Keyword::Create => client.create("a", &["\\Sent"]),
        Keyword::Delete => client.delete("a"),
        Keyword::Rename => client.rename("a", "b"),
        Keyword::Subscribe => client.subscribe("a"),
        Keyword::Unsubscribe => client.unsubscribe("a"),
        Keyword::List => client.list("", "*"),
        Keyword::Lsub => client.lsub("", "*"),
        Keyword::Namespace => client.namespace(),
        Keyword::Append => client.append("a", NewText::new(3)),
        Keyword::Idle => client.idle(),
        Keyword::Check => client.check_mailbox(),
        Keyword::Close => client.close(),
        Keyword::Unselect => client.unselect(),
        Keyword::Expunge => client.expunge(),
        Keyword::UidExpunge => client.uid_expunge(all),
        Keyword::Search => client.search(keys()),
        Keyword::UidSearch => {
            client.command(Command::Search(Search { uid: true, returns: None, charset: None, keys: keys() }))
        }
        Keyword::Fetch => client.fetch(all, [FetchAttribute::Flags]),
        Keyword::UidFetch => client.command(Command::Fetch(crate::codec::command::Fetch::<&[u8]> {
            uid: true,
            set: all,
            items: FetchItems::Fast,
            modifiers: Vec::new(),
        })),
        Keyword::Store => client.store(one, StoreAction::Add, [crate::codec::Flag::Seen], true),
        Keyword::UidStore => client.command(Command::Store(Store::<&[u8]> {
            uid: true,
            set: one,
            modifiers: Vec::new(),
            action: StoreAction::Add,
            silent: false,
            flags: Vec::new(),
        })),
        Keyword::Copy => client.copy(one, "a"),
        Keyword::UidCopy => client.uid_copy(one, "a"),
        Keyword::Move => client.move_(one, "a"),
        Keyword::UidMove => client.uid_move(one, "a"),
        Keyword::UidThread => client.uid_thread(crate::codec::command::ThreadAlgorithm::Refs, keys()),
        Keyword::GetAcl => client.acl("a"),
        Keyword::MyRights => client.my_rights("a"),
        Keyword::GetQuota => client.quota(""),
        Keyword::GetQuotaRoot => client.quota_roots("INBOX"),
        Keyword::GetMetadata => client.metadata("", &["/shared/comment"], None),
        Keyword::SetMetadata => client.set_metadata("", &[("/shared/comment", None)]),
        Keyword::Other => client.command(Command::Other { name: "XYZZY", arguments: "" }),
        _ => Err(Misuse::NoSuchPlugin),
    }
}

#[test]
fn what_the_table_allows_is_what_the_machine_takes() {
    for state in TABLE.states {
        assert_eq!(in_state(*state).state(), *state);
        for keyword in Keyword::ALL {
            let mut client = in_state(*state);
            let outcome = asks(&mut client, *keyword);
            if outcome == Err(Misuse::NoSuchPlugin) {
                continue;
            }
            // What the machine says of its own accord is not the program's to say.
            let own = *state == State::Negotiation;
            let wanted = TABLE.allows(*state, *keyword) && !own;
            if *state == State::Closed {
                assert_eq!(outcome, Err(Misuse::Closed));
            } else if own && *keyword == Keyword::Capability {
                continue;
            } else if wanted {
                assert!(outcome.is_ok(), "{keyword} in {}: {outcome:?}", state.name());
            } else {
                assert_eq!(outcome, Err(Misuse::WrongState), "{keyword} in {}", state.name());
            }
        }
    }
}
