//! Incremental rendering of a growing text. Pieces that can no longer change are rendered once. Each display
//! costs only the open piece and the open message, however long the answer is.

use super::entities::RichText;
use super::mend::mend;
use super::page::Page;
use super::segments::Segmenter;
use super::split::{Limits, split};
use super::visible;

/// From this size in bytes, an open piece (an item or a table as long as a message) is rendered again only
/// after it has grown by an eighth, which keeps the total cost of all displays linear.
const LAZY_BYTES: usize = 4 * 1024;

/// Renders a growing text. The result of `finish` does not depend on how the text was cut into deltas. It
/// equals `split(&render(text), ..)`, except that messages that were already full do not get links by
/// reference.
#[derive(Debug)]
pub struct Stream {
    limits: Limits,
    /// The incomplete last line.
    line: String,
    segmenter: Segmenter,
    page: Page,
    settled: Vec<RichText>,
    /// The last rendering of a long open piece, and the number of open bytes at that time.
    last_look: Option<(usize, Vec<RichText>)>,
}

impl Stream {
    /// Creates an empty text that is cut into messages within `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            line: String::new(),
            segmenter: Segmenter::default(),
            page: Page::default(),
            settled: Vec::new(),
            last_look: None,
        }
    }

    /// Appends text of the model.
    pub fn push(&mut self, delta: &str) {
        for piece in visible(delta).split_inclusive('\n') {
            self.line.push_str(piece);
            if self.line.ends_with('\n') {
                self.line.pop();
                let page = &mut self.page;
                self.segmenter.line(&self.line, &mut |piece| page.add(piece));
                let full = self.page.settle(self.limits);
                self.settled.extend(full.into_iter().map(|part| resolved(&self.page, part, self.limits)));
                self.line.clear();
            }
        }
    }

    /// Returns the full messages at the beginning, which never change again.
    pub fn settled(&self) -> &[RichText] {
        &self.settled
    }

    /// Returns the current messages behind the settled ones, usually one. Unfinished markup is completed or
    /// held back, so the text never looks broken. It may lag behind by a few characters, and by an eighth of
    /// an item or a table that is longer than a message.
    pub fn head(&mut self) -> Vec<RichText> {
        let open = self.segmenter.open_bytes() + self.line.len();
        if let Some((bytes, look)) = &self.last_look
            && open > LAZY_BYTES
            && *bytes <= open
            && open < bytes + bytes / 8
        {
            return look.clone();
        }
        let mut page = self.page.clone();
        let mut segmenter = self.segmenter.clone();
        if !self.line.is_empty() && !segmenter.may_vanish(&self.line) {
            segmenter.line(&self.line, &mut |piece| page.add(piece));
        }
        segmenter.finish_open(mend, &mut |piece| page.add(piece));
        let parts = parts(page, self.limits);
        self.last_look = (open > LAZY_BYTES).then(|| (open, parts.clone()));
        parts
    }

    /// Completes the text and returns all its messages, the settled ones first.
    pub fn finish(mut self) -> Vec<RichText> {
        let page = &mut self.page;
        if !self.line.is_empty() {
            self.segmenter.line(&self.line, &mut |piece| page.add(piece));
        }
        self.segmenter.finish(&mut |piece| page.add(piece));
        self.settled.extend(parts(self.page, self.limits));
        self.settled
    }
}

/// Returns the messages of a page. References become links after the cuts, so that a definition moves no cut.
fn parts(page: Page, limits: Limits) -> Vec<RichText> {
    let definitions = page.definitions().clone();
    let parts = split(&page.into_rich(), limits.code_points, limits.entities);
    parts.into_iter().map(|part| definitions.resolve(part, limits.entities)).collect()
}

fn resolved(page: &Page, part: RichText, limits: Limits) -> RichText {
    page.definitions().resolve(part, limits.entities)
}
