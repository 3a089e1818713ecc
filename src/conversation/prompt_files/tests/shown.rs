//! Which files are shown and which have become lines, and that a line stays one.

use proptest::prelude::*;

use super::super::ShownContent::Copy;
use super::super::*;
use super::{blocks, file, lines, said};
use crate::domain::file_id::PublicFileId;

#[test]
fn the_file_of_a_message_that_is_replied_to_is_told_apart() {
    let theirs = KnownFile { replied: true, ..file("theirs.png", "image/png", 10) };
    let message = said(vec![theirs, file("own.png", "image/png", 10)]);
    let blocks = blocks(std::slice::from_ref(&message));
    assert_eq!(lines(&blocks), ["[the file of the message that is replied to:]"]);
    let shown = |block: &Block| if let Block::File(file) = block { file.name.clone() } else { String::new() };
    assert_eq!(blocks.iter().map(shown).collect::<Vec<_>>(), ["", "theirs.png", "own.png"]);
    assert!(shows([&message], Copy("file_own.png")) && !shows([&message], Copy("file_x")));
}

#[test]
fn what_is_a_line_in_a_prompt_is_not_shown() {
    let photos: Vec<HistoryMessage> =
        (0..21).map(|number| said(vec![file(&number.to_string(), "image/png", 1)])).collect();
    assert!(!shows(&photos, Copy("file_0")) && shows(&photos, Copy("file_10")));
    assert!(shows(&photos[..20], Copy("file_0")));
}

#[test]
fn a_lost_file_becomes_the_line_that_the_next_prompt_has() {
    let there = file("x.pdf", "application/pdf", 10);
    let gone = KnownFile { provider_id: None, ..there.clone() };
    let (before, after) = (blocks(&[said(vec![there])]), blocks(&[said(vec![gone])]));
    let Block::File(shown) = &before[0] else { panic!("{before:?}") };
    assert_eq!(lines(&after), [shown.instead.as_str()]);
}

#[test]
fn the_model_is_never_shown_files_in_its_own_messages() {
    let answer = HistoryMessage { role: Role::Assistant, ..said(vec![file("x.png", "image/png", 1)]) };
    assert_eq!(blocks(&[answer]), []);
}

proptest! {
    /// Photos, PDFs and texts in any order become lines in steps, and a line never becomes a block again.
    #[test]
    fn blocks_become_lines_in_steps_and_never_come_back(kinds in prop::collection::vec(0..3_usize, 0..80)) {
        let types = [("image/png", 5), ("application/pdf", 5), ("text/plain", 5)];
        let history: Vec<HistoryMessage> = kinds
            .iter()
            .enumerate()
            .map(|(number, &kind)| {
                let (mime, size) = types[kind];
                said(vec![file(&format!("{number}"), mime, size)])
            })
            .collect();
        let mut before: Vec<Block> = Vec::new();
        let mut changes = 0;
        for length in 0..=history.len() {
            let now = blocks(&history[..length]);
            let count = |readable| now.iter().filter(|block| {
                matches!(block, Block::File(file) if file.readable == readable)
            }).count();
            prop_assert!(count(Readable::Image) <= 20);
            prop_assert!(count(Readable::Pdf) <= 10);
            for (old, new) in before.iter().zip(&now) {
                prop_assert!(old == new || matches!((old, new), (Block::File(_), Block::Text(_))));
            }
            changes += usize::from(!now.starts_with(&before));
            before = now;
        }
        let many = |kind| kinds.iter().filter(|&&other| other == kind).count();
        prop_assert!(changes <= many(0) / 10 + many(1) / 5, "{changes} changes of the prefix");
    }
}

#[test]
fn a_picture_or_pdf_that_is_left_out_names_the_tool_that_sees_it() {
    let id = PublicFileId::of_bits(7);
    for (mime, tool, many) in [("image/png", "analyze_image", 21), ("application/pdf", "analyze_pdf", 11)] {
        let sent = |_| said(vec![KnownFile { public_id: id, ..file("x", mime, 1_000) }]);
        let history: Vec<HistoryMessage> = (0..many).map(sent).collect();
        let blocks = blocks(&history);
        let line = lines(&blocks)[0];
        assert!(line.contains(&format!(": {id}, left out,")) && line.contains(tool), "{line}");
        assert!(matches!(blocks.last(), Some(Block::File(_))));
    }
}
