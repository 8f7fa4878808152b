//! Who becomes an operator by OPER.

use wirestate_sasl::Secret;

use crate::offload::Offload;
use crate::prepare::Prepared;

/// Whether this is the name of an operator, and the password for it: of the
/// user's own, or of the table `[irc-network.operators]`.
pub(super) async fn is_operator(prepared: &Prepared, name: &str, password: Secret, offload: &impl Offload) -> bool {
    let Prepared { settings, credentials, .. } = prepared;
    match settings.irc.operators.get(name) {
        Some(hash) => credentials.check(hash, password, offload).await,
        None => {
            let listed = settings.operators.iter().any(|operator| operator.as_str() == name);
            // A name that is none costs as much as one that is.
            credentials.verify(name.to_owned(), password, offload).await && listed
        }
    }
}
