//! What the index of an element consists of. All offsets are into the element's bytes.

/// One place in the index. An element is followed by its attributes, and those by its children.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    Vacant,
    Element(ElementSlot),
    Attribute(AttributeSlot),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ElementSlot {
    /// Of its `<`.
    pub(super) start: u32,
    /// After its start tag.
    pub(super) content: u32,
    /// Of its end tag.
    pub(super) content_end: u32,
    /// After its end tag.
    pub(super) end: u32,
    /// The slot after its last descendant's.
    pub(super) next: u32,
    pub(super) parent: u32,
    /// The innermost namespace declaration in scope.
    pub(super) declaration: u32,
    pub(super) namespace: Namespace,
    /// Its length with prefix and colon.
    pub(super) name: u16,
    /// Its length without colon; 0 where there is none.
    pub(super) prefix: u16,
    pub(super) attributes: u16,
    /// How many of them declare a namespace.
    pub(super) declared: u16,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeSlot {
    /// Of its name.
    pub(super) start: u32,
    pub(super) value: u32,
    pub(super) value_end: u32,
    /// What it declares, or what it is in.
    pub(super) namespace: Namespace,
    /// The declaration before it that is in scope, where this is one.
    pub(super) declaration: u32,
    pub(super) name: u16,
    pub(super) prefix: u16,
    pub(super) is_declaration: bool,
    /// Whether its value says what it is, without references or line ends.
    pub(super) is_plain: bool,
}

/// No slot.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// Where the name of a namespace stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Namespace(u32);

/// A [`Namespace`], taken apart.
pub(super) enum Place {
    None,
    Xml,
    /// In the value of the declaration that has this slot.
    Slot(u32),
    /// In the binding of this number.
    Binding(usize),
}

impl Namespace {
    pub(super) const NONE: Namespace = Namespace(u32::MAX);
    pub(super) const XML: Namespace = Namespace(u32::MAX - 1);
    const BINDING: u32 = 1 << 31;

    pub(super) fn of_slot(slot: u32) -> Self {
        Namespace(slot)
    }

    pub(super) fn of_binding(number: usize) -> Self {
        Namespace(Namespace::BINDING | number as u32)
    }

    pub(super) fn place(self) -> Place {
        match self {
            Namespace::NONE => Place::None,
            Namespace::XML => Place::Xml,
            Namespace(number) if number & Namespace::BINDING != 0 => {
                Place::Binding((number ^ Namespace::BINDING) as usize)
            }
            Namespace(slot) => Place::Slot(slot),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn slots_are_small() {
        assert!(size_of::<super::Slot>() <= 44);
    }
}
