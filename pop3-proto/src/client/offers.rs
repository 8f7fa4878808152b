use wirestate_sasl::Mechanism;

use crate::codec::Capability;

/// What of a server's capabilities the machine itself goes by, without heap.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offers {
    /// Whether the server told its capabilities at all.
    pub(super) known: bool,
    pub(super) pipelining: bool,
    pub(super) stls: bool,
    pub(super) user: bool,
    pub(super) top: bool,
    pub(super) uidl: bool,
    pub(super) utf8: bool,
    pub(super) lang: bool,
    pub(super) xclient: bool,
    /// Whether any mechanism ends in `-PLUS`, also one that is not known here.
    pub(super) plus: bool,
    /// A bit for each mechanism, by its place in [`Mechanism::ALL`].
    mechanisms: u16,
}

impl Offers {
    pub(super) fn new(capabilities: &[Capability]) -> Self {
        let mut offers = Offers { known: true, ..Offers::default() };
        for capability in capabilities {
            match capability {
                Capability::Pipelining => offers.pipelining = true,
                Capability::Stls => offers.stls = true,
                Capability::User => offers.user = true,
                Capability::Top => offers.top = true,
                Capability::Uidl => offers.uidl = true,
                Capability::Utf8 { .. } => offers.utf8 = true,
                Capability::Lang => offers.lang = true,
                Capability::Sasl(names) => names.iter().for_each(|name| offers.add_mechanism(name)),
                Capability::Other(line) if is_word(line.as_str(), "XCLIENT") => offers.xclient = true,
                _ => {}
            }
        }
        offers
    }

    fn add_mechanism(&mut self, name: &str) {
        self.plus |= name.len() >= 5 && name.as_bytes()[name.len() - 5..].eq_ignore_ascii_case(b"-PLUS");
        let place = Mechanism::from_name(name).and_then(|this| Mechanism::ALL.iter().position(|one| *one == this));
        if let Some(place) = place {
            self.mechanisms |= 1 << place;
        }
    }

    pub(super) fn mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        let offered = |place: usize| self.mechanisms >> place & 1 == 1;
        Mechanism::ALL.into_iter().enumerate().filter(move |(place, _)| offered(*place)).map(|(_, mechanism)| mechanism)
    }
}

fn is_word(line: &str, word: &str) -> bool {
    line.split_ascii_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word))
}
