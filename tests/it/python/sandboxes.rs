//! The life of a sandbox: shared by the calls of a conversation and by instances, interrupted by a stop, deleted after
//! its use, and left over by no crash.

use std::time::{Duration, Instant};

use playground::e2b::{Call, Operation, Outcome};
use rust_decimal::{Decimal, dec};
use serde_json::json;

use super::{LEASED, Lab, OPEN_TURNS};
use crate::harness::{ANN, BOUND};

#[tokio::test]
async fn a_stop_interrupts_the_code_at_once_and_what_was_used_is_paid() {
    let lab = Lab::start().await;
    lab.code("kept = 0").await;
    // The quickest of a few counts: the machine may be busy.
    let mut quickest = Duration::MAX;
    for number in 1..=3 {
        let begun = format!("begun {number}");
        let slow = "for n in range(1000):\n    kept += 1\n    time.sleep(0.1)";
        lab.calls(&format!("import time\nkept += 1\nprint('{begun}')\n{slow}"));
        lab.bot.ann("Compute for long.");
        lab.executes(number * 2).await;
        // An interpreter that has not begun yet misses the interrupt, and its sandbox is replaced.
        let runs = lab.bot.telegram.until("the output", BOUND, |view| {
            view.live_draft(ANN).filter(|draft| draft.text.contains(&begun)).map(drop)
        });
        runs.await.unwrap();
        let stopped = Instant::now();
        lab.bot.ann("/stop");
        let left = move |calls: &[Call]| {
            let is_cut = |call: &&Call| {
                call.operation == Operation::Execute && call.outcome == Outcome::ClosedByClient
            };
            calls.iter().filter(is_cut).nth(number - 1).cloned()
        };
        let call = lab.e2b.until("the end of the run", BOUND, left).await.unwrap();
        quickest = quickest.min(call.ended.unwrap() - stopped);
        lab.bot.database.until(OPEN_TURNS, 0).await;
        lab.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        lab.bot.database.until(LEASED, 0).await;
    }
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
    let paid = lab.paid().await;
    assert!(
        paid[1..].iter().all(|(ended, seconds, _)| ended == "cut" && *seconds > Decimal::ZERO),
        "{paid:?}"
    );
    assert!(paid.iter().all(|(_, seconds, cost)| *cost == seconds * dec!(0.00005)), "{paid:?}");
    let next = lab.code("0 < kept < 1000").await;
    assert_eq!((&next["value"], &next["sandbox"]), (&json!("True"), &json!("continued")));
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn a_sandbox_that_another_instance_uses_is_waited_for() {
    let lab = Lab::start().await;
    lab.code("kept = 1").await;
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.sql("UPDATE sandboxes SET lease = 1, leased_until = now() + interval '2 seconds'").await;
    let begun = Instant::now();
    assert_eq!(lab.code("kept").await["value"], "1");
    assert!(begun.elapsed() >= Duration::from_millis(1_500), "the other one was not interrupted");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn code_whose_sandbox_is_taken_away_ends_and_the_model_is_told() {
    let lab = Lab::start().await;
    lab.scripts(json!({"code": "import time\ntime.sleep(100)"}));
    lab.bot.ann("Compute for long.");
    lab.executes(1).await;
    // As if the conversation were cleared by another instance.
    lab.bot.sql("DELETE FROM sandboxes").await;
    lab.bot.answer(ANN, 1).await;
    assert_eq!(lab.results()[0]["error"], "sandbox_lost");
    assert_eq!(lab.paid().await[0].0, "sandbox_lost");
    lab.rests(0).await;
    lab.end().await;
}

#[tokio::test]
async fn code_that_ignores_the_interrupt_dies_with_its_sandbox() {
    let lab = Lab::start().await;
    let stubborn = "import time\nwhile True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass";
    let late = lab.runs(json!({"code": stubborn, "timeout_seconds": 1})).await;
    assert_eq!(late["status"], "timeout");
    let gone = |calls: &[Call]| calls.iter().find(|call| call.operation == Operation::Kill).map(drop);
    lab.e2b.until("the death of the sandbox", BOUND, gone).await.unwrap();
    lab.rests(0).await;
    let next = lab.code("1").await;
    assert_eq!((&next["sandbox"], &next["value"]), (&json!("new"), &json!("1")));
    lab.end().await;
}

#[tokio::test]
async fn clear_and_the_end_of_its_life_kill_a_sandbox() {
    let lab = Lab::start().await;
    lab.code("kept = 1").await;
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.ask("/clear").await;
    lab.bot.database.until("SELECT count(*) FROM sandboxes", 0).await;
    let killed = |calls: &[Call]| calls.iter().find(|call| call.operation == Operation::Kill).map(drop);
    lab.e2b.until("the first kill", BOUND, killed).await.unwrap();
    lab.rests(0).await;
    assert_eq!(lab.code("1").await["sandbox"], "new");
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.sql("UPDATE sandboxes SET expires_at = now() - interval '1 second'").await;
    lab.bot.database.until("SELECT count(*) FROM sandboxes", 0).await;
    lab.rests(0).await;
    lab.end().await;
}

#[tokio::test]
async fn calls_of_one_round_share_the_sandbox_one_after_the_other() {
    let lab = Lab::start().await;
    let append = "import time\nlines = globals().get('lines', []) + [1]\ntime.sleep(0.2)\nlen(lines)";
    lab.scripts_all(&vec![json!({ "code": append }); 3]);
    lab.bot.ask("Compute three times.").await;
    let mut values: Vec<String> = lab.results().iter().map(|result| result["value"].to_string()).collect();
    values.sort();
    assert_eq!(values, ["\"1\"", "\"2\"", "\"3\""]);
    assert_eq!(lab.paid().await.len(), 3);
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_one_sandbox_and_charges_once() {
    for point in [
        "sandbox: claimed",
        "sandbox: created",
        "sandbox: stored",
        "sandbox: executed",
        "sandbox: before the results",
    ] {
        let mut lab = Lab::with([("KILL_AT", point), ("STARTER_BALANCE_USD", "1")]).await;
        lab.calls("open('a.txt', 'w').write('x')\n1 + 1");
        lab.bot.ann("Compute it.");
        tokio::time::timeout(BOUND, lab.bot.died()).await.expect("the bot dies");
        lab.bot.set("KILL_AT", "");
        // After the restart the model decides anew.
        lab.calls("1 + 1");
        lab.bot.run().await;
        lab.bot.database.until(OPEN_TURNS, 0).await;
        lab.rests(1).await;
        let keys = "SELECT count(*) FROM sandboxes WHERE provider_id IS NOT NULL";
        assert_eq!(lab.bot.database.count(keys).await, 1, "{point}");
        let spent: Decimal =
            sqlx::query_scalar("SELECT coalesce(sum(cost), 0) FROM model_calls WHERE payer = 'user'")
                .fetch_one(lab.bot.books())
                .await
                .unwrap();
        assert_eq!(lab.bot.balance(ANN).await, Decimal::ONE - spent, "{point}");
        lab.end().await;
    }
    // The killed sandbox is killed once more, which changes nothing.
    let mut lab = Lab::with([("KILL_AT", "sandbox: killed")]).await;
    lab.code("1").await;
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.ann("/clear");
    tokio::time::timeout(BOUND, lab.bot.died()).await.expect("the bot dies");
    lab.bot.sql("UPDATE sandbox_deletions SET due_at = now()").await;
    lab.bot.set("KILL_AT", "");
    lab.bot.run().await;
    lab.rests(0).await;
    lab.end().await;
}
