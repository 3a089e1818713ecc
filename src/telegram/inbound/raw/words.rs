//! Texts with their mentions. Only Telegram's entities are mentions: the same characters in a quote, in code
//! or in an address are not.

use std::iter;

use super::{clean, fields::Fields};
use crate::domain::ids::UserId;

/// The text or caption of a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Words {
    pub text: String,
    /// The mentions, in order.
    pub mentions: Vec<Mention>,
}

/// A mention of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mention {
    /// The words that are the mention: a username with its `@`, or any words with a link to a user.
    pub text: String,
    /// The user of the link.
    pub user: Option<UserId>,
}

impl Mention {
    /// Returns whether it mentions the account of this id and username.
    pub(crate) fn means(&self, id: UserId, username: &str) -> bool {
        match self.user {
            Some(user) => user == id,
            None => self.text.strip_prefix('@').is_some_and(|name| name.eq_ignore_ascii_case(username)),
        }
    }
}

/// Reads a text with its list of entities.
pub(crate) fn read(message: &Fields<'_>, text: &str, entities: &str) -> Option<Words> {
    let text = message.exact_text(text)?;
    let mentions = message.objects(entities).filter_map(|entity| mention(&text, &entity)).collect();
    Some(Words { mentions, text: clean::text(text) })
}

fn mention(text: &str, entity: &Fields<'_>) -> Option<Mention> {
    let user = match entity.text("type")?.as_str() {
        "mention" => None,
        "text_mention" => Some(UserId(entity.object("user")?.number("id")?)),
        _ => return None,
    };
    let words = part(text, entity.small("offset")?, entity.small("length")?)?;
    Some(Mention { text: clean::text(words.to_owned()), user })
}

/// Returns a part of a text by offset and length in UTF-16 code units.
fn part(text: &str, offset: usize, length: usize) -> Option<&str> {
    let place = |units: usize| {
        let mut before = 0;
        let places = text.char_indices().map(|(at, c)| {
            before += c.len_utf16();
            (at, before - c.len_utf16())
        });
        let all = text.encode_utf16().count();
        places.chain(iter::once((text.len(), all))).find(|(_, before)| *before == units).map(|(at, _)| at)
    };
    text.get(place(offset)?..place(offset.checked_add(length)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_count_utf16_units() {
        let text = "😀 @bot é";
        for (offset, length, expected) in [
            (3, 4, Some("@bot")),
            (0, 2, Some("😀")),
            (8, 1, Some("é")),
            (9, 0, Some("")),
            (1, 2, None),
            (3, 40, None),
            (usize::MAX, 2, None),
        ] {
            assert_eq!(part(text, offset, length), expected, "{offset}+{length}");
        }
    }
}
