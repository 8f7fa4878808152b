//! Sessions: bound to a resource, or gone.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::sync::Arc;

use super::account::{Account, Resource};
use super::deliveries::{Action, CloseReason, Deliveries, Session};
use super::storage::Storage;
use super::wishes::Wishes;
use super::{Conflict, Router, Seat};
use crate::jid::{Jid, JidError, JidRef};
use crate::stanza::StanzaCondition;

/// Why a resource was not bound (RFC 6120 §7.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindFault {
    /// The address is not of this server, or names no user.
    #[error("this is no user of this server")]
    NotOurs,
    /// There is no such account.
    #[error("there is no such account; add it to the storage first")]
    NoAccount,
    /// The resource is none.
    #[error("{0}")]
    Resource(#[from] JidError),
    /// Another session has it, and newcomers are refused.
    #[error("another session has this resource; take another one")]
    Conflict,
    /// The account has as many resources as it may.
    #[error("the account has as many resources as it may; end one of them first")]
    TooMany,
    /// The session is bound or connected already.
    #[error("the session is bound already")]
    AlreadyBound,
}

impl BindFault {
    /// What the client is told.
    pub fn condition(self) -> StanzaCondition {
        match self {
            BindFault::NotOurs | BindFault::NoAccount | BindFault::AlreadyBound => StanzaCondition::NotAllowed,
            BindFault::Resource(_) => StanzaCondition::BadRequest,
            BindFault::Conflict => StanzaCondition::Conflict,
            BindFault::TooMany => StanzaCondition::ResourceConstraint,
        }
    }
}

impl<S: Storage> Router<S> {
    /// Binds a session to a resource of the account that it has logged in to (RFC 6120 §7), and gives its full address. Nobody is told of it: the session
    /// is available when it says so.
    ///
    /// Where another session has the resource, [`Config::on_conflict`](super::Config::on_conflict) decides; the other one is then ended here, and an
    /// [`Action::Close`] tells so.
    ///
    /// # Errors
    /// See [`BindFault`]. Nothing has changed.
    pub fn bind(
        &mut self,
        session: Session,
        account: JidRef<'_>,
        resource: &str,
        now: u64,
        out: &mut Deliveries,
    ) -> Result<Arc<Jid>, BindFault> {
        self.started.get_or_insert(now);
        if self.seats.contains_key(&session) {
            return Err(BindFault::AlreadyBound);
        }
        if !self.is_ours(account) || account.local().is_none() {
            return Err(BindFault::NotOurs);
        }
        let jid = Arc::new(account.with_resource(resource)?);
        let most = self.config.limits.resources as usize;
        let is_replacing = self.config.on_conflict == Conflict::Replace;
        let account = self.account_mut(account.bare()).ok_or(BindFault::NoAccount)?;
        let holder = account.resource(jid.resource().unwrap_or_default()).map(|resource| resource.session);
        match holder {
            Some(_) if !is_replacing => return Err(BindFault::Conflict),
            None if account.resources.len() >= most => return Err(BindFault::TooMany),
            _ => {}
        }
        if let Some(holder) = holder {
            self.disconnect(holder, now, out);
            out.act(Action::Close { session: holder, reason: CloseReason::Replaced });
        }
        let Some(account) = self.account_mut(jid.bare()) else { return Err(BindFault::NoAccount) };
        account.resources.push(Resource {
            session,
            jid: jid.clone(),
            presence: None,
            is_interested: false,
            knows_blocked: false,
            has_carbons: false,
            directed: BTreeSet::new(),
            wishes: Wishes::default(),
            rooms: BTreeSet::new(),
            active: now,
        });
        self.seats.insert(session, Seat::Client(jid.clone()));
        Ok(jid)
    }

    /// A resource that the account does not have, for who asks for none: `prefix` and a number.
    pub fn free_resource(&self, account: JidRef<'_>, prefix: &str) -> alloc::string::String {
        let taken = |name: &str| {
            self.accounts.get(account.bare().as_str()).is_some_and(|account| account.resource(name).is_some())
        };
        let most = u64::from(self.config.limits.resources) + 1;
        let names = (1..=most).map(|number| format!("{prefix}{number}"));
        names.clone().find(|name| !taken(name)).unwrap_or_else(|| format!("{prefix}{most}"))
    }

    /// A session has ended, however it ended: those who saw it are told that it is unavailable, and it leaves its rooms.
    pub fn disconnect(&mut self, session: Session, now: u64, out: &mut Deliveries) {
        match self.seats.get(&session).cloned() {
            Some(Seat::Client(jid)) => {
                self.end_presence(session, &jid, None, now, out);
                self.seats.remove(&session);
                if let Some(account) = self.accounts.get_mut(jid.bare().as_str()) {
                    account.resources.retain(|resource| resource.session != session);
                }
                self.became_idle(jid.bare());
            }
            Some(Seat::Component(domain)) => {
                self.seats.remove(&session);
                self.domains.remove(&domain);
                self.leave_domain(&domain, now, out);
            }
            // Its users stay where they are: another connection may come.
            Some(Seat::Server(_)) => {
                self.seats.remove(&session);
                self.domains.retain(|_, holder| *holder != session);
            }
            None => {}
        }
        self.forget_idle();
    }

    /// The full address of a session, once bound.
    pub fn jid(&self, session: Session) -> Option<&Arc<Jid>> {
        match self.seats.get(&session)? {
            Seat::Client(jid) => Some(jid),
            Seat::Component(_) | Seat::Server(_) => None,
        }
    }

    /// The session that a full address is bound to.
    pub fn session(&self, jid: JidRef<'_>) -> Option<Session> {
        let account = self.accounts.get(jid.bare().as_str())?;
        account.resource(jid.resource()?).map(|resource| resource.session)
    }

    /// How many sessions are bound or connected.
    pub fn session_count(&self) -> usize {
        self.seats.len()
    }

    /// Whether an account has a resource that is available.
    pub fn is_available(&self, account: JidRef<'_>) -> bool {
        self.accounts.get(account.bare().as_str()).is_some_and(|account| account.available().next().is_some())
    }

    /// An account in memory, read from the storage where it was not there.
    pub(super) fn account_mut(&mut self, jid: JidRef<'_>) -> Option<&mut Account> {
        if !self.accounts.contains_key(jid.as_str()) {
            let record = self.storage.account(jid)?;
            let archiving = self.archiving(jid);
            self.accounts.insert(jid.to_jid(), Account::new(Arc::new(jid.to_jid()), record, archiving));
            self.became_idle(jid);
        }
        self.accounts.get_mut(jid.as_str())
    }

    pub(super) fn was_active(&mut self, jid: &Jid, session: Session, now: u64) {
        let account = self.accounts.get_mut(jid.bare().as_str());
        if let Some(resource) = account.and_then(|account| account.by_session_mut(session)) {
            resource.active = now;
        }
    }

    fn became_idle(&mut self, jid: JidRef<'_>) {
        let Some(account) = self.accounts.get_mut(jid.as_str()) else { return };
        if account.resources.is_empty() && !account.is_idle {
            account.is_idle = true;
            self.idle.push_back(jid.to_jid());
        }
    }

    /// Lets go of accounts that have been idle longest.
    pub(super) fn forget_idle(&mut self) {
        while self.idle.len() > self.config.limits.idle_accounts as usize {
            let Some(jid) = self.idle.pop_front() else { return };
            let Some(account) = self.accounts.get_mut(jid.as_str()) else { continue };
            account.is_idle = false;
            if account.resources.is_empty() {
                self.accounts.remove(jid.as_str());
            }
        }
    }

    /// What is in memory of an account is read from the storage anew: it was changed there, or removed. Where it was removed, its sessions are ended,
    /// and [`Action::Close`] tells so.
    pub fn forget_account(&mut self, account: JidRef<'_>, now: u64, out: &mut Deliveries) {
        let account = account.bare();
        let record = self.storage.account(account);
        let archiving = self.archiving(account);
        let Some(known) = self.accounts.get_mut(account.as_str()) else { return };
        match record {
            Some(record) => {
                let fresh = Account::new(known.jid.clone(), record, archiving);
                known.contacts = fresh.contacts;
                known.version = fresh.version;
                known.blocked = fresh.blocked;
                known.archiving = fresh.archiving;
            }
            None => {
                let sessions: alloc::vec::Vec<_> = known.resources.iter().map(|resource| resource.session).collect();
                for session in sessions {
                    self.disconnect(session, now, out);
                    out.act(Action::Close { session, reason: CloseReason::AccountDeleted });
                }
                self.accounts.remove(account.as_str());
            }
        }
    }
}
