//! Lines of IRC as they are met, made by a generator that always makes the same ones.

use std::fmt::Write as _;

/// What kind of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// Without tags, as RFC 2812 has them.
    Legacy,
    /// With three to six tags, as servers of today send.
    Modern,
    /// With seventeen tags, as Twitch sends.
    Twitch,
}

/// How many lines there are.
pub const LINES: usize = 3000;

/// The lines of a corpus, without line ends.
pub fn lines(corpus: Corpus) -> Vec<String> {
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    (0..LINES).map(|_| line(corpus, &mut dice)).collect()
}

fn line(corpus: Corpus, dice: &mut Dice) -> String {
    let mut line = String::new();
    match corpus {
        Corpus::Legacy => {}
        Corpus::Modern => modern_tags(&mut line, dice),
        Corpus::Twitch => {
            twitch_tags(&mut line, dice);
            let nick = dice.word(9);
            let words = 5 + dice.below(7);
            let _ = write!(line, ":{nick}!{nick}@{nick}.tmi.twitch.tv PRIVMSG #{} :{}", dice.word(8), dice.text(words));
            return line;
        }
    }
    body(&mut line, dice);
    line
}

/// Seven of ten are PRIVMSG; the others are what a client sees besides.
fn body(line: &mut String, dice: &mut Dice) {
    let (nick, channel) = (dice.word(7), dice.word(8));
    let host = format!("{}.{}.example.org", dice.word(6), dice.word(7));
    let _ = match dice.below(10) {
        0 => write!(line, ":{nick}!~{nick}@{host} JOIN #{channel}"),
        1 => {
            let names: Vec<_> = (0..8).map(|at| format!("{}{}", ["", "@", "+", ""][at % 4], dice.word(8))).collect();
            write!(line, ":irc.example.org 353 {nick} = #{channel} :{}", names.join(" "))
        }
        2 => write!(line, ":{nick}!~{nick}@{host} MODE #{channel} +ov {} {}", dice.word(7), dice.word(7)),
        _ => {
            let words = 4 + dice.below(9);
            write!(line, ":{nick}!~{nick}@{host} PRIVMSG #{channel} :{}", dice.text(words))
        }
    };
}

fn modern_tags(line: &mut String, dice: &mut Dice) {
    let _ = write!(
        line,
        "@time=2026-01-{:02}T{:02}:{:02}:{:02}.{:03}Z;msgid={};account={}",
        1 + dice.below(28),
        dice.below(24),
        dice.below(60),
        dice.below(60),
        dice.below(1000),
        dice.word(12),
        dice.word(5)
    );
    let more = dice.below(4);
    for tag in ["bot", "batch=1a", "+draft/react=\\:-)\\s!"].iter().take(more) {
        let _ = write!(line, ";{tag}");
    }
    line.push(' ');
}

fn twitch_tags(line: &mut String, dice: &mut Dice) {
    let name = dice.word(9);
    let _ = write!(
        line,
        "@badge-info=subscriber/{};badges=subscriber/12,premium/1;client-nonce={};color=#{:06X};display-name={name};emotes=25:0-4,12-16;\
         first-msg=0;flags=;id={}-{}-{}-{};mod=0;returning-chatter=0;reply-parent-msg-body={};room-id={};subscriber=1;\
         tmi-sent-ts=17{:011};turbo=0;user-id={} ",
        1 + dice.below(40),
        dice.word(32),
        dice.below(0x100_0000),
        dice.word(8),
        dice.word(4),
        dice.word(4),
        dice.word(12),
        dice.text(8).replace(' ', "\\s"),
        10_000_000 + dice.below(80_000_000),
        dice.below(1_000_000_000),
        10_000_000 + dice.below(80_000_000),
    );
}

/// Marsaglia's xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    fn word(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap_or(0))).collect()
    }

    fn text(&mut self, words: usize) -> String {
        let words: Vec<_> = (0..words)
            .map(|_| {
                let len = 2 + self.below(6);
                self.word(len)
            })
            .collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_as_long_as_real_ones() {
        for (corpus, wanted) in [(Corpus::Legacy, 96), (Corpus::Modern, 172), (Corpus::Twitch, 499)] {
            let lines = lines(corpus);
            let mean = lines.iter().map(String::len).sum::<usize>() / lines.len();
            assert!(mean.abs_diff(wanted) <= wanted / 20, "{corpus:?}: {mean} bytes");
            assert_eq!(lines, super::lines(corpus));
        }
        assert!(
            lines(Corpus::Twitch).iter().all(|line| line.split(' ').next().unwrap_or("").matches(';').count() == 16)
        );
    }
}
