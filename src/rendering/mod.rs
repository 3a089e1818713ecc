//! Markdown as models write it to text and entities as Telegram takes them. No parse mode is used, so no
//! formatting can be refused. Pure code: no I/O, no clock. The way of a text: `segments` cuts, `prose` knows
//! what needs no parser, `shield` protects, `markdown` parses and writes, `entities` sets the rules, `page`
//! puts together, `split` cuts messages, `references` makes links of what was defined; `stream` does it all
//! for a text that grows, `growing` hands its messages out.

mod emphasis;
mod entities;
mod growing;
mod html;
mod inline;
mod latex;
mod links;
mod markdown;
mod math;
mod mend;
mod page;
mod placeholders;
mod prose;
mod references;
mod segments;
mod shield;
mod split;
mod stream;
mod symbols;
mod syntax;
mod table;
mod wire;
mod writer;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod corpus_extra;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use entities::{Entity, EntityKind, RichText};
pub use growing::Growing;
pub use split::{Limits, split};
pub use stream::Stream;

/// Renders a whole text. Any length; cut the result with [`split()`] before sending it.
pub fn render(markdown: &str) -> RichText {
    let markdown = visible(markdown);
    let mut segmenter = segments::Segmenter::default();
    let mut page = page::Page::default();
    for line in markdown.lines() {
        segmenter.line(line, &mut |piece| page.add(piece));
    }
    segmenter.finish(&mut |piece| page.add(piece));
    let definitions = page.definitions().clone();
    definitions.resolve(page.into_rich(), usize::MAX)
}

/// The text as Telegram's servers keep it (measured with TDLib): they drop some characters from every
/// message, so that entities behind them would be out of place, and see blanks in control characters.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\r' | '\u{30a}' | '\u{333}' | '\u{33f}' | '\u{2028}'..='\u{202e}'))
        .map(|c| if c < ' ' && !matches!(c, '\n' | '\t') { ' ' } else { c })
        .collect()
}
