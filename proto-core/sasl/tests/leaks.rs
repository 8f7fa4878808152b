//! Exchanges that are started, carried to some point and dropped leave nothing behind. Alone in its file, for it counts
//! what the whole process holds.

use peak_alloc::PeakAlloc;
use wirestate_sasl::client::{self, Client, Credentials};
use wirestate_sasl::server::{self, Answer, Server};
use wirestate_sasl::{Bindings, ChannelBinding, Derivation, FakeKeys, Hash, Mechanism, Nonces, ScramKeys};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const STARTS: usize = 100_000;

#[test]
fn a_hundred_thousand_cancelled_exchanges_leave_nothing() {
    let mut nonces = Nonces::from_seed([5; 32]);
    let bindings: Bindings =
        [ChannelBinding::TlsExporter([7; 32]), ChannelBinding::TlsServerEndPoint(vec![8; 32])].into_iter().collect();
    let password = Credentials::password("ann", "pencil").unwrap();
    let token = Credentials::token("ann", "ya29.token").unwrap();
    let keys = Hash::ALL.map(|hash| {
        ScramKeys::from_derived(&Derivation::new(hash, "pencil", b"0123456789abcdef", 4096).unwrap().run())
    });

    let known: Vec<Mechanism> = Mechanism::every().collect();
    let mut one = |number: usize| {
        let mechanism = known[number % known.len()];
        let credentials = match mechanism {
            Mechanism::External => Credentials::external(),
            Mechanism::Anonymous => Credentials::anonymous("trace").unwrap(),
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => token.clone(),
            Mechanism::Ht(_) => Credentials::fast_token("ann", "token").unwrap(),
            _ => password.clone(),
        };
        let context = client::Context::new(nonces.fresh()).bindings(bindings.clone()).host("h").service("imap");
        let mut client = Client::start(mechanism, &credentials, &context).unwrap();
        let context = server::Context::new(nonces.fresh()).bindings(bindings.clone()).fake_keys(FakeKeys::new([9; 32]));
        let mut server = Server::start(mechanism, &context).unwrap();

        // Every exchange is given up after another number of steps, none of which derives a key.
        let mut steps = number / known.len() % 5;
        let mut challenge = None;
        while steps > 0 {
            steps -= 1;
            let response = match client.step(challenge.as_deref()) {
                Ok(client::Step::Send(response)) => Some(response),
                Ok(client::Step::Wait) => None,
                Ok(client::Step::Work(_)) | Err(_) => break,
            };
            let mut step = server.step(response.as_deref()).unwrap();
            if let server::Step::Ask(ask) = step {
                step = match ask {
                    server::Ask::Keys { hash, .. } => {
                        let keys = keys.iter().find(|keys| keys.hash() == hash).unwrap();
                        server.answer(Answer::Keys(keys.clone())).unwrap()
                    }
                    _ => server.answer(Answer::Reject(server::Rejection::Credentials)).unwrap(),
                };
            }
            challenge = match step {
                server::Step::Challenge(challenge) => Some(challenge),
                _ => break,
            };
        }
    };

    let warm_up = Mechanism::every().count() * 5;
    (0..warm_up).for_each(&mut one);
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    (warm_up..STARTS).for_each(&mut one);
    assert_eq!(HEAP.current_usage(), before);
    let peak = HEAP.peak_usage() - before;
    assert!(peak < 16 * 1024, "one exchange took {peak} octets on both sides together");
}
