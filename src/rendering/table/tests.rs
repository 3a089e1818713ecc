//! Narrow and wide tables.

use super::*;

fn table(alignments: &[Alignment], rows: &[&[&str]]) -> Fragment {
    let mut table = Table::new(alignments.to_vec());
    for row in rows {
        table.start_row();
        for cell in *row {
            table.push_cell(Fragment { text: (*cell).to_owned(), spans: Vec::new() });
        }
    }
    table.into_fragment()
}

#[test]
fn a_narrow_table_is_aligned() {
    let aligned =
        table(&[Alignment::Left, Alignment::Right], &[&["名前", "n"], &["Ann", "10"], &["Боб", "7"]]);
    assert_eq!(aligned.text, "名前 |  n\n-----+---\nAnn  | 10\nБоб  |  7");
}

#[test]
fn columns_are_counted_as_a_monospace_font_draws_them() {
    for (cell, width) in [
        ("e\u{301}", 1),
        ("한국", 4),
        ("👍🏽", 2),
        ("👩‍👩‍👧", 2),
        ("☕", 2),
        ("⚠️", 2),
        ("⚠", 1),
        ("🇺🇦", 2),
        ("a\u{200b}b", 2),
        ("…", 1),
    ] {
        let rule = format!("{}-+---", "-".repeat(width));
        let aligned = table(&[Alignment::Left, Alignment::Left], &[&[cell, "n"], &["", "10"]]);
        assert_eq!(aligned.text.lines().nth(1), Some(rule.as_str()), "{cell:?}");
    }
}

#[test]
fn a_wide_table_becomes_records() {
    let wide = "a cell that is far too wide for a phone";
    let records =
        table(&[Alignment::None, Alignment::None], &[&["Key", "Value"], &["one", wide], &["two", ""]]);
    assert_eq!(records.text, format!("Key: one\nValue: {wide}\n\nKey: two\nValue: –"));
    assert_eq!(records.spans.len(), 2);
}
