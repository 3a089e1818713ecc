//! Nothing is left of a person but the books, also if an answer is running or the process dies.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{Attachment, NewFile};
use rust_decimal::Decimal;

use super::{button, cached, found, offer};
use crate::exports::file;
use crate::harness::money::person;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, prompt};
use crate::models_command::{buttons, card};

/// Words that nobody says but Ann, in her messages, files and choices.
const WORDS: [&str; 3] = ["xylophone", "Annabella", "ann_of_leeds"];

/// Returns a sentence without the balance in it, which is the right one.
fn without_amount(text: &str, balance: Decimal) -> String {
    let (before, rest) = text.split_once("balance of $").unwrap();
    let (amount, after) = rest.split_once(' ').unwrap();
    assert!((amount.parse::<Decimal>().unwrap() - balance).abs() < Decimal::new(1, 2), "{amount}");
    format!("{before}balance of (amount) {after}")
}

/// Lets Ann leave traces everywhere, and Bob some that are his.
async fn leave_traces(bot: &Bot) {
    bot.telegram.add_user(person(ANN, "Annabella", "ann_of_leeds", "en"));
    // Answers to others must not repeat her words.
    bot.model.set_author(|asked| {
        let is_hers =
            ["my xylophone", "piano", "in the group"].iter().any(|words| asked.text.ends_with(words));
        Some(Reply::text(if is_hers { "The xylophone sounds bright." } else { "I see." }))
    });
    let notes = NewFile::new(Attachment::Document, "xylophone.txt", "text/plain", b"A xylophone".to_vec());
    bot.telegram.send(ANN, ANN, notes.captioned("my xylophone"));
    bot.answer(ANN, 1).await;
    let said = bot.ann("I play the piano");
    bot.answer(ANN, 2).await;
    bot.telegram.edit(ANN, said.message_id, "I play the xylophone");
    bot.database.until("SELECT count(*) FROM messages WHERE edits > 0", 1).await;
    let asked = bot.telegram.say(GROUP, ANN, "@starling_bot a xylophone in the group");
    bot.answer(GROUP, 1).await;
    let answer = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    bot.telegram.reply(GROUP, BOB, asked.message_id, "@starling_bot what does she mean?");
    bot.answer(GROUP, 2).await;
    bot.telegram.reply(GROUP, BOB, answer.id, "what do you mean?");
    bot.answer(GROUP, 3).await;
    bot.database.until("SELECT count(*) FROM turns WHERE NOT counted OR state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.sql(
        "UPDATE users SET personality = 'Speak of a xylophone.', campaign = 'xylophone' WHERE id = 42;
         INSERT INTO dialogs (chat_id, user_id, topic_id, kind, expires_at)
           VALUES (-1000042, 42, 7, 'custom_amount', now() + interval '1 hour');
         INSERT INTO dead_letters (item_id, payload, error)
           SELECT 'checkpoint:1:1:1', '{\"type\":\"checkpoint\",\"turn\":' || min(turns.id) || ',\"text\":\"xylophone\"}', 'x'
           FROM turns JOIN threads ON threads.id = thread_id WHERE user_id = 42;
         INSERT INTO checkpoints (turn_id, attempt, sequence, text)
           SELECT min(turns.id), 1, 1, 'xylophone' FROM turns JOIN threads ON threads.id = thread_id WHERE user_id = 42;
         UPDATE turns SET tool_rounds = '[{\"xylophone\": 1}]', sent_files = '[{\"id\": \"00000000-0000-0000-0000-000000000007\", \"name\": \"xylophone.pdf\", \"sent\": true}]'
           FROM threads WHERE threads.id = thread_id AND user_id = 42;
         INSERT INTO made_files (id, thread_id, turn_id, name, mime, size, sha256, description, cached, expires_at)
           SELECT gen_random_uuid(), threads.id, min(turns.id), 'xylophone.txt', 'text/plain', 9, sha256('xylophone'),
             'A xylophone', FALSE, now() + interval '1 hour'
           FROM turns JOIN threads ON threads.id = thread_id WHERE user_id = 42 AND chat_id = 42 GROUP BY threads.id;
         INSERT INTO made_file_contents (file_id, content) SELECT id, 'xylophone'::bytea FROM made_files;
         INSERT INTO topic_names (chat_id, topic_id, state, due_at, turn_id, user_id, name)
           SELECT 42, 70, 'chosen', now() + interval '1 year', min(turns.id), 42, 'Xylophone'
           FROM turns JOIN threads ON threads.id = thread_id WHERE user_id = 42;
         INSERT INTO transcriptions (key, chat_id, message_id, replied, user_id, unique_id, duration, state, held, lease,
             leased_until, text, language, settled_at)
           VALUES ('42:1', 42, 1, FALSE, 42, 'AgAD', 3, 'done', 0, 1, now(), 'a xylophone', 'en', now());",
    )
    .await;
}

#[tokio::test]
async fn nothing_of_a_person_is_left_but_the_books() {
    let redis = Redis::start().await;
    let mut bot = Bot::with([("REDIS_URL", redis.url().as_str())]).await;
    leave_traces(&bot).await;
    bot.tell("/language en").await;
    bot.database.until("SELECT count(*) FROM personal_menus WHERE digest IS NOT NULL", 1).await;
    assert!(found(&bot, &WORDS).await.len() > 10 && !cached(&redis, &WORDS).await.is_empty());
    // An export that nobody has fetched is erased as well.
    let privacy = card(&bot, ANN, ANN, "/privacy").await;
    bot.tap(ANN, ANN, privacy.id, "data:everything").await;
    file(&bot, ANN, 1).await;
    let balance = bot.balance(ANN).await;
    let operations = bot.database.count("SELECT count(*) FROM balance_operations").await;
    let question = offer(&bot, ANN).await;
    insta::assert_snapshot!(without_amount(&question.text, balance), @r"
    Erase everything?

    I stop what I am answering and erase our conversations here and in groups, your files, your choices and your name. Nobody can undo this.

    Your balance of (amount) stays, and so do the figures of payments and answers, without words and names. Messages that you see in Telegram stay there until you delete them yourself.

    You have 10 minutes to decide.
    ");
    assert_eq!(buttons(&question), [vec!["Yes, erase everything"], vec!["No, keep it"]]);
    let told = bot.tap(ANN, ANN, question.id, &button(&question, 0)).await;
    assert_eq!(
        told.as_deref(),
        Some("I am erasing everything and tell you when it is done. Please do not write until then.")
    );
    let done = bot.hears(ANN, "Everything about you is erased").await;
    insta::assert_snapshot!(without_amount(&done, balance), @r"
    Everything about you is erased, except the books. Your balance of (amount) has stayed. You get no announcements any more; /settings switches them on again.

    Write to me whenever you like: we begin anew.
    ");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(found(&bot, &WORDS).await, Vec::<String>::new());
    assert_eq!(cached(&redis, &WORDS).await, Vec::<String>::new());
    // Nor does the menu tell which language she had chosen.
    bot.database.until("SELECT count(*) FROM personal_menus", 0).await;
    assert_eq!(bot.carried_out("deleteMyCommands"), 1);
    // The books are as they were.
    assert_eq!(bot.balance(ANN).await, balance);
    assert_eq!(bot.database.count("SELECT count(*) FROM balance_operations").await, operations);
    let (code, audit) = bot.command(&["audit"]).await;
    assert_eq!(code, 0, "{audit}");
    // A second press changes nothing.
    let again = bot.tap(ANN, ANN, question.id, &button(&question, 0)).await;
    assert_eq!(again.as_deref(), Some("This was erased before. /privacy begins anew."));
    // What others have said stays, without her words.
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE chat_id = -1000042").await, 4);
    bot.kill().await;
    bot.run().await;
    bot.telegram.say(GROUP, BOB, "@starling_bot and now?");
    bot.answer(GROUP, 4).await;
    let asked = prompt(bot.model.requests().last().unwrap());
    assert!(asked.contains("what does she mean?") && !asked.contains("xylophone"), "{asked}");
    // She may write again, and is met as anybody.
    assert_eq!(bot.ask("hello").await, "I see.");
    assert_eq!(prompt(bot.model.requests().last().unwrap()), "user: hello");
    assert_eq!(bot.balance(ANN).await.round_dp(0), balance.round_dp(0));
    bot.end().await;
}

#[tokio::test]
async fn a_running_answer_is_stopped_and_erased() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(ANN, "Анна", "ann", "ru"));
    let question = offer(&bot, ANN).await;
    assert_eq!(buttons(&question), [vec!["Да, стереть всё"], vec!["Нет, оставить"]]);
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("A xylophone is".to_owned()), Step::Gate(gate)]));
    bot.ann("what is a xylophone?");
    bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
    bot.tap(ANN, ANN, question.id, &button(&question, 0)).await;
    bot.hears(ANN, "Всё о вас стёрто, кроме бухгалтерии. Баланс ").await;
    assert_eq!(found(&bot, &["xylophone", "Анна"]).await, Vec::<String>::new());
    drop(keeper);
    bot.end().await;
}

/// Whatever the process was doing when it died, the next one finishes it.
#[tokio::test]
async fn an_erasure_goes_on_after_a_crash() {
    let deaths = ["erasure: step taken", "erasure: before the end"].map(|point| async move {
        let mut bot = Bot::with([("KILL_AT", point)]).await;
        leave_traces(&bot).await;
        let question = offer(&bot, ANN).await;
        bot.telegram.press(ANN, ANN, question.id, &button(&question, 0));
        tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
        assert!(!found(&bot, &WORDS).await.is_empty(), "{point}: something was left to do");
        bot.set("KILL_AT", "");
        bot.run().await;
        bot.hears(ANN, "Everything about you is erased").await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        assert_eq!(found(&bot, &WORDS).await, Vec::<String>::new(), "{point}");
        let told = bot.answers(ANN).iter().filter(|text| text.starts_with("Everything about")).count();
        assert_eq!(told, 1, "{point}");
        bot.end().await;
    });
    futures::future::join_all(deaths).await;
}
