use alloc::string::String;
use alloc::vec::Vec;

use crate::base64;
use crate::hash::Hash;

/// What the server advertised before the exchange: its mechanisms and its types of channel binding (XEP-0440), all of them and as they were named.
///
/// With this in both contexts SCRAM finds out whether somebody in between changed the lists (XEP-0474): the server puts their hash into a message that
/// both sides sign. Without it on the client's side the hash is passed over, and without it on the server's side none is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertised {
    mechanisms: Vec<String>,
    binding_types: Vec<String>,
}

impl Advertised {
    /// The lists, in any order; without XEP-0440 the second is empty. Each server profile has its own list of mechanisms: that of SASL2 is not that of
    /// RFC 6120.
    pub fn new<M: Into<String>, B: Into<String>>(
        mechanisms: impl IntoIterator<Item = M>,
        binding_types: impl IntoIterator<Item = B>,
    ) -> Self {
        let mut mechanisms: Vec<String> = mechanisms.into_iter().map(Into::into).collect();
        let mut binding_types: Vec<String> = binding_types.into_iter().map(Into::into).collect();
        mechanisms.sort_unstable();
        binding_types.sort_unstable();
        Advertised { mechanisms, binding_types }
    }

    /// What `h=` must be (XEP-0474 §5.1): the hash of the sorted names, with %x1E between two of a list and %x1F between the lists, in base64.
    pub(crate) fn hash(&self, hash: Hash) -> String {
        let mut text = self.mechanisms.join("\u{1e}");
        if !self.binding_types.is_empty() {
            text.push('\u{1f}');
            text.push_str(&self.binding_types.join("\u{1e}"));
        }
        base64::encode(&hash.digest(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xep_0474_section_6_3() {
        let lists = Advertised::new(["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], ["tls-server-end-point", "tls-exporter"]);
        assert_eq!(lists.hash(Hash::Sha1), "G6k/rBLDqgOhRRaCuuatSDFkJ08=");
        let without_types = Advertised::new(["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], [""; 0]);
        assert_ne!(without_types.hash(Hash::Sha1), lists.hash(Hash::Sha1));
    }
}
