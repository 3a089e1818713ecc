//! The end of a growing text: completes or holds back unfinished markup, so that the displayed text is most
//! likely a prefix of the final text. Not used for finished texts.

use super::inline::{End, Inline};
use super::syntax::{BLANKS, Fence, is_blank, unquoted};
use super::table;

/// The longest paragraph in bytes that is mended. Longer ones are shown unchanged, to bound the cost of each
/// display.
const LONGEST_PARAGRAPH: usize = 4 * 1024;

/// Returns the open piece with its last paragraph mended.
pub(super) fn mend(source: &str) -> String {
    let mut text = source.trim_end().to_owned();
    match last_line_in_code(&text) {
        CodeLine::Inside => return source.to_owned(),
        CodeLine::Closing => {
            drop_last_line(&mut text);
            return text;
        }
        CodeLine::Outside => {}
    }
    drop_bare_marker(&mut text);
    let paragraph = last_paragraph(&text);
    if text.len() - paragraph > LONGEST_PARAGRAPH {
        return text;
    }
    if may_become_table(&text[paragraph..]) {
        text.truncate(text[..paragraph].trim_end().len());
        return text;
    }
    match Inline::new(&text[paragraph..]).unfinished() {
        End::Hold(at) => {
            text.truncate(text[..paragraph + at].trim_end().len());
            drop_bare_marker(&mut text);
        }
        End::Unwrap { open, text_end } => {
            let inner = text[paragraph + open + 1..paragraph + text_end].to_owned();
            text.truncate(paragraph + open);
            if text.ends_with('!') {
                text.pop();
            }
            text.push_str(inner.trim_end());
        }
        End::Plain => {}
    }
    let paragraph = paragraph.min(text.len());
    let (shown, closers) = Inline::new(&text[paragraph..]).closers();
    text.truncate(paragraph + shown);
    text.push_str(&closers);
    text
}

fn drop_last_line(text: &mut String) {
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    text.truncate(text[..line].trim_end().len());
}

fn drop_bare_marker(text: &mut String) {
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    if is_bare_marker(&text[line..]) {
        drop_last_line(text);
    }
}

/// How the last line relates to fenced code.
enum CodeLine {
    Outside,
    /// In code, or the closing line of the code.
    Inside,
    /// In code, but the growing line may become the closing line.
    Closing,
}

fn last_line_in_code(source: &str) -> CodeLine {
    let mut open: Option<Fence> = None;
    let mut last = CodeLine::Outside;
    for line in source.lines().map(unquoted) {
        (open, last) = match open {
            Some(fence) if fence.is_closed_by(line) => (None, CodeLine::Inside),
            Some(fence) if fence.may_be_closed_by(line) => (Some(fence), CodeLine::Closing),
            Some(fence) => (Some(fence), CodeLine::Inside),
            None => match Fence::open_anywhere(line) {
                Some(fence) => (Some(fence), CodeLine::Inside),
                None => (None, CodeLine::Outside),
            },
        };
    }
    last
}

/// Returns whether the paragraph may be the beginning of a table without a complete row. Only its second line
/// shows whether the first is a header.
fn may_become_table(paragraph: &str) -> bool {
    let mut lines = paragraph.lines();
    let (Some(header), rule, None) = (lines.next(), lines.next(), lines.next()) else { return false };
    let is_row = unquoted(header).trim_start_matches(BLANKS).starts_with('|') && !header.contains("||");
    is_row
        && rule.is_none_or(|rule| {
            unquoted(rule).chars().all(|c| "|-: ".contains(c)) && table::cells(rule) < table::cells(header)
        })
}

/// Returns whether a line may become a heading, an item, a rule, a quote or a fence, but has no content yet.
fn is_bare_marker(line: &str) -> bool {
    let content = line.trim_matches(BLANKS);
    let number = content.trim_end_matches(['.', ')']);
    let digits = !number.is_empty() && number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    digits || content.chars().all(|c| "#-=*+_>|`~ ".contains(c))
}

/// Returns the position at which the last paragraph begins.
fn last_paragraph(text: &str) -> usize {
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if is_blank(unquoted(line)) {
            start = at;
        }
    }
    start.min(text.len())
}
