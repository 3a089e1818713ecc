//! Documents that cannot be read, are too large or have a password: the person and the model are told why.

use std::io::{Cursor, Write as _};

use playground::telegram::{NewFile, Person};
use serde_json::json;
use starling::domain::file_id::PublicFileId;

use super::{DOCX, XLSX, document, first, letter, previewed};
use crate::harness::{ANN, Bot, conversation};

/// What Office makes of a document with a password.
fn encrypted() -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/EncryptedPackage").unwrap().write_all(b"?").unwrap();
    file.into_inner().into_inner()
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
