//! Tokens by which clients log in again (XEP-0484), in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use wirestate_sasl::server::TokenProof;
use wirestate_sasl::{Secret, base64};
use xmpp_proto::payload::fast::Token;
use xmpp_proto::payload::moment;
use xmpp_proto::payload::sasl2::UserAgent;

use super::setup::now;

/// In milliseconds.
const GOOD_FOR: u64 = 14 * 24 * 60 * 60 * 1000;
/// Of one user; a further one takes the oldest's place.
const MOST: usize = 32;

/// Everybody's tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    by_user: Mutex<HashMap<String, Vec<Known>>>,
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
    /// A new one for a user. The installation's old one stays good until it is used no more.
    pub(super) fn give(&self, user: &str, agent: Option<&UserAgent>) -> Option<Token> {
        let mut octets = [0; 32];
        getrandom::fill(&mut octets).ok()?;
        let text = base64::encode(&octets);
        let (agent, until) = (agent.and_then(|agent| agent.id.clone()), now() + GOOD_FOR);
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_user.entry(user.to_owned()).or_default();
        known.retain(|one| one.until > now());
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push(Known { token: Secret::new(text.as_str()), agent, until, count: 0 });
        Some(Token { token: Secret::new(text), expiry: moment::write(until).as_str().to_owned() })
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
        known.retain(|one| one.until > now());
        let agent = agent.and_then(|agent| agent.id.as_deref());
        let place = known.iter().position(|one| one.agent.as_deref() == agent && proof.fits(&one.token))?;
        let one = known.get_mut(place)?;
        match count {
            Some(count) if count <= one.count => return None,
            Some(count) => one.count = count,
            None => {}
        }
        let token = Secret::new(one.token.expose());
        if invalidate {
            known.remove(place);
        }
        Some(token)
    }
}
