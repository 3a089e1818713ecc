//! The few HTML elements that models write into Markdown and that a chat can show. All other text in angle
//! brackets stays as written.

use super::entities::EntityKind;

/// The longest tag that is recognised, in bytes.
const LONGEST_TAG: usize = 16;

/// What an element means in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// A line break.
    Break,
    /// Formatted text.
    Style(EntityKind),
    /// Superscript text.
    Raised,
    /// Subscript text.
    Lowered,
    /// Monospace text.
    Code,
    /// A collapsible part.
    Details,
    /// The title of a collapsible part.
    Summary,
}

/// A tag at the beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) element: Element,
    /// Whether this is an end tag.
    pub(super) closes: bool,
    /// The length of the tag in bytes.
    pub(super) length: usize,
    /// The end tag of the element.
    pub(super) closer: &'static str,
}

const NAMES: [(&str, &str); 14] = [
    ("br", ""),
    ("b", "</b>"),
    ("strong", "</strong>"),
    ("i", "</i>"),
    ("em", "</em>"),
    ("u", "</u>"),
    ("s", "</s>"),
    ("del", "</del>"),
    ("sub", "</sub>"),
    ("sup", "</sup>"),
    ("kbd", "</kbd>"),
    ("code", "</code>"),
    ("details", "</details>"),
    ("summary", "</summary>"),
];

fn element(name: &str) -> Element {
    match name {
        "br" => Element::Break,
        "b" | "strong" => Element::Style(EntityKind::Bold),
        "i" | "em" => Element::Style(EntityKind::Italic),
        "u" => Element::Style(EntityKind::Underline),
        "s" | "del" => Element::Style(EntityKind::Strikethrough),
        "sub" => Element::Lowered,
        "sup" => Element::Raised,
        "details" => Element::Details,
        "summary" => Element::Summary,
        _ => Element::Code,
    }
}

/// Returns the tag that `text` begins with. Returns `None` if it has attributes or an unknown name.
pub(super) fn tag(text: &str) -> Option<Tag> {
    let end = text.bytes().take(LONGEST_TAG).position(|byte| byte == b'>')?;
    let inner = text[..end].strip_prefix('<')?;
    let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let written = inner.strip_suffix('/').filter(|_| !closes).unwrap_or(inner).trim_end_matches(' ');
    let known = |(name, _): &&(&str, &str)| written.eq_ignore_ascii_case(name);
    let is_open = || written.eq_ignore_ascii_case("details open");
    let &(name, closer) = NAMES.iter().find(known).or_else(|| is_open().then_some(&NAMES[12]))?;
    let is_break = name == "br";
    if is_break == closes && is_break || (inner.ends_with('/') && !is_break) {
        return None;
    }
    Some(Tag { element: element(name), closes, length: end + 1, closer })
}

/// Returns whether `text`, an incomplete text that begins with `<`, may become a tag.
pub(super) fn may_become_tag(text: &str) -> bool {
    if text.len() > LONGEST_TAG {
        return false;
    }
    let inner = text.strip_prefix('<').unwrap_or(text);
    let name = inner.strip_prefix('/').unwrap_or(inner).to_ascii_lowercase();
    NAMES.iter().any(|(known, _)| {
        known.starts_with(&name) || (*known == "br" && name.trim_end_matches([' ', '/']) == "br")
    })
}

/// How an element continues behind its start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The end tag begins after this number of bytes.
    End(usize),
    /// The same start tag occurs again first, so the earlier one is plain text.
    Again,
}

/// Returns how the element continues whose start tag directly precedes `text`. Returns `None` if it does not.
pub(super) fn next(tag: &Tag, text: &str) -> Option<Next> {
    let mut tags = text.match_indices('<').filter_map(|(at, _)| Some((at, self::tag(&text[at..])?)));
    let (at, found) = tags.find(|(_, found)| found.closer == tag.closer)?;
    Some(if found.closes { Next::End(at) } else { Next::Again })
}

/// Returns the content of an element that contains only text, with its character references decoded.
pub(super) fn unescaped(text: &str) -> String {
    let signs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    signs.iter().fold(text.to_owned(), |text, (written, sign)| text.replace(written, sign))
}

#[cfg(test)]
mod tests;
