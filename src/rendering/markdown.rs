//! Converts one piece of Markdown to text and entities: walks the parser's events and writes the parts that a
//! chat can show. Text that is certainly no emphasis (`2*3*4`, `obj.__init__`) stays as written. Unsupported
//! HTML and unsafe links become text, and line breaks are kept. Lists and quotes are in `writer`, text with
//! its placeholders in `markdown::text`.

mod text;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::emphasis::opens_emphasis;
use super::entities::{EntityKind, RichText, normalize};
use super::links;
use super::placeholders::Shielded;
use super::prose::prose;
use super::segments::BlockKind;
use super::shield::shield;
use super::syntax;
use super::table::{Fragment, Table};
use super::writer::Writer;

pub(super) use super::writer::Numbering;

/// The text shown for a thematic break.
const RULE: &str = "———";

/// Renders one piece; `numbering` carries the numbers of a list from one item to the next.
pub(super) fn render_block(source: &str, kind: BlockKind, numbering: &mut Option<Numbering>) -> RichText {
    match prose(source) {
        Some(text) if kind == BlockKind::Plain => RichText::plain(text),
        _ => parse_block(source, kind, numbering),
    }
}

/// Renders one piece with the parser, even if `prose` would accept it.
pub(super) fn parse_block(source: &str, kind: BlockKind, numbering: &mut Option<Numbering>) -> RichText {
    let shielded = shield(source, kind);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    let mut renderer = Renderer::new(&shielded, *numbering);
    for (event, range) in Parser::new_ext(&shielded.text, options).into_offset_iter() {
        renderer.event(event, range.start, range.end);
    }
    *numbering = renderer.writer.numbering;
    let Fragment { text, spans } = renderer.writer.finish();
    let entities = normalize(&text, spans);
    RichText { text, entities }
}

/// Emphasis that is still open.
enum Style {
    /// Shown as formatting.
    Shown(EntityKind),
    /// No emphasis after all; this delimiter is text.
    Literal(&'static str),
}

struct Link {
    target: String,
    /// Whether the link's text is the address itself.
    automatic: bool,
}

struct Renderer<'a> {
    shielded: &'a Shielded,
    writer: Writer,
    styles: Vec<Style>,
    /// Where the last emphasis ended; emphasis that begins there is not inside a word.
    emphasis_end: usize,
    links: Vec<Link>,
    code: Option<(Option<String>, String)>,
    table: Option<Table>,
    /// The text around the open table cell.
    outside: Option<Writer>,
}

impl<'a> Renderer<'a> {
    fn new(shielded: &'a Shielded, numbering: Option<Numbering>) -> Self {
        Self {
            shielded,
            writer: Writer::new(numbering),
            styles: Vec::new(),
            emphasis_end: usize::MAX,
            links: Vec::new(),
            code: None,
            table: None,
            outside: None,
        }
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize) {
        let leaf = !matches!(event, Event::Start(_) | Event::End(_));
        match event {
            Event::Start(tag) => self.start(tag, start),
            Event::End(tag) => self.end(tag, end),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&self.shielded.restore(&text)),
                None => self.text(&text),
            },
            Event::Code(code) => {
                let code = self.shielded.restore(&code).into_owned();
                self.writer.put_span(&code, EntityKind::Code);
            }
            Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => {
                let text = self.shielded.restore(&text).into_owned();
                self.writer.put(text.trim_end_matches('\n'));
            }
            Event::FootnoteReference(label) => self.writer.put(&footnote_mark(&label)),
            Event::SoftBreak | Event::HardBreak if self.outside.is_some() => self.writer.put(" "),
            Event::SoftBreak | Event::HardBreak => self.writer.break_line(),
            Event::Rule => {
                self.writer.block(&self.shielded.text, start);
                self.writer.put(RULE);
                self.writer.end_block();
            }
            Event::TaskListMarker(done) => self.writer.check_box(done),
        }
        if leaf && self.code.is_none() {
            self.writer.source_end = start + self.shielded.text[start..end].trim_end().len();
        }
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        let source = &self.shielded.text;
        match tag {
            Tag::Heading { .. } => {
                self.writer.block(source, at);
                self.open_style(EntityKind::Bold);
            }
            Tag::BlockQuote(_) => self.writer.open_quote(source, at),
            Tag::CodeBlock(kind) => {
                self.writer.block(source, at);
                let language = match kind {
                    CodeBlockKind::Fenced(info) => syntax::language(&self.shielded.restore(&info)),
                    CodeBlockKind::Indented => None,
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(number) => self.writer.open_list(source, at, number),
            Tag::Item => self.writer.open_item(source, at),
            Tag::FootnoteDefinition(label) => self.writer.open_footnote(source, at, &footnote_mark(&label)),
            Tag::Table(alignments) => {
                self.writer.block(source, at);
                self.table = Some(Table::new(alignments));
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.start_row();
                }
            }
            Tag::TableCell => self.outside = Some(std::mem::take(&mut self.writer)),
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => self.open_emphasis(&tag, at),
            Tag::Link { link_type, dest_url, .. } => {
                let automatic = matches!(link_type, LinkType::Autolink | LinkType::Email);
                self.open_link(&dest_url, automatic);
            }
            Tag::Image { dest_url, .. } => self.open_link(&dest_url, false),
            _ => self.writer.block(source, at),
        }
    }

    fn end(&mut self, tag: TagEnd, at: usize) {
        match tag {
            TagEnd::Heading(_) => {
                self.close_style();
                self.writer.end_block();
            }
            TagEnd::BlockQuote(_) => self.writer.close_quote(),
            TagEnd::CodeBlock => {
                if let Some((language, code)) = self.code.take() {
                    self.writer.put_block(code.strip_suffix('\n').unwrap_or(&code), language);
                }
                self.writer.source_end = self.shielded.text[..at].trim_end().len();
            }
            TagEnd::List(_) => self.writer.close_list(),
            TagEnd::Item => self.writer.close_item(),
            TagEnd::FootnoteDefinition => self.writer.close_footnote(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.writer.put_fragment(table.into_fragment());
                    self.writer.end_block();
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {}
            TagEnd::TableCell => {
                if let Some(outside) = self.outside.take() {
                    let cell = std::mem::replace(&mut self.writer, outside).finish();
                    if let Some(table) = &mut self.table {
                        table.push_cell(cell);
                    }
                }
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.close_style();
                self.emphasis_end = at;
            }
            TagEnd::Link | TagEnd::Image => self.close_link(),
            _ => self.writer.end_block(),
        }
    }

    fn open_style(&mut self, kind: EntityKind) {
        self.writer.open();
        self.styles.push(Style::Shown(kind));
    }

    fn open_emphasis(&mut self, tag: &Tag<'_>, at: usize) {
        let source = &self.shielded.text;
        let sign = source[at..].chars().next().unwrap_or('*');
        let (kind, delimiter) = match (tag, sign) {
            (Tag::Emphasis, '_') => (EntityKind::Italic, "_"),
            (Tag::Emphasis, _) => (EntityKind::Italic, "*"),
            (Tag::Strong, '_') => (EntityKind::Bold, "__"),
            (Tag::Strong, _) => (EntityKind::Bold, "**"),
            _ if source[at..].starts_with("~~") => (EntityKind::Strikethrough, "~~"),
            _ => (EntityKind::Strikethrough, "~"),
        };
        if delimiter == "~" || !(at == self.emphasis_end || opens_emphasis(source, at, sign)) {
            self.writer.put(delimiter);
            self.styles.push(Style::Literal(delimiter));
        } else {
            self.open_style(kind);
        }
    }

    fn close_style(&mut self) {
        match self.styles.pop() {
            Some(Style::Shown(kind)) => self.writer.close(Some(kind)),
            Some(Style::Literal(delimiter)) => self.writer.put(delimiter),
            None => {}
        }
    }

    fn open_link(&mut self, target: &str, automatic: bool) {
        self.writer.open();
        let target = self.shielded.restore(target).into_owned();
        self.links.push(Link { target, automatic });
    }

    fn close_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        if self.writer.since_open().trim().is_empty() {
            self.writer.put(&link.target);
        }
        // Telegram recognises bare addresses itself. A link inside a link belongs to the outer one.
        if link.automatic || self.writer.since_open() == link.target || !self.links.is_empty() {
            return self.writer.close(None);
        }
        let url = links::target(&link.target);
        let shown = url.is_some() || link.target.is_empty();
        self.writer.close(url.map(|url| EntityKind::TextLink { url }));
        if !shown {
            self.writer.put(&format!(" ({})", links::shown(&link.target)));
        }
    }
}

/// Returns a footnote's number in superscript, or its name in brackets.
fn footnote_mark(label: &str) -> String {
    let digits = label.chars().map(|c| c.is_ascii_digit().then(|| super::symbols::superscript(c)).flatten());
    digits.collect::<Option<String>>().unwrap_or_else(|| format!("[^{label}]"))
}
