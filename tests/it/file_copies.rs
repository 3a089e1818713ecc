//! Copies at the provider that no message will have are deleted there.

use playground::anthropic::{Endpoint, FileFault, Gate, Recorded, Reply, Step};
use playground::telegram::{Hold, NewFile};

use crate::harness::{ANN, BOB, BOUND, Bot};

const FILES: &str = "SELECT count(*) FROM files";
const TO_DELETE: &str = "SELECT count(*) FROM copy_deletions";

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}.")).captioned("read this")
}

/// Waits until the provider has been called `times` times in this way.
async fn calls(bot: &Bot, endpoint: Endpoint, times: usize) {
    let made = |entries: &[Recorded]| {
        let count = entries.iter().filter(|entry| entry.endpoint == endpoint).count();
        (count >= times).then_some(())
    };
    bot.model.until_files(&format!("{times} calls of {endpoint:?}"), BOUND, made).await.unwrap();
}

/// Ann sends two files. The provider has the first one; Telegram keeps the second one until the hold is released.
async fn half_fetched(bot: &Bot) -> Hold {
    let downloads = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, note("first.txt"));
    downloads.waiting().await;
    let asking = bot.telegram.hold("getFile");
    bot.telegram.send(ANN, ANN, note("second.txt"));
    asking.waiting().await;
    downloads.release();
    calls(bot, Endpoint::UploadFile, 1).await;
    asking
}

#[tokio::test]
async fn a_stop_while_files_are_fetched_leaves_none() {
    let bot = Bot::start().await;
    let second = half_fetched(&bot).await;
    bot.ann("/stop");
    assert!(bot.answer(ANN, 1).await.contains("Stopped"), "{}", bot.screen(ANN));
    second.release();
    calls(&bot, Endpoint::DeleteFile, 1).await;
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!((bot.model.files().len(), bot.database.count(FILES).await), (0, 0));
    bot.end().await;
}

#[tokio::test]
async fn after_an_orderly_end_the_files_are_fetched_again_and_the_former_copy_is_deleted() {
    let mut bot = Bot::start().await;
    let second = half_fetched(&bot).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    second.release();
    bot.run().await;
    bot.answer(ANN, 1).await;
    calls(&bot, Endpoint::DeleteFile, 1).await;
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!((bot.model.files().len(), bot.database.count(FILES).await), (2, 2));
    bot.end().await;
}

#[tokio::test]
async fn a_deletion_that_an_orderly_end_has_cut_is_made_by_the_next_run() {
    let mut bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("old.txt"));
    bot.answer(ANN, 1).await;
    let (gate, keeper) = Gate::new();
    bot.model.fail_files(Endpoint::DeleteFile, 1, FileFault::Hold(gate));
    bot.ask("/clear").await;
    calls(&bot, Endpoint::DeleteFile, 1).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    let due = "SELECT count(*) FROM copy_deletions WHERE due_at <= now() AND attempts = 0";
    assert_eq!(bot.database.count(due).await, 1);
    bot.run().await;
    bot.database.until(TO_DELETE, 0).await;
    assert!(bot.model.files().is_empty());
    keeper.open();
    bot.end().await;
}

/// To Telegram they are different files.
#[tokio::test]
async fn the_same_content_uploaded_twice_is_copied_to_the_provider_once_in_each_conversation() {
    let bot = Bot::start().await;
    let list = || NewFile::text("list.txt", "Butter and bread.").captioned("read this");
    for number in 1..=2 {
        bot.telegram.send(ANN, ANN, list());
        bot.answer(ANN, number).await;
    }
    assert_eq!(bot.model.files().len(), 1);
    let contents = "SELECT count(DISTINCT sha256) FROM files WHERE octet_length(sha256) = 32";
    assert_eq!((bot.database.count(FILES).await, bot.database.count(contents).await), (2, 1));
    let ids = "SELECT count(DISTINCT unique_id) FROM files";
    assert_eq!(bot.database.count(ids).await, 2, "Telegram does not tell that they are the same");
    bot.telegram.send(BOB, BOB, list());
    bot.answer(BOB, 1).await;
    assert_eq!(bot.model.files().len(), 2, "a copy is nobody else's");
    // The copy goes with the last file that refers to it.
    bot.tell("/clear").await;
    calls(&bot, Endpoint::DeleteFile, 1).await;
    assert_eq!(bot.model.files().len(), 1);
    bot.end().await;
}

/// While an answer is being written, which then breaks off and is continued.
#[tokio::test]
async fn a_copy_that_vanishes_during_an_answer_is_made_again_for_its_end_and_for_the_next_question() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt"));
    bot.answer(ANN, 1).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("Half of the answer. ".to_owned()),
        Step::Gate(gate),
        Step::Cut,
    ]));
    bot.ann("and now?");
    first_words(&bot, "Half of the answer.").await;
    let former = bot.model.files()[0].id.clone();
    assert!(bot.model.forget_file(&former));
    keeper.open();
    let answer = bot.answer(ANN, 2).await;
    assert!(answer.starts_with("Half of the answer.") && !answer.contains('⚠'), "{answer}");
    let shown = |bot: &Bot| {
        let requests = bot.model.requests();
        requests.last().unwrap().files().iter().map(|file| file.id.clone()).collect::<Vec<_>>()
    };
    let copy = bot.model.files()[0].id.clone();
    assert_ne!(copy, former);
    assert_eq!(shown(&bot), [copy.as_str()]);
    bot.ask("and again?").await;
    assert_eq!(shown(&bot), [copy.as_str()]);
    bot.end().await;
}

/// Waits until Ann sees these words as a draft.
async fn first_words(bot: &Bot, words: &str) {
    let seen = bot.telegram.until("the first words as a draft", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains(words)).map(drop)
    });
    seen.await.unwrap();
}
