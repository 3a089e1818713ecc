//! Citations of web pages: numbers the sources of an answer in the order of their first use, makes the marks
//! in its text and the list of links below it. Pure, so that its tests are tables.

use std::fmt::Write;

use crate::domain::blank::{is_blank, is_invisible};

/// The most sources of one answer. Text that cites a source beyond them gets no mark, so every mark has its line in
/// the list.
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
            '|' => plain.push('·'),
            '*' | '_' | '~' | '<' | '>' | '#' | '$' => plain.push(' '),
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
mod tests;
