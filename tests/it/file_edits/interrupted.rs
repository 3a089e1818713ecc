//! An edit whose new file is on its way when a stop, a shutdown, a crash or another edit comes, or that comes late.

use super::{EDITS, REPLACED, STORED, TO_DELETE, UNHANDLED, copies, newest, note, shown, with_answer};
use crate::harness::barrier::Barrier;
use crate::harness::{ANN, BOUND, Bot};

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
