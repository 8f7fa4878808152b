//! One file for each mechanism, with both its sides. A new one is a file, a variant of [`Mechanism`], and an arm in each
//! of the two functions here.

mod anonymous;
mod cram_md5;
#[cfg(feature = "legacy")]
pub(crate) mod digest_md5;
mod external;
mod gs2;
pub(crate) mod ht;
mod login;
mod oauth;
mod plain;
mod scram;

use alloc::boxed::Box;

use crate::client::{self, ClientSide, Credentials, Error};
use crate::mechanism::Mechanism;
use crate::server::{self, ServerSide, StartError};

pub(crate) fn client_side(
    mechanism: Mechanism,
    credentials: &Credentials,
    context: &client::Context,
) -> Result<Box<dyn ClientSide>, Error> {
    Ok(match mechanism {
        Mechanism::Plain => Box::new(plain::Client::new(credentials)?),
        Mechanism::Login => Box::new(login::Client::new(credentials)?),
        Mechanism::External => Box::new(external::Client::new(credentials)?),
        Mechanism::Anonymous => Box::new(anonymous::Client::new(credentials)?),
        Mechanism::CramMd5 => Box::new(cram_md5::Client::new(credentials)?),
        Mechanism::Scram { hash, .. } => Box::new(scram::Client::new(mechanism, hash, credentials, context)?),
        Mechanism::OAuthBearer => Box::new(oauth::Client::bearer(credentials, context)?),
        Mechanism::XOAuth2 => Box::new(oauth::Client::xoauth2(credentials)?),
        Mechanism::Ht(binding) => Box::new(ht::Client::new(mechanism, binding, credentials, context)?),
        #[cfg(feature = "legacy")]
        Mechanism::DigestMd5 => Box::new(digest_md5::Client::new(credentials, context)?),
    })
}

pub(crate) fn server_side(mechanism: Mechanism, context: &server::Context) -> Result<Box<dyn ServerSide>, StartError> {
    Ok(match mechanism {
        Mechanism::Plain => Box::new(plain::Server::default()),
        Mechanism::Login => Box::new(login::Server::default()),
        Mechanism::External => Box::new(external::Server::default()),
        Mechanism::Anonymous => Box::new(anonymous::Server::default()),
        Mechanism::CramMd5 => Box::new(cram_md5::Server::new(context)?),
        Mechanism::Scram { hash, .. } => Box::new(scram::Server::new(mechanism, hash, context)?),
        Mechanism::OAuthBearer => Box::new(oauth::Server::bearer(context)),
        Mechanism::XOAuth2 => Box::new(oauth::Server::xoauth2(context)),
        Mechanism::Ht(binding) => Box::new(ht::Server::new(mechanism, binding, context)?),
        #[cfg(feature = "legacy")]
        Mechanism::DigestMd5 => Box::new(digest_md5::Server::new(context)?),
    })
}
