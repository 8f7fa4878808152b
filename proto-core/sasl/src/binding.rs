use alloc::vec::Vec;
use core::fmt;

/// What ties an authentication to the TLS channel it runs in (RFC 5056), handed in by the TLS layer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-exporter` (RFC 9266): 32 octets of keying material exported under the label `EXPORTER-Channel-Binding` with
    /// an empty context. For TLS 1.3, and for TLS 1.2 only with the extended master secret.
    TlsExporter([u8; 32]),
    /// `tls-server-end-point` (RFC 5929 §4): the hash of the server's certificate, by the hash function of the
    /// certificate's signature (SHA-256 in place of MD5 and SHA-1).
    TlsServerEndPoint(Vec<u8>),
}

impl ChannelBinding {
    /// The registered name of the channel binding type, as it stands after `p=`.
    pub fn name(&self) -> &'static str {
        match self {
            ChannelBinding::TlsExporter(_) => "tls-exporter",
            ChannelBinding::TlsServerEndPoint(_) => "tls-server-end-point",
        }
    }

    /// The channel binding data.
    pub fn data(&self) -> &[u8] {
        match self {
            ChannelBinding::TlsExporter(data) => data,
            ChannelBinding::TlsServerEndPoint(data) => data,
        }
    }
}

impl fmt::Debug for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The channel bindings that a session has, the preferred one first. Empty without TLS.
///
/// A client that learns which types the server knows (XEP-0440, or by configuration) keeps those only, by [`among`](Bindings::among).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings(Vec<ChannelBinding>);

impl Bindings {
    /// None: the session has no TLS, or cannot say anything about it.
    pub const fn none() -> Self {
        Bindings(Vec::new())
    }

    /// What a TLS channel gives: keying material exported as [`ChannelBinding::TlsExporter`] wants it, and the hash of the server's certificate,
    /// where they are known.
    pub fn of_tls(exporter: Option<[u8; 32]>, server_end_point: Option<&[u8]>) -> Self {
        let exporter = exporter.map(ChannelBinding::TlsExporter);
        let end_point = server_end_point.map(|hash| ChannelBinding::TlsServerEndPoint(hash.to_vec()));
        exporter.into_iter().chain(end_point).collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, ChannelBinding> {
        self.0.iter()
    }

    /// The one that a client uses.
    pub fn preferred(&self) -> Option<&ChannelBinding> {
        self.0.first()
    }

    /// Those whose type the other side knows, in the order of these: what a client does with the list of XEP-0440. A server that offers -PLUS forms and
    /// no list is taken to know all of them.
    #[must_use]
    pub fn among<'a>(&self, types: impl IntoIterator<Item = &'a str>) -> Bindings {
        let types: Vec<&str> = types.into_iter().collect();
        self.iter().filter(|binding| types.contains(&binding.name())).cloned().collect()
    }

    /// The one of the type called `name`, if the session has it.
    pub fn find(&self, name: &str) -> Option<&ChannelBinding> {
        self.0.iter().find(|binding| binding.name() == name)
    }
}

impl FromIterator<ChannelBinding> for Bindings {
    fn from_iter<I: IntoIterator<Item = ChannelBinding>>(bindings: I) -> Self {
        Bindings(bindings.into_iter().collect())
    }
}

impl From<ChannelBinding> for Bindings {
    fn from(binding: ChannelBinding) -> Self {
        Bindings::from_iter([binding])
    }
}

impl<'a> IntoIterator for &'a Bindings {
    type Item = &'a ChannelBinding;
    type IntoIter = core::slice::Iter<'a, ChannelBinding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_list_leaves_the_order_alone() {
        let (exporter, end_point) =
            (ChannelBinding::TlsExporter([7; 32]), ChannelBinding::TlsServerEndPoint([8; 32].into()));
        let both: Bindings = [exporter.clone(), end_point.clone()].into_iter().collect();
        assert_eq!(both.among(["tls-server-end-point", "tls-unique", "tls-exporter"]), both);
        assert_eq!(both.among(["tls-server-end-point"]), end_point.into());
        assert_eq!(both.among(["tls-exporter", "tls-exporter"]), exporter.into());
        assert!(both.among(["tls-unique"]).is_empty() && both.among([]).is_empty());
    }
}
