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
    /// HT-SHA-256-* (draft-schmaus-kitten-sasl-ht): a token that the server gave at an earlier login, proved on both sides by a keyed hash.
    Ht(TokenBinding),
    /// DIGEST-MD5 (RFC 2831): a proof on both sides, for which the server must keep the password itself.
    #[cfg(feature = "legacy")]
    DigestMd5,
}

/// What ties an [HT mechanism](Mechanism::Ht) to the TLS channel. `UNIQ` is left out: `tls-unique` is none that TLS 1.3 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TokenBinding {
    /// `EXPR`: `tls-exporter`.
    Exporter,
    /// `ENDP`: `tls-server-end-point`.
    EndPoint,
    /// `NONE`: nothing. Whoever reads the exchange can repeat it.
    None,
}

impl TokenBinding {
    /// The registered name of the channel binding type; `None` for none.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            TokenBinding::Exporter => Some("tls-exporter"),
            TokenBinding::EndPoint => Some("tls-server-end-point"),
            TokenBinding::None => None,
        }
    }
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

    /// Every mechanism that a server may put on its list, the one to prefer first. A client's choice follows this order.
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

    /// The mechanisms of FAST (XEP-0484), the one to prefer first. They have a list of their own, for they need a [token](crate::client::Credentials::fast_token)
    /// that an earlier login gave.
    pub const FAST: [Mechanism; 3] = [
        Mechanism::Ht(TokenBinding::Exporter),
        Mechanism::Ht(TokenBinding::EndPoint),
        Mechanism::Ht(TokenBinding::None),
    ];

    /// Every mechanism that is known here, those of FAST included, the one to prefer first.
    pub fn every() -> impl Iterator<Item = Mechanism> {
        Mechanism::FAST.into_iter().chain(Mechanism::ALL).chain(LEGACY.iter().copied())
    }

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
            Mechanism::Ht(TokenBinding::Exporter) => "HT-SHA-256-EXPR",
            Mechanism::Ht(TokenBinding::EndPoint) => "HT-SHA-256-ENDP",
            Mechanism::Ht(TokenBinding::None) => "HT-SHA-256-NONE",
            #[cfg(feature = "legacy")]
            Mechanism::DigestMd5 => "DIGEST-MD5",
        }
    }

    /// The mechanism called `name`, in any case of letters; `None` for one that is not known here.
    pub fn from_name(name: &str) -> Option<Mechanism> {
        Mechanism::every().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Whether it is a -PLUS form, which needs a [`ChannelBinding`](crate::ChannelBinding).
    pub const fn is_plus(self) -> bool {
        matches!(self, Mechanism::Scram { plus: true, .. })
    }

    /// Whether the exchange cannot be carried over to another TLS channel: the -PLUS forms, and HT with a binding.
    pub const fn binds_channel(self) -> bool {
        self.is_plus() || matches!(self, Mechanism::Ht(TokenBinding::Exporter | TokenBinding::EndPoint))
    }

    /// Whether whoever reads the exchange has the password.
    pub const fn sends_cleartext_password(self) -> bool {
        matches!(self, Mechanism::Plain | Mechanism::Login)
    }

    /// Whether whoever reads the exchange can open the account by it until the token expires.
    pub const fn sends_bearer_token(self) -> bool {
        matches!(self, Mechanism::OAuthBearer | Mechanism::XOAuth2 | Mechanism::Ht(TokenBinding::None))
    }

    /// Whether the client speaks first, so that an initial response can save a round trip.
    pub const fn client_first(self) -> bool {
        match self {
            #[cfg(feature = "legacy")]
            Mechanism::DigestMd5 => false,
            Mechanism::Login | Mechanism::CramMd5 => false,
            _ => true,
        }
    }
}

/// Behind all others, and on no list unless a program names it.
const LEGACY: &[Mechanism] = &[
    #[cfg(feature = "legacy")]
    Mechanism::DigestMd5,
];

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
        for mechanism in Mechanism::every() {
            assert_eq!(Mechanism::from_name(mechanism.name()), Some(mechanism));
            assert_eq!(Mechanism::from_name(&mechanism.to_string().to_lowercase()), Some(mechanism));
            assert_eq!(mechanism.is_plus(), mechanism.name().ends_with("-PLUS"));
        }
        assert_eq!(Mechanism::from_name("DIGEST-MD5").is_some(), cfg!(feature = "legacy"));
        assert_eq!(Mechanism::from_name("HT-SHA-256-UNIQ"), None);
        assert_eq!(Mechanism::from_name(""), None);
    }
}
