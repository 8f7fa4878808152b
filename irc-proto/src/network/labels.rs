use alloc::vec::Vec;

use crate::labels;

use super::deliveries::{Answer, Deliveries};

impl Answer {
    /// Sends the answer on.
    pub(super) fn finish(&self, server: &[u8], reference: &[u8], out: &mut Deliveries) {
        let lines: Vec<&[u8]> = self.lines().collect();
        labels::wrap(server, &self.label, reference, &lines, |tag, own| {
            out.line(self.session, |line| line.extend_from_slice(&labels::tagged(own, tag)));
        });
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.lines.get(start..*end))
    }
}
