//! Sizes of files: what is fetched and what is told instead, from Telegram's own server and from a local one.

use std::path::PathBuf;

use playground::anthropic::{Endpoint, Recorded};
use playground::telegram::{Attachment, NewFile, Person};
use serde_json::json;

use crate::harness::{ANN, BOUND, Bot, conversation, scaled};

const MB: usize = 1_000_000;

/// A directory for the files of a local Bot API server, removed when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("starling-{name}-{}", std::process::id())))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Returns a PDF of this size.
fn pdf(name: &str, size: usize) -> NewFile {
    let mut file = NewFile::pdf(name, 2);
    file.bytes.resize(size, b'\n');
    file
}

/// Returns a ZIP archive with one file of this size.
fn zip(name: &str, size: usize) -> NewFile {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("measurements.bin", stored).unwrap();
    archive.write_all(&vec![7; size]).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    NewFile::new(Attachment::Document, name, "application/zip", bytes)
}

fn shown(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.name.clone()).collect()
}

/// Returns the newest request for an answer. The tokens of a large file are counted by another one before.
fn newest(bot: &Bot) -> Recorded {
    bot.model.requests().into_iter().rfind(|request| request.endpoint == Endpoint::Messages).unwrap()
}

fn asked_for_files(bot: &Bot) -> usize {
    let calls = bot.telegram.calls();
    calls.iter().filter(|call| call.method.eq_ignore_ascii_case("getFile")).count()
}

#[tokio::test]
async fn of_19_mb_a_pdf_is_read_and_of_21_mb_people_and_the_model_are_told_the_limit() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, pdf("small.pdf", 19 * MB));
    assert!(bot.answer(ANN, 1).await.contains("You sent a PDF \"small.pdf\" (2 pages)."));
    assert_eq!(shown(&bot.request(1).await), ["small.pdf"]);
    bot.telegram.send(ANN, ANN, pdf("large.pdf", 21 * MB));
    let told = bot.answer(ANN, 2).await;
    assert!(told.contains("too large") && told.contains("20 MB") && told.contains("smaller"), "{told}");
    bot.telegram.send(ANN, ANN, pdf("large.pdf", 21 * MB).captioned("What is in it?"));
    bot.answer(ANN, 3).await;
    let asked = newest(&bot);
    assert_eq!(shown(&asked), ["small.pdf"]);
    assert_eq!(
        conversation(&asked).last().unwrap(),
        "user: [document \"large.pdf\" (application/pdf, 21.0 MB): too large to be read here, the limit is 20.9 MB] \
         | What is in it?"
    );
    assert_eq!(
        (asked_for_files(&bot), bot.model.files().len()),
        (1, 1),
        "the large one is not even asked for"
    );
    let stored = "SELECT count(*) FROM files WHERE refusal = 'too_large' AND size_limit = 20971520 AND fetched IS NULL";
    assert_eq!(bot.database.count(stored).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn what_is_unsupported_or_empty_is_told_with_what_to_do() {
    let bot = Bot::start().await;
    let program =
        || NewFile::new(Attachment::Document, "setup.exe", "application/x-msdownload", vec![7; 900]);
    for (number, (file, advice)) in [
        (program(), "I read text, photos, PDFs"),
        (NewFile::text("empty.txt", ""), "This file is empty. Please check it and send it again."),
        (NewFile::text("blank.csv", " \n "), "This file is empty. Please check it and send it again."),
        (NewFile::new(Attachment::Document, "empty.docx", "", Vec::new()), "This file is empty."),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.send(ANN, ANN, file);
        let told = bot.answer(ANN, number + 1).await;
        assert!(told.contains(advice), "{told}");
    }
    bot.telegram.send(ANN, ANN, program().captioned("What is this?"));
    bot.answer(ANN, 5).await;
    let asked = conversation(&bot.request(1).await);
    assert_eq!(
        asked,
        [
            "user: [document \"setup.exe\" (application/x-msdownload, 900 bytes): not readable here] | What is this?"
        ]
    );
    bot.end().await;
}

#[tokio::test]
async fn a_local_server_hands_out_larger_files_up_to_what_each_kind_may_have() {
    let directory = Directory::new("local");
    let mut bot = Bot::prepare_local(&directory.0, [("TELEGRAM_FILE_LIMIT_MB", "40")]).await;
    bot.run().await;
    bot.telegram.send(ANN, ANN, pdf("large.pdf", 30 * MB));
    assert!(bot.answer(ANN, 1).await.contains("You sent a PDF \"large.pdf\" (2 pages)."));
    assert_eq!(shown(&bot.request(1).await), ["large.pdf"]);
    bot.telegram.send(ANN, ANN, zip("data.zip", 40 * MB));
    bot.answer(ANN, 2).await;
    let asked = conversation(&newest(&bot));
    assert!(asked.last().unwrap().contains("measurements.bin"), "{asked:?}");
    for (number, (file, limit)) in [
        // What the provider takes, what is decoded, and the setting.
        (pdf("larger.pdf", 33 * MB), "32 MB"),
        (NewFile::text("lines.txt", &"line\n".repeat(7 * MB)), "33 MB"),
        (zip("more.zip", 42 * MB), "41 MB"),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.send(ANN, ANN, file);
        let told = bot.answer(ANN, number + 3).await;
        assert!(told.contains("too large") && told.contains(limit), "{told}");
    }
    assert_eq!(asked_for_files(&bot), 4, "the server loads a large file before there is room for it");
    assert!(bot.telegram.downloads().is_empty(), "the bot reads them from the disk");
    bot.end().await;
}

#[tokio::test]
async fn prompts_stay_as_they_are_when_the_limit_changes() {
    let mut bot = Bot::with([("TELEGRAM_FILE_LIMIT_MB", "1")]).await;
    bot.telegram.send(ANN, ANN, pdf("report.pdf", 2 * MB).captioned("What is in it?"));
    bot.answer(ANN, 1).await;
    let first = conversation(&bot.request(1).await);
    assert!(first[0].contains("too large to be read here, the limit is 1.0 MB"), "{first:?}");
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.set("TELEGRAM_FILE_LIMIT_MB", "20");
    bot.run().await;
    bot.ask("And now?").await;
    let second = bot.request(2).await;
    assert_eq!((&conversation(&second)[0], shown(&second).len()), (&first[0], 0));
    bot.telegram.send(ANN, ANN, pdf("report.pdf", 2 * MB));
    bot.answer(ANN, 3).await;
    assert_eq!(shown(&bot.request(3).await), ["report.pdf"]);
    bot.end().await;
}

#[tokio::test]
async fn a_server_that_is_not_local_after_all_is_noticed_and_the_limit_told_is_its_own() {
    let bot = Bot::with([("TELEGRAM_FILE_LIMIT_MB", "100")]).await;
    bot.telegram.send(ANN, ANN, pdf("large.pdf", 21 * MB));
    let told = bot.answer(ANN, 1).await;
    assert!(told.contains("too large") && told.contains("20 MB"), "{told}");
    bot.log("is it started with --local?").await;
    // Telegram says nothing of the size.
    let large = pdf("large.pdf", 21 * MB).with(json!({"file_size": null})).captioned("What is in it?");
    bot.telegram.send(ANN, ANN, large);
    bot.answer(ANN, 2).await;
    let asked = conversation(&bot.request(1).await);
    assert!(
        asked[0].contains("(application/pdf): too large to be read here, the limit is 20.9 MB"),
        "{asked:?}"
    );
    bot.end().await;
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figure is what the test is run for")]
async fn large_archives_of_many_people_at_once_take_bounded_memory() {
    /// The most memory that the bot may have resident at any moment, in KiB: 250 MiB.
    const MOST_KIB: u64 = 250 * 1024;
    let people = scaled(4, 12);
    let directory = Directory::new("storm");
    let mut bot = Bot::prepare_local(&directory.0, [("TELEGRAM_FILE_LIMIT_MB", "2000")]).await;
    bot.run().await;
    let archive = zip("data.zip", 100 * MB);
    for id in 2_001..2_001 + people {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.send(id, id, archive.clone().captioned("What is in it?"));
    }
    bot.database.until_within(BOUND * 3, "SELECT count(*) FROM turns WHERE state = 'answered'", people).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM files WHERE preview IS NOT NULL").await, people);
    let peak = bot.peak_memory_kib();
    println!("{people} people with archives of 100 MB: peak {} MiB", peak / 1024);
    assert!(peak < MOST_KIB, "{} MiB", peak / 1024);
    bot.end().await;
}
