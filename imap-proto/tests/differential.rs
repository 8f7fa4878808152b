//! What other parsers of IMAP make of what ours writes, and ours of what they write.
//!
//! Values are generated and written by our encoder. imap-codec must read them, and what its encoder writes of what it has read must be the same
//! value to our parser. The other imap-proto reads responses alone, and is compared item by item.

use std::borrow::Cow;
use std::num::{NonZeroU32, NonZeroU64};

use imap_codec::decode::Decoder as _;
use imap_codec::encode::Encoder as _;
use imap_codec::{CommandCodec, ResponseCodec};
use imap_proto::codec;
use imap_proto::codec::command::{
    self, Append, Content, Create, Fetch, FetchAttribute, FetchItems, List, MessageData, NewMessage, Partial, Search,
    Select, StatusItem, Store, StoreAction,
};
use imap_proto::codec::*;
use peer_imap_proto as peer;
use proptest::collection::vec as list;
use proptest::option;
use proptest::prelude::*;

type Owned = Vec<u8>;
type Outcome = Result<(), TestCaseError>;

fn written(encoder: Encoder, value: &impl Encode) -> Owned {
    let mut wire = Vec::new();
    encoder.encode(value, &mut wire).unwrap();
    wire
}

fn failed(who: &str, wire: &[u8], why: impl std::fmt::Debug) -> TestCaseError {
    TestCaseError::fail(format!("{who}: {}: {why:?}", wire.escape_ascii()))
}

fn command_agrees(command: Command<Owned>) -> Outcome {
    let ours = TaggedCommand { tag: b"a1".to_vec(), command };
    let wire = written(Encoder::client().with_literals(Literals::Plus), &ours);
    let (rest, theirs) = CommandCodec::new().decode(&wire).map_err(|why| failed("theirs", &wire, why))?;
    prop_assert!(rest.is_empty());
    let again = CommandCodec::new().encode(&theirs).dump();
    let frame = again.strip_suffix(b"\r\n").unwrap();
    let read = TaggedCommand::parse(frame).map_err(|why| failed("ours", frame, why.fault))?;
    prop_assert_eq!(read.map_text(&mut Cow::into_owned), ours, "{} is {}", wire.escape_ascii(), again.escape_ascii());
    Ok(())
}

fn response_agrees(ours: &Response<Owned>) -> Outcome {
    let wire = written(Encoder::server(), ours);
    let (rest, theirs) = ResponseCodec::new().decode(&wire).map_err(|why| failed("theirs", &wire, why))?;
    prop_assert!(rest.is_empty());
    let again = ResponseCodec::new().encode(&theirs).dump();
    let read = Response::parse(&again).map_err(|why| failed("ours", &again, why))?;
    prop_assert_eq!(&read.map_text(&mut Cow::into_owned), ours, "{} is {}", wire.escape_ascii(), again.escape_ascii());
    Ok(())
}

/// What the other imap-proto reads of it, handed to `compare`.
fn with_peer(ours: &Response<Owned>, compare: impl FnOnce(peer::Response<'_>) -> Outcome) -> Outcome {
    let wire = written(Encoder::server(), ours);
    let (rest, theirs) = peer::Response::parse(&wire).map_err(|why| failed("theirs", &wire, why))?;
    prop_assert!(rest.is_empty());
    compare(theirs)
}

/// Text without what must be escaped, which the other imap-proto leaves escaped.
fn text() -> impl Strategy<Value = Owned> {
    "[ !#-\\[\\]-~]{0,12}".prop_map(String::into_bytes)
}

/// Text in quotes or, where it has line ends, in a literal.
fn any_text() -> impl Strategy<Value = Owned> {
    prop_oneof![3 => "[ -~]{0,12}", 1 => "[ -~\r\n]{1,12}"].prop_map(String::into_bytes)
}

fn atom() -> impl Strategy<Value = Owned> {
    "[A-Za-z$][A-Za-z0-9.-]{0,9}".prop_map(String::into_bytes)
}

fn nz() -> impl Strategy<Value = NonZeroU32> {
    (1u32..).prop_map(|number| NonZeroU32::new(number).unwrap())
}

fn uid() -> impl Strategy<Value = Uid> {
    nz().prop_map(Uid::from)
}

fn set() -> impl Strategy<Value = SequenceSet> {
    prop_oneof![
        nz().prop_map(SequenceSet::one),
        nz().prop_map(|from| SequenceSet::span(Bound::Number(from), Bound::Last)),
        (1u32..1000, 1u32..1000, 0u32..1000).prop_map(|(from, more, further)| {
            format!("{from}:{},{}", from + more, from + more + 2 + further).parse().unwrap()
        }),
        Just(SequenceSet::LAST),
    ]
}

fn mailbox() -> impl Strategy<Value = Mailbox<Owned>> {
    prop_oneof![1 => Just(Mailbox::Inbox), 4 => "[ -~]{1,12}".prop_map(|name| Mailbox::new(name.into_bytes()))]
}

fn flag() -> impl Strategy<Value = Flag<Owned>> {
    prop_oneof![
        Just(Flag::Seen),
        Just(Flag::Answered),
        Just(Flag::Flagged),
        Just(Flag::Deleted),
        Just(Flag::Draft),
        atom().prop_map(Flag::Keyword),
        "X[a-z]{1,8}".prop_map(|name| Flag::Other(name.into_bytes())),
    ]
}

fn day() -> impl Strategy<Value = Date> {
    (0i64..40_000).prop_map(|days| Date::from_days(days).unwrap())
}

fn moment() -> impl Strategy<Value = DateTime> {
    (0i64..3_000_000_000, -47i16..48).prop_map(|(seconds, zone)| DateTime::from_unix(seconds, zone * 15).unwrap())
}

fn section() -> impl Strategy<Value = Section<Owned>> {
    let names = || list(atom(), 1..4);
    let text = prop_oneof![
        Just(SectionText::Header),
        Just(SectionText::Text),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
    ];
    let number = || (1u32..20).prop_map(|number| NonZeroU32::new(number).unwrap());
    prop_oneof![
        (list(number(), 0..3), option::of(text)).prop_map(|(part, text)| Section { part, text }),
        list(number(), 1..3).prop_map(|part| Section { part, text: Some(SectionText::Mime) }),
    ]
}

fn fetch_attribute() -> impl Strategy<Value = FetchAttribute<Owned>> {
    use FetchAttribute as Is;
    let partial = (any::<u32>(), 1u64..1 << 32)
        .prop_map(|(offset, count)| Partial { offset: offset.into(), count: NonZeroU64::new(count).unwrap() });
    prop_oneof![
        Just(Is::Body),
        Just(Is::BodyStructure),
        Just(Is::Envelope),
        Just(Is::Flags),
        Just(Is::InternalDate),
        Just(Is::Rfc822),
        Just(Is::Rfc822Header),
        Just(Is::Rfc822Size),
        Just(Is::Rfc822Text),
        Just(Is::Uid),
        (any::<bool>(), section(), option::of(partial)).prop_map(|(peek, section, partial)| Is::Section {
            peek,
            section,
            partial
        }),
    ]
}

fn fetch() -> impl Strategy<Value = Command<Owned>> {
    let items = prop_oneof![
        Just(FetchItems::All),
        Just(FetchItems::Fast),
        Just(FetchItems::Full),
        list(fetch_attribute(), 1..6).prop_map(FetchItems::Attributes),
    ];
    (any::<bool>(), set(), items)
        .prop_map(|(uid, set, items)| Command::Fetch(Fetch { uid, set, items, modifiers: vec![] }))
}

fn store() -> impl Strategy<Value = Command<Owned>> {
    let action = prop_oneof![Just(StoreAction::Replace), Just(StoreAction::Add), Just(StoreAction::Remove)];
    (any::<bool>(), set(), action, any::<bool>(), list(flag(), 0..4)).prop_map(|(uid, set, action, silent, flags)| {
        Command::Store(Store { uid, set, modifiers: vec![], action, silent, flags })
    })
}

fn search_key() -> BoxedStrategy<SearchKey<Owned>> {
    use SearchKey as Is;
    prop_oneof![
        prop_oneof![
            Just(Is::All),
            Just(Is::Answered),
            Just(Is::Deleted),
            Just(Is::Draft),
            Just(Is::Flagged),
            Just(Is::New),
            Just(Is::Old),
            Just(Is::Recent),
            Just(Is::Seen),
        ],
        prop_oneof![
            Just(Is::Unanswered),
            Just(Is::Undeleted),
            Just(Is::Undraft),
            Just(Is::Unflagged),
            Just(Is::Unseen),
            atom().prop_map(Is::Keyword),
            atom().prop_map(Is::Unkeyword),
            set().prop_map(Is::Numbers),
            set().prop_map(Is::Uids),
        ],
        prop_oneof![
            any_text().prop_map(Is::Bcc),
            any_text().prop_map(Is::Body),
            any_text().prop_map(Is::Cc),
            any_text().prop_map(Is::From),
            any_text().prop_map(Is::Subject),
            any_text().prop_map(Is::Text),
            any_text().prop_map(Is::To),
            (atom(), any_text()).prop_map(|(field, text)| Is::Header(field, text)),
        ],
        prop_oneof![
            day().prop_map(Is::Before),
            day().prop_map(Is::On),
            day().prop_map(Is::Since),
            day().prop_map(Is::SentBefore),
            day().prop_map(Is::SentOn),
            day().prop_map(Is::SentSince),
            any::<u32>().prop_map(|size| Is::Larger(size.into())),
            any::<u32>().prop_map(|size| Is::Smaller(size.into())),
        ],
    ]
    .boxed()
}

fn search() -> impl Strategy<Value = Command<Owned>> {
    let (not, or, and) = (|| Just(SearchKey::Not), || Just(SearchKey::Or), || Just(SearchKey::And(2)));
    let keys = prop_oneof![
        search_key().prop_map(|key| vec![key]),
        (not(), search_key()).prop_map(|(not, key)| vec![not, key]),
        (or(), search_key(), not(), search_key()).prop_map(|(or, one, not, other)| vec![or, one, not, other]),
        (and(), search_key(), or(), search_key(), search_key())
            .prop_map(|(and, first, or, one, other)| vec![and, first, or, one, other]),
    ];
    // Parentheses around all keys say nothing, and imap-codec leaves them out.
    (any::<bool>(), search_key(), list(keys.boxed(), 0..4)).prop_map(|(uid, first, more)| {
        let keys = SearchKeys::new([vec![first], more.concat()].concat()).unwrap();
        Command::Search(Search { uid, returns: None, charset: None, keys })
    })
}

fn append() -> impl Strategy<Value = Command<Owned>> {
    (mailbox(), option::of(list(flag(), 1..4)), option::of(moment()), list(1u8.., 1..40)).prop_map(
        |(mailbox, flags, date, bytes)| {
            let data = MessageData::Literal(Content::Whole { binary: false, bytes });
            Command::Append(Append { mailbox, messages: vec![NewMessage { flags, date, extensions: vec![], data }] })
        },
    )
}

fn status() -> impl Strategy<Value = Command<Owned>> {
    use StatusItem as Is;
    let item =
        prop_oneof![Just(Is::Messages), Just(Is::Recent), Just(Is::UidNext), Just(Is::UidValidity), Just(Is::Unseen)];
    (mailbox(), list(item, 1..5)).prop_map(|(mailbox, items)| Command::Status(command::Status { mailbox, items }))
}

fn of_mailboxes() -> impl Strategy<Value = Command<Owned>> {
    let select = |mailbox| Select { mailbox, parameters: vec![] };
    let pattern = || "[a-h*%/. ]{1,8}".prop_map(String::into_bytes);
    let reference = || "[a-h/. ]{0,8}".prop_map(String::into_bytes);
    prop_oneof![
        mailbox().prop_map(move |mailbox| Command::Select(select(mailbox))),
        mailbox().prop_map(move |mailbox| Command::Examine(select(mailbox))),
        mailbox().prop_map(|mailbox| Command::Create(Create { mailbox, parameters: vec![] })),
        mailbox().prop_map(Command::Delete),
        (mailbox(), mailbox()).prop_map(|(from, to)| Command::Rename { from, to }),
        mailbox().prop_map(Command::Subscribe),
        mailbox().prop_map(Command::Unsubscribe),
        (reference(), pattern()).prop_map(|(reference, pattern)| Command::Lsub { reference, pattern }),
        (reference(), pattern()).prop_map(|(reference, pattern)| Command::List(List {
            selection: vec![],
            reference,
            patterns: vec![pattern],
            in_parentheses: false,
            returns: None,
        })),
    ]
}

fn command() -> impl Strategy<Value = Command<Owned>> {
    // In boxes: together, and not optimized, they are too much for a thread's stack.
    prop_oneof![
        prop_oneof![
            Just(Command::Capability),
            Just(Command::Noop),
            Just(Command::Logout),
            Just(Command::Check),
            Just(Command::Close),
            Just(Command::Unselect),
            Just(Command::Idle),
            Just(Command::Expunge),
        ],
        (any_text(), any_text()).prop_map(|(user, password)| Command::Login { user, password: Secret(password) }),
        set().prop_map(Command::UidExpunge),
        (any::<bool>(), set(), mailbox()).prop_map(|(uid, set, mailbox)| Command::Copy { uid, set, mailbox }),
        (any::<bool>(), set(), mailbox()).prop_map(|(uid, set, mailbox)| Command::Move { uid, set, mailbox }),
        of_mailboxes().boxed(),
        status().boxed(),
        append().boxed(),
        store().boxed(),
        fetch().boxed(),
        search().boxed(),
    ]
}

fn envelope<S: Strategy<Value = Owned> + 'static>(text: fn() -> S) -> impl Strategy<Value = Envelope<Owned>> {
    let part = move || option::of(text());
    let address = (part(), part(), part(), part()).prop_map(|(name, route, mailbox, host)| Address {
        name,
        route,
        mailbox,
        host,
    });
    (part(), part(), part(), part(), list(list(address, 0..3), 6)).prop_map(
        |(date, subject, in_reply_to, message_id, lists)| {
            let mut envelope = Envelope::new();
            (envelope.date, envelope.subject) = (date, subject);
            (envelope.in_reply_to, envelope.message_id) = (in_reply_to, message_id);
            for (field, addresses) in AddressField::ALL.into_iter().zip(lists) {
                envelope.set_addresses(field, addresses);
            }
            envelope
        },
    )
}

/// A text, an image and a message in a multipart, of which the first may be in one more.
fn structure<S: Strategy<Value = Owned> + 'static>(text: fn() -> S) -> impl Strategy<Value = BodyStructure<Owned>> {
    let part = move || option::of(text());
    let details = (part(), part(), part(), part(), list((text(), text()), 0..3));
    (atom(), any::<u32>(), details, envelope(text), any::<bool>()).prop_map(
        |(subtype, size, (id, description, md5, location, pairs), envelope, nested)| {
            let size = u64::from(size);
            let mut structure = BodyStructure::new(Part::multipart(b"MIXED".to_vec()));
            structure.set_parameters(pairs.clone());
            let parent = if nested { structure.push(0, Part::multipart(b"ALTERNATIVE".to_vec())).unwrap() } else { 0 };
            let single = |media_type: &[u8]| {
                let mut part = Part::single(media_type.to_vec(), subtype.clone(), b"8BIT".to_vec(), size);
                (part.id, part.description) = (id.clone(), description.clone());
                part
            };
            let mut plain = single(b"TEXT");
            plain.lines = Some(size);
            structure.push(parent, plain.clone()).unwrap();
            structure.set_parameters(pairs.clone());
            let mut image = single(b"IMAGE");
            (image.md5, image.location, image.disposition) = (md5, location, Some(b"ATTACHMENT".to_vec()));
            structure.push(0, image).unwrap();
            structure.set_disposition_parameters(pairs);
            let message =
                Part::message(b"MESSAGE".to_vec(), b"RFC822".to_vec(), b"7BIT".to_vec(), size, size, envelope);
            let message = structure.push(0, message).unwrap();
            structure.push(message, plain).unwrap();
            structure
        },
    )
}

fn item<S: Strategy<Value = Owned> + 'static>(text: fn() -> S) -> impl Strategy<Value = MessageAttribute<Owned>> {
    use MessageAttribute as Is;
    let data = || option::of(list(1u8.., 0..30));
    let whole = |data| Is::Section { section: Section::whole(), origin: None, data };
    prop_oneof![
        list(flag(), 0..4).prop_map(|flags| Is::Flags(FlagList::of(flags))),
        uid().prop_map(Is::Uid),
        any::<u32>().prop_map(|size| Is::Size(size.into())),
        moment().prop_map(Is::InternalDate),
        envelope(text).prop_map(|envelope| Is::Envelope(envelope.into())),
        structure(text).prop_map(Is::BodyStructure),
        data().prop_map(whole),
        (section(), option::of(any::<u32>()), data()).prop_map(|(section, origin, data)| Is::Section {
            section,
            origin: origin.map(u64::from),
            data
        }),
        data().prop_map(|data| Is::Rfc822(Rfc822::Message, data)),
    ]
}

fn status_values() -> impl Strategy<Value = Vec<StatusValue<Owned>>> {
    use StatusValue as Is;
    let value = prop_oneof![
        any::<u32>().prop_map(Is::Messages),
        any::<u32>().prop_map(Is::Recent),
        uid().prop_map(Is::UidNext),
        nz().prop_map(Is::UidValidity),
        any::<u32>().prop_map(Is::Unseen),
    ];
    list(value, 1..5)
}

fn list_entry() -> impl Strategy<Value = ListEntry<Owned>> {
    use ListAttribute as Is;
    let attribute = prop_oneof![Just(Is::NoInferiors), Just(Is::NoSelect), Just(Is::Marked), Just(Is::Unmarked)];
    let delimiter = prop_oneof![Just(None), Just(Some(b'/')), Just(Some(b'.')), Just(Some(b'\\'))];
    (list(attribute, 0..3), delimiter, mailbox()).prop_map(|(attributes, delimiter, mailbox)| ListEntry {
        attributes,
        delimiter,
        mailbox,
        extended: vec![],
    })
}

fn data() -> impl Strategy<Value = Data<Owned>> {
    prop_oneof![
        any::<u32>().prop_map(Data::Exists),
        any::<u32>().prop_map(Data::Recent),
        nz().prop_map(Data::Expunge),
        list(flag(), 0..5).prop_map(|flags| Data::Flags(FlagList::of(flags))),
        list(nz(), 1..30).prop_map(|numbers| Data::Search(SearchResult { numbers, mod_seq: None })),
        list_entry().prop_map(Data::List),
        list_entry().prop_map(Data::Lsub),
        (mailbox(), status_values()).prop_map(|(mailbox, values)| Data::Status(MailboxStatus { mailbox, values })),
    ]
}

fn response_text() -> impl Strategy<Value = Owned> {
    "[!-Z^-z][ -Z^-~]{0,20}".prop_map(String::into_bytes)
}

proptest! {
    #[test]
    fn commands_are_the_same_to_imap_codec(command in command()) {
        command_agrees(command)?;
    }

    #[test]
    fn fetched_data_is_the_same_to_imap_codec(number in nz(), items in list(item(any_text), 1..4)) {
        response_agrees(&Response::Data(Data::Fetch { number, items }))?;
    }

    #[test]
    fn other_data_is_the_same_to_imap_codec(data in data()) {
        response_agrees(&Response::Data(data))?;
    }

    #[test]
    fn conditions_are_the_same_to_imap_codec(tag in option::of(atom()), text in response_text(), no: bool) {
        let status = codec::Status::new(if no { Condition::No } else { Condition::Ok }, text);
        response_agrees(&match tag {
            Some(tag) => Response::Tagged { tag, status },
            None => Response::Status(status),
        })?;
    }

    #[test]
    fn fetched_data_is_the_same_to_the_other_imap_proto(number in nz(), items in list(item(text), 1..4)) {
        with_peer(&Response::Data(Data::Fetch { number, items: items.clone() }), |theirs| {
            let peer::Response::Fetch(theirs_number, theirs) = theirs else { panic!("{theirs:?}") };
            prop_assert_eq!((theirs_number, theirs.len()), (number.get(), items.len()));
            for (ours, theirs) in items.iter().zip(&theirs) {
                item_agrees(ours, theirs)?;
            }
            Ok(())
        })?;
    }

    #[test]
    fn other_data_is_the_same_to_the_other_imap_proto(
        numbers in list(nz(), 1..30), entry in list_entry(), exists: u32, name in "[a-z]{1,9}", values in status_values(),
    ) {
        use peer::MailboxDatum as Theirs;
        let ours = |data| Response::<Owned>::Data(data);
        with_peer(&ours(Data::Exists(exists)), |theirs| {
            prop_assert_eq!(theirs, peer::Response::MailboxData(Theirs::Exists(exists)));
            Ok(())
        })?;
        let found = SearchResult { numbers: numbers.clone(), mod_seq: None };
        with_peer(&ours(Data::Search(found)), |theirs| {
            let peer::Response::MailboxData(Theirs::Search(theirs)) = theirs else { panic!("{theirs:?}") };
            prop_assert_eq!(theirs, numbers.iter().map(|number| number.get()).collect::<Vec<_>>());
            Ok(())
        })?;
        let entry = ListEntry { mailbox: Mailbox::new(name.clone().into_bytes()), delimiter: entry.delimiter.filter(|byte| *byte != b'\\'), ..entry };
        with_peer(&ours(Data::List(entry.clone())), |theirs| {
            let peer::Response::MailboxData(Theirs::List(theirs)) = theirs else { panic!("{theirs:?}") };
            let delimiter = theirs.delimiter.as_deref().map(|delimiter| delimiter.as_bytes()[0]);
            prop_assert_eq!((theirs.name.as_bytes(), delimiter), (entry.mailbox.as_bytes(), entry.delimiter));
            prop_assert_eq!(theirs.name_attributes.len(), entry.attributes.len());
            Ok(())
        })?;
        let count = values.len();
        with_peer(&ours(Data::Status(MailboxStatus { mailbox: entry.mailbox.clone(), values })), |theirs| {
            let peer::Response::MailboxData(Theirs::Status { mailbox, status }) = theirs else { panic!("{theirs:?}") };
            prop_assert_eq!((mailbox.as_bytes(), status.len()), (entry.mailbox.as_bytes(), count));
            Ok(())
        })?;
    }
}

/// Structures, dates and sections it holds in shapes of its own; that it reads them has been seen.
fn item_agrees(ours: &MessageAttribute<Owned>, theirs: &peer::AttributeValue<'_>) -> Outcome {
    use MessageAttribute as Ours;
    use peer::AttributeValue as Theirs;
    match (ours, theirs) {
        (Ours::Uid(ours), Theirs::Uid(theirs)) => prop_assert_eq!(ours.get(), *theirs),
        (Ours::Size(ours), Theirs::Rfc822Size(theirs)) => prop_assert_eq!(*ours, u64::from(*theirs)),
        (Ours::Flags(ours), Theirs::Flags(theirs)) => {
            let ours: Vec<_> = ours.iter().map(|flag| flag.to_string()).collect();
            prop_assert_eq!(ours, theirs.clone());
        }
        (Ours::Section { data: ours, .. }, Theirs::BodySection { data: theirs, .. })
        | (Ours::Rfc822(_, ours), Theirs::Rfc822(theirs)) => prop_assert_eq!(ours.as_deref(), theirs.as_deref()),
        (Ours::Envelope(ours), Theirs::Envelope(theirs)) => envelope_agrees(ours, theirs)?,
        (Ours::BodyStructure(_), Theirs::BodyStructure(_)) | (Ours::InternalDate(_), Theirs::InternalDate(_)) => {}
        other => prop_assert!(false, "{other:?}"),
    }
    Ok(())
}

fn envelope_agrees(ours: &Envelope<Owned>, theirs: &peer::Envelope<'_>) -> Outcome {
    let texts = [
        (&ours.date, &theirs.date),
        (&ours.subject, &theirs.subject),
        (&ours.in_reply_to, &theirs.in_reply_to),
        (&ours.message_id, &theirs.message_id),
    ];
    for (ours, theirs) in texts {
        prop_assert_eq!(ours.as_deref(), theirs.as_deref());
    }
    let lists = [&theirs.from, &theirs.sender, &theirs.reply_to, &theirs.to, &theirs.cc, &theirs.bcc];
    for (field, theirs) in AddressField::ALL.into_iter().zip(lists) {
        let theirs = theirs.as_deref().unwrap_or_default().iter();
        let theirs = theirs.map(|one| [&one.name, &one.adl, &one.mailbox, &one.host].map(|part| part.as_deref()));
        let ours = ours.addresses(field).iter();
        let ours = ours.map(|one| [&one.name, &one.route, &one.mailbox, &one.host].map(|part| part.as_deref()));
        prop_assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>());
    }
    Ok(())
}
