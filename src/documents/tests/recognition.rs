//! What a file is, whatever its name says, and the error of one that cannot be read.

use super::super::samples::zip;
use super::super::*;
use super::{open, shown};

#[test]
fn wrong_files_have_their_own_errors() {
    let docx = samples::docx();
    let encrypted_odt = zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", "?"),
        ("META-INF/manifest.xml", "<manifest:encryption-data/>"),
    ]);
    let cases: [(&str, &[u8], DocumentError); 11] = [
        ("a.txt", b"", DocumentError::Empty),
        ("a.csv", b" \r\n ", DocumentError::Empty),
        ("a.docx", &docx[..docx.len() / 2], DocumentError::Broken),
        ("a.xlsx", &[7; 300], DocumentError::Broken),
        ("a.txt", &[7; 300], DocumentError::Unsupported("binary data")),
        ("a.docx", b"%PDF-1.7 ...", DocumentError::Unsupported("PDF")),
        ("a.docx", b"\x89PNG\r\n\x1a\n", DocumentError::Unsupported("image")),
        ("a.xlsx", &samples::compound("/EncryptedPackage", b"x"), DocumentError::Encrypted),
        (
            "a.doc",
            &samples::compound("/WordDocument", b"x"),
            DocumentError::Unsupported("Word 97-2003 document (DOC)"),
        ),
        ("a.xls", &samples::compound("/Workbook", b"\x2f\0\0\0"), DocumentError::Encrypted),
        ("a.odt", &encrypted_odt, DocumentError::Encrypted),
    ];
    for (name, bytes, error) in cases {
        assert_eq!(open(name, bytes), Err(error), "{name}");
    }
    let missing =
        preview(Document { name: "a.txt", mime: "", bytes: b"x" }, Selection { part: Some(2), from: 0 }, 10);
    assert_eq!(missing, Err(DocumentError::NoSuchPart { parts: 1 }));
}

#[test]
fn a_lying_name_does_not_matter() {
    assert!(shown("a.docx", &samples::xlsx()).contains("Продажи"));
    assert!(shown("a.txt", &samples::docx()).contains("Договор"));
    assert!(shown("a.xls", samples::HTML.as_bytes()).contains("## Заголовок"));
    assert!(shown("a.xls", "a\tb\n1\t2\n".as_bytes()).contains("2 rows x 2 columns"));
    assert!(shown("a.pdf", "просто текст".as_bytes()).contains("просто текст"));
}

#[test]
fn support_is_known_before_the_download() {
    for (mime, name) in [
        ("text/plain; charset=utf-8", ""),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "x"),
        ("application/vnd.oasis.opendocument.spreadsheet", ""),
        ("application/octet-stream", "КОД.RS"),
        ("", "../../etc/таблица.XLSX"),
    ] {
        assert!(supports(mime, name), "{mime} {name}");
    }
    for (mime, name) in [("image/png", "a.png"), ("application/pdf", "a.pdf"), ("", ""), ("video/mp4", "rs")]
    {
        assert!(!supports(mime, name), "{mime} {name}");
    }
}

#[test]
fn names_cannot_disguise_themselves() {
    let listing = shown("a.zip", &zip(&[("../../etc/\u{202e}gpj.exe\n\u{1b}[31m", "x")]));
    assert!(listing.contains("../../etc/gpj.exe [31m\t1 bytes"), "{listing:?}");
}
