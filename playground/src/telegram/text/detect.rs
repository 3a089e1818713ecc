//! Entities that the service recognises in plain text: commands, mentions, hashtags and links. Doubtful cases
//! remain text.

use serde_json::Value;

use super::entity::Entity;

/// Returns the entities of a person's text, as `MessageEntity` objects.
pub(in super::super) fn detect(text: &str) -> Vec<Value> {
    found(text).into_iter().map(Entity::into_value).collect()
}

/// Returns the recognised entities, in order.
pub(super) fn found(text: &str) -> Vec<Entity> {
    let mut result = Vec::new();
    let mut offset = 0;
    let mut before = ' ';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = before.is_alphanumeric() || before == '_';
        let barred = match first {
            '/' => matches!(before, '/' | '<' | '>'),
            '@' => before == '@',
            _ => matches!(before, '/' | '@' | '#'),
        };
        let token = if in_word || barred { None } else { token(rest) };
        let length = token.map_or(first.len_utf8(), |(_, bytes)| bytes);
        let (head, tail) = rest.split_at(length);
        let end = offset + head.encode_utf16().count();
        if let Some((kind, _)) = token {
            result.push(Entity::new(kind, offset, end));
        }
        before = head.chars().next_back().unwrap_or(' ');
        offset = end;
        rest = tail;
    }
    result
}

/// Returns type and length in bytes of the entity at the start of a text.
fn token(text: &str) -> Option<(&'static str, usize)> {
    let word = |from: usize| {
        let tail = &text[from..];
        from + tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len())
    };
    match text.as_bytes().first()? {
        b'/' => {
            let mut end = word(1);
            if !text[1..end].is_ascii() || !(2..=65).contains(&end) {
                return None;
            }
            if text[end..].starts_with('@') {
                if word(end + 1) < end + 4 {
                    return None;
                }
                end = word(end + 1);
            }
            (!text[end..].starts_with(['/', '<', '>'])).then_some(("bot_command", end))
        }
        b'@' => {
            let end = word(1);
            (text[1..end].is_ascii() && (5..=33).contains(&end)).then_some(("mention", end))
        }
        b'#' => {
            let end = word(1);
            text[1..end].chars().any(char::is_alphabetic).then_some(("hashtag", end))
        }
        b'h' => link(text).map(|end| ("url", end)),
        _ => None,
    }
}

/// Returns the length of the link at the start of a text, in bytes.
fn link(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let stop = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '«' | '»');
    let end = text.find(stop).unwrap_or(text.len());
    let end = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*']).len();
    (end > scheme.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TDLib 1.8.69 finds in these texts.
    #[test]
    fn commands_are_those_of_the_service() {
        let long = format!("/{}", "a".repeat(64));
        let longer = format!("{long}a");
        for (text, expected) in [
            ("</b>", None),
            ("<b>x</b>", None),
            ("</a", None),
            (">/help", None),
            ("/a>", None),
            ("/help<", None),
            ("/a/", None),
            ("/help@ab", None),
            ("/h\u{e9}llo", None),
            ("_/help", None),
            ("and/or", None),
            ("C:/new/x", None),
            (longer.as_str(), None),
            (long.as_str(), Some(("bot_command", long.as_str()))),
            ("a /cmd@bot", Some(("bot_command", "/cmd@bot"))),
            ("(/help)", Some(("bot_command", "/help"))),
            ("#/help", Some(("bot_command", "/help"))),
            ("/@alice", Some(("mention", "@alice"))),
            ("<@alice>", Some(("mention", "@alice"))),
            ("@ali", None),
            ("x@alice", None),
            ("#a</b>", Some(("hashtag", "#a"))),
        ] {
            let seen = found(text);
            let units: Vec<u16> = text.encode_utf16().collect();
            let first = seen.first().map(|entity| {
                let part = String::from_utf16_lossy(&units[entity.offset..entity.end()]);
                (entity.kind.as_str(), part)
            });
            let first = first.as_ref().map(|(kind, part)| (*kind, part.as_str()));
            assert_eq!((seen.len(), first), (usize::from(expected.is_some()), expected), "{text}");
        }
    }

    #[test]
    fn commands_mentions_hashtags_and_links_are_found() {
        let text = "/start@my_bot x 😀 /help, see https://a.b/c?d=e. @alice #rust a/b mail@x.y";
        let seen: Vec<(String, String)> = found(text)
            .into_iter()
            .map(|entity| {
                let units: Vec<u16> = text.encode_utf16().collect();
                (entity.kind.clone(), String::from_utf16_lossy(&units[entity.offset..entity.end()]))
            })
            .collect();
        let expected = [
            ("bot_command", "/start@my_bot"),
            ("bot_command", "/help"),
            ("url", "https://a.b/c?d=e"),
            ("mention", "@alice"),
            ("hashtag", "#rust"),
        ];
        assert_eq!(seen, expected.map(|(kind, part)| (kind.to_owned(), part.to_owned())));
    }
}
