//! Tokens by which clients log in again (XEP-0484): in memory, and on disk where
//! there is one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wirestate_sasl::server::TokenProof;
use wirestate_sasl::{Secret, base64};
use xmpp_proto::payload::fast;
use xmpp_proto::payload::moment;
use xmpp_proto::payload::sasl2::UserAgent;

use super::kept::{Change, Queue, Token};
use super::setup::now;

/// In milliseconds.
const GOOD_FOR: u64 = 14 * 24 * 60 * 60 * 1000;
/// Of one user; a further one takes the oldest's place.
const MOST: usize = 32;

/// Everybody's tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    by_user: Mutex<HashMap<String, Vec<Known>>>,
    disk: Option<Arc<Queue>>,
}

#[derive(Debug)]
struct Known {
    token: Secret,
    /// Whose installation has it, where that is told.
    agent: Option<String>,
    until: u64,
    /// How often it was used, as far as the client tells.
    count: u64,
}

impl Tokens {
    /// Those that were kept, and a way to keep more.
    pub(super) fn kept(tokens: Vec<Token>, disk: Arc<Queue>) -> Self {
        let mut by_user: HashMap<String, Vec<Known>> = HashMap::new();
        for Token { user, token, agent, until, count } in tokens {
            if until > now() {
                by_user.entry(user).or_default().push(Known { token: Secret::new(token), agent, until, count });
            } else {
                disk.push(Change::NoToken { token }, 0);
            }
        }
        Self { by_user: Mutex::new(by_user), disk: Some(disk) }
    }

    /// A new one for a user. The installation's old one stays good until it is used no more.
    pub(super) fn give(&self, user: &str, agent: Option<&UserAgent>) -> Option<fast::Token> {
        let mut octets = [0; 32];
        getrandom::fill(&mut octets).ok()?;
        let text = base64::encode(&octets);
        let (agent, until) = (agent.and_then(|agent| agent.id.clone()), now() + GOOD_FOR);
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_user.entry(user.to_owned()).or_default();
        self.forget_old(known);
        if known.len() >= MOST {
            self.forget(&known.remove(0));
        }
        let new = Known { token: Secret::new(text.as_str()), agent, until, count: 0 };
        self.keep(user, &new);
        known.push(new);
        Some(fast::Token { token: Secret::new(text), expiry: moment::write(until).as_str().to_owned() })
    }

    /// The user's token that a proof was made with, if it is the installation's and was not used as often before.
    pub(super) fn find(
        &self,
        user: &str,
        proof: &TokenProof,
        agent: Option<&UserAgent>,
        count: Option<u64>,
        invalidate: bool,
    ) -> Option<Secret> {
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_user.get_mut(user)?;
        self.forget_old(known);
        let agent = agent.and_then(|agent| agent.id.as_deref());
        let place = known.iter().position(|one| one.agent.as_deref() == agent && proof.fits(&one.token))?;
        let one = known.get_mut(place)?;
        match count {
            Some(count) if count <= one.count => return None,
            Some(count) => {
                one.count = count;
                self.keep(user, one);
            }
            None => {}
        }
        let token = Secret::new(one.token.expose());
        if invalidate {
            self.forget(&known.remove(place));
        }
        Some(token)
    }

    fn forget_old(&self, known: &mut Vec<Known>) {
        let now = now();
        known.iter().filter(|one| one.until <= now).for_each(|one| self.forget(one));
        known.retain(|one| one.until > now);
    }

    fn keep(&self, user: &str, Known { token, agent, until, count }: &Known) {
        if let Some(disk) = &self.disk {
            let (user, token, agent) = (user.to_owned(), token.expose().to_owned(), agent.clone());
            disk.push(Change::Token(Token { user, token, agent, until: *until, count: *count }), 0);
        }
    }

    fn forget(&self, known: &Known) {
        if let Some(disk) = &self.disk {
            disk.push(Change::NoToken { token: known.token.expose().to_owned() }, 0);
        }
    }
}
