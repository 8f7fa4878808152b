use super::*;
use crate::Capability;
use crate::codec::{Message, Profile};

const SOJU: &str = "batch labeled-response message-tags soju.im/bouncer-networks";

fn soju() -> Talk {
    Talk::registered(plain().wishes(Config::WISHES.with(Capability::SojuBouncerNetworks)), SOJU, "A=1")
}

#[test]
fn networks_are_listed_and_read() {
    let mut talk = soju();
    let request = talk.client.list_bouncer_networks().unwrap();
    let said = talk.said();
    let label = said.strip_prefix("@label=").and_then(|rest| rest.strip_suffix(" BOUNCER LISTNETWORKS")).unwrap();
    talk.hear(&[
        &alloc::format!("@label={label} :srv BATCH +q soju.im/bouncer-networks"),
        "@batch=q :srv BOUNCER NETWORK 42 name=Freenode;state=connected",
        "@batch=q :srv BOUNCER NETWORK 43 name=My\\sAwesome\\sNetwork;state=disconnected",
        ":srv BATCH -q",
    ]);
    let [Event::Response { request: answered, response: Response::Batch(batch), .. }] = &talk.events[..] else {
        panic!("{:?}", talk.events);
    };
    assert_eq!(*answered, request);
    let messages = batch.messages();
    let all: Vec<_> = messages.iter().filter_map(|message| BouncerNetwork::of(message.borrow())).collect();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].id(), all[0].is_connected()), (&b"42"[..], Some(true)));
    assert_eq!((&*all[1].name().unwrap(), all[1].is_connected()), (&b"My Awesome Network"[..], Some(false)));
    assert_eq!(all[1].attribute("error"), None);
}

#[test]
fn a_notice_may_say_that_a_network_is_gone_or_an_attribute() {
    let read = |line: &'static str| BouncerNetwork::of(Message::parse(line.as_bytes(), Profile::Lenient).unwrap());
    let gone = read("BOUNCER NETWORK 44 *").unwrap();
    assert!(gone.is_removed() && gone.name().is_none());
    let changed = read("BOUNCER network 44 error;host=irc.example").unwrap();
    assert_eq!(changed.attribute("error").as_deref(), Some(&b""[..]));
    assert_eq!((changed.is_connected(), changed.is_removed()), (None, false));
    assert_eq!(read("BOUNCER ADDNETWORK 44"), None);
    assert_eq!(read("BOUNCER NETWORK"), None);
}

#[test]
fn networks_are_added_changed_and_removed() {
    let mut talk = soju();
    talk.client.add_bouncer_network(&[("name", "a; b"), ("host", "irc.example")]).unwrap();
    talk.client.change_bouncer_network("44", &[("realname", "Simon"), ("error", "")]).unwrap();
    talk.client.remove_bouncer_network("44").unwrap();
    let said = talk.said();
    let said: Vec<_> = said.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(
        said,
        [
            "BOUNCER ADDNETWORK name=a\\:\\sb;host=irc.example",
            "BOUNCER CHANGENETWORK 44 realname=Simon;error",
            "BOUNCER DELNETWORK 44"
        ]
    );
    assert_eq!(talk.client.remove_bouncer_network(""), Err(Misuse::OutOfRange));
    assert_eq!(talk.client.add_bouncer_network(&[("a=b;c", "")]), Err(Misuse::ForbiddenCharacter));
    assert_eq!(talk.client.add_bouncer_network(&[]), Err(Misuse::OutOfRange));
    let mut other = Talk::registered(plain(), "batch labeled-response", "A=1");
    assert_eq!(other.client.list_bouncer_networks(), Err(Misuse::NotOffered));
}

#[test]
fn znc_is_asked_to_play_what_was_missed() {
    let mut talk =
        Talk::registered(plain().wishes(Config::WISHES.with(Capability::ZncPlayback)), "znc.in/playback", "A=1");
    let client = &mut talk.client;
    client.playback(Playback::Play { buffers: &["*"], from: None, to: None }).unwrap();
    client.playback(Playback::Play { buffers: &["#a", "bob"], from: Some(1_500_000_000_007), to: Some(0) }).unwrap();
    client.playback(Playback::Clear { buffers: &["#a"] }).unwrap();
    client.playback(Playback::List).unwrap();
    assert_eq!(client.playback(Playback::Clear { buffers: &[] }), Err(Misuse::OutOfRange));
    assert_eq!(client.playback(Playback::Clear { buffers: &["a b"] }), Err(Misuse::ForbiddenCharacter));
    let late = Playback::Play { buffers: &["*"], from: None, to: Some(1) };
    assert_eq!(client.playback(late), Err(Misuse::OutOfRange));
    assert_eq!(
        talk.said(),
        "PRIVMSG *playback :PLAY *\nPRIVMSG *playback :PLAY #a,bob 1500000000.007 0.000\n\
         PRIVMSG *playback :CLEAR #a\nPRIVMSG *playback LIST"
    );
    let mut other = Talk::registered(plain(), "batch", "A=1");
    assert_eq!(other.client.playback(Playback::List), Err(Misuse::NotOffered));
}
