//! File contents, whatever the names claim: old text encodings are read, other content is not sent, and a
//! file that the provider rejects without naming it ends no conversation.

use playground::anthropic::{ApiError, Recorded, Reply};
use playground::telegram::{Attachment, NewFile};

use crate::harness::{ANN, Bot, conversation};

fn document(name: &str, mime: &str, bytes: &[u8]) -> NewFile {
    NewFile::new(Attachment::Document, name, mime, bytes.to_vec())
}

fn shown(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.name.clone()).collect()
}

#[tokio::test]
async fn a_text_of_a_time_before_unicode_is_read() {
    let bot = Bot::start().await;
    // "да, нет" in seven bytes.
    bot.telegram.send(ANN, ANN, document("old.txt", "text/plain", b"\xE4\xE0, \xED\xE5\xF2"));
    assert!(bot.answer(ANN, 1).await.contains("You sent a text \"old.txt\" (7 characters)"));
    assert_eq!(bot.model.files()[0].size, "да, нет".len());
    bot.end().await;
}

#[tokio::test]
async fn what_is_not_what_its_name_says_is_not_sent() {
    let bot = Bot::start().await;
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    for (number, file) in [
        document("photo.jpg", "image/jpeg", heic),
        document("scan.pdf", "application/pdf", b"<html>Not found</html>"),
        document("film.ts", "video/mp2t", b"\x47\x40\0\x10\0\0\xB0\x0D"),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.send(ANN, ANN, file.captioned("What is this?"));
        bot.answer(ANN, number + 1).await;
    }
    let asked = bot.request(3).await;
    assert_eq!((shown(&asked).len(), bot.model.files().len()), (0, 0));
    let said = conversation(&asked);
    for (message, name) in [(0, "photo.jpg"), (2, "scan.pdf"), (4, "film.ts")] {
        assert!(said[message].contains(&format!("[document \"{name}\"")), "{said:?}");
    }
    bot.end().await;
}

#[tokio::test]
async fn what_is_not_what_its_name_says_and_has_no_words_is_told_and_costs_nothing() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, document("scan.pdf", "application/pdf", b"<html>Not found</html>"));
    assert!(bot.answer(ANN, 1).await.starts_with("I cannot read this."), "{}", bot.screen(ANN));
    bot.telegram.send(ANN, ANN, document("blank.txt", "text/plain", b" \n"));
    assert!(bot.answer(ANN, 2).await.contains("empty"), "{}", bot.screen(ANN));
    assert_eq!((bot.model.files().len(), bot.model.requests().len()), (0, 0));
    bot.end().await;
}

#[tokio::test]
async fn a_rejection_without_a_reason_is_asked_again_without_files_and_ends_no_conversation() {
    let bot = Bot::start().await;
    let odd = || Reply::error(ApiError::new(400, "invalid_request_error", "something is odd"));
    bot.model.script(odd());
    bot.telegram.send(ANN, ANN, NewFile::text("a.txt", "What stands in it.").captioned("Read this."));
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.contains("Read this."), "{answer}");
    let (first, second) = (bot.request(1).await, bot.request(2).await);
    assert_eq!((shown(&first), shown(&second)), (vec!["a.txt".to_owned()], vec![]));
    assert!(conversation(&second)[0].contains("[document \"a.txt\""), "{:?}", conversation(&second));
    // The blame was a guess: the copy is kept, and shown next time.
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM files WHERE provider_id IS NOT NULL").await, 1);
    bot.model.script(odd());
    assert_eq!(bot.ask("And now?").await, "You said: And now?");
    assert_eq!(
        (shown(&bot.request(3).await), shown(&bot.request(4).await)),
        (vec!["a.txt".to_owned()], vec![])
    );
    bot.end().await;
}

/// Only the provider finds out that a PDF needs a password. It names the block, and refuses a new copy as
/// well.
#[tokio::test]
async fn of_a_pdf_with_a_password_a_line_is_left_and_everything_else_is_answered() {
    let bot = Bot::start().await;
    let error = "messages.0.content.2.document.source: The PDF specified is password protected.";
    for _copy in 0..2 {
        bot.model.script(Reply::error(ApiError::new(400, "invalid_request_error", error)));
    }
    let album = vec![NewFile::pdf("open.pdf", 1).captioned("Compare these."), NewFile::pdf("secret.pdf", 2)];
    bot.telegram.send_album(ANN, ANN, None, album);
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.contains("\"open.pdf\"") && answer.contains("Compare these."), "{answer}");
    let (first, last) = (bot.request(1).await, bot.request(3).await);
    assert_eq!((shown(&first).len(), shown(&last)), (2, vec!["open.pdf".to_owned()]));
    assert!(conversation(&last)[0].contains("[document \"secret.pdf\""), "{:?}", conversation(&last));
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.ask("And now?").await;
    assert_eq!((bot.model.requests().len(), shown(&bot.request(4).await)), (4, vec!["open.pdf".to_owned()]));
    bot.end().await;
}
