//! Previews of documents, and the reason if there is none.

use super::super::ShownContent::Copy;
use super::super::*;
use super::{blocks, file, lines, said};
use crate::domain::file::DocumentFault;
use crate::domain::file_id::PublicFileId;

fn previewed(name: &str, preview: &str) -> KnownFile {
    KnownFile { provider_id: None, preview: Some(preview.into()), ..file(name, "application/zip", 3_100_000) }
}

#[test]
fn a_preview_stands_below_the_line_of_its_file() {
    let id = PublicFileId::of_bits(7);
    let file = KnownFile { public_id: id, ..previewed("x.zip", "ZIP archive, 1 part\n[x]") };
    let expected = format!(
        "[document \"x.zip\" (application/zip, 3.1 MB): {id}, what could be read of it follows up to the line that ends \
         it; preview_file reads on]\nZIP archive, 1 part\n[x]\n[end of the preview]"
    );
    let message = said(vec![file]);
    assert_eq!(lines(&blocks(std::slice::from_ref(&message))), [expected.as_str()]);
    assert!(shows([&message], ShownContent::Preview("ZIP archive, 1 part\n[x]")));
    assert!(!shows([&message], ShownContent::Preview("[x]")) && !shows([&message], Copy("file_x.zip")));
}

#[test]
fn of_many_previews_the_newest_are_shown() {
    let history: Vec<HistoryMessage> =
        (0..11).map(|number| said(vec![previewed(&format!("{number}.zip"), &number.to_string())])).collect();
    let shown = |number: usize| shows(&history, ShownContent::Preview(&number.to_string()));
    assert!(!shown(0) && !shown(4) && shown(5) && shown(10));
    let all = blocks(&history);
    assert!(lines(&all)[0].ends_with("left out, because many files came after it; preview_file reads it]"));
    let before = blocks(&history[..10]);
    assert!(lines(&before).iter().all(|text| text.ends_with("[end of the preview]")));
}

#[test]
fn a_document_without_a_preview_says_why() {
    let faulty = |fault| KnownFile { provider_id: None, fault: Some(fault), ..file("x.docx", "", 5) };
    for (fault, reason) in [
        (DocumentFault::Empty, "empty"),
        (DocumentFault::Encrypted, "password"),
        (DocumentFault::Broken, "damaged"),
        (DocumentFault::TooLarge, "too much"),
        (DocumentFault::Unsupported, "not supported"),
    ] {
        let blocks = blocks(&[said(vec![faulty(fault)])]);
        assert!(lines(&blocks)[0].contains(reason), "{blocks:?}");
    }
}
