//! The HTML parse mode: a short list of tags, four named references, anything else is refused.

use super::entity::Entity;

/// An open tag and where its text began.
struct Open {
    tag: String,
    at: usize,
    entity: Option<Entity>,
}

/// Text under construction; offsets are UTF-16 units.
#[derive(Default)]
struct Output {
    text: String,
    units: usize,
    entities: Vec<Entity>,
}

impl Output {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }
}

/// Parses HTML into text and entities. The error is the service's sentence.
pub(super) fn parse(source: &str) -> Result<(String, Vec<Entity>), String> {
    let mut output = Output::default();
    let mut open: Vec<Open> = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let at = source.len() - rest.len();
        match first {
            '<' if rest.starts_with("</") => {
                let end = rest.find('>').ok_or_else(|| format!("Unclosed end tag at byte offset {at}"))?;
                close(&mut output, &mut open, rest[2..end].trim(), at)?;
                rest = &rest[end + 1..];
            }
            '<' => {
                let end = rest.find('>').ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
                open.push(start(&rest[1..end], at, output.units)?);
                rest = &rest[end + 1..];
            }
            '&' => {
                let (c, taken) = reference(rest);
                output.push(c);
                rest = &rest[taken..];
            }
            c => {
                output.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if let Some(left) = open.last() {
        return Err(format!("Can't find end tag corresponding to start tag \"{}\"", left.tag));
    }
    Ok((output.text, output.entities))
}

fn start(inside: &str, at: usize, units: usize) -> Result<Open, String> {
    let (tag, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let tag = tag.to_lowercase();
    let attribute = |name: &str| attribute(attributes, name);
    let entity = |kind: &str| Some(Entity::new(kind, units, units));
    let entity = match tag.as_str() {
        "b" | "strong" => entity("bold"),
        "i" | "em" => entity("italic"),
        "u" | "ins" => entity("underline"),
        "s" | "strike" | "del" => entity("strikethrough"),
        "tg-spoiler" => entity("spoiler"),
        "span" if attribute("class").as_deref() == Some("tg-spoiler") => entity("spoiler"),
        "span" => return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}")),
        "code" => entity("code").map(|code| match attribute("class") {
            Some(class) if class.starts_with("language-") => code.with("language", class[9..].to_owned()),
            _ => code,
        }),
        "pre" => entity("pre"),
        "blockquote" => {
            let expandable = attributes.split_whitespace().any(|word| word.starts_with("expandable"));
            entity(if expandable { "expandable_blockquote" } else { "blockquote" })
        }
        "a" => attribute("href").map(|url| Entity::new("text_link", units, units).with("url", url)),
        "tg-emoji" => {
            let id = attribute("emoji-id").ok_or_else(|| {
                format!("Tag \"tg-emoji\" must have attribute \"emoji-id\" at byte offset {at}")
            })?;
            entity("custom_emoji").map(|emoji| emoji.with("custom_emoji_id", id))
        }
        "tg-time" => entity("date_time"),
        _ => return Err(format!("Unsupported start tag \"{tag}\" at byte offset {at}")),
    };
    Ok(Open { tag, at: units, entity })
}

fn close(output: &mut Output, open: &mut Vec<Open>, name: &str, at: usize) -> Result<(), String> {
    let Some(last) = open.pop() else { return Err(format!("Unexpected end tag at byte offset {at}")) };
    if !name.is_empty() && !name.eq_ignore_ascii_case(&last.tag) {
        return Err(format!(
            "Unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{}>\"",
            last.tag,
            name.to_lowercase()
        ));
    }
    let Some(mut entity) = last.entity else { return Ok(()) };
    entity.length = output.units - last.at;
    if entity.length == 0 {
        return Ok(());
    }
    if entity.kind == "code" {
        // A code tag that fills a pre tag gives the block its language and is not an entity of its own.
        let block = open.last_mut().filter(|outer| outer.tag == "pre" && outer.at == last.at);
        match (block.and_then(|outer| outer.entity.as_mut()), entity.extra.remove("language")) {
            (Some(pre), Some(language)) => {
                pre.extra.insert("language".to_owned(), language);
                return Ok(());
            }
            (Some(_), None) => return Ok(()),
            (None, _) => {}
        }
    }
    output.entities.push(entity);
    Ok(())
}

/// Reads the value of an attribute, quoted or bare.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let lower = attributes.to_lowercase();
    let at = lower.match_indices(name).find(|(at, _)| {
        let before = lower[..*at].chars().next_back().is_none_or(char::is_whitespace);
        before && lower[at + name.len()..].trim_start().starts_with('=')
    });
    let value = attributes[at?.0 + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let raw = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    Some(unescape(raw))
}

fn unescape(raw: &str) -> String {
    let mut result = String::new();
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let (c, taken) = if c == '&' { reference(rest) } else { (c, c.len_utf8()) };
        result.push(c);
        rest = &rest[taken..];
    }
    result
}

/// Reads a character reference; returns the ampersand itself if there is none.
fn reference(text: &str) -> (char, usize) {
    let Some(end) = text[1..].find(';').map(|at| at + 1).filter(|end| *end <= 10) else { return ('&', 1) };
    let name = &text[1..end];
    let c = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        _ => name.strip_prefix('#').and_then(|number| {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')
        }),
    };
    c.map_or(('&', 1), |c| (c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_entities() {
        let source =
            "<b>x</b> &lt; <a href=\"https://a.b\">l</a><pre><code class=\"language-rust\">fn</code></pre>";
        let (text, entities) = parse(source).unwrap();
        assert_eq!(text, "x < lfn");
        let expected = [
            Entity::new("bold", 0, 1),
            Entity::new("text_link", 4, 5).with("url", "https://a.b"),
            Entity::new("pre", 5, 7).with("language", "rust"),
        ];
        assert_eq!(entities, expected);
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        for (source, sentence) in [
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("<b><i>x</b></i>", "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<p>x</p>", "Unsupported start tag \"p\" at byte offset 0"),
            ("a < b", "Unclosed start tag at byte offset 2"),
        ] {
            assert_eq!(parse(source), Err(sentence.to_owned()), "{source}");
        }
    }

    #[test]
    fn unknown_references_stay_literal() {
        assert_eq!(parse("a & b &nbsp; &#65;"), Ok(("a & b &nbsp; A".to_owned(), Vec::new())));
    }
}
