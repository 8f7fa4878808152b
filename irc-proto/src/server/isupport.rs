use alloc::vec::Vec;

use super::reply::{encoder, target};
use super::{Rejected, Server};
use crate::Capability;
use crate::codec::{Command, Parts};
use crate::isupport::token_lines;
use crate::numerics;

/// The reference of the batch, of which there is one at a time.
const BATCH: &[u8] = b"isupport";

impl Server {
    /// ISUPPORT before registration (IRCv3 extended-isupport); after it the network answers.
    pub(super) fn isupport_early(&mut self) -> Result<(), Rejected> {
        let config = self.config.clone();
        let agreed = self.agreed.has(Capability::ExtendedIsupport);
        let isupport = config.isupport.as_ref().filter(|_| agreed).ok_or(Rejected::NotRegistered)?;
        let batched = self.agreed.has(Capability::Batch);
        if batched {
            self.say_mark(&[&[b"+", BATCH].concat(), b"draft/isupport"]);
        }
        let nick = self.nick.clone();
        let source = Some(config.name.as_bytes());
        let text: &[u8] = b"are supported by this server";
        let fixed = config.name.as_bytes().len() + target(&nick).len() + text.len() + b":  005  :\r\n".len();
        let tags: &[(&[u8], &[u8])] = if batched { &[(b"batch", BATCH)] } else { &[] };
        for tokens in token_lines(&isupport.tokens(), config.limits.reply().saturating_sub(fixed)) {
            let tokens = tokens.iter().map(Vec::as_slice);
            let params: Vec<&[u8]> = [target(&nick)].into_iter().chain(tokens).chain([text]).collect();
            let command = Command::Numeric(numerics::RPL_ISUPPORT);
            // A token that is longer than a line is not told.
            let _ = self.say_by(&encoder(&config), &Parts { tags, source, command, params: &params });
        }
        if batched {
            self.say_mark(&[&[b"-", BATCH].concat()]);
        }
        Ok(())
    }

    fn say_mark(&mut self, params: &[&[u8]]) {
        // Without the encoder's colon before the last parameter, as with other batches.
        let config = self.config.clone();
        let encoder = encoder(&config).with_trailing(crate::codec::Trailing::Auto);
        let source = Some(config.name.as_bytes());
        let said =
            self.say_by(&encoder, &Parts { source, command: Command::Word(b"BATCH"), params, ..Parts::default() });
        debug_assert!(said.is_ok(), "{said:?}");
    }
}
