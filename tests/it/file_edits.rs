//! Edits that replace a file: from then on the model sees the new one and never the old one, at whatever
//! moment the edit comes and whatever becomes of the new file.

use playground::anthropic::{Gate, Recorded, Reply, Step, StopReason};
use playground::telegram::{Attachment, Fault, NewFile};
use serde_json::json;

use crate::harness::barrier::Barrier;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOUND, Bot, GROUP, conversation};

const TO_DELETE: &str = "SELECT count(*) FROM copy_deletions";
const REPLACED: &str = "SELECT count(*) FROM files WHERE name = 'new.txt'";
const STORED: &str = "SELECT count(*) FROM files";
const EDITS: &str = "SELECT sum(edits) FROM messages";
const UNHANDLED: &str = "SELECT count(*) FROM inbox WHERE handled_at IS NULL";

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}."))
}

/// Returns the names of the files that a request shows, oldest first.
fn shown(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.name.clone()).collect()
}

/// Returns the names of the copies at the provider.
fn copies(bot: &Bot) -> Vec<String> {
    let mut names: Vec<String> = bot.model.files().into_iter().map(|file| file.name).collect();
    names.sort();
    names
}

fn newest(bot: &Bot) -> Recorded {
    bot.model.requests().last().unwrap().clone()
}

/// A bot that has answered Ann's `old.txt`, and the number of her message.
async fn with_answer<const N: usize>(settings: [(&str, &str); N]) -> (Bot, i64) {
    let bot = Bot::with(settings).await;
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    (bot, said.message_id)
}

async fn public_id(bot: &Bot) -> String {
    sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap()
}

/// The next question is asked while the new file is on its way, and waits for it.
#[tokio::test]
async fn the_next_prompt_shows_the_new_file_and_the_old_copy_is_deleted() {
    let (bot, message) = with_answer([]).await;
    let former = public_id(&bot).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.edit_file(ANN, message, note("new.txt").captioned("Read that.")).unwrap();
    hold.waiting().await;
    bot.ann("And now?");
    bot.database.until("SELECT count(*) FROM inbox", 3).await;
    hold.release();
    bot.answer(ANN, 2).await;
    let asked = bot.request(2).await;
    assert_eq!(shown(&asked), ["new.txt"]);
    let said = &conversation(&asked)[0];
    assert!(
        said.contains("(edited)") && said.contains("Read that.") && !said.contains("Read this."),
        "{said}"
    );
    assert_ne!(public_id(&bot).await, former, "an id means one content for ever");
    assert_eq!(bot.database.count(EDITS).await, 1);
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_message_that_waits_for_its_file_goes_on_with_the_new_one() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    hold.waiting().await;
    bot.telegram.edit_file(ANN, said.message_id, note("new.txt").captioned("Read that.")).unwrap();
    let asked = bot.telegram.until("a second call of getFile", BOUND, |view| {
        (view.calls().iter().filter(|call| call.method.eq_ignore_ascii_case("getFile")).count() == 2)
            .then_some(())
    });
    asked.await.unwrap();
    hold.release();
    bot.answer(ANN, 1).await;
    let asked = bot.request(1).await;
    assert_eq!(
        (shown(&asked), conversation(&asked)),
        (vec!["new.txt".to_owned()], vec!["user: Read that.".to_owned()])
    );
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!((bot.database.count(STORED).await, bot.model.requests().len()), (1, 1));
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["new.txt"]);
    bot.end().await;
}

/// Like an edit of the text, it changes nothing for the answer that runs. The old copy stays until it has
/// ended.
#[tokio::test]
async fn a_running_answer_goes_on_with_the_file_that_it_was_asked_about() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Gate(gate),
        Step::Stop(StopReason::ToolUse),
    ]));
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    bot.request(1).await;
    bot.telegram.edit_file(ANN, said.message_id, note("new.txt").captioned("Read that.")).unwrap();
    bot.database.until(REPLACED, 1).await;
    keeper.open();
    bot.answer(ANN, 1).await;
    assert_eq!(shown(&bot.request(2).await), ["old.txt"]);
    bot.ask("And now?").await;
    assert_eq!(shown(&bot.request(3).await), ["new.txt"]);
    let later = "SELECT count(*) FROM copy_deletions WHERE due_at > now() + interval '50 minutes'";
    assert_eq!(bot.database.count(later).await, 1);
    assert_eq!(copies(&bot), ["new.txt", "old.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn of_a_new_file_that_cannot_be_had_a_line_is_left_and_nothing_of_the_old_one() {
    let (bot, message) = with_answer([]).await;
    let refused = Fault::Error { code: 400, description: "Bad Request: wrong file_id".to_owned() };
    bot.telegram.fail_next("getFile", 1, refused);
    let large = NewFile::new(Attachment::Document, "large.pdf", "application/pdf", vec![1; 21 << 20]);
    let video = NewFile::video("film.mp4", 3);
    let foreign =
        NewFile::new(Attachment::Document, "scan.pdf", "application/pdf", b"<html>No</html>".to_vec());
    for (number, (file, line)) in [
        (
            note("lost.txt"),
            "[document \"lost.txt\" (text/plain, 24 bytes): could not be fetched from Telegram",
        ),
        (large, "[document \"large.pdf\" (application/pdf, 22.0 MB): too large to be read here"),
        (video, "[video \"film.mp4\" (video/mp4"),
        (foreign, "[document \"scan.pdf\" (unknown/unknown, 15 bytes): not readable here"),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.edit_file(ANN, message, file).unwrap();
        bot.database.until("SELECT count(*) FROM inbox", 2 + 2 * i64::try_from(number).unwrap()).await;
        bot.ask("And now?").await;
        let asked = newest(&bot);
        let said = &conversation(&asked)[0];
        assert!(said.contains(line), "{said}");
        assert!(shown(&asked).is_empty() && !said.contains("old.txt"), "{said}");
    }
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), [""; 0]);
    // A file that can be read takes the line's place.
    bot.telegram.edit_file(ANN, message, NewFile::photo(64, 64)).unwrap();
    bot.database.until("SELECT count(*) FROM files WHERE kind = 'photo'", 1).await;
    bot.ask("And now?").await;
    assert_eq!(newest(&bot).files()[0].block, "image");
    assert_eq!(bot.database.count(STORED).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn with_the_same_file_only_the_caption_changes_and_nothing_is_fetched_again() {
    let (mut bot, message) = with_answer([]).await;
    let former = public_id(&bot).await;
    let update = bot.telegram.edit(ANN, message, "Read that.").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'Read that.'", 1).await;
    bot.ask("And now?").await;
    assert_eq!(shown(&newest(&bot)), ["old.txt"]);
    // The same edit once more, as after a crash before it was marked as handled.
    bot.database.until(UNHANDLED, 0).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.sql(&format!("UPDATE inbox SET handled_at = NULL WHERE update_id = {update}")).await;
    bot.run().await;
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!(bot.telegram.view(|view| view.downloads().len()), 1);
    assert_eq!((public_id(&bot).await, copies(&bot)), (former, vec!["old.txt".to_owned()]));
    assert_eq!(bot.database.count(EDITS).await, 1);
    bot.end().await;
}

/// The update of the first edit is taken up again after the second one was applied.
#[tokio::test]
async fn an_older_edit_that_comes_late_brings_its_file_in_vain() {
    let (mut bot, message) = with_answer([]).await;
    let older = bot.telegram.edit_file(ANN, message, note("between.txt")).unwrap();
    bot.database.until("SELECT count(*) FROM files WHERE name = 'between.txt'", 1).await;
    let newer = bot.telegram.edit_file(ANN, message, note("new.txt")).unwrap();
    bot.database.until(REPLACED, 1).await;
    bot.database.until(UNHANDLED, 0).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    for update in [older, newer] {
        bot.sql(&format!("UPDATE inbox SET handled_at = NULL WHERE update_id = {update}")).await;
    }
    bot.run().await;
    bot.database.until(UNHANDLED, 0).await;
    bot.ask("And now?").await;
    assert_eq!(shown(&newest(&bot)), ["new.txt"]);
    assert_eq!(bot.database.count(STORED).await, 1);
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["new.txt"], "the copy that nobody needs is deleted");
    bot.end().await;
}

#[tokio::test]
async fn one_part_of_an_album_is_replaced_in_its_place() {
    let bot = Bot::start().await;
    let album = ["1.txt", "2.txt", "3.txt"].map(note).to_vec();
    let parts = bot.telegram.send_album(GROUP, ANN, None, {
        let mut album = album;
        album[0] = album[0].clone().captioned("@starling_bot compare");
        album
    });
    bot.answer(GROUP, 1).await;
    // While a turn is open, a copy that it may show is spared.
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.telegram.edit_file(GROUP, parts[1].message_id, note("new.txt")).unwrap();
    bot.database.until(REPLACED, 1).await;
    bot.ask_in(GROUP, ANN, "@starling_bot and now?").await;
    let asked = newest(&bot);
    assert_eq!(shown(&asked), ["1.txt", "new.txt", "3.txt"]);
    assert!(conversation(&asked)[0].contains("compare"), "{:?}", conversation(&asked));
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), ["1.txt", "3.txt", "new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_text_can_become_a_photo() {
    let bot = Bot::start().await;
    let said = bot.ann("Look at this!");
    bot.answer(ANN, 1).await;
    bot.telegram.edit_file(ANN, said.message_id, NewFile::photo(64, 64).captioned("Look at that!")).unwrap();
    bot.database.until(STORED, 1).await;
    bot.ask("And now?").await;
    let asked = newest(&bot);
    assert_eq!(asked.files()[0].block, "image");
    assert!(conversation(&asked)[0].contains("Look at that!"), "{:?}", conversation(&asked));
    bot.end().await;
}

#[tokio::test]
async fn an_edit_of_what_was_cleared_or_never_answered_stores_no_file() {
    let (bot, message) = with_answer([]).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.edit_file(ANN, message, note("new.txt")).unwrap();
    hold.waiting().await;
    bot.ask("/clear").await;
    hold.release();
    bot.database.until(UNHANDLED, 0).await;
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!(copies(&bot), [""; 0]);
    let said = bot.telegram.send(GROUP, ANN, note("old.txt"));
    bot.telegram.edit_file(GROUP, said.message_id, note("new.txt")).unwrap();
    bot.database.until("SELECT count(*) FROM inbox", 5).await;
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!(bot.database.count(REPLACED).await, 0);
    assert_eq!(bot.telegram.view(|view| view.downloads().len()), 2, "what nobody asked about is not fetched");
    bot.end().await;
}

#[tokio::test]
async fn a_cached_conversation_shows_the_new_file() {
    let redis = Redis::start().await;
    let (bot, message) = with_answer([("REDIS_URL", &*redis.url())]).await;
    bot.log("turn 1 complete").await;
    bot.telegram.edit_file(ANN, message, note("new.txt").captioned("Read this.")).unwrap();
    bot.database.until(REPLACED, 1).await;
    bot.ask("And now?").await;
    assert_eq!(shown(&newest(&bot)), ["new.txt"]);
    assert!(conversation(&newest(&bot))[0].contains("(edited)"), "{:?}", conversation(&newest(&bot)));
    bot.end().await;
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_the_file_is_replaced_once() {
    for point in ["edit: fetched", "edit: before the commit"] {
        let (mut bot, message) = with_answer([("KILL_AT", point)]).await;
        bot.telegram.edit_file(ANN, message, note("new.txt").captioned("Read that.")).unwrap();
        tokio::time::timeout(BOUND, bot.died()).await.unwrap();
        assert_eq!(bot.database.count(REPLACED).await, 0, "{point}");
        bot.set("KILL_AT", "");
        bot.run().await;
        bot.database.until(REPLACED, 1).await;
        bot.ask("And now?").await;
        assert_eq!(shown(&newest(&bot)), ["new.txt"], "{point}");
        assert_eq!(bot.database.count(STORED).await, 1, "{point}");
        assert_eq!(bot.database.count(EDITS).await, 1);
        bot.end().await;
    }
}

/// The stop is confirmed at once and ends the question; the edit is applied all the same.
#[tokio::test]
async fn a_stop_while_the_new_file_is_on_its_way_ends_the_question() {
    let (bot, message) = with_answer([]).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.edit_file(ANN, message, note("new.txt")).unwrap();
    hold.waiting().await;
    bot.ann("And now?");
    bot.ann("/stop");
    assert!(bot.answer(ANN, 2).await.contains("Stopped"), "{}", bot.screen(ANN));
    hold.release();
    bot.database.until(REPLACED, 1).await;
    bot.ask("And then?").await;
    assert_eq!(shown(&newest(&bot)), ["new.txt"]);
    assert_eq!(bot.model.requests().len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn a_shutdown_while_the_new_file_is_fetched_leaves_the_edit_to_the_next_start() {
    let (mut bot, message) = with_answer([]).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.edit_file(ANN, message, note("new.txt")).unwrap();
    hold.waiting().await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    hold.release();
    assert_eq!((bot.database.count(UNHANDLED).await, bot.database.count(REPLACED).await), (1, 0));
    bot.run().await;
    bot.database.until(REPLACED, 1).await;
    bot.ask("And now?").await;
    assert_eq!(shown(&newest(&bot)), ["new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn an_edit_that_waits_long_for_its_file_is_not_taken_up_again() {
    let (mut bot, message) = with_answer([("STRANDED_AFTER_SECONDS", "1")]).await;
    bot.expect_error("cannot be read");
    let hold = bot.telegram.hold("download");
    let update = bot.telegram.edit_file(ANN, message, note("new.txt")).unwrap();
    hold.waiting().await;
    // Each of these is marked as handled by one pass of the sweep.
    for number in 1..=3 {
        bot.sql(&format!(
            "UPDATE inbox SET received_at = now() - interval '1 hour' WHERE update_id = {update};
             INSERT INTO inbox (update_id, kind, payload, received_at)
             VALUES ({number}, 'message', '{{}}', now() - interval '1 hour')"
        ))
        .await;
        bot.database.until(UNHANDLED, 1).await;
    }
    let tries = "SELECT coalesce(sum(tries), 0)::bigint FROM inbox WHERE payload::text <> '{}'";
    assert_eq!(bot.database.count(tries).await, 0);
    hold.release();
    bot.database.until(REPLACED, 1).await;
    bot.end().await;
}

/// More edits than a session prepares at once; the newest one counts and the copies of all others go.
#[tokio::test]
async fn of_many_edits_in_a_row_the_last_one_stands() {
    let (bot, message) = with_answer([]).await;
    let hold = bot.telegram.hold("download");
    for number in 1..=60 {
        bot.telegram.edit_file(ANN, message, note(&format!("{number}.txt"))).unwrap();
    }
    bot.ann("And now?");
    bot.database.until("SELECT count(*) FROM inbox", 62).await;
    hold.release();
    bot.answer(ANN, 2).await;
    assert_eq!(shown(&newest(&bot)), ["60.txt"]);
    bot.database.until(UNHANDLED, 0).await;
    bot.database.until(TO_DELETE, 0).await;
    assert_eq!((copies(&bot), bot.database.count(STORED).await), (vec!["60.txt".to_owned()], 1));
    bot.end().await;
}

#[tokio::test]
async fn a_new_file_of_a_message_that_is_not_stored_yet_survives_a_crash() {
    let mut bot = Bot::with([("BATCH_WINDOW_MS", "900")]).await;
    bot.ask("before").await;
    let barrier = Barrier::before_turns(&bot).await;
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    bot.telegram.edit_file(ANN, said.message_id, note("new.txt").captioned("Read that.")).unwrap();
    barrier.reached(&bot).await;
    bot.kill().await;
    barrier.lift_for_the_next().await;
    bot.run().await;
    assert!(bot.answer(ANN, 2).await.contains("\"new.txt\""), "{}", bot.screen(ANN));
    assert_eq!(shown(&newest(&bot)), ["new.txt"]);
    bot.database.until(UNHANDLED, 0).await;
    assert_eq!((bot.database.count(STORED).await, bot.database.count(REPLACED).await), (1, 1));
    bot.end().await;
}
