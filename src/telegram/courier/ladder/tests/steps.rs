//! The order in which parts of a message are given up, and what a failure of the server leads to.

use super::super::*;
use super::{Dislikes, Event, Fake, NOTHING, refusal, rich, said, words};
use crate::domain::ids::InvoiceId;

/// The errors that a delivery meets, one after the other, and the parts that are gone after each.
fn steps(owed: &OutboxMessage, sentences: &[&str]) -> Vec<String> {
    let mut ladder = Ladder::new(owed, false);
    let parts = [Part::Entities, Part::Keyboard, Part::Reply, Part::Edited, Part::Topic];
    let step = |sentence: &&str| {
        let step = ladder.next(&refusal(400, &format!("Bad Request: {sentence}")));
        let left: Vec<Part> = parts.into_iter().filter(|part| ladder.form().has(*part)).collect();
        format!("{step:?} {left:?}")
    };
    sentences.iter().map(step).collect()
}

#[test]
fn without_a_reason_the_least_goes_first() {
    let unknown = "something that nobody knows yet";
    assert_eq!(
        steps(&rich("text"), &[unknown; 6]),
        [
            "Try [Keyboard, Edited, Topic]",
            "Try [Edited, Topic]",
            "Try [Reply, Topic]",
            "Try [Topic]",
            "Try []",
            "GiveUp []",
        ]
    );
    let fresh = OutboxMessage { replaces: None, ..rich("text") };
    assert_eq!(
        steps(&fresh, &[unknown; 4]),
        ["Try [Keyboard, Reply, Topic]", "Try [Topic]", "Try []", "GiveUp []"]
    );
}

#[test]
fn what_a_refusal_names_goes_first() {
    let fresh = OutboxMessage { replaces: None, ..rich("text") };
    for (sentence, left) in [
        ("can't parse entities: x", "Try [Keyboard, Reply, Topic]"),
        ("BUTTON_DATA_INVALID", "Try [Entities, Reply, Topic]"),
        ("message to be replied not found", "Try [Entities, Keyboard, Topic]"),
        ("TOPIC_CLOSED", "Try [Entities, Keyboard]"),
        ("not enough rights to send text messages to the chat", "Try [Entities, Keyboard]"),
    ] {
        assert_eq!(steps(&fresh, &[sentence]), [left], "{sentence}");
    }
    let gone = steps(&rich("text"), &["message to edit not found"]);
    assert_eq!(gone, ["Try [Entities, Keyboard, Reply, Topic]"]);
    assert_eq!(steps(&rich("text"), &["TOPIC_CLOSED"]), ["Try [Entities, Keyboard]"]);
}

#[test]
fn an_invoice_can_only_leave_its_topic() {
    let invoice = OutboxMessage { invoice: Some(InvoiceId(1)), replaces: None, ..rich("title\ndescription") };
    assert_eq!(steps(&invoice, &["x", "x"]), ["Try []", "GiveUp []"]);
}

#[test]
fn a_failure_of_the_server_is_no_reason_to_search_for_long() {
    let row = || OutboxMessage { replaces: None, ..rich("text") };
    for (event, searched) in [
        (Event::Server(false), vec![LOOKS_AFTER_FAILURE]),
        (Event::Broken(false), vec![LOOKS]),
        (Event::Unreadable(false), vec![LOOKS]),
        (Event::Unreachable, vec![]),
        (Event::Flood, vec![]),
    ] {
        let mut fake = Fake::new(row(), NOTHING, vec![event]);
        assert!(fake.deliver().is_ok());
        assert_eq!(fake.searched, searched, "{event:?}");
    }
    // Each failure leads to one look, not to more and more of them.
    let mut fake = Fake::new(row(), NOTHING, vec![Event::Server(false); 4]);
    assert!(fake.deliver().is_ok());
    assert_eq!(fake.searched, [LOOKS_AFTER_FAILURE; 4]);
}

#[test]
fn who_blocks_or_throws_out_the_bot_is_asked_once() {
    for event in [Event::Blocked, Event::Kicked] {
        let mut fake = Fake::new(rich("text"), NOTHING, vec![event]);
        assert!(fake.deliver().is_err_and(|error| error.is_shut_out()));
        assert_eq!(fake.calls, 1);
    }
}

#[test]
fn what_is_too_long_arrives_in_pieces_with_the_buttons_below_the_last() {
    let row = OutboxMessage { replaces: None, ..rich(&words(900)) };
    let mut fake = Fake::new(row, Dislikes { longest: 2_000, ..NOTHING }, Vec::new());
    assert!(fake.deliver().is_ok());
    let keyboards: Vec<bool> = fake.standing.iter().map(|message| message.keyboard.is_some()).collect();
    assert!(keyboards.len() > 1 && keyboards.iter().rev().skip(1).all(|shown| !shown), "{keyboards:?}");
    assert_eq!(keyboards.last(), Some(&true));
    assert_eq!(said(&fake).join(" "), words(900));
}
