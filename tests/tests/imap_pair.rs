//! Our IMAP client against our IMAP server: over random cuts and delays, in the clear and through STARTTLS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use imap_proto::client::{Client, Config, Event, Login, Method, NewText, Outcome, RequestId, TlsPolicy};
use imap_proto::codec::command::{FetchAttribute, StatusItem, StoreAction};
use imap_proto::codec::{Data, Flag, MessageAttribute, SearchKey, SearchKeys, Section, SequenceSet};
use imap_proto::server::Server;
use proptest::prelude::*;
use wirestate_machine::{Instant, TlsFacts, Upgraded};
use wirestate_sasl::client::Credentials;
use wirestate_sasl::{Hash, Mechanism};
use wirestate_testing::{Broken, Pair};
use wirestate_tests::imap::{Desk, MESSAGES, PASSWORD, USER, starttls_config};
use wirestate_tests::talk::Application;

/// What a reader brought home.
#[derive(Clone, Debug, Default)]
struct Mail {
    texts: Vec<Vec<u8>>,
    found: Vec<u32>,
    refused: Vec<String>,
    messages: Option<u32>,
    expunged: u32,
    done: u32,
}

/// Logs in, reads all, deletes the first message, leaves a new one, idles for a moment, and logs out.
struct Reader {
    mail: Arc<Mutex<Mail>>,
    only: Method,
    login: Option<RequestId>,
}

impl Reader {
    fn answer(&mut self, client: &mut Client, event: Event) {
        let mut mail = self.mail.lock().unwrap();
        match event {
            Event::Ready { .. } => {
                let login = Login::new(Credentials::password(USER, PASSWORD).unwrap());
                self.login = Some(client.login(login.only(self.only)).unwrap());
            }
            Event::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
            Event::Done { request, outcome } => {
                mail.done += 1;
                if !outcome.is_ok() {
                    mail.refused.push(format!("{outcome:?}"));
                }
                if Some(request) == self.login && matches!(outcome, Outcome::Ok(_)) {
                    begin(client);
                }
            }
            Event::Wanted { request, octets } => {
                client.append_data(request, vec![b'x'; octets as usize]).unwrap();
            }
            Event::Fetch { data, .. } => {
                for item in data.read().unwrap().items {
                    if let MessageAttribute::Section { data, .. } = item {
                        mail.texts.push(data.unwrap_or_default().into_owned());
                    }
                }
            }
            Event::FetchBegin { .. } => mail.texts.push(Vec::new()),
            Event::FetchChunk { bytes, .. } => mail.texts.last_mut().unwrap().extend_from_slice(&bytes),
            Event::Data { data, request } => match *data {
                Data::Search(found) => mail.found.extend(found.numbers.iter().copied().map(u32::from)),
                Data::Status(status) => {
                    assert!(request.is_some());
                    mail.messages = status.values.iter().find_map(|value| match value {
                        imap_proto::codec::StatusValue::Messages(count) => Some(*count),
                        _ => None,
                    });
                }
                _ => {}
            },
            Event::Expunged { .. } => mail.expunged += 1,
            Event::Idling { .. } => drop(client.logout().unwrap()),
            _ => {}
        }
    }
}

fn begin(client: &mut Client) {
    client.select("INBOX").unwrap();
    let whole = FetchAttribute::Section { peek: true, section: Section::whole(), partial: None };
    client.fetch(SequenceSet::ALL, [FetchAttribute::Uid, whole]).unwrap();
    client.uid_search(SearchKeys::<&[u8]>::new([SearchKey::All]).unwrap()).unwrap();
    client.store("1".parse().unwrap(), StoreAction::Add, [Flag::Deleted], true).unwrap();
    client.expunge().unwrap();
    client.append("INBOX", NewText::new(5000).flags([Flag::Seen])).unwrap();
    client.status("INBOX", [StatusItem::Messages]).unwrap();
    client.idle().unwrap();
}

fn pair(config: Config, desk: Desk, only: Method) -> (Pair<Client, Server>, Arc<Mutex<Mail>>) {
    let mail = Arc::<Mutex<Mail>>::default();
    let client = Client::new(Arc::new(config), [8; 32], Instant::START);
    let server = desk.server(Instant::START);
    let mut reader = Reader { mail: mail.clone(), only, login: None };
    let mut desk = desk;
    let pair = Pair::new(client, server)
        .on_client(move |client, event, _| reader.answer(client, event))
        .on_server(move |server, event, _| desk.answer(server, event).unwrap());
    (pair, mail)
}

/// The one that the desk has keys for.
fn scram(plus: bool) -> Method {
    Method::Sasl(Mechanism::Scram { hash: Hash::Sha256, plus })
}

fn open() -> Config {
    let mut config = Config::default().tls(TlsPolicy::Never).cleartext(true);
    config.limits.response.stream = 40;
    config
}

fn check(mail: &Mail) {
    assert_eq!(mail.refused, Vec::<String>::new(), "{mail:?}");
    let texts: Vec<_> = MESSAGES.iter().map(|text| text.as_bytes().to_vec()).collect();
    assert_eq!(mail.texts, texts);
    assert_eq!(mail.found.len(), MESSAGES.len());
    // One went, one came.
    assert_eq!((mail.expunged, mail.messages), (1, Some(MESSAGES.len() as u32)));
    assert_eq!(mail.done, 10);
}

#[test]
fn a_whole_session_goes_well() -> Result<(), Broken> {
    for only in [Method::Login, scram(false)] {
        let (mut pair, mail) = pair(open(), Desk::default(), only);
        pair.run_to_end(Duration::from_secs(60))?;
        check(&mail.lock().unwrap());
    }
    Ok(())
}

#[test]
fn a_whole_session_goes_well_through_starttls() -> Result<(), Broken> {
    let mut config = Config::default();
    config.limits.response.stream = 40;
    let (pair, mail) = pair(config, Desk::with(starttls_config()), scram(true));
    let facts = || {
        let mut facts = TlsFacts::new();
        facts.exporter = Some([5; 32]);
        Upgraded::Tls(Box::new(facts))
    };
    let mut pair = pair.with_facts(facts, facts);
    pair.run_to_end(Duration::from_secs(60))?;
    check(&mail.lock().unwrap());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_and_delays_change_nothing(seed: u64, most in 1usize..60, latency in 0u64..300) {
        let (pair, mail) = pair(open(), Desk::default(), Method::Login);
        let mut pair = pair.with_cuts(seed, most).with_latency(Duration::from_millis(latency));
        pair.run_to_end(Duration::from_secs(60))?;
        check(&mail.lock().unwrap());
    }
}
