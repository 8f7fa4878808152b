use wirestate_machine::table::Named;

use crate::ns;
use crate::xml::ElementRef;

/// What a frame of a client's stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// A stream header (RFC 6120 §4.2).
    Header,
    /// `<starttls/>` (RFC 6120 §5).
    Starttls,
    /// `<auth/>` (RFC 6120 §6.4.2).
    Auth,
    /// `<response/>` of SASL or SASL2.
    Response,
    /// `<abort/>` of SASL or SASL2.
    Abort,
    /// `<authenticate/>` (XEP-0388).
    Authenticate,
    /// An IQ of `jabber:iq:auth` (XEP-0078).
    IqAuth,
    /// `<compress/>` (XEP-0138).
    Compress,
    /// An IQ that binds a resource (RFC 6120 §7).
    Bind,
    /// An IQ that begins a session (RFC 3921 §3).
    Session,
    /// `<enable/>` (XEP-0198 §3).
    Enable,
    /// `<resume/>` (XEP-0198 §5).
    Resume,
    /// `<r/>` (XEP-0198 §4).
    Request,
    /// `<a/>` (XEP-0198 §4).
    Answer,
    /// `<active/>` and `<inactive/>` (XEP-0352).
    ClientState,
    /// A message, a presence, or an IQ that is none of the above.
    Stanza,
    /// A stream error of the client's (RFC 6120 §4.9).
    Error,
    /// The end of the client's stream (RFC 6120 §4.4).
    End,
    /// Anything else.
    Other,
}

impl Named for Keyword {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            Keyword::Header => "(header)",
            Keyword::Starttls => "starttls",
            Keyword::Auth => "auth",
            Keyword::Response => "response",
            Keyword::Abort => "abort",
            Keyword::Authenticate => "authenticate",
            Keyword::IqAuth => "iq auth",
            Keyword::Compress => "compress",
            Keyword::Bind => "iq bind",
            Keyword::Session => "iq session",
            Keyword::Enable => "enable",
            Keyword::Resume => "resume",
            Keyword::Request => "r",
            Keyword::Answer => "a",
            Keyword::ClientState => "(client state)",
            Keyword::Stanza => "(stanza)",
            Keyword::Error => "stream:error",
            Keyword::End => "(end)",
            Keyword::Other => "(other)",
        }
    }
}

impl Keyword {
    /// What a first-level element is.
    pub fn of(element: ElementRef<'_>) -> Self {
        match (element.ns(), element.name()) {
            (ns::CLIENT, "message" | "presence") => Keyword::Stanza,
            (ns::CLIENT, "iq") => of_iq(element),
            (ns::TLS, "starttls") => Keyword::Starttls,
            (ns::SASL, "auth") => Keyword::Auth,
            (ns::SASL | ns::SASL2, "response") => Keyword::Response,
            (ns::SASL | ns::SASL2, "abort") => Keyword::Abort,
            (ns::SASL2, "authenticate") => Keyword::Authenticate,
            (ns::COMPRESS, "compress") => Keyword::Compress,
            (ns::SM, "enable") => Keyword::Enable,
            (ns::SM, "resume") => Keyword::Resume,
            (ns::SM, "r") => Keyword::Request,
            (ns::SM, "a") => Keyword::Answer,
            (ns::CSI, "active" | "inactive") => Keyword::ClientState,
            (ns::STREAM, "error") => Keyword::Error,
            _ => Keyword::Other,
        }
    }
}

/// Only of requests it matters what they ask for, and only where they ask the server itself.
fn of_iq(iq: ElementRef<'_>) -> Keyword {
    let Some(payload) = iq.children().next() else { return Keyword::Stanza };
    match (payload.ns(), payload.name()) {
        (ns::BIND, "bind") if iq.attr("type").as_deref() == Some("set") => Keyword::Bind,
        (ns::SESSION, "session") if iq.attr("type").as_deref() == Some("set") => Keyword::Session,
        (ns::IQ_AUTH, "query") if matches!(iq.attr("type").as_deref(), Some("get" | "set")) => Keyword::IqAuth,
        _ => Keyword::Stanza,
    }
}
