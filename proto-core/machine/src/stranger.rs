/// A client that speaks a protocol of others on this port. For it no answer a line would mend anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stranger {
    /// It begins a TLS handshake (RFC 8446 §5.1).
    Tls,
    /// It asks something of a web server (RFC 9112 §3, RFC 9113 §3.4).
    Http,
}

impl Stranger {
    /// Who begins a session with these bytes, of which more may come: nobody to be refused, as long as that isn't certain.
    ///
    /// ```
    /// use wirestate_machine::Stranger;
    ///
    /// assert_eq!(Stranger::of(b"\x16\x03\x01"), Some(Stranger::Tls));
    /// assert_eq!(Stranger::of(b"GET / HTTP/1.1\r\n"), Some(Stranger::Http));
    /// assert_eq!(Stranger::of(b"GET"), None);
    /// ```
    #[cold]
    pub fn of(bytes: &[u8]) -> Option<Stranger> {
        const HANDSHAKE: u8 = 0x16;
        const METHODS: [&[u8]; 8] =
            [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"PRI * "];
        if bytes.first() == Some(&HANDSHAKE) {
            Some(Stranger::Tls)
        } else {
            METHODS.iter().any(|method| bytes.starts_with(method)).then_some(Stranger::Http)
        }
    }
}
