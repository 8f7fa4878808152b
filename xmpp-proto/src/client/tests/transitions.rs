//! What the server says in each state, against the table.

use super::*;

/// A session in this state.
fn in_state(state: State) -> Talk {
    let mut talk = match state {
        State::Opening => {
            let mut talk = Talk::new(Config::default(), ann());
            talk.hears(HEADER);
            talk
        }
        State::Securing => {
            let mut talk = Talk::new(Config::default(), ann());
            talk.hears(HEADER).hears(STARTTLS);
            talk
        }
        State::Authenticating => {
            let mut talk = Talk::new(clear(), ann());
            talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"])));
            talk
        }
        State::Binding => {
            let mut talk = Talk::new(clear(), ann());
            talk.log_in_until_bound("");
            talk
        }
        State::Ready => Talk::ready(clear(), SM),
        State::Leaving => {
            let mut talk = Talk::ready(clear(), "");
            talk.client.close().unwrap();
            talk.poll();
            talk
        }
        State::Handshake | State::Closed => unreachable!("nothing is read there"),
    };
    assert_eq!(talk.client.state(), state);
    talk.events.clear();
    talk
}

/// What the server says for this to happen, in a state where it makes sense if there is one.
fn words(on: On, talk: &mut Talk) -> Option<String> {
    Some(match on {
        On::Features => features(""),
        On::Tls => PROCEED.into(),
        On::Login => "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>".into(),
        On::Bind if talk.client.state() == State::Binding => format!(
            "<iq type='result' id='{}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ann@h.example/r</jid></bind></iq>",
            talk.id()
        ),
        On::Bind => "<failure xmlns='http://jabber.org/protocol/compress'/>".into(),
        On::Stanza => "<message/>".into(),
        On::Management => "<failed xmlns='urn:xmpp:sm:3'/>".into(),
        On::Error => "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>".into(),
        On::End => "</stream:stream>".into(),
        On::Secured | On::Header | On::Send | On::Close => return None,
    })
}

#[test]
fn what_the_table_does_not_allow_is_a_violation_and_what_it_allows_leads_where_it_says() {
    let states = [State::Opening, State::Securing, State::Authenticating, State::Binding, State::Ready, State::Leaving];
    for state in states {
        for on in On::ALL {
            let mut talk = in_state(state);
            let Some(words) = words(on, &mut talk) else { continue };
            talk.hears(&words);
            match &talk.outcome {
                Err(violation) => {
                    let is_out_of_place =
                        !TABLE.allows(state, on) || (state, on) == (State::Authenticating, On::Features);
                    assert!(
                        is_out_of_place && matches!(violation, Violation::Unexpected(_)),
                        "{state:?} {on:?}: {violation}"
                    );
                }
                Ok(()) => {
                    assert!(
                        TABLE.leads(state, on, talk.client.state()),
                        "{state:?} {on:?} led to {:?}",
                        talk.client.state()
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_called_out_of_place_is_misuse() {
    for state in [State::Opening, State::Securing, State::Authenticating, State::Binding, State::Ready, State::Leaving]
    {
        let mut talk = in_state(state);
        assert_eq!(talk.client.send(element("<presence/>")).is_ok(), TABLE.allows(state, On::Send), "{state:?}");
        assert_eq!(talk.client.close().is_ok(), TABLE.allows(state, On::Close), "{state:?}");
        talk.poll();
        assert!(state == State::Leaving || TABLE.leads(state, On::Close, talk.client.state()), "{state:?}");
    }
}
