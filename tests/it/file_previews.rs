//! Documents that the model does not read itself: their beginning stands in the prompt, `preview_file` reads
//! on, and one that cannot be read is explained.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{Attachment, Fault, NewFile, Person};
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;
use zip::write::SimpleFileOptions;

use crate::files_out::made;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const ROWS: usize = 100_000;

fn document(name: &str, mime: &str, bytes: Vec<u8>) -> NewFile {
    NewFile::new(Attachment::Document, name, mime, bytes)
}

fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

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

fn letter(text: &str) -> Vec<u8> {
    let body = format!(
        "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    );
    zipped(&[("word/document.xml", &body)])
}

/// What Office makes of a document with a password.
fn encrypted() -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/EncryptedPackage").unwrap().write_all(b"?").unwrap();
    file.into_inner().into_inner()
}

/// Returns the ids of files in a text, in order.
fn ids(text: &str) -> Vec<String> {
    let candidates = text.match_indices("file_").filter_map(|(at, _)| text.get(at..at + 27));
    candidates.filter(|id| id[5..].chars().all(|c| c.is_ascii_alphanumeric())).map(str::to_owned).collect()
}

/// Lets the model call preview_file at the next question; returns the result that it reads.
async fn previewed(bot: &Bot, input: Value) -> Value {
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "preview_file".to_owned(), input },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::steps(vec![Step::Text("I have read it.".to_owned())]));
    let before = bot.model.requests().len();
    bot.ask("Read on.").await;
    let request = bot.request(before + 2).await;
    let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let blocks = blocks.as_array().unwrap();
    let result = &blocks.iter().find(|block| block["type"] == "tool_result").unwrap()["content"];
    serde_json::from_str(result.as_str().or(result[0]["text"].as_str()).unwrap()).unwrap()
}

fn text(result: &Value) -> &str {
    result["text"].as_str().unwrap_or_else(|| panic!("{result}"))
}

fn first(request: &Recorded) -> String {
    conversation(request).swap_remove(0)
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
async fn a_letter_needs_no_words_and_is_remembered_by_another_instance() {
    let mut bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, document("письмо.docx", DOCX, letter("Уважаемая Анна!")));
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    assert!(
        asked.contains("Word document (DOCX), 1 part\n") && asked.contains("\nУважаемая Анна!\n"),
        "{asked}"
    );
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.kill().await;
    bot.run().await;
    bot.ask("Who wrote it?").await;
    assert_eq!(first(&bot.request(2).await), asked);
    let list = {
        bot.model.script(Reply::steps(vec![
            Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
            Step::Stop(StopReason::ToolUse),
        ]));
        bot.ask("What have I sent?").await;
        bot.request(4).await.body["messages"].to_string()
    };
    assert!(list.contains(&ids(&asked)[0]) && list.contains("preview_file"), "{list}");
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
async fn a_document_that_cannot_be_read_is_explained_and_costs_nothing() {
    let bot = Bot::start().await;
    let whole = letter("Hello");
    let cut = whole[..whole.len() / 2].to_vec();
    let cases = [
        (document("secret.xlsx", XLSX, encrypted()), "password", "needs a password"),
        (document("cut.docx", DOCX, cut), "damaged or incomplete", "is damaged or incomplete"),
        (
            document("scan.docx", DOCX, b"%PDF-1.7 ...".to_vec()),
            "cannot open a file of this format",
            "not supported",
        ),
        (document("blank.rtf", "application/rtf", b" \r\n ".to_vec()), "is empty", "empty"),
    ];
    for (number, (file, told, _)) in cases.iter().enumerate() {
        bot.telegram.send(ANN, ANN, file.clone());
        let answer = bot.answer(ANN, number + 1).await;
        assert!(answer.contains(told), "{answer}");
    }
    assert_eq!((bot.model.requests().len(), bot.database.count("SELECT count(*) FROM turns").await), (0, 0));
    for (number, (file, _, line)) in cases.into_iter().enumerate() {
        bot.telegram.send(ANN, ANN, file.captioned("What is this?"));
        bot.answer(ANN, number + 5).await;
        let asked = conversation(&bot.request(number + 1).await).pop().unwrap();
        assert!(asked.contains("[document \"") && asked.contains(line), "{asked}");
        assert!(asked.ends_with("What is this?"), "the words go on: {asked}");
    }
    bot.end().await;
}

#[tokio::test]
async fn an_album_of_documents_goes_on_without_the_one_that_cannot_be_read() {
    let bot = Bot::start().await;
    let album = vec![
        document("secret.xlsx", XLSX, encrypted()).captioned("Compare these."),
        document("a.docx", DOCX, letter("First.")),
        NewFile::text("b.txt", "Second."),
    ];
    bot.telegram.send_album(ANN, ANN, None, album);
    bot.answer(ANN, 1).await;
    let asked = first(&bot.request(1).await);
    assert!(asked.contains("needs a password") && asked.contains("\nFirst.\n"), "{asked}");
    assert_eq!((bot.model.files().len(), bot.model.requests().len()), (1, 1));
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

#[tokio::test]
async fn files_of_others_are_not_found_and_stand_in_no_prompt() {
    let bot = Bot::start().await;
    bot.telegram.send(BOB, BOB, document("secret of bob.docx", DOCX, letter("Bob's secret.")));
    bot.answer(BOB, 1).await;
    let of_bob = ids(&first(&bot.request(1).await))[0].clone();
    for id in [of_bob.as_str(), "file_0000000000000000000000", "7", "BQACAgI", ""] {
        let told = previewed(&bot, json!({"file_id": id})).await;
        assert_eq!(told["error"], "not_found", "{id}: {told}");
        let words = format!("Not found in this conversation: {id}.");
        assert!(told["message"].as_str().unwrap().starts_with(&words), "{told}");
    }
    for request in &bot.model.requests()[1..] {
        let prompt = request.body["messages"].to_string();
        assert!(!prompt.contains("secret"), "{prompt}");
    }
    // Nor does Ann find her own after /clear.
    bot.telegram.send(ANN, ANN, document("own.docx", DOCX, letter("Mine.")));
    let before = bot.model.requests().len();
    let own = ids(conversation(&bot.request(before + 1).await).last().unwrap())[0].clone();
    bot.request_end(before + 1).await;
    bot.sql("UPDATE threads SET cleared_up_to = 2000000000, history_version = history_version + 1").await;
    assert_eq!(previewed(&bot, json!({"file_id": own})).await["error"], "not_found");
    bot.end().await;
}

#[tokio::test]
async fn texts_can_be_read_and_pictures_are_seen() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::text("notes.txt", "First.\nSecond.").captioned("Keep this."));
    bot.answer(ANN, 1).await;
    bot.telegram.send(ANN, ANN, document("a.png", "image/png", samples::png(10, 10)).captioned("And this."));
    bot.answer(ANN, 2).await;
    let rows: Vec<String> = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id")
        .fetch_all(bot.books())
        .await
        .unwrap();
    let id = |row: &str| PublicFileId::from_column(row).unwrap().to_string();
    let read = previewed(&bot, json!({"file_id": id(&rows[0]), "offset": 7})).await;
    assert!(text(&read).contains("\nSecond.\n") && !text(&read).contains("First."), "{read}");
    let seen = previewed(&bot, json!({"file_id": id(&rows[1])})).await;
    assert_eq!(seen["error"], "not_a_document", "{seen}");
    bot.end().await;
}

#[tokio::test]
async fn a_document_that_is_replied_to_stands_in_the_prompt_once() {
    let bot = Bot::start().await;
    let sent = bot.telegram.send(ANN, ANN, document("a.docx", DOCX, letter("Once.")));
    bot.answer(ANN, 1).await;
    bot.telegram.reply(ANN, ANN, sent.message_id, "And what does it say?");
    bot.answer(ANN, 2).await;
    assert_eq!(count(&bot.request(2).await, "\nOnce.\n"), 1);
    // What a friend has sent comes with the reply to it.
    let sent = bot.telegram.send(GROUP, BOB, document("b.docx", DOCX, letter("Twice.")));
    for _ in 0..2 {
        bot.telegram.reply(GROUP, ANN, sent.message_id, "@starling_bot what does it say?");
        let asked = bot.request(bot.model.requests().len() + 1).await;
        bot.request_end(bot.model.requests().len()).await;
        assert_eq!(count(&asked, "\nTwice.\n"), 1);
        assert!(
            first(&asked)
                .starts_with("user: [the file of the message that is replied to:] | [document \"b.docx\"")
        );
    }
    bot.end().await;
}

/// Counts a text in what people have said; the model repeats it.
fn count(request: &Recorded, text: &str) -> usize {
    let said = conversation(request);
    said.iter().filter(|said| said.starts_with("user: ")).map(|said| said.matches(text).count()).sum()
}

#[tokio::test]
async fn what_a_tool_has_made_can_be_read_before_and_after_its_delivery() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "report.docx", DOCX, &letter("Made.")).await;
    let read = previewed(&bot, json!({"file_id": id})).await;
    assert_eq!((&read["whole_file"], text(&read).contains("\nMade.\n")), (&json!(true), true), "{read}");
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": id}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ask("Send it to me.").await;
    bot.database.until("SELECT count(*) FROM made_files WHERE telegram_id IS NOT NULL", 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM made_file_contents").await, 0);
    bot.telegram.fail_next("getFile", 1, Fault::Status(502));
    let read = previewed(&bot, json!({"file_id": id})).await;
    assert!(text(&read).contains("\nMade.\n"), "{read}");
    bot.end().await;
}

#[tokio::test]
async fn what_telegram_does_not_hand_out_is_told_early() {
    let bot = Bot::start().await;
    let large = || document("large.xlsx", XLSX, vec![b'P'; (20 << 20) + 1]);
    bot.telegram.send(ANN, ANN, large());
    assert!(bot.answer(ANN, 1).await.contains("20 MB"), "{}", bot.screen(ANN));
    bot.telegram.send(ANN, ANN, large().captioned("And now?"));
    bot.answer(ANN, 2).await;
    let asked = first(&bot.request(1).await);
    assert!(asked.contains("too large to be read here, the limit is 20.9 MB]"), "{asked}");
    let row: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap();
    let told =
        previewed(&bot, json!({"file_id": PublicFileId::from_column(&row).unwrap().to_string()})).await;
    assert_eq!(told["error"], "too_large", "{told}");
    assert!(bot.telegram.view(|view| view.downloads().is_empty()));
    bot.end().await;
}

#[tokio::test]
async fn the_reason_is_given_in_the_language_of_the_person() {
    let bot = Bot::start().await;
    let mut vera = Person::new(77, "Вера");
    vera.language_code = Some("ru".to_owned());
    bot.telegram.add_user(vera);
    bot.telegram.send(77, 77, document("отчёт.xlsx", XLSX, encrypted()));
    assert!(bot.answer(77, 1).await.contains("защищён паролем"), "{}", bot.screen(77));
    bot.end().await;
}
