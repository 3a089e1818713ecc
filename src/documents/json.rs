//! JSON as text, for a large value preceded by an outline. The value is never built in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::collector::Collector;
use super::error::Flow;
use super::plain;
use super::preview::Unit;

/// The size in characters from which an outline is added.
const LARGE: usize = 4_000;
/// The longest outline, in bytes.
const OUTLINE: usize = 6_000;
/// The levels of the outline.
const LEVELS: usize = 6;
/// The most members of an object that are outlined; the rest is counted.
const KEYS: usize = 40;
/// The most characters of a string or key that are shown.
const TEXT: usize = 60;

/// Reads JSON. Invalid JSON is shown as text.
pub(super) fn read(text: &str, out: &mut Collector) -> Flow {
    if text.len() > LARGE {
        let mut outline = String::new();
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = Outline { out: &mut outline, level: 0 };
        if seed.deserialize(&mut json).is_ok() && json.end().is_ok() {
            out.expect(2);
            out.part(Unit::Outline, "", false)?;
            out.text(&outline)?;
        }
    }
    out.part(Unit::Text, "", false)?;
    plain::write(text, out)
}

/// Writes the outline of one value behind the existing text of the line.
struct Outline<'a> {
    out: &'a mut String,
    level: usize,
}

impl Outline<'_> {
    fn line(&mut self, text: &str) {
        if self.out.len() < OUTLINE {
            self.out.push_str(text);
            self.out.push('\n');
        }
    }

    fn is_closed(&self) -> bool {
        self.level >= LEVELS || self.out.len() >= OUTLINE
    }

    fn indented(&mut self, text: &str) {
        if self.out.len() < OUTLINE {
            self.out.push_str(&"  ".repeat(self.level + 1));
            self.out.push_str(text);
        }
    }
}

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(TEXT).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl<'de> DeserializeSeed<'de> for Outline<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outline<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.line("null");
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.line(&value.to_string());
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.line(&value.to_string());
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.line(&value.to_string());
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.line(&value.to_string());
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        let text = format!("\"{}\"", cut(value).replace('\n', " "));
        self.line(&text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.line("array, its first element:");
        let mut count = 0_usize;
        if !self.is_closed() {
            self.indented("- ");
            let first = elements.next_element_seed(Outline { out: self.out, level: self.level + 1 })?;
            if first.is_none() {
                self.line("none");
                return Ok(());
            }
            count = 1;
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        let text = format!("({count} elements)\n");
        self.indented(&text);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.line("object:");
        let (mut count, mut left_out) = (0_usize, 0_usize);
        while let Some(key) = members.next_key::<String>()? {
            count += 1;
            if count > KEYS || self.is_closed() {
                left_out += 1;
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let text = cut(&key).replace('\n', " ") + ": ";
            self.indented(&text);
            members.next_value_seed(Outline { out: self.out, level: self.level + 1 })?;
        }
        if left_out > 0 {
            let text = format!("({left_out} more keys)\n");
            self.indented(&text);
        }
        Ok(())
    }
}
