//! Citations of web pages: numbers the sources of an answer in the order of their first use, makes the marks
//! in its text and the list of links below it. Pure, so that its tests are tables.

use std::fmt::Write;

use crate::domain::blank::{is_blank, is_invisible};

/// The most sources of one answer. What cites a further one gets no mark, so every mark has its line in the
/// list.
const MOST_SOURCES: usize = 20;
/// The longest title in the list, in code points.
const TITLE_CHARS: usize = 80;
/// The longest address that becomes a link, in bytes.
const URL_BYTES: usize = 2_000;
/// What must not follow a mark directly: with it, `[1]` would be a link or the definition of one.
const LINK_MAKERS: [char; 3] = ['(', '[', ':'];

/// A web page that an answer relies on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// Its address; empty if it is not known.
    pub url: String,
    /// Its title as its author wrote it; may be empty.
    pub title: String,
}

/// A source of a piece of text, as the provider names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Citation {
    /// A result of a search.
    Page(Source),
    /// A page that was fetched.
    Document {
        /// Its number among the documents of the request, from 0.
        index: Option<usize>,
        /// Its title; may be empty.
        title: String,
    },
}

/// The sources of an answer while it grows.
#[derive(Debug, Default)]
pub(crate) struct Citations {
    sources: Vec<Source>,
    /// The pages that were fetched for this answer, oldest first.
    fetched: Vec<Source>,
    /// Whether the text so far ends with a mark.
    marked: bool,
}

impl Citations {
    /// Adds a page that was fetched, which later citations name by title or number.
    pub(crate) fn fetched(&mut self, page: Source) {
        self.fetched.push(page);
    }

    /// Returns the next piece of the text, so that a mark before it stays text.
    pub(crate) fn text(&mut self, piece: String) -> String {
        if piece.is_empty() || !std::mem::take(&mut self.marked) || !piece.starts_with(LINK_MAKERS) {
            return piece;
        }
        format!(" {piece}")
    }

    /// Returns the marks behind a piece of text that cites these sources, such as `[1][3]`, and the sources
    /// that are new, in the order of their numbers.
    pub(crate) fn mark(&mut self, cited: &[Citation]) -> (String, Vec<Source>) {
        let known = self.sources.len();
        let mut numbers = Vec::new();
        for citation in cited {
            let source = self.source(citation);
            numbers.extend(source.and_then(|source| self.number(source)));
        }
        numbers.sort_unstable();
        numbers.dedup();
        self.marked |= !numbers.is_empty();
        let mut marks = String::new();
        for number in numbers {
            write!(marks, "[{number}]").unwrap_or_default();
        }
        (marks, self.sources[known..].to_vec())
    }

    /// Returns all sources that have a number, in order.
    pub(crate) fn into_sources(self) -> Vec<Source> {
        self.sources
    }

    /// Finds the page that a citation means; `None` if nothing could be shown of it.
    fn source(&self, citation: &Citation) -> Option<Source> {
        let source = match citation {
            Citation::Page(page) => page.clone(),
            Citation::Document { index, title } => {
                let titled = |page: &&Source| !is_blank(title) && page.title == *title;
                let numbered = || self.fetched.get((*index)?);
                let only = || self.fetched.first().filter(|_| self.fetched.len() == 1);
                let page = self.fetched.iter().rfind(titled).or_else(numbered).or_else(only);
                page.cloned().unwrap_or_else(|| Source { title: title.clone(), ..Source::default() })
            }
        };
        (!is_blank(&source.url) || !is_blank(&source.title)).then_some(source)
    }

    /// Returns the number of a source, from 1; `None` if the list is full.
    fn number(&mut self, source: Source) -> Option<usize> {
        let same = |known: &Source| match (known.url.is_empty(), source.url.is_empty()) {
            (false, false) => known.url == source.url,
            (true, true) => known.title == source.title,
            _ => false,
        };
        if let Some(at) = self.sources.iter().position(same) {
            return Some(at + 1);
        }
        if self.sources.len() == MOST_SOURCES {
            return None;
        }
        self.sources.push(source);
        Some(self.sources.len())
    }
}

/// Returns what ends an answer with sources: the list of them below a heading, as Markdown. A fenced block
/// that the text leaves open is closed first. Returns `None` for an answer without sources.
pub(crate) fn ending(text: &str, heading: &str, sources: &[Source]) -> Option<String> {
    if sources.is_empty() {
        return None;
    }
    let mut ending = open_fence(text).map(|fence| format!("\n{fence}")).unwrap_or_default();
    write!(ending, "\n\n**{heading}**").unwrap_or_default();
    for (source, number) in sources.iter().zip(1..) {
        write!(ending, "\n{number}. {}", line(source)).unwrap_or_default();
    }
    Some(ending)
}

/// Returns a source as a link, or as text if its address cannot be one.
fn line(source: &Source) -> String {
    let (host, title) = (host(&source.url), plain_title(&source.title));
    let title = match (title.is_empty(), host) {
        (false, _) => title,
        (true, Some(host)) => plain_title(host),
        (true, None) => plain_title(&source.url),
    };
    let url = &source.url;
    let is_link = host.is_some()
        && url.len() <= URL_BYTES
        && !url.contains(|c: char| c.is_whitespace() || is_invisible(c) || matches!(c, '<' | '>' | '\\'));
    if is_link { format!("[{title}](<{url}>)") } else { title }
}

/// Returns the host of a web address, as people read it; `None` if it is no web address.
pub(crate) fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.strip_prefix("www.").unwrap_or(host);
    (is_web && !host.is_empty()).then_some(host)
}

/// Returns a title as one line without Markdown, at most [`TITLE_CHARS`] code points. Strangers choose it.
fn plain_title(title: &str) -> String {
    let mut plain = String::new();
    for c in title.chars() {
        match c {
            '[' => plain.push('('),
            ']' => plain.push(')'),
            '\\' => plain.push('/'),
            '`' => plain.push('\''),
            '*' | '_' | '~' | '<' | '>' | '|' | '#' | '$' => plain.push(' '),
            c if c.is_whitespace() || c.is_control() => plain.push(' '),
            c if is_invisible(c) => {}
            c => plain.push(c),
        }
    }
    one_line(&plain, TITLE_CHARS)
}

/// Returns a text as one line of at most `most` code points.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let visible = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let line: String = text.chars().map(visible).filter(|&c| c == ' ' || !is_invisible(c)).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let begin: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", begin.trim_end())
}

/// Returns the fence that closes a block of code which the text leaves open.
fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines().map(str::trim) {
        let Some(mark) = line.chars().next().filter(|c| matches!(c, '`' | '~')) else { continue };
        let rest = line.trim_start_matches(mark);
        let length = line.len() - rest.len();
        match open {
            None if length >= 3 && !(mark == '`' && rest.contains('`')) => open = Some((mark, length)),
            Some((begun, least)) if begun == mark && length >= least && rest.is_empty() => open = None,
            _ => {}
        }
    }
    open.map(|(mark, length)| mark.to_string().repeat(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str, title: &str) -> Source {
        Source { url: url.to_owned(), title: title.to_owned() }
    }

    fn found(name: &str) -> Citation {
        Citation::Page(page(&format!("https://{name}.example/"), name))
    }

    fn document(index: Option<usize>, title: &str) -> Citation {
        Citation::Document { index, title: title.to_owned() }
    }

    #[test]
    fn sources_are_numbered_by_first_use_without_repetition() {
        let mut citations = Citations::default();
        for (cited, marks, new) in [
            (vec![found("b")], "[1]", vec!["b"]),
            (vec![found("a"), found("b"), found("a")], "[1][2]", vec!["a"]),
            (vec![], "", vec![]),
            (vec![Citation::Page(page("", " "))], "", vec![]),
            (vec![Citation::Page(page("https://b.example/", "another title"))], "[1]", vec![]),
            (vec![document(Some(7), "offline")], "[3]", vec!["offline"]),
            (vec![document(None, "offline")], "[3]", vec![]),
            (vec![document(None, "")], "", vec![]),
        ] {
            let (found, sources) = citations.mark(&cited);
            let titles: Vec<&str> = sources.iter().map(|source| source.title.as_str()).collect();
            assert_eq!((found.as_str(), titles), (marks, new), "{cited:?}");
        }
        assert_eq!(citations.into_sources().len(), 3);
    }

    #[test]
    fn a_fetched_page_is_known_by_its_title_its_number_or_because_it_is_the_only_one() {
        let pages = [page("https://a.example/", "A"), page("https://b.example/", "B")];
        for (fetched, cited, url) in [
            (&pages[..], document(Some(0), "B"), "https://b.example/"),
            (&pages[..], document(Some(1), "renamed"), "https://b.example/"),
            (&pages[..], document(Some(9), "renamed"), ""),
            (&pages[..1], document(Some(9), ""), "https://a.example/"),
            (&pages[..0], document(Some(0), "C"), ""),
        ] {
            let mut citations = Citations::default();
            for page in fetched {
                citations.fetched(page.clone());
            }
            assert_eq!(citations.mark(std::slice::from_ref(&cited)).1[0].url, url, "{cited:?}");
        }
    }

    #[test]
    fn beyond_the_limit_there_are_no_marks() {
        let mut citations = Citations::default();
        for number in 1..=MOST_SOURCES {
            assert_eq!(citations.mark(&[found(&format!("s{number}"))]).0, format!("[{number}]"));
        }
        assert_eq!(citations.mark(&[found("one-more")]), (String::new(), Vec::new()));
        assert_eq!(citations.mark(&[found("one-more"), found("s2")]).0, "[2]");
    }

    #[test]
    fn a_mark_does_not_become_a_link_with_the_text_behind_it() {
        for (next, shown) in
            [("(see)", " (see)"), ("[x]", " [x]"), (": it", " : it"), (" (see)", " (see)"), ("", "")]
        {
            let mut citations = Citations::default();
            citations.mark(&[found("a")]);
            assert_eq!(citations.text(next.to_owned()), shown, "{next}");
        }
        let mut citations = Citations::default();
        assert_eq!(citations.text("(see)".to_owned()), "(see)", "without a mark before it");
        citations.mark(&[found("a")]);
        assert_eq!(citations.text("x".to_owned()) + &citations.text("(y)".to_owned()), "x(y)");
    }

    #[test]
    fn the_list_has_links_where_the_addresses_allow_it() {
        let long = format!("https://a.example/{}", "x".repeat(URL_BYTES));
        for (source, shown) in [
            (page("https://a.example/b?c=d#e", "A title"), "[A title](<https://a.example/b?c=d#e>)"),
            (page("https://a.example/(b)", "A [1](x) *b* `c`"), "[A (1)(x) b 'c'](<https://a.example/(b)>)"),
            (page("https://a.example/", "two\nlines\u{202e}"), "[two lines](<https://a.example/>)"),
            (page("https://www.a.example/", " "), "[a.example](<https://www.a.example/>)"),
            (page("javascript:alert(1)", "Bad"), "Bad"),
            (page("ftp://a.example/", ""), "ftp://a.example/"),
            (page("https://a.example/> <b", "Odd"), "Odd"),
            (page(&long, "Long"), "Long"),
            (page("", "No address"), "No address"),
        ] {
            assert_eq!(line(&source), shown, "{source:?}");
        }
        let title = line(&page("", &"я".repeat(100)));
        assert!(title.chars().count() == TITLE_CHARS && title.ends_with('…'), "{title}");
    }

    #[test]
    fn the_ending_stands_behind_the_text_and_never_inside_its_code() {
        let sources = [page("https://a.example/", "A"), page("", "B")];
        let list = "\n\n**Sources**\n1. [A](<https://a.example/>)\n2. B";
        for (text, before) in [
            ("Text[1]", ""),
            ("```rust\nlet x", "\n```"),
            ("~~~~\n```\nx\n~~~", "\n~~~~"),
            ("```\nx\n```\n", ""),
            ("- a\n  ```\n  x", "\n```"),
            ("```inline``` code", ""),
            ("", ""),
        ] {
            assert_eq!(ending(text, "Sources", &sources), Some(format!("{before}{list}")), "{text}");
        }
        assert_eq!(ending("Text", "Sources", &[]), None);
    }

    #[test]
    fn what_people_read_of_an_address_is_its_host() {
        for (url, shown) in [
            ("https://www.a.example/b", Some("a.example")),
            ("HTTP://u:p@a.example:80?x", Some("a.example:80")),
            ("ftp://a.example", None),
            ("https:///b", None),
            ("a.example", None),
        ] {
            assert_eq!(host(url), shown, "{url}");
        }
    }
}
