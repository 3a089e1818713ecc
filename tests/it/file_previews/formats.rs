//! Workbooks, tables, archives and files with a wrong name: what of them stands in the prompt, and which part
//! `preview_file` reads on request.

use std::fmt::Write as _;

use serde_json::json;

use super::{XLSX, document, first, ids, previewed, text, zipped};
use crate::harness::{ANN, Bot, conversation};

const ROWS: usize = 100_000;

/// A workbook with a sheet of numbers, in which the last column is a formula, and a sheet with one cell.
fn workbook(rows: usize) -> Vec<u8> {
    let mut sheet = "<worksheet><sheetData>".to_owned();
    for row in 1..=rows {
        write!(
            sheet,
            "<row r=\"{row}\"><c r=\"A{row}\"><v>{row}</v></c><c r=\"B{row}\"><f>A{row}*2</f><v>{}</v></c></row>",
            row * 2
        )
        .unwrap();
    }
    sheet.push_str("</sheetData></worksheet>");
    let relations = r#"<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="rId2" Type="x/worksheet" Target="worksheets/sheet2.xml"/></Relationships>"#;
    let main = r#"<workbook xmlns:r="r"><sheets><sheet name="Продажи" sheetId="1" r:id="rId1"/>
        <sheet name="Итог" sheetId="2" r:id="rId2"/></sheets></workbook>"#;
    let second = r#"<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Прибыль</t></is></c></row>
        </sheetData></worksheet>"#;
    zipped(&[
        ("xl/workbook.xml", main),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/worksheets/sheet2.xml", second),
    ])
}

#[tokio::test]
async fn of_a_workbook_the_beginning_is_seen_and_any_row_can_be_read() {
    let bot = Bot::start().await;
    let bytes = workbook(ROWS);
    let size = bytes.len();
    bot.telegram.send(ANN, ANN, document("продажи.xlsx", XLSX, bytes).captioned("What is this?"));
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    for part in [
        "[document \"продажи.xlsx\"",
        "Excel workbook (XLSX), 2 parts",
        "## Part 1: sheet \"Продажи\", 100000 rows x 2 columns",
        "\n7\t14\n",
        "Read on with part=1, offset=",
        "## Part 2: sheet \"Итог\", 1 rows x 1 columns\nПрибыль\n",
        "[end of the preview] | What is this?",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(bot.model.files().is_empty(), "nothing is uploaded");
    let id = ids(&asked)[0].clone();

    let read = previewed(&bot, json!({"file_id": id, "part": 1, "offset": ROWS - 3})).await;
    assert!(text(&read).contains("\n99998\t199996\n99999\t199998\n100000\t200000\n"), "{read}");
    assert_eq!((&read["file_id"], &read["size_bytes"]), (&json!(id), &json!(size)));
    assert_eq!((&read["whole_file"], &read["name"]), (&json!(false), &json!("продажи.xlsx")));
    let next = previewed(&bot, json!({"file_id": id, "part": 1, "offset": 700})).await;
    assert!(text(&next).contains("\n701\t1402\n") && text(&next).contains("Read on with part=1"), "{next}");
    let wrong = previewed(&bot, json!({"file_id": id, "part": 3})).await;
    assert_eq!(wrong["error"], "invalid_arguments", "{wrong}");

    // What was cached and what is read from PostgreSQL are the same prompt.
    bot.ask("And?").await;
    assert_eq!(first(bot.model.requests().last().unwrap()), asked);
    bot.end().await;
}

#[tokio::test]
async fn a_long_table_in_an_old_encoding_is_read_in_its_letters() {
    let bot = Bot::start().await;
    // 2 MB.
    let table = "Чай чёрный листовой;Москва;5\r\nСахар;Санкт-Петербург;7\r\n".repeat(35_000);
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&table);
    let bytes = bytes.into_owned();
    bot.telegram.send(ANN, ANN, document("товары.csv", "text/csv", bytes));
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    assert!(asked.contains("70000 rows x 3 columns\nЧай чёрный листовой\tМосква\t5\nСахар\t"), "{asked}");
    let read = previewed(&bot, json!({"file_id": ids(&asked)[0], "offset": 69_999})).await;
    assert!(
        text(&read).contains("\nСахар\tСанкт-Петербург\t7\n") && !text(&read).contains("Read on"),
        "{read}"
    );
    bot.end().await;
}

#[tokio::test]
async fn what_a_file_is_counts_and_not_what_its_name_says() {
    let bot = Bot::start().await;
    // By name and type it is a text that the provider would take.
    bot.telegram.send(ANN, ANN, document("table.csv", "text/csv", workbook(3)));
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    assert!(asked.contains("Excel workbook (XLSX)") && asked.contains("\n3\t6\n"), "{asked}");
    // A page that a shop sells as a workbook.
    let page = b"<html><body><table><tr><td>tea</td><td>5</td></tr></table></body></html>".to_vec();
    bot.telegram.send(ANN, ANN, document("export.xls", "application/vnd.ms-excel", page));
    bot.answer(ANN, 2).await;
    let asked = conversation(&bot.request(2).await).pop().unwrap();
    assert!(asked.contains("HTML page") && asked.contains("tea"), "{asked}");
    assert!(bot.model.files().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn of_an_archive_with_a_password_the_contents_are_listed() {
    let bot = Bot::start().await;
    let mut bytes = zipped(&[("тайна.txt", "secret")]);
    // The flag of encryption, in the local header and in the directory.
    bytes[6] |= 1;
    let directory = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    bytes[directory + 8] |= 1;
    bot.telegram.send(ANN, ANN, document("a.zip", "application/zip", bytes));
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    assert!(asked.contains("тайна.txt\t6 bytes\tencrypted"), "{asked}");
    bot.end().await;
}
