//! The messages of RFC 5802 §7, read. Extensions that need not be understood are passed over.

use alloc::vec::Vec;

use crate::base64;
use crate::client::{Error, ServerErrorValue};
use crate::mechanisms::gs2::{self, Header};
use crate::nonces::is_nonce;
use crate::server::Failure;

/// The `client-first-message`.
pub(super) struct ClientFirst<'a> {
    pub(super) header: Header<'a>,
    /// The message without its header.
    pub(super) bare: &'a str,
    /// The user name as it stands, still a `saslname`.
    pub(super) user: &'a str,
    pub(super) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a str) -> Result<Self, Failure> {
        let (header, bare) = gs2::parse(message)?;
        let mut attributes = Attributes(Some(bare));
        if attributes.is_next('m') {
            return Err(Failure::MandatoryExtension);
        }
        let user = attributes.take('n').ok_or(Failure::AttributeMissing('n'))?;
        let nonce = attributes.take('r').ok_or(Failure::AttributeMissing('r'))?;
        if !is_nonce(nonce) {
            return Err(Failure::NonceMalformed);
        }
        Ok(ClientFirst { header, bare, user, nonce })
    }
}

/// The `server-first-message`.
pub(super) struct ServerFirst<'a> {
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    /// `h=`: the hash of what the server advertised (XEP-0474 §5.1).
    pub(super) advertised: Option<&'a str>,
}

impl<'a> ServerFirst<'a> {
    pub(super) fn parse(message: &'a str) -> Result<Self, Error> {
        let mut attributes = Attributes(Some(message));
        if let Some(value) = attributes.take('e') {
            return Err(Error::Server(ServerErrorValue::read(value)));
        }
        if attributes.is_next('m') {
            return Err(Error::MandatoryExtension);
        }
        let nonce = attributes.take('r').ok_or(Error::AttributeMissing('r'))?;
        if !is_nonce(nonce) {
            return Err(Error::NonceMalformed);
        }
        let salt = attributes.take('s').ok_or(Error::AttributeMissing('s'))?;
        let salt = base64::decode(salt, salt.len()).map_err(|_| Error::SaltNotBase64)?;
        if salt.is_empty() {
            return Err(Error::SaltEmpty);
        }
        let iterations = attributes.take('i').ok_or(Error::AttributeMissing('i'))?;
        let advertised = attributes.find('h');
        Ok(ServerFirst { nonce, salt, iterations: parse_iterations(iterations)?, advertised })
    }
}

/// A `posit-number`. What is beyond 32 bits stays a very large number, so that the bounds refuse it as one.
fn parse_iterations(text: &str) -> Result<u32, Error> {
    if text.is_empty() || text.starts_with('0') || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(Error::IterationsMalformed);
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

/// The `client-final-message`.
pub(super) struct ClientFinal<'a> {
    pub(super) channel_binding: Vec<u8>,
    pub(super) nonce: &'a str,
    pub(super) without_proof: &'a str,
    pub(super) proof: Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    pub(super) fn parse(message: &'a str, proof_len: usize) -> Result<Self, Failure> {
        // The proof comes last, and base64 has no comma.
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(Failure::AttributeMissing('p'))?;
        let mut attributes = Attributes(Some(without_proof));
        let channel_binding = attributes.take('c').ok_or(Failure::AttributeMissing('c'))?;
        let channel_binding =
            base64::decode(channel_binding, channel_binding.len()).map_err(|_| Failure::BindingNotBase64)?;
        let nonce = attributes.take('r').ok_or(Failure::AttributeMissing('r'))?;
        if attributes.is_next('m') {
            return Err(Failure::MandatoryExtension);
        }
        let proof = base64::decode(proof, proof_len).map_err(|_| Failure::ProofMalformed)?;
        if proof.len() != proof_len {
            return Err(Failure::ProofMalformed);
        }
        Ok(ClientFinal { channel_binding, nonce, without_proof, proof })
    }
}

/// The `server-final-message`: the server's signature, or why there is none.
pub(super) fn parse_server_final(message: &str, signature_len: usize) -> Result<Vec<u8>, Error> {
    let mut attributes = Attributes(Some(message));
    if let Some(value) = attributes.take('e') {
        return Err(Error::Server(ServerErrorValue::read(value)));
    }
    let signature = attributes.take('v').ok_or(Error::AttributeMissing('v'))?;
    match base64::decode(signature, signature_len) {
        Ok(signature) if signature.len() == signature_len => Ok(signature),
        _ => Err(Error::SignatureMalformed),
    }
}

/// A list `a=value,b=value`, of which the first is taken if it has the right name.
struct Attributes<'a>(Option<&'a str>);

impl<'a> Attributes<'a> {
    fn is_next(&self, name: char) -> bool {
        self.0.and_then(|list| list.strip_prefix(name)).is_some_and(|rest| rest.starts_with('='))
    }

    /// The first of the rest that has this name.
    fn find(&self, name: char) -> Option<&'a str> {
        self.0?.split(',').find_map(|attribute| attribute.strip_prefix(name)?.strip_prefix('='))
    }

    fn take(&mut self, name: char) -> Option<&'a str> {
        let list = self.0?.strip_prefix(name)?.strip_prefix('=')?;
        let (value, rest) = match list.split_once(',') {
            Some((value, rest)) => (value, Some(rest)),
            None => (list, None),
        };
        self.0 = rest;
        Some(value)
    }
}
