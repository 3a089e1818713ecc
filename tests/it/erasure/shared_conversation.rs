//! Of a conversation that a group shares, only what the person has asked is erased, with its answers.

use playground::anthropic::Reply;
use playground::telegram::{Attachment, NewFile};

use super::{button, cached, found, offer};
use crate::exports::WAITING;
use crate::group_settings::group_card;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP, prompt};
use crate::models_command::chosen;

#[tokio::test]
async fn in_a_shared_conversation_only_the_questions_of_the_person_and_their_answers_go() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", redis.url().as_str())]).await;
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:talks:shared").await;
    chosen(&bot, &group, "One for all").await;
    bot.model.script(Reply::text("A saxophone is made of brass."));
    bot.ask_in(GROUP, BOB, "@starling_bot tell me of the saxophone").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let notes = NewFile::new(Attachment::Document, "notes.txt", "text/plain", b"A xylophone".to_vec());
    bot.telegram.send(GROUP, BOB, notes.captioned("@starling_bot and this?"));
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.model.script(Reply::text("A glockenspiel is made of steel."));
    bot.ask_in(GROUP, ANN, "@starling_bot tell me of the glockenspiel").await;
    bot.database.until("SELECT count(*) FROM turns WHERE NOT counted OR state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.sql(
        "INSERT INTO made_files (id, thread_id, turn_id, name, mime, size, sha256, description, cached, expires_at)
           SELECT gen_random_uuid(), thread_id, id, 'saxophone.png', 'image/png', 9, sha256('x'), '', FALSE,
             now() + interval '1 hour'
           FROM turns WHERE asker_id = 43 LIMIT 1",
    )
    .await;
    let question = offer(&bot, BOB).await;
    bot.tap(BOB, BOB, question.id, &button(&question, 0)).await;
    bot.database.until(WAITING, 0).await;
    let words = ["saxophone", "xylophone", "notes.txt"];
    assert_eq!(found(&bot, &words).await, Vec::<String>::new());
    assert_eq!(cached(&redis, &words).await, Vec::<String>::new());
    // What Ann has asked stays, and the conversation goes on.
    assert!(!found(&bot, &["glockenspiel"]).await.is_empty());
    bot.ask_in(GROUP, ANN, "@starling_bot and of what else?").await;
    let shown = prompt(bot.model.requests().last().unwrap());
    assert!(shown.contains("glockenspiel") && !shown.contains("saxophone"), "{shown}");
    bot.end().await;
}
