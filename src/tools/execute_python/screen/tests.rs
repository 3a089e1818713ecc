//! The last lines, as a terminal would show them.

use proptest::prelude::*;

use super::*;

/// Returns the lines after these pieces of standard output.
fn printed(pieces: &[&str]) -> Vec<String> {
    let mut shown = Shown::default();
    for piece in pieces {
        shown.add(&ExecutionEvent::Stdout((*piece).to_owned()));
    }
    shown.seen.borrow().clone()
}

#[test]
fn the_last_three_lines_are_shown_plain_and_short() {
    let long = "x".repeat(81);
    let cut = format!("{}…", "x".repeat(79));
    for (pieces, lines) in [
        (vec!["step 1\n"], vec!["step 1"]),
        (vec!["a\nb\nc\nd\n"], vec!["b", "c", "d"]),
        (vec!["a\nb\nc\n", "d"], vec!["b", "c", "d"]),
        (vec!["ste", "p 1", "\n", "\n  \n", "step 2\n"], vec!["step 1", "step 2"]),
        (vec!["  шаг\t1  \r\n"], vec!["  шаг 1"]),
        (vec![" 10%|#", "\r 20%|##", "\r 30%|###"], vec![" 30%|###"]),
        (vec!["\u{1b}[", "32mgreen\u{1b}[0m\u{7}\u{202e}\n"], vec!["green"]),
        (vec![&long, "\n", &long[..80]], vec![&cut, &long[..80]]),
        (vec!["\u{1b}[2J", " \n\n"], vec![]),
    ] {
        assert_eq!(printed(&pieces), lines, "{pieces:?}");
    }
}

#[test]
fn both_outputs_are_shown_in_the_order_in_which_they_are_printed() {
    let mut shown = Shown::default();
    shown.add(&ExecutionEvent::Stdout("begin".into()));
    shown.add(&ExecutionEvent::Stderr("\r 10%".into()));
    shown.add(&ExecutionEvent::Stderr("\r 20%".into()));
    shown.add(&ExecutionEvent::Skipped);
    assert_eq!(*shown.seen.borrow(), ["begin", " 20%"]);
}

proptest! {
    #[test]
    fn whatever_is_printed_fits_and_can_be_shown(pieces in prop::collection::vec("[\\x1b\\[\\n\\r0-9;mAю ]{0,200}", 0..9)) {
        let lines = printed(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert!(lines.len() <= LINES);
        for line in lines {
            prop_assert!(!line.trim().is_empty() && line.chars().count() <= LINE_CHARS && !line.contains(char::is_control));
        }
    }
}
