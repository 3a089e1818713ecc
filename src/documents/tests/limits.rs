//! Limits of rows, cells, nesting and work; files of few bytes that stand for many.

use super::super::preview::Size;
use super::super::samples::{zip, zip_bytes};
use super::super::*;
use super::{open, select, shown};

#[test]
fn a_hundred_thousand_rows_are_bounded_and_read_on_anywhere() {
    let bytes = samples::large_xlsx(100_000);
    let found = open("a.xlsx", &bytes).unwrap();
    assert_eq!(found.parts[0].size, Size::Table { rows: 100_000, columns: 10 });
    assert!(found.parts[0].complete && !found.is_whole());
    let rest = found.parts[0].shown;
    let text = found.to_string();
    assert!(text.chars().count() < 7_000);
    assert!(
        text.contains(&format!("[rows {}-100000 left out. Read on with part=1, offset={rest}.]", rest + 1))
    );
    assert!(text.contains("секрет"), "the second sheet has its share");
    let late = select("a.xlsx", &bytes, 1, 99_998, 1_000);
    assert!(late.parts[0].text.starts_with("99999.5\t") && late.parts[0].next().is_none());
    assert_eq!(late.parts[1].size, Size::Unknown);
    let behind = select("a.xlsx", &bytes, 1, 200_000, 1_000).to_string();
    assert!(behind.contains("[Offset 200000 is behind the end: there are 100000 rows.]"), "{behind}");
}

#[test]
fn long_cells_and_rows_are_cut_with_a_mark() {
    let table = format!("{},б\n", "a".repeat(5_000));
    let text = shown("a.csv", format!("{table}{table}").as_bytes());
    assert!(text.contains(&format!("{}…[4700 more characters]\tб\n", "a".repeat(300))), "{text}");
    let wide = vec!["целое"; 3_000].join(",") + "\n1\n";
    let found = open("a.csv", wide.as_bytes()).unwrap();
    assert!(found.parts[0].text.ends_with("…[cut]\n") && found.parts[0].next() == Some(1));
}

#[test]
fn bombs_are_refused_before_they_unpack() {
    let spaces = " ".repeat(40 << 20);
    let held = zip(&[
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", r#"<c full-path="b.opf"/>"#),
        ("b.opf", r#"<p><item id="a" href="a.html"/><itemref idref="a"/></p>"#),
        ("a.html", &spaces),
    ]);
    assert_eq!(open("a.epub", &held), Err(DocumentError::TooLarge));
    let node = samples::xlsx_with(&format!("<worksheet><sheetData><row><c><v>{spaces}"));
    assert_eq!(open("a.xlsx", &node), Err(DocumentError::TooLarge));
    let names: Vec<String> = (0..20_001).map(|index| index.to_string()).collect();
    let many = zip_bytes(&names.iter().map(|name| (name.as_str(), &b""[..])).collect::<Vec<_>>());
    assert_eq!(open("a.zip", &many), Err(DocumentError::TooLarge));
    assert_eq!(open("a.xls", &samples::xls(65_535, 255)), Err(DocumentError::TooLarge));
    let far = samples::xlsx_with(
        r#"<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>"#,
    );
    assert!(
        shown("a.xlsx", &far)
            .contains("1048576 rows x 16384 columns\n[1048575 empty rows]\n\t[16383 columns]\t1\n")
    );
}

#[test]
fn entities_are_not_expanded_and_deep_nesting_ends() {
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
        <w:document><w:p><w:r><w:t>до&b;&f;после</w:t></w:r></w:p></w:document>";
    assert!(shown("a.docx", &zip(&[("word/document.xml", entities)])).contains("\nдопосле\n"));
    let deep = "<w:tc><w:hyperlink>".repeat(200_000);
    assert!(open("a.docx", &zip(&[("word/document.xml", &deep)])).is_ok());
    assert!(open("a.html", "<ul><li><div>".repeat(100_000).as_bytes()).is_ok());
    assert_eq!(
        open("a.rtf", format!("{{\\rtf{}", "{".repeat(100_000)).as_bytes()),
        Err(DocumentError::Broken)
    );
    assert!(open("a.json", "[".repeat(100_000).as_bytes()).is_ok());
    let mail = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n".repeat(20_000);
    assert!(open("a.eml", mail.as_bytes()).is_ok());
}

#[test]
fn work_stops_at_its_limit() {
    let row = "<table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell><text:p>";
    let text = "я".repeat(1_000);
    let sheet = format!(
        "<d><table:table>{row}{text}</text:p></table:table-cell></table:table-row></table:table></d>"
    );
    let bytes =
        zip(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &sheet)]);
    let found = open("a.ods", &bytes).unwrap();
    assert!(!found.complete && !found.is_whole());
    assert!(found.to_string().contains(", at least 31967 rows"), "{found}");
}

#[test]
fn a_workbook_of_few_bytes_cannot_stand_for_many() {
    // Each of 3,000 cells shows the same string of 65,000 characters.
    let record = |kind: u16, body: &[u8]| samples::record(kind, body);
    let long = |part: &str| part.repeat(8_000).into_bytes();
    let strings = [&[0, 0, 0, 0, 1, 0, 0, 0][..], &64_000_u16.to_le_bytes(), &[0], &long("a")].concat();
    let more = [&[0][..], &long("b")].concat();
    let cells = (0..3_000_u16).map(|row| record(0xfd, &[&row.to_le_bytes()[..], &[0; 8]].concat()));
    let parts = [vec![record(0xfc, &strings)], vec![record(0x3c, &more); 7]].concat().concat();
    let book = samples::xls_stream(&parts, &cells.collect::<Vec<_>>().concat());
    assert_eq!(open("a.xls", &samples::compound("/Workbook", &book)), Err(DocumentError::TooLarge));
    // A sheet declares four thousand million rows.
    let size = [&[0, 0, 0, 0][..], &[0xff; 4], &[0, 0, 255, 0, 0, 0]].concat();
    let book = samples::xls_stream(&[], &record(0x200, &size));
    assert!(open("a.xls", &samples::compound("/Workbook", &book)).is_ok());
}
