use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::Sasl2;
use crate::ns;
use crate::xml::{Element, ElementRef, Sink, Writer, XmlError};

/// What the receiving end offers, or asks for, after each header (RFC 6120 §4.3.2).
///
/// ```
/// use xmpp_proto::stream::{Features, Starttls};
/// use xmpp_proto::xml::{Scope, Writer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let features = Features { starttls: Some(Starttls { required: true }), ..Features::default() };
/// let (mut sent, scope) = (Vec::new(), Scope::CLIENT);
/// features.write(&mut Writer::new(&mut sent, &scope))?;
/// assert_eq!(
///     sent,
///     b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// STARTTLS (RFC 6120 §5).
    pub starttls: Option<Starttls>,
    /// SASL's mechanisms (RFC 6120 §6), by their registered names; empty where SASL is not offered.
    pub mechanisms: Vec<String>,
    /// The types of channel binding that SASL may use (XEP-0440).
    pub channel_bindings: Vec<String>,
    /// SASL2 (XEP-0388).
    pub sasl2: Option<Box<Sasl2>>,
    /// Resource binding (RFC 6120 §7).
    pub bind: bool,
    /// Sessions as they were (RFC 3921 §3).
    pub session: Option<Session>,
    /// Stream management (XEP-0198).
    pub sm: bool,
    /// The methods of compression (XEP-0138); empty where it is not offered.
    pub compression: Vec<String>,
    /// What the other end takes (XEP-0478).
    pub limits: Option<StreamLimits>,
    /// Server dialback (XEP-0220).
    pub dialback: Option<Dialback>,
    /// Both ways over one connection between servers (XEP-0288).
    pub bidi: bool,
    /// Registration of an account (XEP-0077).
    pub register: bool,
    /// Login before SASL (XEP-0078).
    pub iq_auth: bool,
    /// Roster versioning (RFC 6121 §2.6).
    pub roster_versioning: bool,
    /// Subscription pre-approval (RFC 6121 §3.4).
    pub pre_approval: bool,
    /// Whether a client is looked at can be told (XEP-0352).
    pub csi: bool,
    /// What is not known here, as it came.
    pub others: Vec<Element>,
}

/// STARTTLS as a stream feature (RFC 6120 §5.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starttls {
    /// Whether nothing else is done before.
    pub required: bool,
}

/// Sessions as a stream feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Whether a client may do without (draft-cridland-xmpp-session).
    pub optional: bool,
}

/// Server dialback as a stream feature (XEP-0220 §2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialback {
    /// Whether its errors are understood.
    pub errors: bool,
}

/// What the sender of the features takes (XEP-0478 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamLimits {
    /// How many bytes a first-level element may have.
    pub max_bytes: Option<u64>,
    /// After how many seconds without anything the stream may be closed.
    pub idle_seconds: Option<u64>,
}

impl Features {
    /// Reads `<stream:features/>`. What is not known here, or not as it should be, is kept as it came. `None`: the element is something else.
    pub fn read(element: ElementRef<'_>) -> Option<Self> {
        if !element.is("features", ns::STREAM) {
            return None;
        }
        let mut read = Features::default();
        for child in element.children() {
            read.take(child);
        }
        Some(read)
    }

    fn take(&mut self, child: ElementRef<'_>) {
        match (child.ns(), child.name()) {
            (ns::TLS, "starttls") => {
                self.starttls = Some(Starttls { required: child.child("required", ns::TLS).is_some() });
            }
            (ns::SASL, "mechanisms") => self.mechanisms = texts(child, "mechanism", ns::SASL),
            (ns::SASL_CHANNEL_BINDING, "sasl-channel-binding") => {
                let types = child.children().filter(|child| child.is("channel-binding", ns::SASL_CHANNEL_BINDING));
                self.channel_bindings = types.filter_map(|one| Some(one.attr("type")?.into_owned())).collect();
            }
            (ns::SASL2, "authentication") => self.sasl2 = Some(Sasl2::read(child).into()),
            (ns::BIND, "bind") => self.bind = true,
            (ns::SESSION, "session") => {
                self.session = Some(Session { optional: child.child("optional", ns::SESSION).is_some() });
            }
            (ns::SM, "sm") => self.sm = true,
            (ns::COMPRESS_FEATURE, "compression") => self.compression = texts(child, "method", ns::COMPRESS_FEATURE),
            (ns::STREAM_LIMITS, "limits") => {
                let number = |name| child.child(name, ns::STREAM_LIMITS)?.text().trim().parse().ok();
                let (max_bytes, idle_seconds) = (number("max-bytes"), number("idle-seconds"));
                self.limits = Some(StreamLimits { max_bytes, idle_seconds });
            }
            (ns::DIALBACK_FEATURE, "dialback") => {
                self.dialback = Some(Dialback { errors: child.child("errors", ns::DIALBACK_FEATURE).is_some() });
            }
            (ns::BIDI_FEATURE, "bidi") => self.bidi = true,
            (ns::REGISTER_FEATURE, "register") => self.register = true,
            (ns::IQ_AUTH_FEATURE, "auth") => self.iq_auth = true,
            (ns::ROSTER_VERSIONING, "ver") => self.roster_versioning = true,
            (ns::PRE_APPROVAL, "sub") => self.pre_approval = true,
            (ns::CSI, "csi") => self.csi = true,
            _ => self.others.push(child.to_element()),
        }
    }

    /// Writes `<stream:features/>`.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] where a name has what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        let mut features = writer.element("features", ns::STREAM)?;
        if let Some(starttls) = self.starttls {
            let mut element = features.child("starttls", ns::TLS)?;
            if starttls.required {
                element.own_empty("required")?;
            }
        }
        if !self.mechanisms.is_empty() {
            let mut element = features.child("mechanisms", ns::SASL)?;
            for mechanism in &self.mechanisms {
                element.own_text("mechanism", mechanism)?;
            }
        }
        if let Some(sasl2) = &self.sasl2 {
            sasl2.write(&mut features)?;
        }
        if !self.channel_bindings.is_empty() {
            let mut element = features.child("sasl-channel-binding", ns::SASL_CHANNEL_BINDING)?;
            for name in &self.channel_bindings {
                element.own("channel-binding")?.attr("type", name)?;
            }
        }
        if let Some(session) = self.session {
            let mut element = features.child("session", ns::SESSION)?;
            if session.optional {
                element.own_empty("optional")?;
            }
        }
        if !self.compression.is_empty() {
            let mut element = features.child("compression", ns::COMPRESS_FEATURE)?;
            for method in &self.compression {
                element.own_text("method", method)?;
            }
        }
        if let Some(limits) = self.limits {
            let mut element = features.child("limits", ns::STREAM_LIMITS)?;
            let both = [("max-bytes", limits.max_bytes), ("idle-seconds", limits.idle_seconds)];
            for (name, number) in both {
                if let Some(number) = number {
                    element.own(name)?.decimal(number);
                }
            }
        }
        if let Some(dialback) = self.dialback {
            let mut element = features.child("dialback", ns::DIALBACK_FEATURE)?;
            if dialback.errors {
                element.own_empty("errors")?;
            }
        }
        for (is_offered, name, ns) in [
            (self.bind, "bind", ns::BIND),
            (self.sm, "sm", ns::SM),
            (self.bidi, "bidi", ns::BIDI_FEATURE),
            (self.register, "register", ns::REGISTER_FEATURE),
            (self.iq_auth, "auth", ns::IQ_AUTH_FEATURE),
            (self.roster_versioning, "ver", ns::ROSTER_VERSIONING),
            (self.pre_approval, "sub", ns::PRE_APPROVAL),
            (self.csi, "csi", ns::CSI),
        ] {
            if is_offered {
                features.child(name, ns)?;
            }
        }
        for other in &self.others {
            features.embed(other.view());
        }
        Ok(())
    }
}

/// The texts of the children of this name.
pub(super) fn texts(element: ElementRef<'_>, name: &str, ns: &str) -> Vec<String> {
    element.children().filter(|child| child.is(name, ns)).map(|child| child.text().trim().into()).collect()
}

/// `xs:boolean` (XML Schema Part 2, §3.2.2).
pub(super) fn is_true(value: &str) -> bool {
    matches!(value.trim(), "true" | "1")
}
