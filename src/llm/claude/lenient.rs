//! Reads JSON fields of unexpected types. A reader returns whatever can be read, and an unreadable field
//! affects no other field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// An unparsed field; `None` if it is missing or null.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// The deepest nesting of objects and arrays that is read.
const MAX_DEPTH: usize = 64;

/// Reads the fields of an object. All are missing if the value is not an object.
pub(super) fn fields<'a, T: Deserialize<'a> + Default>(raw: Raw<'a>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Reads a string and drops unpaired surrogates.
pub(super) fn word(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    Joiner::default().piece(raw)
}

/// A count read from JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Count {
    /// Missing or null.
    Absent,
    /// The number.
    Known(u64),
    /// Anything except a number from zero to the accepted maximum.
    Unreadable,
}

/// Reads a count of at most `most`. Fractions are rounded up, and a number in a string is accepted.
pub(super) fn count(raw: Raw<'_>, most: u32) -> Count {
    let Some(text) = raw.map(RawValue::get) else { return Count::Absent };
    let number = text.trim_matches('"').trim();
    let whole = number.parse::<u64>().ok().filter(|&whole| whole <= u64::from(most));
    let rounded = || {
        let number = number.parse::<f64>().ok()?.ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between the bounds"
        )]
        (0.0..=f64::from(most)).contains(&number).then_some(number as u64)
    };
    whole.or_else(rounded).map_or(Count::Unreadable, Count::Known)
}

/// Reads any value; unreadable parts are omitted.
pub(super) fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok().or_else(|| readable_parts(raw, MAX_DEPTH))
}

fn readable_parts(raw: &RawValue, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let json = raw.get();
    let part = |raw: &RawValue| match raw.get().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => readable_parts(raw, depth),
        _ => serde_json::from_str(raw.get()).ok(),
    };
    match json.as_bytes().first()? {
        b'"' => word(Some(raw)).map(|text| Value::String(text.into_owned())),
        b'{' => {
            let fields: BTreeMap<Name, &RawValue> = serde_json::from_str(json).ok()?;
            let readable = fields.into_iter().filter_map(|(name, raw)| Some((name.0, part(raw)?)));
            Some(Value::Object(readable.collect::<Map<_, _>>()))
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            Some(items.into_iter().filter_map(part).collect())
        }
        _ => None,
    }
}

/// Joins a text that arrives in pieces. A character beyond the Basic Multilingual Plane is two escapes in
/// JSON, the surrogates, which may be in different pieces. An unpaired surrogate is dropped.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    /// The high surrogate at the end of the last piece, if there was one.
    half: Option<u16>,
}

impl Joiner {
    /// Reads the next piece. Returns `None` if it is not a string.
    pub(super) fn piece<'a>(&mut self, raw: Raw<'a>) -> Option<Cow<'a, str>> {
        let json = raw?.get();
        let inner = json.strip_prefix('"')?.strip_suffix('"')?;
        if !inner.contains('\\') {
            if !inner.is_empty() {
                self.half = None;
            }
            return Some(Cow::Borrowed(inner));
        }
        let Units(bytes) = serde_json::from_str(json).ok()?;
        Some(Cow::Owned(self.join(&bytes)))
    }

    fn join(&mut self, mut rest: &[u8]) -> String {
        let mut out = String::with_capacity(rest.len());
        loop {
            let at = rest.windows(3).position(is_half).unwrap_or(rest.len());
            let (text, behind) = rest.split_at(at);
            if !text.is_empty() {
                self.half = None;
                out.push_str(&String::from_utf8_lossy(text));
            }
            let &[_, second, third, ref behind @ ..] = behind else { return out };
            let unit = 0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f);
            match self.half.take() {
                Some(first) if unit >= 0xdc00 => out.extend(char::decode_utf16([first, unit]).flatten()),
                _ => self.half = (unit < 0xdc00).then_some(unit),
            }
            rest = behind;
        }
    }
}

/// Returns whether three bytes encode a surrogate, which is not valid in UTF-8.
fn is_half(bytes: &[u8]) -> bool {
    matches!(bytes, [0xed, 0xa0..=0xff, _])
}

/// A string in bytes: UTF-8, except that unpaired surrogates are encoded in three bytes.
struct Units(Vec<u8>);

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Units;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Units, E> {
                Ok(Units(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Reader)
    }
}

/// The name of a field, without unpaired surrogates.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Units::deserialize(deserializer).map(|Units(bytes)| Self(Joiner::default().join(&bytes)))
    }
}

#[cfg(test)]
mod tests;
