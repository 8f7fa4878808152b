//! What is written is read as it was meant, and whatever is read can be read again.

use super::*;
use alloc::vec;

use crate::codec::{
    Address, AddressField, BodyStructure, Envelope, FetchWriter, Flag, MessageAttribute, ModSeq, Part, Section,
    SectionText, SeqNo, Streamed, Uid,
};
use core::num::NonZeroU32;
use proptest::collection::vec as list;
use proptest::option;
use proptest::prelude::*;

type Owned = Vec<u8>;

fn any_text() -> impl Strategy<Value = Owned> {
    // NUL can stand in no string.
    prop_oneof!["[ -~]{0,12}".prop_map(String::into_bytes), list(1u8.., 0..12)]
}

fn atom() -> impl Strategy<Value = Owned> {
    "[A-Za-z$][A-Za-z0-9.-]{0,9}".prop_map(String::into_bytes)
}

fn numbers() -> impl Strategy<Value = Vec<NonZeroU32>> {
    list(1u32..20, 0..4).prop_map(|numbers| numbers.into_iter().filter_map(NonZeroU32::new).collect())
}

fn address() -> impl Strategy<Value = Address<Owned>> {
    let part = || option::of(any_text());
    (part(), part(), part(), part()).prop_map(|(name, route, mailbox, host)| Address { name, route, mailbox, host })
}

fn envelope() -> impl Strategy<Value = Envelope<Owned>> {
    let part = || option::of(any_text());
    (part(), part(), part(), part(), list(list(address(), 0..3), 6), any::<bool>()).prop_map(
        |(date, subject, in_reply_to, message_id, lists, shared)| {
            let mut envelope = Envelope::new();
            (envelope.date, envelope.subject) = (date, subject);
            (envelope.in_reply_to, envelope.message_id) = (in_reply_to, message_id);
            for (field, addresses) in AddressField::ALL.into_iter().zip(lists) {
                envelope.set_addresses(field, addresses);
            }
            if shared {
                envelope.share_addresses(AddressField::Sender, AddressField::From);
            }
            envelope
        },
    )
}

#[derive(Clone, Debug)]
struct Leaf {
    media_type: Owned,
    size: u64,
    texts: Vec<Owned>,
    extension: Vec<Option<Owned>>,
    pairs: Vec<(Owned, Owned)>,
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let media_type = prop_oneof![Just(b"TEXT".to_vec()), Just(b"IMAGE".to_vec()), Just(b"MESSAGE".to_vec())];
    (
        media_type,
        any::<u64>(),
        list(any_text(), 2),
        list(option::of(any_text()), 5),
        list((any_text(), any_text()), 0..3),
    )
        .prop_map(|(media_type, size, texts, extension, pairs)| Leaf { media_type, size, texts, extension, pairs })
}

/// A structure of some leaves, each put into a part that may still take it.
fn structure() -> impl Strategy<Value = BodyStructure<Owned>> {
    let step = (leaf(), any::<prop::sample::Index>(), envelope(), 0u8..3);
    list(step, 1..12).prop_map(|steps| {
        let mut structure = BodyStructure::new(Part::multipart(b"MIXED".to_vec()));
        let mut around = [0].to_vec();
        for (leaf, place, envelope, kind) in steps {
            let parent = around[place.index(around.len())];
            around.truncate(around.iter().position(|one| *one == parent).unwrap() + 1);
            let Leaf { media_type, size, texts, extension, pairs } = leaf;
            let [subtype, encoding] = <[Owned; 2]>::try_from(texts).unwrap();
            let [id, description, md5, disposition, location] = <[Option<Owned>; 5]>::try_from(extension).unwrap();
            let is_text = media_type == b"TEXT";
            let message =
                || Part::message(b"MESSAGE".to_vec(), b"RFC822".to_vec(), b"7BIT".to_vec(), size, size, envelope);
            let mut single = Part::single(media_type, subtype, encoding, size);
            (single.id, single.description, single.md5, single.location) = (id, description, md5, location);
            single.lines = is_text.then_some(size);
            let index = match kind {
                0 => structure.push(parent, single).unwrap(),
                1 => {
                    let message = structure.push(parent, message()).unwrap();
                    structure.push(message, single).unwrap()
                }
                _ => {
                    let inner = structure.push(parent, Part::multipart(b"ALTERNATIVE".to_vec())).unwrap();
                    around.push(inner);
                    single.disposition = disposition;
                    structure.push(inner, single).unwrap()
                }
            };
            structure.set_parameters(pairs.clone());
            if structure.part(index).unwrap().disposition.is_some() {
                structure.set_disposition_parameters(pairs.clone());
            }
            structure.set_languages(pairs.into_iter().map(|(name, _)| name));
        }
        structure
    })
}

fn section() -> impl Strategy<Value = Section<Owned>> {
    let text = prop_oneof![
        Just(SectionText::Header),
        Just(SectionText::Text),
        Just(SectionText::Mime),
        list(any_text(), 1..3).prop_map(SectionText::HeaderFields),
        list(any_text(), 1..3).prop_map(SectionText::HeaderFieldsNot),
    ];
    (numbers(), option::of(text)).prop_map(|(part, text)| Section { part, text })
}

fn item() -> impl Strategy<Value = MessageAttribute<Owned>> {
    use MessageAttribute as Is;
    let data = || option::of(list(any::<u8>(), 0..20));
    prop_oneof![
        list(atom(), 0..4).prop_map(|words| Is::Flags(FlagListOf::of(words.into_iter().map(Flag::Keyword)))),
        (1u32..).prop_map(|uid| Is::Uid(Uid::new(uid).unwrap())),
        (0..u64::MAX >> 1).prop_map(|number| Is::ModSeq(ModSeq::new(number).unwrap())),
        any::<u64>().prop_map(Is::Size),
        envelope().prop_map(|envelope| Is::Envelope(envelope.into())),
        structure().prop_map(Is::BodyStructure),
        (section(), option::of(any::<u64>()), data()).prop_map(|(section, origin, data)| Is::Section {
            section,
            origin,
            data
        }),
        (numbers(), option::of(any::<u64>()), data()).prop_map(|(part, origin, data)| Is::Binary {
            part,
            origin,
            data
        }),
        (numbers(), any::<u64>()).prop_map(|(part, size)| Is::BinarySize { part, size }),
        option::of(any_text()).prop_map(Is::Preview),
        atom().prop_map(Is::EmailId),
        list(any_text(), 0..3).prop_map(Is::GmailLabels),
    ]
}

type FlagListOf = crate::codec::FlagList<Vec<u8>>;

fn owned(response: Borrowed<'_>) -> Response<Owned> {
    response.map_text(&mut Cow::into_owned)
}

fn encoded<T: AsRef<[u8]>>(response: &Response<T>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::server().encode(response, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn fetch_items_come_back(items in list(item(), 0..5)) {
        let response = Response::Data(Data::Fetch { number: SeqNo::MIN, items: items.clone() });
        let wire = encoded(&response);
        prop_assert_eq!(&owned(parse(&wire)), &response, "{}", wire.escape_ascii());
        // Item by item, the same is written.
        let mut out = Vec::new();
        let mut fetch = FetchWriter::begin(Encoder::server(), SeqNo::MIN, &mut out);
        for item in &items {
            match item {
                MessageAttribute::Uid(uid) => fetch.uid(*uid, &mut out),
                MessageAttribute::ModSeq(mod_seq) => fetch.mod_seq(*mod_seq, &mut out),
                MessageAttribute::Size(size) => fetch.size(*size, &mut out),
                MessageAttribute::Envelope(envelope) => fetch.envelope(envelope, &mut out).unwrap(),
                MessageAttribute::BodyStructure(structure) => fetch.body_structure(structure, &mut out).unwrap(),
                MessageAttribute::Section { section, origin, data: Some(data) } => {
                    let what = Streamed::Section { section: section.clone(), origin: *origin };
                    fetch.announce(&what, data.len() as u64, &mut out).unwrap();
                    out.extend_from_slice(data);
                }
                other => fetch.attribute(other, &mut out).unwrap(),
            }
        }
        fetch.end(&mut out);
        prop_assert_eq!(out, wire);
    }

    #[test]
    fn statuses_come_back(tag in "[A-Za-z0-9.]{1,8}", text in "[^\r\n\0\\[][^\r\n\0]{0,20}", name in atom(), argument in option::of("[ !#-'*-Z^-~]{0,20}"), tagged: bool) {
        let code = Code::Other { name: [b"X-", &name[..]].concat(), text: argument.map(String::into_bytes) };
        let status = Status::with_code(Condition::No, code, text.into_bytes());
        let response = if tagged { Response::Tagged { tag: tag.into_bytes(), status } } else { Response::Status(status) };
        prop_assert_eq!(owned(parse(&encoded(&response))), response);
    }

    #[test]
    fn results_of_searches_come_back(numbers in list(1u32.., 0..50), mod_seq in option::of(0..u64::MAX >> 1)) {
        let numbers = numbers.into_iter().filter_map(NonZeroU32::new).collect();
        let response = Response::<Owned>::Data(Data::Search(SearchResult { numbers, mod_seq: mod_seq.and_then(ModSeq::new) }));
        prop_assert_eq!(owned(parse(&encoded(&response))), response);
    }

    #[test]
    fn any_bytes_are_read_or_refused(line in list(any::<u8>(), 0..60)) {
        let _ = Response::parse(&line);
    }

    #[test]
    fn mangled_lines_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        byte: u8,
        insert: bool,
    ) {
        let lines = super::examples::CANONICAL;
        let mut line = lines[which.index(lines.len())].as_bytes().to_vec();
        let at = cut.index(line.len());
        if insert { line.insert(at, byte) } else { line[at] = byte }
        if let Ok(response) = Response::parse(&line) {
            let mut wire = Vec::new();
            if Encoder::server().encode(&response, &mut wire).is_ok() {
                let again = Response::parse(&wire).unwrap_or_else(|fault| panic!("{fault}: {}", wire.escape_ascii()));
                let mut twice = Vec::new();
                Encoder::server().encode(&again, &mut twice).unwrap();
                prop_assert_eq!(wire.escape_ascii().collect::<Vec<_>>(), twice.escape_ascii().collect::<Vec<_>>());
            }
        }
    }
}
