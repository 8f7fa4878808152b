use super::*;

#[test]
fn changes_are_told_together_and_only_what_has_changed() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.say(1, "MODE #c +nt-n+mv-i+b bob *!*@bad");
    let line = ":ada!u@h.example MODE #c -n+mvb bob *!*@bad";
    assert_eq!(talk.heard(1), [line]);
    assert_eq!(talk.heard(2), [line]);
    assert_eq!(talk.ask(1, "MODE #c +mvb bob *!*@BAD"), [""; 0]);
    let answer = talk.ask(2, "MODE #c");
    assert_eq!(answer, [":irc.test 324 bob #c +mt", ":irc.test 329 bob #c 1795248000"]);
}

#[test]
fn who_may_not_changes_nothing_and_is_told_once() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    assert_eq!(talk.ask(2, "MODE #c +mnso bob"), [":irc.test 482 bob #c :You're not channel operator"]);
    talk.nothing_else();
    talk.user(3, "eve", &[]);
    assert_eq!(talk.ask(3, "MODE #c +m"), [":irc.test 442 eve #c :You're not on that channel"]);
    assert_eq!(talk.ask(3, "MODE #c I"), [":irc.test 442 eve #c :You're not on that channel"]);
    talk.say(1, "MODE #c +h bob");
    assert_eq!(talk.ask(2, "MODE #c +o bob"), [":irc.test 482 bob #c :You're not channel operator"]);
    assert_eq!(talk.ask(2, "MODE #c -o ada"), [":irc.test 482 bob #c :You're not channel operator"]);
    assert_eq!(talk.ask(2, "MODE #c +mv ada"), [":bob!u@h.example MODE #c +mv ada"]);
    assert_eq!(talk.ask(2, "MODE #c -h bob"), [":bob!u@h.example MODE #c -h bob"], "one may step down");
}

#[test]
fn faulty_changes_are_told_apart() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    assert_eq!(talk.ask(1, "MODE #c +XX"), [":irc.test 472 ada X :is unknown mode char to me"]);
    assert_eq!(talk.ask(1, "MODE #c +o"), [":irc.test 696 ada #c o * :You must specify a parameter"]);
    assert_eq!(talk.ask(1, "MODE #c +l x"), [":irc.test 696 ada #c l x :A limit is a number above 0"]);
    assert_eq!(talk.ask(1, "MODE #c +l 0"), [":irc.test 696 ada #c l 0 :A limit is a number above 0"]);
    assert_eq!(talk.ask(1, "MODE #c +k a,b"), [":irc.test 525 ada #c :Key is not well-formed"]);
    assert_eq!(talk.ask(1, "MODE #c +k :a b"), [":irc.test 525 ada #c :Key is not well-formed"]);
    assert_eq!(talk.ask(1, "MODE #c +b :a b"), [":irc.test 696 ada #c b * :This is no mask"]);
    assert_eq!(talk.ask(1, "MODE #c +b $z:x"), [":irc.test 696 ada #c b * :This is no mask"]);
    assert_eq!(talk.ask(1, "MODE #c +o ghost"), [":irc.test 401 ada ghost :No such nick"]);
    assert_eq!(talk.ask(1, "MODE #c +o bob"), [":irc.test 441 ada bob #c :They aren't on that channel"]);
    assert_eq!(talk.ask(1, "MODE ada +Zi"), [":ada!u@h.example MODE ada +i", ":irc.test 501 ada :Unknown mode"]);
    assert_eq!(talk.ask(1, "MODE bob"), [":irc.test 502 ada :Cannot see or change the modes of other users"]);
    assert_eq!(talk.ask(1, "MODE ghost"), [":irc.test 401 ada ghost :No such nick"]);
    assert_eq!(talk.ask(1, "MODE ada"), [":irc.test 221 ada +i"]);
}

#[test]
fn a_key_is_for_members() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    talk.say(1, "MODE #c +lk 5 sesame");
    assert_eq!(talk.ask(1, "MODE #c")[0], ":irc.test 324 ada #c +ntkl sesame 5");
    assert_eq!(talk.ask(2, "MODE #c")[0], ":irc.test 324 bob #c +ntkl * 5");
    assert_eq!(talk.ask(1, "MODE #c -k"), [":ada!u@h.example MODE #c -k *"]);
}

#[test]
fn lists_are_listed_and_bounded() {
    let mut config = Config::default();
    config.limits.list = 3;
    let mut talk = Talk::with(config);
    talk.user(1, "ada", &[]);
    talk.user(2, "bob", &[]);
    for session in [1, 2] {
        talk.say(session, "JOIN #c");
    }
    talk.say(1, "MODE #c +beq x *.org y@z");
    talk.say(1, "MODE #c +b $a:bob");
    assert_eq!(talk.heard(1).last().unwrap(), ":irc.test 478 ada #c b :Channel list is full");
    let expected = [":irc.test 367 bob #c x!*@* ada!u@h.example 1795248000", ":irc.test 368 bob #c :End of the list"];
    assert_eq!(talk.ask(2, "MODE #c bb"), expected);
    assert_eq!(talk.ask(2, "MODE #c e"), [":irc.test 482 bob #c :You're not channel operator"]);
    assert_eq!(talk.ask(1, "MODE #c e")[0], ":irc.test 348 ada #c *!*@*.org ada!u@h.example 1795248000");
    assert_eq!(talk.ask(1, "MODE #c q")[0], ":irc.test 728 ada #c q *!y@z ada!u@h.example 1795248000");
    assert_eq!(talk.ask(1, "MODE #c I"), [":irc.test 347 ada #c :End of the list"]);
    assert_eq!(talk.ask(1, "MODE #c -b X!*@*"), [":ada!u@h.example MODE #c -b x!*@*"]);
}

#[test]
fn one_message_changes_so_much_and_no_more() {
    let mut talk = Talk::in_channel(&["ada"]);
    let answer = talk.ask(1, "MODE #c +bbbbbbbb a b c d e f g h");
    assert_eq!(answer, [":ada!u@h.example MODE #c +bbbbbb a!*@* b!*@* c!*@* d!*@* e!*@* f!*@*"]);
    let long: Vec<String> = (0..6).map(|number| std::format!("{}{number}!*@*", "m".repeat(150))).collect();
    talk.say(1, &std::format!("MODE #c +bbbbbb {}", long.join(" ")));
    assert_eq!(talk.heard(1).len(), 2, "they do not fit into one line");
}

#[test]
fn bans_by_account_follow_the_account() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    talk.say(1, "MODE #c +b $a:trou*");
    assert_eq!(talk.ask(2, "JOIN #c").len(), 3);
    talk.say(2, "PART #c");
    talk.network.set_account(Session(2), Some(b"Trouble"), NOW, &mut talk.out);
    assert_eq!(talk.ask(2, "JOIN #c"), [":irc.test 474 bob #c :Cannot join channel (+b)"]);
}
