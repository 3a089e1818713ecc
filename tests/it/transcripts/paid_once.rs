//! A file is transcribed and paid once, also by calls at the same time, other instances, shutdowns and crashes.

use futures::StreamExt;
use playground::anthropic::{Gate, Reply as Answer, Step, StopReason};
use playground::openai::Reply;
use serde_json::{Value, json};

use super::{OPEN, TRANSCRIBE, calls, results, sent, song, transcribed};
use crate::harness::{ANN, BOB, BOUND, Bot};
use crate::stopped_transcripts::OF_STOPS;
use crate::voice::{Phone, usd};

/// Returns the result of the tool in the newest request.
fn newest_result(bot: &Bot) -> Value {
    results(bot.model.requests().last().unwrap()).swap_remove(0)
}

#[tokio::test]
async fn of_several_calls_at_once_one_asks_the_service() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let same = || song(20).with(json!({"file_unique_id": "AgADsong"}));
    let first = sent(bot, same()).await;
    // The same file again, under another id.
    let second = sent(bot, same()).await;
    assert_ne!(first, second);
    phone.openai.script(Reply::text("La la."));
    let calls = [&first, &first, &second].map(|id| json!({"file_id": id})).to_vec();
    let heard = transcribed(bot, calls).await;
    assert!(heard.iter().all(|heard| heard["text"] == "La la."), "{heard:?}");
    let paid: Vec<&Value> = heard.iter().filter(|heard| heard["stored"] == false).collect();
    assert_eq!((paid.len(), paid[0]["cost_usd"].as_str()), (1, Some("0.0015")), "{heard:?}");
    assert_eq!((phone.openai.requests().len(), phone.charges().await), (1, vec![usd("0.0015")]));
    // Another person has not paid for it.
    phone.openai.script(Reply::text("La la."));
    bot.telegram.send(BOB, BOB, same().captioned(TRANSCRIBE));
    assert!(bot.answer(BOB, 1).await.ends_with("La la."), "{}", bot.screen(BOB));
    assert_eq!(newest_result(bot)["stored"], false);
    assert_eq!(phone.charges().await.len(), 2);
    phone.end().await;
}

#[tokio::test]
async fn what_another_instance_is_doing_is_waited_for() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(20)).await;
    let begun = format!(
        "INSERT INTO transcriptions (key, user_id, unique_id, duration, state, held, lease, leased_until)
         VALUES ('{id}', {ANN}, 'x', 20, 'pending', 0, 7, now() + interval '1 hour')"
    );
    bot.sql(&begun).await;
    calls(bot, vec![json!({"file_id": id})]);
    let asked = bot.model.requests().len();
    bot.ann("What is said?");
    // It looks at the row again and again; nothing else tells that it waits.
    bot.request_end(asked + 1).await;
    bot.sql("UPDATE transcriptions SET state = 'done', text = 'From there.', settled_at = now()").await;
    let heard = results(&bot.request(asked + 2).await);
    assert_eq!((&heard[0]["text"], &heard[0]["stored"]), (&json!("From there."), &json!(true)), "{heard:?}");
    assert!(phone.openai.requests().is_empty());
    phone.end().await;
}

#[tokio::test]
async fn an_orderly_end_waits_for_the_transcript_and_cuts_it_after_the_grace_time() {
    let mut phone = Phone::prepare([]).await;
    phone.bot.run().await;
    let id = sent(&phone.bot, song(10)).await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("In time.").held(gate));
    calls(&phone.bot, vec![json!({"file_id": id})]);
    phone.bot.ann("What is said?");
    phone.heard(1).await;
    phone.bot.terminate();
    phone.bot.log("signal received").await;
    drop(keeper);
    assert_eq!(phone.bot.exit_code().await, 0);
    assert_eq!(phone.bot.answers(ANN).last().map(String::as_str), Some("I have heard it."));
    assert_eq!(phone.charges().await, [usd("0.00075")]);

    phone.bot.set("SHUTDOWN_GRACE_SECONDS", "1");
    phone.bot.run().await;
    let id = sent(&phone.bot, song(20)).await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("Too late.").held(gate));
    phone.openai.script(Reply::text("At the next start."));
    let call = Step::ToolUse { name: "transcribe_audio".to_owned(), input: json!({"file_id": id}) };
    phone.bot.model.script(Answer::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    phone.bot.ann("What is said?");
    phone.heard(2).await;
    phone.bot.terminate();
    phone.bot.exit_code().await;
    assert_eq!(
        phone
            .bot
            .database
            .count("SELECT count(*) FROM transcriptions WHERE failure = 'cancelled' AND lost > 0")
            .await,
        1
    );
    assert_eq!(phone.charges().await.len(), 1, "what was cut costs the person nothing");
    calls(&phone.bot, vec![json!({"file_id": id})]);
    phone.bot.run().await;
    phone.bot.database.until(OPEN, 0).await;
    let heard = results(phone.bot.model.requests().last().unwrap());
    assert_eq!(heard[0]["text"], "At the next start.", "{heard:?}");
    assert_eq!(phone.charges().await, [usd("0.00075"), usd("0.0015")]);
    drop(keeper);
    phone.end().await;
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_a_file_is_paid_once() {
    let points = starling::lifecycle::kill_point::ALL.iter().copied();
    let points = points.filter(|point| point.starts_with("transcription: ") && !OF_STOPS.contains(point));
    futures::stream::iter(points)
        .for_each_concurrent(4, |point| async move {
            let mut phone = Phone::with([("KILL_AT", point)]).await;
            phone.openai.script_times(2, &Reply::text("Hello."));
            phone.bot.telegram.send(ANN, ANN, song(10).captioned(TRANSCRIBE));
            tokio::time::timeout(BOUND, phone.bot.died()).await.expect("the bot dies in time");
            phone.bot.set("KILL_AT", "");
            phone.bot.run().await;
            let answer = phone.bot.answer(ANN, 1).await;
            phone.bot.database.until(OPEN, 0).await;
            let calls_again = point != "transcription: settled";
            let result = newest_result(&phone.bot);
            assert!(
                answer.ends_with("Hello.") && result["stored"] == !calls_again,
                "{point}: {answer} {result}"
            );
            assert_eq!(phone.bot.answers(ANN).len(), 1, "{point}");
            assert_eq!(phone.charges().await, [usd("0.00075")], "{point}");
            let lost = "SELECT count(*) FROM transcriptions WHERE lost > 0 AND attempts = 2";
            assert_eq!(phone.bot.database.count(lost).await, i64::from(calls_again), "{point}");
            phone.end().await;
        })
        .await;
}
