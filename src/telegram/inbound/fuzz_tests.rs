//! Messages of every kind in the Bot API's documentation lose their optional fields, one at a time and in
//! random sets, or get nonsense for them: whatever can still be read is read, and nothing ends without a name
//! for what it is. `tests/judges/telegram_messages.py` makes the messages from the types of a framework that
//! is not ours; without `JUDGES_VENV` a corpus that it has made before is used.

use std::io::Write;
use std::process::Command as Process;
use std::sync::LazyLock;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::raw::kind::{self, KINDS};
use super::raw::{UNWANTED, Update, WANTED};
use super::*;

const CORPUS: &str = include_str!("../../../tests/judges/telegram_messages.jsonl");
/// What Telegram's own server hands out.
const MOST: u64 = crate::domain::file::PUBLIC_LIMIT;
/// Random sets of fields that every message loses.
const RANDOM_SETS: usize = 20;

/// What may stand where an optional field was. The first is no field at all; of the last four each field gets
/// one.
const NONSENSE: &[Option<&str>] =
    &[None, Some("null"), Some("7"), Some("\"\\ud83d\""), Some("[{}]"), Some("{\"x\":1e999}")];

/// A message of the documentation.
struct Sample {
    name: String,
    field: String,
    message: Value,
    optional: Vec<String>,
}

/// What the judge prints, or the corpus. It is asked once.
#[expect(clippy::disallowed_methods, reason = "where the judges are is told to tests only")]
static LINES: LazyLock<String> = LazyLock::new(|| {
    let Ok(venv) = std::env::var("JUDGES_VENV") else { return CORPUS.to_owned() };
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges/telegram_messages.py");
    let output = Process::new(format!("{venv}/bin/python")).arg(judge).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// All fields and kinds that the documentation names, and a message of every kind.
fn samples() -> (Value, Vec<Sample>) {
    let mut lines = LINES.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let names = lines.next().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let samples = lines.map(|line| Sample {
        name: text(&line["name"]),
        field: text(&line["field"]),
        message: line["message"].clone(),
        optional: line["optional"].as_array().unwrap().iter().map(text).collect(),
    });
    (names, samples.collect())
}

/// Takes a field out of a message or puts something else in its place.
fn damage(message: &mut Value, pointer: &str, nonsense: Option<&str>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    // Another damage may have taken the parent.
    let Some(Value::Object(fields)) = message.pointer_mut(parent) else { return };
    match nonsense {
        None => drop(fields.remove(name)),
        Some("{\"x\":1e999}") => drop(fields.insert(name.to_owned(), json!("HUGE"))),
        Some("\"\\ud83d\"") => drop(fields.insert(name.to_owned(), json!("HALF"))),
        Some(nonsense) => drop(fields.insert(name.to_owned(), serde_json::from_str(nonsense).unwrap())),
    }
}

/// The update as text, with what no `Value` can hold.
fn payload(message: &Value) -> String {
    let payload = json!({"update_id": 9, "message": message}).to_string();
    payload.replace("\"HALF\"", "\"\\ud83d\"").replace("\"HUGE\"", "{\"x\":1e999}")
}

/// What of the message can be read by anybody: its words and whether there is a file to fetch.
fn readable(message: &Value, field: &str) -> (Option<String>, bool) {
    let text = |name: &str| message[name].as_str().map(|text| text.replace("HALF", ""));
    let words = text("text").or_else(|| text("caption"));
    let file = match field {
        "photo" => message["photo"]
            .as_array()
            .is_some_and(|sizes| sizes.iter().any(|size| size["file_id"].is_string())),
        "animation" | "document" | "audio" | "video" | "video_note" | "voice" | "sticker" => {
            message[field]["file_id"].is_string()
        }
        _ => false,
    };
    (words.filter(|text| text != "HUGE"), file)
}

/// Whether the outcome loses nothing that the message says.
fn judge(message: &Value, field: &str, outcome: &Inbound) -> Result<(), String> {
    let (words, file) = readable(message, field);
    let known = |name: &str| kind::is_known(name) || name == "empty" || name == "other";
    match outcome {
        Inbound::Prompt(incoming) => {
            let read = words.as_ref().is_none_or(|words| incoming.text == *words);
            let fetched = !file || incoming.attachment.is_some();
            if read && fetched { Ok(()) } else { Err(format!("read as {:?}", incoming.text)) }
        }
        _ if words.as_ref().is_some_and(|words| !words.trim().is_empty()) => {
            Err("the words are lost".to_owned())
        }
        Inbound::Unreadable(_, _, name) if known(name) => Ok(()),
        Inbound::Migrated(_) if field.starts_with("migrate_") => Ok(()),
        // A text of nothing but half an emoji.
        Inbound::Ignored(Idle::Blank, "text") if words.is_some() && !file => Ok(()),
        Inbound::Ignored(Idle::Service, name) if *name == field && !file => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn every_kind_of_the_documentation_is_in_a_table() {
    let (names, samples) = samples();
    let texts = |value: &Value| {
        value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let unknown: Vec<String> =
        texts(&names["fields"]).into_iter().filter(|name| !kind::is_known(name)).collect();
    assert!(unknown.is_empty(), "fields of messages that no table names: {unknown:?}");
    let handled = |name: &String| WANTED.contains(&name.as_str()) || UNWANTED.contains(&name.as_str());
    let unknown: Vec<String> = texts(&names["updates"]).into_iter().filter(|name| !handled(name)).collect();
    assert!(unknown.is_empty(), "kinds of update that no table names: {unknown:?}");
    for kind in KINDS {
        assert!(
            samples.iter().any(|sample| sample.field == kind.name),
            "no message of the kind {}",
            kind.name
        );
    }
}

#[test]
fn every_kind_is_counted_from_the_start() {
    let text = crate::telemetry::metrics::Metrics::new().unwrap().render();
    for name in KINDS.iter().map(|kind| kind.name).chain(["empty", "other"]) {
        assert!(text.contains(&format!("bot_messages_unread_total{{kind=\"{name}\"}} 0")), "{name}");
    }
    for name in WANTED.iter().chain(UNWANTED).chain(&["other"]) {
        assert!(text.contains(&format!("bot_updates_total{{kind=\"{name}\"}} 0")), "{name}");
    }
}

#[test]
fn no_message_with_something_to_read_is_lost_whatever_its_optional_fields_are() {
    let (_, samples) = samples();
    let me = Me { id: 7, username: "starling_bot".into(), can_read_all_group_messages: true };
    let mut random = StdRng::seed_from_u64(13);
    let (mut tried, mut lost) = (0_usize, Vec::new());
    let mut attempt = |sample: &Sample, message: &Value, what: &str| {
        tried += 1;
        let outcome =
            Update::read(&payload(message)).map(|update| read(update, &me, MOST, true, DateTime::UNIX_EPOCH));
        let verdict = outcome.ok_or_else(|| "no update".to_owned());
        if let Err(why) = verdict.and_then(|outcome| judge(message, &sample.field, &outcome)) {
            lost.push(format!("{} {what}: {why}", sample.name));
        }
    };
    for sample in &samples {
        attempt(sample, &sample.message, "whole");
        for (place, pointer) in sample.optional.iter().enumerate() {
            for nonsense in NONSENSE[..2].iter().chain(&NONSENSE[2 + place % 4..][..1]) {
                let mut message = sample.message.clone();
                damage(&mut message, pointer, *nonsense);
                attempt(sample, &message, &format!("{pointer} {nonsense:?}"));
            }
        }
        for _ in 0..RANDOM_SETS {
            let mut message = sample.message.clone();
            let share = random.random_range(0.05..0.95);
            for pointer in &sample.optional {
                if random.random_bool(share) {
                    damage(&mut message, pointer, NONSENSE[random.random_range(0..NONSENSE.len())]);
                }
            }
            attempt(sample, &message, "with a random set");
        }
    }
    // Written past the test harness, which shows nothing of tests that pass.
    writeln!(std::io::stderr(), "read {tried} messages of {} kinds and shapes", samples.len()).unwrap();
    assert!(
        lost.is_empty(),
        "{} of {tried} are lost, such as {:#?}",
        lost.len(),
        &lost[..lost.len().min(20)]
    );
}

#[test]
fn in_a_group_a_mention_is_answered_whatever_else_the_message_holds() {
    let me = Me { id: 7, username: "starling_bot".into(), can_read_all_group_messages: true };
    let needed = ["/text", "/from", "/sender_chat", "/entities"];
    let (_, samples) = samples();
    for sample in samples.iter().filter(|sample| sample.field == "text") {
        let mut whole = sample.message.clone();
        whole["chat"] = json!({"id": -100, "type": "supergroup", "title": "Friends"});
        whole["text"] = json!("@starling_bot words");
        whole["entities"] = json!([{"type": "mention", "offset": 0, "length": 13}]);
        damage(&mut whole, "/sender_chat", None);
        for pointer in
            sample.optional.iter().filter(|pointer| !needed.iter().any(|field| pointer.starts_with(field)))
        {
            for nonsense in NONSENSE {
                let mut message = whole.clone();
                damage(&mut message, pointer, *nonsense);
                let outcome =
                    read(Update::read(&payload(&message)).unwrap(), &me, MOST, true, DateTime::UNIX_EPOCH);
                let Inbound::Prompt(incoming) = outcome else {
                    panic!("{} {pointer} {nonsense:?}: {outcome:?}", sample.name)
                };
                assert_eq!(incoming.text, "@starling_bot words");
            }
        }
    }
}
