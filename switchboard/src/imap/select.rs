//! SELECT and EXAMINE.

use std::sync::Arc;

use imap_proto::codec::{self, Code, ListEntry};
use imap_proto::server::{SelectRequest, Selection, kind};
use imap_proto::view::{Access, Keywords, SessionId};
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::session::{Selected, Session};
use super::shared::Shared;
use super::tree::DELIMITER;
use crate::mailstore::{MailboxName, MailboxNameError, StoreError};
use crate::offload::Offload;

impl<O: Offload> Session<O> {
    pub(super) async fn select(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Select>,
        request: SelectRequest,
    ) -> Result<(), Misuse> {
        let access = request.access();
        let shared = match self.open(mailbox_name(machine, &request.mailbox), access).await {
            Ok(shared) => shared,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        let session = SessionId(self.id);
        let mut view = match shared.select(session, access, self.handle.clone()) {
            Ok(view) => view,
            Err(fault) => return machine.no(ticket, Code::Unavailable, fault.to_string()),
        };
        let mut selection = Selection::new();
        selection.new_keywords = view.keywords().len() < Keywords::MOST;
        // The store tells the hub of all that it does and finds.
        selection.live = true;
        selection.list = Some(ListEntry {
            attributes: Vec::new(),
            delimiter: Some(DELIMITER),
            mailbox: request.mailbox.clone(),
            extended: Vec::new(),
        });
        selection.mailbox_id = Some(shared.object_id().to_string().into());
        if let Some(known) = &request.known {
            selection.vanished = view.resync(&shared.desk().hub, &known.as_resync());
        }
        self.selected = Some(Selected { shared, session });
        machine.select(ticket, view, selection)
    }

    async fn open(
        &self,
        name: Result<MailboxName, MailboxNameError>,
        access: Access,
    ) -> Result<Arc<Shared>, StoreError> {
        let name = name?;
        let (imap, user) = (self.imap.clone(), self.user.clone());
        let store = self.store.clone().ok_or(StoreError::NoMailbox)?;
        self.offload
            .run(move || {
                let shared = imap.open.enter(&user, store.mailbox(&name)?)?;
                if access == Access::ReadWrite {
                    // From now on nobody else is told of these as recent.
                    shared.mailbox.take_recent()?;
                }
                Ok(shared)
            })
            .await
    }
}

/// The mailbox that a client names: in UTF-8 or, as before IMAP4rev2, in the
/// modified UTF-7 of RFC 3501.
pub(super) fn mailbox_name(
    machine: &Machine,
    name: &codec::Mailbox<bytes::Bytes>,
) -> Result<MailboxName, MailboxNameError> {
    match machine.mailbox_name(name) {
        Some(name) => MailboxName::parse(&name),
        None => MailboxName::parse(&String::from_utf8_lossy(name.as_bytes())),
    }
}
