use alloc::string::String;
use alloc::vec::Vec;

use super::features::{is_true, texts};
use crate::ns;
use crate::xml::{Element, ElementRef, ElementWriter, Sink, XmlError};

/// SASL2 as a stream feature (XEP-0388 §2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sasl2 {
    /// The mechanisms, by their registered names.
    pub mechanisms: Vec<String>,
    /// What can be asked for together with the login.
    pub inline: Inline,
    /// The upgrade tasks (XEP-0480).
    pub upgrades: Vec<String>,
}

/// What SASL2 offers to do together with the login (XEP-0388 §2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inline {
    /// Bind 2 (XEP-0386), with the namespaces of what can be asked for together with the binding.
    pub bind2: Option<Vec<String>>,
    /// Stream management can be resumed (XEP-0198).
    pub sm: bool,
    /// Tokens for fast authentication (XEP-0484).
    pub fast: Option<Fast>,
    /// What is not known here, as it came.
    pub others: Vec<Element>,
}

/// Fast authentication as an inline feature (XEP-0484 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fast {
    /// The mechanisms that a token can be asked for, and used by.
    pub mechanisms: Vec<String>,
    /// Whether they may be used in the early data of TLS 1.3.
    pub tls_0rtt: bool,
}

impl Sasl2 {
    pub(super) fn read(authentication: ElementRef<'_>) -> Self {
        let inline = authentication.child("inline", ns::SASL2);
        Sasl2 {
            mechanisms: texts(authentication, "mechanism", ns::SASL2),
            inline: inline.map(Inline::read).unwrap_or_default(),
            upgrades: texts(authentication, "upgrade", ns::SASL_UPGRADE),
        }
    }

    pub(super) fn write<S: Sink + ?Sized>(&self, features: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut authentication = features.child("authentication", ns::SASL2)?;
        for mechanism in &self.mechanisms {
            authentication.own_text("mechanism", mechanism)?;
        }
        if self.inline != Inline::default() {
            self.inline.write(&mut authentication.own("inline")?)?;
        }
        for upgrade in &self.upgrades {
            authentication.child("upgrade", ns::SASL_UPGRADE)?.text(upgrade)?;
        }
        Ok(())
    }
}

impl Inline {
    fn read(inline: ElementRef<'_>) -> Self {
        let mut read = Inline::default();
        for child in inline.children() {
            match (child.ns(), child.name()) {
                (ns::BIND2, "bind") => read.bind2 = Some(bind2(child)),
                (ns::SM, "sm") => read.sm = true,
                (ns::FAST, "fast") => {
                    read.fast = Some(Fast {
                        mechanisms: texts(child, "mechanism", ns::FAST),
                        tls_0rtt: child.attr("tls-0rtt").is_some_and(|value| is_true(&value)),
                    });
                }
                _ => read.others.push(child.to_element()),
            }
        }
        read
    }

    fn write<S: Sink + ?Sized>(&self, inline: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        if let Some(features) = &self.bind2 {
            let mut bind = inline.child("bind", ns::BIND2)?;
            if !features.is_empty() {
                let mut inline = bind.own("inline")?;
                for feature in features {
                    inline.own("feature")?.attr("var", feature)?;
                }
            }
        }
        if self.sm {
            inline.child("sm", ns::SM)?;
        }
        if let Some(fast) = &self.fast {
            let mut element = inline.child("fast", ns::FAST)?;
            if fast.tls_0rtt {
                element.attr("tls-0rtt", "true")?;
            }
            for mechanism in &fast.mechanisms {
                element.own_text("mechanism", mechanism)?;
            }
        }
        for other in &self.others {
            inline.embed(other.view());
        }
        Ok(())
    }
}

/// The features that can be asked for with the binding (XEP-0386 §4.1).
fn bind2(bind: ElementRef<'_>) -> Vec<String> {
    let inline = bind.child("inline", ns::BIND2).into_iter().flat_map(ElementRef::children);
    let features = inline.filter(|child| child.is("feature", ns::BIND2));
    features.filter_map(|feature| Some(feature.attr("var")?.into_owned())).collect()
}
