use super::*;

fn labelling() -> Talk {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    let set = [Capability::LabeledResponse, Capability::Batch, Capability::EchoMessage];
    talk.network.set_capabilities(Session(1), Capabilities::of(&set));
    talk
}

#[test]
fn none_one_and_many_replies() {
    let mut talk = labelling();
    assert_eq!(talk.ask(1, "@label=a NOTICE ghost :x"), ["@label=a :irc.test ACK"]);
    assert_eq!(talk.ask(1, r"@label=b\:c FROB"), [r"@label=b\:c :irc.test 421 ada FROB :Unknown command"]);
    let answer = talk.ask(1, "@label=d NAMES #c");
    let reference =
        answer[0].strip_prefix("@label=d :irc.test BATCH +").unwrap().strip_suffix(" labeled-response").unwrap();
    let expected = [
        std::format!("@batch={reference} :irc.test 353 ada = #c :@ada bob"),
        std::format!("@batch={reference} :irc.test 366 ada #c :End of the list of names"),
        std::format!(":irc.test BATCH -{reference}"),
    ];
    assert_eq!(answer[1..], expected);
}

#[test]
fn what_others_see_of_it_has_no_label() {
    let mut talk = labelling();
    assert_eq!(talk.ask(1, "@label=a PRIVMSG #c :x"), ["@label=a :ada!u@h.example PRIVMSG #c :x"]);
    assert_eq!(talk.heard(2), [":ada!u@h.example PRIVMSG #c :x"]);
    assert_eq!(talk.ask(1, "@label=b TOPIC #c :x"), ["@label=b :ada!u@h.example TOPIC #c :x"]);
    assert_eq!(talk.heard(2), [":ada!u@h.example TOPIC #c :x"]);
}

#[test]
fn a_label_is_for_who_has_agreed_on_it_and_bounded() {
    let mut talk = labelling();
    assert_eq!(talk.ask(2, "@label=a FROB"), [":irc.test 421 bob FROB :Unknown command"]);
    let long = std::format!("@label={} FROB", "x".repeat(65));
    assert_eq!(talk.ask(1, &long), [":irc.test 421 ada FROB :Unknown command"]);
    assert_eq!(talk.ask(1, "@label= FROB"), [":irc.test 421 ada FROB :Unknown command"]);
}

#[test]
fn a_batch_of_its_own_carries_the_label() {
    let mut out = Deliveries::new();
    out.begin_answer(Session(1), b"x");
    for own in [":s BATCH +r chathistory #c\r\n", "@batch=r :a PRIVMSG #c :1\r\n", ":s BATCH -r\r\n"] {
        out.line(Session(1), |line| line.extend_from_slice(own.as_bytes()));
    }
    out.end_answer().unwrap().finish(b"s", b"other", &mut out);
    out.settle();
    let bytes = out.deliveries().next().unwrap().bytes.clone();
    assert_eq!(&bytes[..], b"@label=x :s BATCH +r chathistory #c\r\n@batch=r :a PRIVMSG #c :1\r\n:s BATCH -r\r\n");
}
