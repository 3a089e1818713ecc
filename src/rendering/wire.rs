//! Entities in Telegram's JSON. No other module knows the field names.

use serde_json::{Value, json};

use super::{Entity, EntityKind, RichText};

impl RichText {
    /// Returns the array of `MessageEntity` objects of this text.
    pub fn wire_entities(&self) -> Value {
        self.entities.iter().map(wire).collect()
    }

    /// Returns the text and the entities for an outgoing message.
    pub fn into_wire(self) -> (String, Value) {
        let entities = self.wire_entities();
        (self.text, entities)
    }
}

fn wire(entity: &Entity) -> Value {
    let (name, extra) = match &entity.kind {
        EntityKind::Bold => ("bold", None),
        EntityKind::Italic => ("italic", None),
        EntityKind::Underline => ("underline", None),
        EntityKind::Strikethrough => ("strikethrough", None),
        EntityKind::Spoiler => ("spoiler", None),
        EntityKind::Code => ("code", None),
        EntityKind::Pre { language } => ("pre", language.as_ref().map(|language| ("language", language))),
        EntityKind::TextLink { url } => ("text_link", Some(("url", url))),
        EntityKind::Blockquote => ("blockquote", None),
        EntityKind::ExpandableBlockquote => ("expandable_blockquote", None),
    };
    let mut object = json!({"type": name, "offset": entity.offset, "length": entity.length});
    if let Some((field, value)) = extra {
        object[field] = Value::from(value.as_str());
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_have_the_names_and_fields_of_telegram() {
        let rich = super::super::render("**b** [l](https://a.b)\n\n```rust\nfn\n```");
        assert_eq!(
            rich.wire_entities(),
            json!([
                {"type": "bold", "offset": 0, "length": 1},
                {"type": "text_link", "offset": 2, "length": 1, "url": "https://a.b"},
                {"type": "pre", "offset": 5, "length": 2, "language": "rust"},
            ])
        );
    }
}
