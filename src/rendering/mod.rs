//! Converts Markdown as models write it to text and entities as Telegram accepts them. No parse mode is used,
//! so Telegram cannot reject the formatting. Pure code: no I/O, no clock. The steps: `segments` cuts the text
//! into pieces, `prose` recognises pieces that need no parser, `shield` protects text from the parser,
//! `markdown` parses and writes (tables in `table`), `entities` enforces Telegram's rules, `page` joins the
//! pieces, `split` cuts messages, and `references` resolves reference links. `stream` does all this for a
//! growing text, and `growing` splits it into messages.

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
mod corpus_blocks;
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

/// Renders a whole text of any length. Cut the result with [`split()`] before sending it.
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

/// Returns the text as Telegram's servers store it (measured with TDLib). They remove some characters from
/// every message, which would shift the entities behind them, and treat control characters as white space.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\r' | '\u{30a}' | '\u{333}' | '\u{33f}' | '\u{2028}'..='\u{202e}'))
        .map(|c| if c < ' ' && !matches!(c, '\n' | '\t') { ' ' } else { c })
        .collect()
}
