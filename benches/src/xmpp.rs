//! Stanzas of XMPP as they are met, made by a generator that always makes the same ones.

use std::fmt::Write as _;

/// What kind of stanzas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// Chat messages with a state, a receipt, an origin and a stanza ID, as clients of today send.
    Message,
    /// Presence in a room, with capabilities and the hash of an avatar.
    Presence,
    /// Results of a roster query, of ninety contacts.
    Roster,
    /// Notifications of publish and subscribe, of twelve entries.
    Pubsub,
    /// Of a hundred stanzas eighty messages, sixteen presences, two rosters, two notifications.
    Mixed,
}

/// The header that goes before the stanzas.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' id='++TR84Sm6A3hnt3Q065SnAbbk3Y=' from='im.example.com' version='1.0' xml:lang='en'>";

/// What comes over and over from those who mean no good: a name, what stands before it, what is repeated, and what stands after it.
pub const FLOODS: [(&str, &str, &str, &str); 12] = [
    ("text", "<a>", "x", "</a>"),
    ("references", "<a>", "&amp;", "</a>"),
    ("brackets", "<a>", "]]", "</a>"),
    ("section", "<a><![CDATA[", "]", "]]></a>"),
    ("sections", "<a>", "<![CDATA[x]]>", "</a>"),
    ("children", "<a>", "<b c='d'>e</b>", "</a>"),
    ("namespaces", "<a>", "<b xmlns='u' xmlns:p='v' p:c=''><p:d/></b>", "</a>"),
    ("value", "<a b='", "x\n", "'/>"),
    ("spaces", "<a", " ", "/>"),
    ("keepalives", "", " \n", "<iq/>"),
    ("stanzas", "", "<a/>", ""),
    ("levels", "", "<a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a>", ""),
];

/// The stanzas of a corpus.
pub fn stanzas(corpus: Corpus) -> Vec<String> {
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    let count = match corpus {
        Corpus::Message | Corpus::Presence => 500,
        Corpus::Roster => 30,
        Corpus::Pubsub => 60,
        Corpus::Mixed => 300,
    };
    (0..count).map(|at| stanza(corpus, at, &mut dice)).collect()
}

fn stanza(corpus: Corpus, at: usize, dice: &mut Dice) -> String {
    match corpus {
        Corpus::Message => message(dice),
        Corpus::Presence => presence(dice),
        Corpus::Roster => roster(dice),
        Corpus::Pubsub => pubsub(dice),
        Corpus::Mixed => match at % 50 {
            25 => roster(dice),
            40 => pubsub(dice),
            5 | 10 | 15 | 20 | 30 | 35 | 45 | 48 => presence(dice),
            _ => message(dice),
        },
    }
}

fn message(dice: &mut Dice) -> String {
    let id = dice.word(24);
    let words = 31 + dice.below(16);
    // Now and then there is something to escape, and something that is not ASCII.
    let end = ["?", "!", " &amp; more", " ünd &lt;3", " 😀", "."][dice.below(6)];
    format!(
        "<message type='chat' id='{id}' from='{}@im.example.com/{}' to='{}@im.example.com'><body>{}{end}</body>\
         <active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/>\
         <origin-id xmlns='urn:xmpp:sid:0' id='{id}'/><stanza-id xmlns='urn:xmpp:sid:0' by='im.example.com' id='{}'/></message>",
        dice.word(6),
        dice.word(8),
        dice.word(6),
        dice.text(words),
        dice.word(16),
    )
}

fn presence(dice: &mut Dice) -> String {
    format!(
        "<presence from=\"{}@rooms.example.com/{}\" to=\"{}@im.example.com/{}\"><show>away</show><priority>5</priority>\
         <c xmlns=\"http://jabber.org/protocol/caps\" hash=\"sha-1\" node=\"https://client.example.org\" ver=\"{}\"/>\
         <x xmlns=\"vcard-temp:x:update\"><photo>{}</photo></x>\
         <x xmlns=\"http://jabber.org/protocol/muc#user\"><item affiliation=\"member\" role=\"participant\"/></x></presence>",
        dice.word(7),
        dice.word(6),
        dice.word(6),
        dice.word(8),
        dice.word(27),
        dice.word(20),
    )
}

fn roster(dice: &mut Dice) -> String {
    let mut iq = format!(
        "<iq type='result' id='{}' to='{}@im.example.com/desk'><query xmlns='jabber:iq:roster' ver='ver{}'>",
        dice.word(8),
        dice.word(6),
        dice.below(1000)
    );
    for _ in 0..90 {
        let name = dice.word(6);
        let _ = write!(
            iq,
            "<item jid='{name}@{}.example.com' name='{} &amp; {name}' subscription='both'><group>{}</group></item>",
            dice.word(5),
            dice.word(7),
            ["Friends", "Family", "Work"][dice.below(3)]
        );
    }
    iq.push_str("</query></iq>");
    iq
}

fn pubsub(dice: &mut Dice) -> String {
    let mut message = format!(
        "<message from='pubsub.example.com' to='{}@im.example.com' id='{}'>\
         <event xmlns='http://jabber.org/protocol/pubsub#event'><items node='princely_musings'>",
        dice.word(6),
        dice.word(8)
    );
    for _ in 0..12 {
        let words = 22 + dice.below(10);
        let _ = write!(
            message,
            "<item id='{}'><entry xmlns='http://www.w3.org/2005/Atom'><title>{}</title>\n\
             <summary>{}</summary>\n<link rel='alternate' type='text/html' href='http://{}.example/2003/12/13/atom03'/>\n\
             <published>2026-12-13T18:30:02Z</published></entry></item>",
            dice.word(16),
            dice.text(3),
            dice.text(words),
            dice.word(7),
        );
    }
    message.push_str("</items></event></message>");
    message
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
    fn the_stanzas_are_as_long_as_real_ones() {
        for (corpus, wanted) in
            [(Corpus::Message, 590), (Corpus::Presence, 405), (Corpus::Roster, 11_000), (Corpus::Pubsub, 5000)]
        {
            let stanzas = stanzas(corpus);
            let mean = stanzas.iter().map(String::len).sum::<usize>() / stanzas.len();
            assert!(mean.abs_diff(wanted) <= wanted / 10, "{corpus:?}: {mean} bytes");
            assert_eq!(stanzas, super::stanzas(corpus));
        }
    }
}
