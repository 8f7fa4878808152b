use alloc::sync::Arc;

use bytes::Bytes;
use wirestate_machine::plugin::Pipeline;
use wirestate_machine::{Misuse, TlsFacts};

use super::{Config, Fact, Reply, Server, State, Tls, Waiting};
use crate::codec::Command;
use crate::view::View;

/// How things stand.
impl Server {
    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether a line can be said now: not within a literal.
    pub(super) fn is_between_lines(&self) -> bool {
        self.streaming.is_none()
    }

    /// Whether the client has logged in.
    pub fn is_logged_in(&self) -> bool {
        matches!(self.state, State::Authenticated | State::Selected)
    }

    /// Whether a mailbox is selected.
    pub fn is_selected(&self) -> bool {
        self.selected.is_some()
    }

    /// Whether the client is in IDLE (RFC 2177).
    pub fn is_idling(&self) -> bool {
        self.waiting == Waiting::Idle
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// What the client knows of the selected mailbox: numbers, UIDs, and what is still to be told.
    pub fn view(&self) -> Option<&View> {
        self.selected.as_ref().map(|selected| &selected.view)
    }

    /// The same, for [`View::store`] and [`View::catch_up`].
    pub fn view_mut(&mut self) -> Option<&mut View> {
        self.selected.as_mut().map(|selected| &mut selected.view)
    }

    /// EXISTS as the client was told it last; 0 without a mailbox.
    pub fn previous_exists(&self) -> u32 {
        self.view().map_or(0, View::exists)
    }

    /// How many commands have come, wrong ones included.
    pub fn command_count(&self) -> u32 {
        self.command_count
    }

    /// The tag of the command in progress, or of the last one: an ESEARCH has it that the application tells (RFC 7377 §2).
    pub fn command_tag(&self) -> &[u8] {
        self.command.tag.as_bytes()
    }

    /// What the client has told of itself by ID (RFC 2971): names and values, in its order; empty where it has told nothing.
    pub fn client_id(&self) -> &[Fact] {
        &self.client_id
    }

    /// What all sessions of the listener have in common.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The plugins that see each lawful command before the machine acts on it, and each tagged line before it is written.
    pub fn plugins(&mut self) -> &mut Pipeline<Command<Bytes>, Reply> {
        &mut self.plugins
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`Tls::Outside`]), for SCRAM-PLUS and EXTERNAL. Call it before the
    /// first poll; facts are believed as they stand.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] with another configuration, or once the client has spoken.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        if self.config.tls != Tls::Outside || self.heard {
            return Err(Misuse::WrongState);
        }
        self.login.as_mut().ok_or(Misuse::WrongState)?.know_channel(facts);
        Ok(())
    }
}
