//! Tests: questions to a model about a file of the conversation.

use super::*;

#[test]
fn every_fault_of_a_file_has_its_own_word_and_advice() {
    let broken = |error: PdfError| told("file_1", &error.into());
    for (failure, word, part) in [
        (broken(PdfError::Encrypted), "encrypted", "password"),
        (broken(PdfError::Broken), "broken", "damaged"),
        (broken(PdfError::Foreign), "wrong_kind", "no PDF"),
        (broken(PdfError::LargePages(30_000_000)), "too_large", "30 MB, at most 22 MB"),
        (broken(PdfError::TooManyPages { selected: 120, of: 240 }), "too_many_pages", "240 pages, and 120"),
        (broken(PdfError::NoSuchPage { of: 3 }), "invalid_arguments", "3 pages"),
        (told("file_1", &ViewError::WrongKind(ViewKind::Picture)), "wrong_kind", "analyze_image"),
        (told("file_1", &ViewError::WrongKind(ViewKind::Pdf)), "wrong_kind", "analyze_pdf"),
        (told("file_1", &ViewError::WrongKind(ViewKind::Not)), "wrong_kind", "preview_file"),
        (told("file_1", &ViewError::Picture(PictureFault::Unsupported)), "unsupported", "JPEG"),
        (told("file_1", &ContentError::Gone.into()), "not_found", "file_1"),
    ] {
        assert!(failure.error == word && failure.message.contains(part), "{failure:?}");
    }
}
