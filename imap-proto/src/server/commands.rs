use alloc::boxed::Box;
use alloc::string::String;

use bytes::Bytes;

use super::{Asked, CopyRequest, Event, Fact, Rejected, Server, words};
use crate::codec::command::StatusItem;
use crate::codec::{Command, Data, Encoder, Mailbox, SequenceSet, utf7};

impl Server {
    /// Carries out a command that may come now.
    #[inline]
    pub(super) fn execute(&mut self, command: Command<Bytes>) -> Result<(), Rejected> {
        match command {
            Command::Noop => {
                self.done(words!("Nothing done"));
                Ok(())
            }
            Command::Fetch(fetch) => self.ask_to_fetch(fetch),
            Command::Store(store) => self.ask_to_store(store),
            Command::Search(search) => self.ask_to_search(search),
            other => self.execute_seldom(other),
        }
    }

    fn execute_seldom(&mut self, command: Command<Bytes>) -> Result<(), Rejected> {
        match command {
            Command::Capability => {
                let capabilities = Data::Capability(self.capabilities());
                self.put_data(&capabilities);
                self.done(words!("That is all"));
            }
            Command::Check => self.done(words!("Checked")),
            Command::Idle => self.idle(),
            Command::Logout => self.log_out(),
            Command::StartTls => return self.starttls(),
            Command::Authenticate { mechanism, initial } => {
                return self.authenticate_by(&mechanism, initial.as_ref().map(|initial| &*initial.0));
            }
            Command::Login { user, password } => return self.log_in(&user, &password.0),
            Command::Id(facts) => self.identify(facts.unwrap_or_default().into()),
            Command::Enable(wanted) => {
                self.enable(&wanted);
                self.done(words!("Enabled"));
            }
            Command::Compress(mechanism) => return self.compress(&mechanism),
            Command::Unauthenticate => return self.unauthenticate(),
            Command::Select(select) => return self.select_mailbox(select, false),
            Command::Examine(select) => return self.select_mailbox(select, true),
            Command::Close => return self.ask_to_expunge(None, true),
            Command::Unselect => self.unselect(),
            Command::Expunge => return self.ask_to_expunge(None, false),
            Command::UidExpunge(set) => return self.ask_to_expunge(Some(&set), false),
            Command::Copy { set, mailbox, .. } => return self.ask_to_copy(&set, mailbox, false),
            Command::Move { set, mailbox, .. } => return self.ask_to_copy(&set, mailbox, true),
            Command::Sort(sort) => return self.ask_to_sort(sort),
            Command::Thread(thread) => return self.ask_to_thread(thread),
            Command::Append(append) => return self.append(append),
            Command::Replace(replace) => return self.replace(replace),
            other => return self.ask_about(other),
        }
        Ok(())
    }

    /// A command that the application carries out.
    fn ask_about(&mut self, command: Command<Bytes>) -> Result<(), Rejected> {
        match &command {
            Command::Create(create) => self.check_name(&create.mailbox)?,
            Command::Rename { from, to } => {
                self.check_name(from)?;
                self.check_name(to)?;
            }
            Command::Delete(mailbox) | Command::Subscribe(mailbox) | Command::Unsubscribe(mailbox) => {
                self.check_name(mailbox)?;
            }
            Command::Status(status) => {
                self.check_name(&status.mailbox)?;
                if status.items.iter().any(|item| matches!(item, StatusItem::HighestModSeq)) {
                    self.imply_condstore();
                }
            }
            Command::Notify(notify) => self.command.wish = Some(Self::read_wish(notify)?),
            _ => {}
        }
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Command { ticket, command: Box::new(command) });
        Ok(())
    }

    fn ask_to_copy(&mut self, set: &SequenceSet, mailbox: Mailbox<Bytes>, moves: bool) -> Result<(), Rejected> {
        self.check_name(&mailbox)?;
        if moves {
            self.check_writable()?;
        }
        let uids = self.resolve(set)?;
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Copy { ticket, request: Box::new(CopyRequest { uids, mailbox, moves }) });
        Ok(())
    }

    /// ID (RFC 2971 §3): says what this server is, and keeps what the client is.
    fn identify(&mut self, facts: Box<[Fact]>) {
        let config = self.config.clone();
        let own = config.id.iter().flatten().map(|(name, value)| (name.as_str(), value.as_deref()));
        let own: alloc::vec::Vec<_> = own.collect();
        let own = if own.is_empty() { None } else { Some(own) };
        self.put_data(&Data::Id(own));
        self.client_id = facts;
        self.queue(Event::ClientId);
        self.done(words!("Pleased to meet you"));
    }

    /// Writes data of the session's own. What the configuration has that cannot be written is left out.
    fn put_data<T: AsRef<[u8]>>(&mut self, data: &Data<T>) {
        let encoder = Encoder::server().with_utf8(self.enabled.says_utf8());
        let _left_out = encoder.encode(data, &mut self.outbox);
    }

    // --- mailbox names ---

    /// A mailbox's name as text: it is UTF-8 where that is enabled, and modified UTF-7 before (RFC 9051 §5.1, RFC 3501 §5.1.3). `None` for what is neither.
    pub fn mailbox_name<T: AsRef<[u8]>>(&self, mailbox: &Mailbox<T>) -> Option<String> {
        let name = mailbox.as_bytes();
        if self.enabled.says_utf8() {
            return core::str::from_utf8(name).ok().map(String::from);
        }
        utf7::decode(name).ok()
    }

    /// A mailbox's name as this client understands it.
    pub fn mailbox_from(&self, name: &str) -> Mailbox<Bytes> {
        let name = if self.enabled.says_utf8() { String::from(name) } else { utf7::encode(name) };
        Mailbox::new(Bytes::from(name))
    }

    /// Whether the name is one at all.
    pub(super) fn check_name(&self, mailbox: &Mailbox<Bytes>) -> Result<(), Rejected> {
        let name = mailbox.as_bytes();
        let is_plain = name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'&');
        if is_plain || self.mailbox_name(mailbox).is_some() { Ok(()) } else { Err(Rejected::MailboxName) }
    }
}
