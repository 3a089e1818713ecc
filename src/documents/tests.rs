//! Documents of each format, valid and damaged.

use super::preview::Size;
use super::samples::{self, zip, zip_bytes};
use super::*;

fn open(name: &str, bytes: &[u8]) -> Result<Preview, DocumentError> {
    preview(Document { name, mime: "", bytes }, Selection::default(), 6_000)
}

fn shown(name: &str, bytes: &[u8]) -> String {
    open(name, bytes).unwrap().to_string()
}

fn select(name: &str, bytes: &[u8], part: usize, from: usize, limit: usize) -> Preview {
    preview(Document { name, mime: "", bytes }, Selection { part: Some(part), from }, limit).unwrap()
}

/// For a document of each format, the texts that the model must see and those that it must not see.
#[expect(clippy::too_many_lines, reason = "a table with a row for each format")]
#[test]
fn each_format_becomes_text() {
    let cases: [(&str, &[&str], &[&str]); 20] = [
        (
            "a.xlsx",
            &[
                "Excel workbook (XLSX), 2 parts\n## Part 1: sheet \"Продажи\", 6 rows x 5 columns\n",
                "Товар\tСумма & дата\nЧай чёрный\t0.3\t2024-01-01 12:00:00\n[3 empty rows]\n\t42\t\t25%\tTRUE\n",
                "sheet \"Тайны\" (hidden), 1 rows x 1 columns\nсекрет\n",
            ],
            &["SUM"],
        ),
        ("a.xlsb", &["sheet \"Лист\", 1 rows x 2 columns\nЧай\t1.5\n"], &[]),
        ("a.xls", &["sheet \"Лист\", 2 rows x 2 columns\nТовар\n\t1.5\n"], &[]),
        (
            "a.ods",
            &["\"Лист\", 2 rows x 4 columns\nда\t\t\t2024-01-01\nда", "\"Скрыт\" (hidden)"],
            &["empty rows"],
        ),
        (
            "a.docx",
            &[
                "## Договор\nСтороны [сайт](https://example.org/)[^2]\n  - пункт\n| Цена | 5 рублей |\n",
                "[^2]: Сноска.",
            ],
            &["старое"],
        ),
        (
            "a.pptx",
            &["Part 1: slide,", "# Первый\nNotes:\nСказать это\n", "Part 2: slide (hidden)", "# Второй\n"],
            &["77"],
        ),
        ("a.odt", &["## Глава\n- пункт  один\n| а | б |\n[ссылка](https://example.org)\n"], &["стёрто"]),
        ("a.odp", &["slide \"Обложка\"", "Привет\nNotes:\nшёпотом\n", "slide \"Конец\""], &[]),
        (
            "a.epub",
            &["chapter \"two.xhtml\", 10 characters\n# Сначала\n## Part 2: chapter \"ch 1.xhtml\""],
            &[],
        ),
        ("a.zip", &["папка/файл.txt\t6 bytes\n"], &["раз"]),
        ("a.tar", &["a.txt\t4 bytes\n"], &[]),
        ("a.tgz", &["a.txt\t4 bytes\n"], &[]),
        ("a.rtf", &["Привет\nмир {ok}\na | b |\n"], &["Arial", "generator"]),
        (
            "a.html",
            &[
                "Тема\n## Заголовок\nТекст с [ссылкой](https://example.org/x) <3\nнет\n- раз\n- два\n| а | б |\n",
            ],
            &["зло", "p{}", "javascript"],
        ),
        (
            "a.eml",
            &[
                "From: Анна <anna@example.org>\n",
                "Subject: Привет\n\nПривет",
                "a.pdf\tapplication/pdf\t5 bytes",
            ],
            &["12345"],
        ),
        ("a.csv", &["2 rows x 2 columns\nимя\tсумма\nчай\t1,5\n"], &["left out"]),
        ("a.json", &["{\"имя\": [1, 2, {\"x\": null}]}"], &["outline"]),
        ("a.ipynb", &["[cell 1, markdown]\n# Раз\nдва\n", "print(1)\n[output]\n1\n", "<F>"], &["AAAA"]),
        ("a.srt", &["[00:00:01] Привет, мир < 3\n[00:01:00] Пока\n"], &["-->"]),
        ("a.txt", &["Text, 1 part\n## Part 1: text, 11 characters\nПривет, мир\n"], &[]),
    ];
    let samples = samples::all();
    for (name, present, absent) in cases {
        let bytes = &samples.iter().find(|(sample, _)| *sample == name).unwrap().1;
        let text = open(name, bytes).unwrap_or_else(|error| panic!("{name}: {error}")).to_string();
        for part in present {
            assert!(text.contains(part), "{name} lacks {part:?}:\n{text}");
        }
        for part in absent {
            assert!(!text.contains(part), "{name} has {part:?}:\n{text}");
        }
        assert!(supports("", name), "{name}");
        assert!(open(name, bytes).unwrap().is_whole(), "{name}");
        // Content decides: the result is the same without a name if the content is unambiguous.
        if !["a.eml", "a.csv", "a.json", "a.ipynb", "a.srt"].contains(&name) {
            assert_eq!(shown("фото.jpg", bytes), text, "{name}");
        }
    }
}

#[test]
fn text_of_any_encoding_is_read() {
    let text = "Съешь же ещё этих мягких французских булок, да выпей чаю. Ёж и уж живут в лесу.";
    let utf16 = |big: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let encode = |encoding: &'static encoding_rs::Encoding| encoding.encode(text).0.into_owned();
    let cases = [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16(false),
        utf16(true),
        [b"\xff\xfe", &utf16(false)[..]].concat(),
        [b"\xfe\xff", &utf16(true)[..]].concat(),
        encode(encoding_rs::WINDOWS_1251),
        encode(encoding_rs::KOI8_R),
        encode(encoding_rs::IBM866),
    ];
    for (index, bytes) in cases.iter().enumerate() {
        assert!(shown("a.txt", bytes).contains(text), "case {index}: {}", shown("a.txt", bytes));
        assert!(shown("a.csv", bytes).contains("Съешь"), "case {index}");
    }
}

#[test]
fn delimiters_are_found() {
    for (table, delimiter) in [
        ("a,b\n1,2\n", b','),
        ("имя;сумма\nчай;1,5\nсок;2,7\n", b';'),
        ("a\tb, c\n1\t2\n", b'\t'),
        ("a|b|c\n1|2|3\n", b'|'),
        ("\"a;b\",c\n\"d;e\",f\n", b','),
    ] {
        assert_eq!(delimited::delimiter(table), delimiter, "{table}");
    }
}

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
fn names_cannot_disguise_themselves() {
    let listing = shown("a.zip", &zip(&[("../../etc/\u{202e}gpj.exe\n\u{1b}[31m", "x")]));
    assert!(listing.contains("../../etc/gpj.exe [31m\t1 bytes"), "{listing:?}");
}

#[test]
fn a_large_json_has_an_outline_first() {
    let json = format!(r#"{{"список": [{}{{"имя": "я"}}], "итог": 3}}"#, r#"{"имя": "я"},"#.repeat(500));
    let found = open("a.json", json.as_bytes()).unwrap();
    let outline = "object:\n  список: array, its first element:\n    - object:\n      имя: \"я\"\n    (501 elements)\n  итог: 3\n";
    assert_eq!(found.parts[0].text, outline);
    assert_eq!(found.parts[1].text.chars().count(), 6_000 - outline.chars().count());
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
