use thiserror::Error;

/// Which rule of XML in a stream was broken. After it the stream gives nothing more: answer with the stream error that
/// [`condition`](XmlError::condition) names, and close (RFC 6120 §4.9.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Something other than `<` where a stream header begins (RFC 6120 §4.2).
    #[error("this is not XML: a stream begins with `<`")]
    NotXml,
    /// An encoding other than UTF-8 (RFC 6120 §11.6).
    #[error("the encoding of a stream is UTF-8 and no other")]
    Encoding,
    /// An XML declaration that says something else than `version='1.0'` (RFC 6120 §11.5).
    #[error("the XML declaration must be like `<?xml version='1.0' encoding='UTF-8'?>`")]
    Declaration,
    /// A comment (RFC 6120 §11.1).
    #[error("comments are not allowed in a stream")]
    Comment,
    /// A processing instruction (RFC 6120 §11.1).
    #[error("processing instructions are not allowed in a stream")]
    ProcessingInstruction,
    /// A document type or another declaration (RFC 6120 §11.1).
    #[error("document type declarations are not allowed in a stream")]
    DocumentType,
    /// An entity other than the five that XML has (RFC 6120 §11.1).
    #[error("of entities only &amp;, &lt;, &gt;, &apos; and &quot; are allowed in a stream")]
    Entity,
    /// A reference to a character that XML does not have, or not a number.
    #[error("a character reference names no character of XML")]
    CharacterReference,
    /// Bytes that are not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// A character that XML cannot hold, not even escaped (XML 1.0, §2.2).
    #[error("XML cannot hold the character {0:?}: leave it out or replace it")]
    Character(char),
    /// What should be a name is none (XML 1.0, §2.3; Namespaces in XML 1.0, §4).
    #[error(
        "a name begins with a letter or underscore, goes on with letters, digits, `-`, `_` and `.`, and has one colon at most"
    )]
    Name,
    /// A tag that is not built as XML wants it.
    #[error("a tag is ill-formed")]
    Tag,
    /// `<` in the value of an attribute.
    #[error("the value of an attribute holds `<`: write &lt;")]
    AttributeValue,
    /// One attribute twice (also under two prefixes of one namespace).
    #[error("an element has the same attribute twice")]
    DuplicateAttribute,
    /// An end tag that belongs to no start tag here.
    #[error("an end tag does not match the start tag")]
    MismatchedTag,
    /// `]]>` in text (XML 1.0, §2.4).
    #[error("text holds `]]>`: write ]]&gt;")]
    SectionEnd,
    /// A prefix that nothing declares.
    #[error("a namespace prefix is not declared")]
    UnboundPrefix,
    /// A declaration that Namespaces in XML 1.0 forbids: of `xmlns`, of `xml` for another name, of an empty name for a prefix.
    #[error("a namespace declaration is not allowed")]
    NamespaceDeclaration,
    /// Text between stanzas (RFC 6120 §4.9.3.1).
    #[error("there is text between stanzas, where only whitespace may be")]
    TextBetweenStanzas,
    /// More or less than one element where one element was wanted (RFC 7395 §3.3.3).
    #[error("a message must hold one whole element and nothing else")]
    NotOneElement,
    /// More than the limits allow.
    #[error("{0}")]
    Limit(Limit),
}

/// Which budget was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of one first-level element, or of the header.
    #[error("a stanza has too many bytes")]
    Bytes,
    /// Elements inside elements.
    #[error("elements are nested too deeply")]
    Depth,
    /// Attributes of one element.
    #[error("an element has too many attributes")]
    Attributes,
    /// Bytes of a name.
    #[error("a name is too long")]
    Name,
    /// Namespace declarations in scope.
    #[error("too many namespaces are declared at once")]
    Bindings,
    /// Elements of one stanza.
    #[error("a stanza has too many elements")]
    Elements,
}

/// Which stream error a fault of XML is (RFC 6120 §4.9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Condition {
    /// RFC 6120 §4.9.3.1.
    BadFormat,
    /// RFC 6120 §4.9.3.2.
    BadNamespacePrefix,
    /// RFC 6120 §4.9.3.13.
    NotWellFormed,
    /// RFC 6120 §4.9.3.14.
    PolicyViolation,
    /// RFC 6120 §4.9.3.18.
    RestrictedXml,
    /// RFC 6120 §4.9.3.22.
    UnsupportedEncoding,
}

impl Condition {
    /// The name of its element in [`STREAM_ERRORS`](crate::ns::STREAM_ERRORS).
    pub const fn as_str(self) -> &'static str {
        match self {
            Condition::BadFormat => "bad-format",
            Condition::BadNamespacePrefix => "bad-namespace-prefix",
            Condition::NotWellFormed => "not-well-formed",
            Condition::PolicyViolation => "policy-violation",
            Condition::RestrictedXml => "restricted-xml",
            Condition::UnsupportedEncoding => "unsupported-encoding",
        }
    }
}

impl XmlError {
    /// The stream error that answers it.
    pub const fn condition(self) -> Condition {
        match self {
            XmlError::Comment | XmlError::ProcessingInstruction | XmlError::DocumentType | XmlError::Entity => {
                Condition::RestrictedXml
            }
            XmlError::Encoding => Condition::UnsupportedEncoding,
            XmlError::UnboundPrefix => Condition::BadNamespacePrefix,
            XmlError::TextBetweenStanzas => Condition::BadFormat,
            XmlError::Limit(_) => Condition::PolicyViolation,
            XmlError::NotXml
            | XmlError::Declaration
            | XmlError::CharacterReference
            | XmlError::Utf8
            | XmlError::Character(_)
            | XmlError::Name
            | XmlError::Tag
            | XmlError::AttributeValue
            | XmlError::DuplicateAttribute
            | XmlError::MismatchedTag
            | XmlError::SectionEnd
            | XmlError::NamespaceDeclaration
            | XmlError::NotOneElement => Condition::NotWellFormed,
        }
    }
}
