//! The simplest of XMPP clients.

use std::io::{Read, Write};

use wirestate_sasl::client::{self, Context, Credentials, Step};
use wirestate_sasl::{Mechanism, Nonces, base64};

/// One end of a stream.
pub struct Talk<S> {
    pub stream: S,
    heard: Vec<u8>,
}

impl<S: Read + Write> Talk<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, heard: Vec::new() }
    }

    pub fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
        self.stream.flush().unwrap();
    }

    /// What comes until this, and this.
    pub fn hear(&mut self, wanted: &str) -> String {
        loop {
            let place = self.heard.windows(wanted.len()).position(|part| part == wanted.as_bytes());
            if let Some(place) = place {
                let rest = self.heard.split_off(place + wanted.len());
                return String::from_utf8(std::mem::replace(&mut self.heard, rest)).unwrap();
            }
            let mut more = [0; 4096];
            let count = self.stream.read(&mut more).unwrap_or(0);
            assert_ne!(count, 0, "the end came before {wanted:?}, after {:?}", String::from_utf8_lossy(&self.heard));
            self.heard.extend_from_slice(&more[..count]);
        }
    }

    pub fn ask(&mut self, text: &str, wanted: &str) -> String {
        self.say(text);
        self.hear(wanted)
    }

    /// The features of a new stream.
    pub fn open(&mut self) -> String {
        let header = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams'>";
        self.ask(header, "</stream:features>")
    }

    pub fn plain(&mut self, name: &str, password: &str) {
        let message = base64::encode(format!("\0{name}\0{password}").as_bytes());
        self.say(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{message}</auth>"));
    }

    pub fn log_in(&mut self, name: &str, password: &str) {
        self.open();
        self.plain(name, password);
        self.hear("<success");
        self.hear(">");
        self.open();
    }

    pub fn scram(&mut self, name: &str, password: &str) {
        let nonce = Nonces::from_seed([7; 32]).fresh();
        let credentials = Credentials::password(name, password).unwrap();
        let mut client = client::Client::start(Mechanism::SCRAM_SHA_256, &credentials, &Context::new(nonce)).unwrap();
        let mut told: Option<Vec<u8>> = None;
        loop {
            let mut step = client.step(told.as_deref()).unwrap();
            if let Step::Work(work) = step {
                step = client.resume(work.run()).unwrap();
            }
            let Step::Send(message) = step else { panic!("{step:?}") };
            let message = base64::encode(&message);
            let sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
            self.say(&match told {
                None => format!("<auth xmlns='{sasl}' mechanism='SCRAM-SHA-256'>{message}</auth>"),
                Some(_) => format!("<response xmlns='{sasl}'>{message}</response>"),
            });
            let heard = self.hear("</");
            let is_over = heard.contains("<success");
            let text = heard.rsplit('>').next().unwrap().trim_end_matches("</").to_owned();
            self.hear(">");
            let data = base64::decode(text.as_bytes(), 4096).unwrap();
            if is_over {
                return client.succeed(Some(&data)).unwrap();
            }
            told = Some(data);
        }
    }

    pub fn bind(&mut self, resource: &str) {
        let bind = "urn:ietf:params:xml:ns:xmpp-bind";
        let iq = format!("<iq type='set' id='bind'><bind xmlns='{bind}'><resource>{resource}</resource></bind></iq>");
        let bound = self.ask(&iq, "</iq>");
        assert!(bound.contains(&format!("/{resource}</jid>")), "{bound}");
    }

    /// Becomes available, and has heard of it.
    pub fn appear(&mut self) {
        self.say("<presence/>");
        self.hear("<presence");
        self.hear(">");
    }

    /// Comes into the room, and has heard its subject.
    pub fn enter(&mut self, room: &str, nick: &str) -> String {
        self.say(&format!(
            "<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
        ));
        let heard = self.hear("<subject");
        self.hear("</message>");
        heard
    }

    pub fn sync(&mut self) {
        self.ask("<iq type='get' id='sync' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>", "id='sync'");
        self.hear(">");
    }
}
