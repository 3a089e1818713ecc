//! Long texts of the scripted model.

use std::fmt::Write as _;

/// A critic's verdict.
pub(super) const VERDICT: &str = include_str!("texts/verdict.json").trim_ascii_end();
/// About 1,500 characters of prose.
pub(super) const STORY: &str = include_str!("texts/story.md").trim_ascii_end();
/// Every Markdown construct.
pub(super) const TOUR: &str = include_str!("texts/tour.md").trim_ascii_end();
/// Three fenced blocks.
pub(super) const CODE: &str = include_str!("texts/code.md").trim_ascii_end();

/// Python that draws a chart.
pub(super) const CHART: &str = include_str!("texts/chart.py").trim_ascii_end();

const LONG_CHARS: usize = 12_000;

/// Returns at least `LONG_CHARS` characters in numbered sections, so that a lost or duplicated part is
/// visible.
pub(super) fn long() -> String {
    let mut text = String::from("A long answer, in numbered sections.");
    let mut chars = 0;
    let mut section = 0;
    while chars < LONG_CHARS {
        let from = text.len();
        section += 1;
        let squares: Vec<String> = (1..=section).map(|n| (n * n).to_string()).collect();
        let _ = write!(
            text,
            "\n\n## {section}. Section number {section} 🚀\n\n\
             This is paragraph {section}a. It has some **bold** words, some *italic* ones and a value, \
             `{section}_000`, and it goes on for a while so that a reader can see the text grow.\n\n\
             Абзац {section}б написан по-русски: в нём есть буквы, которые занимают два байта, и тире — \
             которое занимает три. Числа идут подряд, и ничего не должно пропасть. 👩‍💻✨\n\n\
             ```python\n# block {section}\nsquares = [{}]\nprint(sum(squares), \"*not italic*\")\n```\n\n\
             - item {section}.1\n- item {section}.2\n- item {section}.3",
            squares.join(", ")
        );
        chars += text[from..].chars().count();
    }
    let _ = write!(text, "\n\nThat was section {section}, the last one.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, least, most) in
            [(STORY.to_owned(), 1400, 1700), (long(), 12_000, 13_000), (TOUR.to_owned(), 1000, 3000)]
        {
            let chars = text.chars().count();
            assert!((least..=most).contains(&chars), "{chars} characters: {}", &text[..20]);
            assert_eq!(text, text.trim());
        }
    }
}
