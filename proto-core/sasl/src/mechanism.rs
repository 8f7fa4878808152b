use core::fmt;

use crate::hash::Hash;

/// The mechanisms that both sides know, by their names in the IANA registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// PLAIN (RFC 4616): the password itself.
    Plain,
    /// LOGIN: the password itself, in two steps. Obsolete, and still the only one that some peers have.
    Login,
    /// EXTERNAL (RFC 4422 Appendix A): what the channel already proved, such as a client certificate.
    External,
    /// ANONYMOUS (RFC 4505): nobody in particular.
    Anonymous,
    /// CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge. The server must keep the password itself.
    CramMd5,
    /// SCRAM (RFC 5802, RFC 7677): a proof on both sides, and the server keeps no password.
    Scram {
        /// The hash function.
        hash: Hash,
        /// Whether it is the -PLUS form, tied to the TLS channel.
        plus: bool,
    },
    /// OAUTHBEARER (RFC 7628): a bearer token.
    OAuthBearer,
    /// XOAUTH2: a bearer token in the form that Google and Microsoft had before RFC 7628.
    XOAuth2,
}

impl Mechanism {
    /// SCRAM-SHA-1.
    pub const SCRAM_SHA_1: Mechanism = Mechanism::Scram { hash: Hash::Sha1, plus: false };
    /// SCRAM-SHA-1-PLUS.
    pub const SCRAM_SHA_1_PLUS: Mechanism = Mechanism::Scram { hash: Hash::Sha1, plus: true };
    /// SCRAM-SHA-256.
    pub const SCRAM_SHA_256: Mechanism = Mechanism::Scram { hash: Hash::Sha256, plus: false };
    /// SCRAM-SHA-256-PLUS.
    pub const SCRAM_SHA_256_PLUS: Mechanism = Mechanism::Scram { hash: Hash::Sha256, plus: true };
    /// SCRAM-SHA-512.
    pub const SCRAM_SHA_512: Mechanism = Mechanism::Scram { hash: Hash::Sha512, plus: false };
    /// SCRAM-SHA-512-PLUS.
    pub const SCRAM_SHA_512_PLUS: Mechanism = Mechanism::Scram { hash: Hash::Sha512, plus: true };

    /// Every mechanism, the one to prefer first. A client's choice follows this order.
    pub const ALL: [Mechanism; 13] = [
        Mechanism::SCRAM_SHA_512_PLUS,
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_1_PLUS,
        Mechanism::SCRAM_SHA_512,
        Mechanism::SCRAM_SHA_256,
        Mechanism::SCRAM_SHA_1,
        Mechanism::CramMd5,
        Mechanism::OAuthBearer,
        Mechanism::XOAuth2,
        Mechanism::Plain,
        Mechanism::Login,
        Mechanism::External,
        Mechanism::Anonymous,
    ];

    /// The name in the IANA registry.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::External => "EXTERNAL",
            Mechanism::Anonymous => "ANONYMOUS",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::Scram { hash: Hash::Sha1, plus: false } => "SCRAM-SHA-1",
            Mechanism::Scram { hash: Hash::Sha1, plus: true } => "SCRAM-SHA-1-PLUS",
            Mechanism::Scram { hash: Hash::Sha256, plus: false } => "SCRAM-SHA-256",
            Mechanism::Scram { hash: Hash::Sha256, plus: true } => "SCRAM-SHA-256-PLUS",
            Mechanism::Scram { hash: Hash::Sha512, plus: false } => "SCRAM-SHA-512",
            Mechanism::Scram { hash: Hash::Sha512, plus: true } => "SCRAM-SHA-512-PLUS",
            Mechanism::OAuthBearer => "OAUTHBEARER",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }

    /// The mechanism called `name`, in any case of letters; `None` for one that is not known here.
    pub fn from_name(name: &str) -> Option<Mechanism> {
        Mechanism::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Whether it is a -PLUS form, which needs a [`ChannelBinding`](crate::ChannelBinding).
    pub const fn is_plus(self) -> bool {
        matches!(self, Mechanism::Scram { plus: true, .. })
    }

    /// Whether whoever reads the exchange has the password.
    pub const fn sends_cleartext_password(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login)
    }

    /// Whether whoever reads the exchange has a token that opens the account until it expires.
    pub const fn sends_bearer_token(self) -> bool {
        matches!(self, Mechanism::OAuthBearer | Mechanism::XOAuth2)
    }

    /// Whether the client speaks first, so that an initial response can save a round trip.
    pub const fn client_first(self) -> bool {
        !matches!(self, Mechanism::Login | Mechanism::CramMd5)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn names_go_both_ways_in_any_case() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::from_name(mechanism.name()), Some(mechanism));
            assert_eq!(Mechanism::from_name(&mechanism.to_string().to_lowercase()), Some(mechanism));
            assert_eq!(mechanism.is_plus(), mechanism.name().ends_with("-PLUS"));
        }
        assert_eq!(Mechanism::from_name("DIGEST-MD5"), None);
        assert_eq!(Mechanism::from_name(""), None);
    }
}
