//! Prints how long it takes to stream answers of 25, 50 and 100 KB in deltas of five bytes, with a
//! look at the text after every delta, and to render them at once. The time of a linear renderer
//! doubles with the size. Run with `cargo bench --bench rendering`.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use starling::rendering::{Limits, Stream, render, split};

/// What models write, in about two kilobytes of each kind.
const MIXED: &str = "## A section\n\nSome **bold** text with `code`, a [link](https://example.com/a?b=c) and \
    *emphasis*, long enough to be a paragraph of its own; привет, мир 😀.\n\n- an item\n- another item with \
    $x^2$\n  - a nested one\n\n```rust\nfn main() {\n    println!(\"hello\");\n}\n```\n\n| a | b |\n|---|---|\n\
    | 1 | 2 |\n\n> a quote\n\n";

/// Paragraphs of words, without markup.
const PLAIN: &str = "An explanation has sentences, such as this one, and most of them need no formatting at all. A \
    second sentence follows, so that the paragraph has the length that models give to theirs.\n\n";

fn kinds() -> [(&'static str, String, &'static str); 6] {
    [
        ("mixed answer", String::new(), MIXED),
        ("plain paragraphs", String::new(), PLAIN),
        ("one open fence", "```rust\n".to_owned(), "    let value = compute(1, 2, \"three\");\n"),
        ("one long list", String::new(), "- an item with **bold** text and `code`\n"),
        ("one long table", "| a | b |\n|---|---|\n".to_owned(), "| some cell | another cell |\n"),
        ("one endless line", String::new(), "words and more words, "),
    ]
}

/// Milliseconds for one answer, streamed with a look after each delta and at once, and microseconds a delta.
fn measure(text: &str) -> (f64, f64, f64) {
    let start = Instant::now();
    let mut stream = Stream::new(Limits::MESSAGE);
    let (mut at, mut deltas) = (0, 0);
    while at < text.len() {
        let end = text.ceil_char_boundary((at + 5).min(text.len()));
        stream.push(&text[at..end]);
        black_box(stream.head());
        at = end;
        deltas += 1;
    }
    let streamed = stream.finish();
    let stream_ms = start.elapsed().as_secs_f64() * 1000.0;
    let start = Instant::now();
    let whole = split(&render(text), Limits::MESSAGE.code_points, Limits::MESSAGE.entities);
    let whole_ms = start.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(streamed, whole, "a stream must end as the whole does");
    (stream_ms, whole_ms, stream_ms * 1000.0 / f64::from(deltas))
}

fn main() {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "{:<18}{:>8}{:>14}{:>12}{:>14}",
        "answer", "KB", "streamed ms", "at once ms", "us a delta"
    );
    for (name, opening, unit) in kinds() {
        for kilobytes in [25, 50, 100] {
            let size = kilobytes * 1024;
            let text = opening.clone() + &unit.repeat(size / unit.len());
            let (streamed, whole, per_delta) = measure(&text);
            let _ = writeln!(out, "{name:<18}{kilobytes:>8}{streamed:>14.1}{whole:>12.2}{per_delta:>14.2}");
        }
    }
}
