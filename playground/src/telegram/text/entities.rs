//! Entities given by the bot. Refuses definite errors, and repairs what the service repairs: control
//! characters, leading and trailing blanks. Crossing entities are in `nesting`.

use serde_json::{Map, Value};

use super::super::refusal::Refusal;
use super::detect;
use super::entity::{Entity, Formatted};
use super::nesting::{nested, overlap, sort};

/// Limit of entities per message; the rest is dropped.
const KEPT: usize = 100;

/// Types that a bot may set.
const SETTABLE: [&str; 13] = [
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
];

/// Types that the service detects itself and therefore ignores if given.
const DETECTED: [&str; 7] = ["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"];

/// Reads `MessageEntity` objects. Positions are checked later, against the text.
pub(super) fn read(given: &[Value]) -> Result<Vec<Entity>, Refusal> {
    let mut found = Vec::new();
    for value in given {
        let Some(object) = value.as_object() else {
            return Err(Refusal::entities("expected an Object as MessageEntity"));
        };
        if let Some(entity) = read_one(object)? {
            found.push(entity);
        }
    }
    Ok(found)
}

fn read_one(object: &Map<String, Value>) -> Result<Option<Entity>, Refusal> {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| {
        object
            .get(key)
            .and_then(Value::as_i64)
            .ok_or_else(|| Refusal::entities(format!("Can't find field \"{key}\" of MessageEntity")))
    };
    let (Ok(offset), Ok(length)) = (usize::try_from(number("offset")?), usize::try_from(number("length")?))
    else {
        return Err(Refusal::entities(format!("entity of type \"{kind}\" has a negative offset or length")));
    };
    if DETECTED.contains(&kind) || length == 0 {
        return Ok(None);
    }
    if !SETTABLE.contains(&kind) {
        return Err(Refusal::entities("Unsupported type specified"));
    }
    let mut entity = Entity::new(kind, offset, offset + length);
    let required = match kind {
        "text_link" => Some("url"),
        "text_mention" => Some("user"),
        "custom_emoji" => Some("custom_emoji_id"),
        _ => None,
    };
    if let Some(key) = required {
        let value = object.get(key).filter(|value| value.as_str() != Some("") && !value.is_null());
        let value = value.ok_or_else(|| Refusal::entities(format!("Can't find field \"{key}\"")))?;
        entity = entity.with(key, value.clone());
    }
    if let ("pre", Some(language)) = (kind, object.get("language").filter(|value| value.is_string())) {
        entity = entity.with("language", language.clone());
    }
    Ok(Some(entity))
}

/// Checks positions, repairs text and entities, and adds what the service detects by itself.
pub(super) fn clean(text: &str, mut entities: Vec<Entity>) -> Result<Formatted, Refusal> {
    let units: Vec<u16> = text.encode_utf16().collect();
    for entity in &entities {
        check_position(entity, &units)?;
    }
    let (kept, moved) = rewrite(&units);
    for entity in &mut entities {
        let end = moved[entity.end()];
        entity.offset = moved[entity.offset];
        entity.length = end - entity.offset;
    }
    let text = String::from_utf16_lossy(&kept);
    let mut entities = nested(entities);
    for found in detect::found(&text) {
        if !entities.iter().any(|entity| blocks_detection(entity) && overlap(entity, &found)) {
            entities.push(found);
        }
    }
    sort(&mut entities);
    entities.truncate(KEPT);
    Ok(Formatted { text, entities: entities.into_iter().map(Entity::into_value).collect() })
}

/// Returns whether an entity lies inside the text and does not split a character.
fn check_position(entity: &Entity, units: &[u16]) -> Result<(), Refusal> {
    let (offset, end) = (entity.offset, entity.end());
    if end > units.len() {
        return Err(Refusal::entities(format!(
            "entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {}",
            units.len()
        )));
    }
    let splits = |at: usize| units.get(at).is_some_and(|unit| (0xDC00..0xE000).contains(unit));
    if splits(offset) {
        return Err(Refusal::entities(format!(
            "entity begins in a middle of a UTF-16 symbol at UTF-16 offset {offset}"
        )));
    }
    if splits(end) {
        return Err(Refusal::entities(format!(
            "entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol at UTF-16 offset {end}"
        )));
    }
    Ok(())
}

/// Removes carriage returns, replaces control characters by blanks and trims. Also returns the new position
/// of each offset.
fn rewrite(units: &[u16]) -> (Vec<u16>, Vec<usize>) {
    let mut kept = Vec::with_capacity(units.len());
    let mut moved = Vec::with_capacity(units.len() + 1);
    for &unit in units {
        moved.push(kept.len());
        match unit {
            0x0D => {}
            0x09 | 0x0A => kept.push(unit),
            0..=0x1F => kept.push(0x20),
            other => kept.push(other),
        }
    }
    moved.push(kept.len());
    let blank = |unit: &u16| matches!(unit, 0x09 | 0x0A | 0x20);
    let end = kept.iter().rposition(|unit| !blank(unit)).map_or(0, |last| last + 1);
    let start = kept[..end].iter().position(|unit| !blank(unit)).unwrap_or(end);
    for at in &mut moved {
        *at = (*at).clamp(start, end) - start;
    }
    (kept[start..end].to_vec(), moved)
}

fn blocks_detection(entity: &Entity) -> bool {
    entity.is_code() || matches!(entity.kind.as_str(), "text_link" | "text_mention")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cleaned(text: &str, given: &Value) -> Formatted {
        clean(text, read(given.as_array().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn crossing_entities_are_cut_where_the_outer_one_ends() {
        let result = cleaned(
            "abcdef",
            &json!([{"type": "bold", "offset": 0, "length": 4}, {"type": "italic", "offset": 2, "length": 4}]),
        );
        assert_eq!(
            result.entities,
            [
                json!({"type": "bold", "offset": 0, "length": 4}),
                json!({"type": "italic", "offset": 2, "length": 2}),
                json!({"type": "italic", "offset": 4, "length": 2}),
            ]
        );
    }

    #[test]
    fn outer_blanks_go_and_entities_follow() {
        let result = cleaned("  \n😀 hi \r\n ", &json!([{"type": "bold", "offset": 3, "length": 7}]));
        assert_eq!(result.text, "😀 hi");
        assert_eq!(result.entities, [json!({"type": "bold", "offset": 0, "length": 5})]);
    }

    #[test]
    fn nothing_stands_inside_code() {
        let result = cleaned(
            "abcdef",
            &json!([{"type": "bold", "offset": 0, "length": 6}, {"type": "code", "offset": 2, "length": 2}]),
        );
        let spans: Vec<_> =
            result.entities.iter().map(|e| (e["type"].as_str(), e["offset"].as_u64())).collect();
        assert_eq!(spans, [(Some("bold"), Some(0)), (Some("code"), Some(2)), (Some("bold"), Some(4))]);
    }

    #[test]
    fn a_message_keeps_a_hundred_entities() {
        let given: Vec<Value> =
            (0..150).map(|at| json!({"type": "bold", "offset": at * 2, "length": 1})).collect();
        let result = cleaned(&"a ".repeat(150), &Value::Array(given));
        assert_eq!(result.entities.len(), KEPT);
    }
}
