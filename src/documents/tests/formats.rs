//! The text that each format, encoding and delimiter becomes.

use super::super::*;
use super::{open, shown};

#[test]
fn a_formula_without_a_stored_result_shows_itself() {
    let text = shown(
        "a.xlsx",
        &samples::xlsx_with(
            r#"<worksheet><sheetData><row r="1">
            <c r="A1"><f>SUM(B1:C1) &amp; "x"</f><v></v></c><c r="B1"><f>1+1</f><v/></c><c r="C1"><f>2*2</f><v>4</v></c>
            <c r="D1" t="str"><f>IF(A1="","","x")</f><v></v></c><c r="E1"><f t="shared" si="0"/></c><c r="F1"/>
            <c r="G1"><v>7</v></c></row></sheetData></worksheet>"#,
        ),
    );
    assert!(text.contains("\n=SUM(B1:C1) & \"x\"\t=1+1\t4\t\t\t\t7\n"), "{text}");
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
fn a_large_json_has_an_outline_first() {
    let json = format!(r#"{{"список": [{}{{"имя": "я"}}], "итог": 3}}"#, r#"{"имя": "я"},"#.repeat(500));
    let found = open("a.json", json.as_bytes()).unwrap();
    let outline = "object:\n  список: array, its first element:\n    - object:\n      имя: \"я\"\n    (501 elements)\n  итог: 3\n";
    assert_eq!(found.parts[0].text, outline);
    assert_eq!(found.parts[1].text.chars().count(), 6_000 - outline.chars().count());
}
