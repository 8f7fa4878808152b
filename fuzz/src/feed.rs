//! Feeding a machine in cuts.

/// Where to cut an input. Derived from the input itself, so that the input is nothing but what goes over the wire.
#[derive(Clone, Copy, Debug)]
pub enum Cuts {
    /// As much at a time as the inbox takes.
    Whole,
    /// One byte at a time.
    Single,
    /// At places that this seed chooses, 1 to 64 bytes apart.
    Random(u64),
}

impl Cuts {
    /// How long the next cut is.
    pub fn next(&mut self) -> usize {
        match self {
            Cuts::Whole => usize::MAX,
            Cuts::Single => 1,
            Cuts::Random(state) => {
                // xorshift64
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                1 + (*state % 64) as usize
            }
        }
    }
}

/// FNV-1a: a seed out of an input, never 0.
pub fn seed_of(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash | 1
}
