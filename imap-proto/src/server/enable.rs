use crate::codec::Capability;
use crate::view::Wording;

use super::Server;

/// What the client has switched on, by ENABLE (RFC 5161) or by a command that implies it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Enabled {
    /// CONDSTORE (RFC 7162 §3.1).
    pub condstore: bool,
    /// QRESYNC, and CONDSTORE with it (RFC 7162 §3.2).
    pub qresync: bool,
    /// UTF8=ACCEPT (RFC 6855): mailbox names and strings are UTF-8.
    pub utf8: bool,
    /// IMAP4rev2 (RFC 9051 §6.3.1), and UTF-8 with it.
    pub rev2: bool,
    /// UIDONLY (RFC 9586): no sequence numbers.
    pub uid_only: bool,
}

impl Enabled {
    /// Nothing.
    pub const NONE: Enabled = Enabled { condstore: false, qresync: false, utf8: false, rev2: false, uid_only: false };

    /// Whether mailbox names are UTF-8, and quoted strings may hold it.
    pub const fn says_utf8(self) -> bool {
        self.utf8 || self.rev2
    }

    pub(super) const fn wording(self) -> Wording {
        let mut wording = Wording::REV1;
        wording.condstore = self.condstore;
        wording.qresync = self.qresync;
        wording.uid_only = self.uid_only;
        wording.rev2 = self.rev2;
        wording
    }
}

impl Server {
    /// What the client has enabled.
    pub fn enabled(&self) -> Enabled {
        self.enabled
    }

    /// ENABLE: switches on what the configuration has, and tells what of it is new. What is not known is passed over (RFC 5161 §3.1).
    pub(super) fn enable<T>(&mut self, wanted: &[Capability<T>]) {
        self.outbox.put(b"* ENABLED");
        for capability in wanted {
            let mut now = self.enabled;
            let (name, served): (&[u8], _) = match capability {
                Capability::CondStore => {
                    now.condstore = true;
                    (b" CONDSTORE", self.config.serves(&Capability::CondStore) || self.serves_qresync())
                }
                Capability::QResync => {
                    (now.qresync, now.condstore) = (true, true);
                    (b" QRESYNC", self.serves_qresync())
                }
                Capability::Utf8Accept => {
                    now.utf8 = true;
                    let only = self.config.serves(&Capability::Utf8Only);
                    (b" UTF8=ACCEPT", only || self.config.serves(&Capability::Utf8Accept))
                }
                Capability::Imap4Rev2 => {
                    now.rev2 = true;
                    (b" IMAP4rev2", self.config.serves(&Capability::Imap4Rev2))
                }
                Capability::UidOnly => {
                    now.uid_only = true;
                    (b" UIDONLY", self.config.serves(&Capability::UidOnly))
                }
                _ => continue,
            };
            if served && now != self.enabled {
                self.outbox.put(name);
                self.set_enabled(now);
            }
        }
        self.outbox.put(b"\r\n");
    }

    pub(super) fn serves_qresync(&self) -> bool {
        self.config.serves(&Capability::QResync)
    }

    pub(super) fn serves_condstore(&self) -> bool {
        self.config.serves(&Capability::CondStore) || self.serves_qresync()
    }

    pub(super) fn set_enabled(&mut self, enabled: Enabled) {
        self.enabled = enabled;
        if let Some(selected) = &mut self.selected {
            selected.view.set_wording(enabled.wording());
        }
    }

    /// A command has used what CONDSTORE brings, and so enabled it (RFC 7162 §3.1): where a mailbox is selected, the client is told where it begins.
    pub(super) fn imply_condstore(&mut self) {
        if self.enabled.condstore || !self.serves_condstore() {
            return;
        }
        self.set_enabled(Enabled { condstore: true, ..self.enabled });
        if let Some(highest) = self.selected.as_ref().and_then(|selected| selected.view.highest_modseq()) {
            self.outbox.put(b"* OK [HIGHESTMODSEQ ");
            self.outbox.put_decimal(highest.get());
            self.outbox.put(b"] CONDSTORE is on\r\n");
        }
    }
}
