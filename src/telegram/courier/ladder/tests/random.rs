//! Chats, messages and faults at random: the text arrives once, or nobody is there.

use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use super::{Dislikes, Event, Fake, NOTHING, SENTENCES, rich, said, words};

/// What may pass, or has nothing to do with the message.
fn failures() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Flood),
        1 => Just(Event::Conflict),
        1 => Just(Event::Unauthorized),
        1 => Just(Event::Unreachable),
        2 => any::<bool>().prop_map(Event::Server),
        3 => any::<bool>().prop_map(Event::Broken),
        1 => any::<bool>().prop_map(Event::Unreadable),
        3 => any::<bool>().prop_map(Event::Killed),
        1 => Just(Event::Migrated),
        1 => Just(Event::Fine),
    ]
}

/// Faults as above, and refusals.
fn events() -> impl Strategy<Value = Event> {
    prop_oneof![3 => failures(), 1 => (0..SENTENCES.len()).prop_map(Event::Refused)]
}

fn ends() -> impl Strategy<Value = Option<Event>> {
    prop_oneof![6 => Just(None), 1 => Just(Some(Event::Blocked)), 1 => Just(Some(Event::Kicked))]
}

fn messages() -> impl Strategy<Value = OutboxMessage> {
    (any::<[bool; 5]>(), prop_oneof![Just(3_usize), Just(400)]).prop_map(|(has, length)| {
        let all = rich(&words(length));
        OutboxMessage {
            entities: if has[0] { all.entities } else { json!([]) },
            keyboard: all.keyboard.filter(|_| has[1]),
            reply_to: all.reply_to.filter(|_| has[2]),
            replaces: all.replaces.filter(|_| has[3]),
            topic: all.topic.filter(|_| has[4]),
            ..all
        }
    })
}

/// What a chat does not take, each with any sentence.
fn dislikes() -> impl Strategy<Value = Dislikes> {
    let part = prop_oneof![
        Just(Part::Entities),
        Just(Part::Keyboard),
        Just(Part::Reply),
        Just(Part::Edited),
        Just(Part::Topic),
    ];
    let parts = proptest::collection::vec((part, 0..SENTENCES.len()), 0..5);
    (parts, prop_oneof![Just(usize::MAX), Just(4_096), Just(1_000), Just(300)])
        .prop_map(|(parts, longest)| Dislikes { parts, longest })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: ProptestConfig::default().cases.max(3_000), ..ProptestConfig::default()
    })]

    /// A chat that takes only some forms, and anything that may pass in between, kills included.
    #[test]
    fn the_text_arrives_once_or_nobody_is_there(
        owed in messages(),
        dislikes in dislikes(),
        events in proptest::collection::vec(failures(), 0..12),
        end in ends(),
    ) {
        let whole: Vec<String> = owed.text.split_whitespace().map(str::to_owned).collect();
        let events = events.into_iter().chain(end).collect();
        let mut fake = Fake::new(owed, dislikes, events);
        match fake.deliver() {
            Ok(_) => prop_assert_eq!(said(&fake), whole, "{:?}", fake),
            Err(error) => {
                prop_assert!(fake.shut.is_some(), "{} {:?}", error, fake);
                prop_assert!(error.is_shut_out());
            }
        }
    }

    /// Refusals in any order and with any sentence: given up is only what was refused as bare as it can be.
    #[test]
    fn nothing_is_given_up_before_the_bare_text_was_refused(
        owed in messages(),
        events in proptest::collection::vec(events(), 0..24),
        end in ends(),
    ) {
        let whole: Vec<String> = owed.text.split_whitespace().map(str::to_owned).collect();
        let mut fake = Fake::new(owed, NOTHING, events.into_iter().chain(end).collect());
        match fake.deliver() {
            Ok(_) => prop_assert_eq!(said(&fake), whole, "{:?}", fake),
            Err(_) if fake.shut.is_some() => {}
            Err(error) => {
                let form = fake.refused.clone();
                let form = form.ok_or_else(|| TestCaseError::fail(format!("{error}: {fake:?}")))?;
                let parts = [Part::Entities, Part::Keyboard, Part::Reply, Part::Edited, Part::Topic];
                prop_assert!(parts.iter().all(|part| !form.has(*part)), "{:?}", form);
            }
        }
    }
}
