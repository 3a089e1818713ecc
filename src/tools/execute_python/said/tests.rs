//! Limits of outputs, tracebacks and displayed values.

use proptest::prelude::*;

use super::*;

#[test]
fn a_long_output_keeps_its_beginning_and_its_end() {
    let mut output = Capped::default();
    output.push("start ");
    (0..100_000).for_each(|number| output.push(&format!("{number}\n")));
    output.push("конец");
    let text = output.to_string();
    assert!(text.starts_with("start 0\n1\n") && text.ends_with("99999\nконец"));
    assert!(text.chars().count() < HEAD + TAIL + 60 && text.contains("characters left out ...]"));
}

#[test]
fn the_end_of_a_traceback_stays_and_its_colours_go() {
    let mut said = Said::default();
    let frames = "  \u{1b}[0;32mFile\u{1b}[0m \"x\", line 1\n".repeat(1_000);
    said.add(ExecutionEvent::Error {
        name: "ValueError".into(),
        value: "bad".into(),
        traceback: format!("{frames}\u{1b}[0;31mValueError\u{1b}[0m: bad"),
    });
    let mut result = json!({});
    said.tell(&mut result);
    let traceback = result["exception"]["traceback"].as_str().unwrap();
    assert!(traceback.ends_with("line 1\nValueError: bad") && traceback.starts_with("[... "), "{traceback}");
    assert!(said.has_raised() && !traceback.contains('\u{1b}'));
}

#[test]
fn displayed_things_are_limited_and_that_is_told() {
    let mut said = Said::default();
    for number in 0..15 {
        said.add(ExecutionEvent::Result(Shown { text: Some(format!("v{number}")), files: Vec::new() }));
        let file = ShownFile { mime: "image/png", extension: "png", bytes: vec![1] };
        said.add(ExecutionEvent::Result(Shown { text: Some("<Figure>".into()), files: vec![file] }));
    }
    said.add(ExecutionEvent::Skipped);
    let mut result = json!({});
    said.tell(&mut result);
    assert_eq!((said.pictures.len(), &result["displayed_but_left_out"]), (10, &json!(11)));
    assert_eq!(result["values"].as_array().unwrap().len(), 10);
    assert!(result.get("stdout").is_none() && !result.to_string().contains("Figure"));
}

proptest! {
    #[test]
    fn a_short_output_is_kept_as_it_is(pieces: Vec<String>) {
        let mut output = Capped::default();
        for piece in &pieces {
            output.push(piece);
        }
        let whole = pieces.concat();
        prop_assume!(whole.chars().count() <= HEAD + TAIL);
        prop_assert_eq!(output.to_string(), whole);
    }

    #[test]
    fn no_text_panics_when_its_colours_are_removed(text in "[\\x1b\\[0-9;mAю ]*") {
        let is_coloured = Escapes::removed(&text).contains('\u{1b}');
        prop_assert!(!is_coloured);
    }
}
