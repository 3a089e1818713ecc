//! `/model`: the models with their prices, the choice of each person, old and forged buttons, retired models.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::Message;

use crate::harness::money::person;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Returns the labels of a card's buttons by row; `*` marks a green one.
pub(crate) fn buttons(card: &Message) -> Vec<Vec<String>> {
    let label = |button: &serde_json::Value| {
        let mark = if button["style"] == "success" { "*" } else { "" };
        format!("{mark}{}", button["text"].as_str().unwrap())
    };
    let rows = card.reply_markup.as_ref().unwrap()["inline_keyboard"].as_array().unwrap().clone();
    rows.iter().map(|row| row.as_array().unwrap().iter().map(label).collect()).collect()
}

/// Sends a command and returns the card that answers it.
pub(crate) async fn card(bot: &Bot, chat: i64, from: i64, command: &str) -> Message {
    let said = bot.telegram.say(chat, from, command);
    bot.reply_to(said.update_id).await
}

/// Waits until a card has this green button among its labels, and returns it.
pub(crate) async fn chosen(bot: &Bot, card: &Message, label: &str) -> Message {
    let (chat, id) = (card.raw["chat"]["id"].as_i64().unwrap(), card.id);
    let what = format!("the chosen {label}");
    let found = bot.telegram.until(&what, BOUND, |view| {
        let now = view.messages(chat).find(|message| message.id == id)?;
        buttons(now).concat().contains(&format!("*{label}")).then(|| now.clone())
    });
    found.await.unwrap()
}

fn models_asked(bot: &Bot) -> Vec<String> {
    let requests = bot.model.requests();
    requests.iter().map(|request| request.body["model"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_card_shows_the_models_and_a_tap_chooses_one() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(ANN, "Ann", "ann", "en"));
    let models = card(&bot, ANN, ANN, "/model").await;
    insta::assert_snapshot!(models.text, @r"
    The model that answers you

    ✅ Claude Sonnet 5.5
    ≈ $0.009 for a typical answer
    reads up to 1 million tokens at once
    pictures, PDFs and tools, thinks before it answers, adjustable effort

    Claude Opus 5.5
    ≈ $0.018 for a typical answer
    reads up to 1 million tokens at once
    pictures, PDFs and tools, thinks before it answers, adjustable effort

    Claude Haiku 5.5
    ≈ $0.0005 for a typical answer
    reads up to 1 million tokens at once
    pictures, PDFs and tools, thinks before it answers, adjustable effort

    A typical answer: 2,000 tokens of conversation and question, 500 of answer. An answer that is running keeps its model; your choice counts from the next one on.
    ");
    assert_eq!(buttons(&models), [vec!["*Claude Sonnet 5.5", "Claude Opus 5.5"], vec!["Claude Haiku 5.5"]]);
    bot.ask("hello").await;
    let told = bot.tap(ANN, ANN, models.id, "model:claude-opus-5-5").await;
    assert_eq!(told.as_deref(), Some("Claude Opus 5.5 answers from your next message on."));
    let changed = chosen(&bot, &models, "Claude Opus 5.5").await;
    assert!(changed.text.contains("✅ Claude Opus 5.5") && !changed.text.contains("✅ Claude Sonnet"));
    bot.ask("and now?").await;
    assert_eq!(models_asked(&bot), ["claude-sonnet-5-5", "claude-opus-5-5"]);
    // Somebody else keeps the default.
    bot.ask_in(BOB, BOB, "hello").await;
    assert_eq!(models_asked(&bot)[2], "claude-sonnet-5-5");
    let bill = bot.tell("/balance").await;
    assert!(bill.contains("Claude Opus 5.5") && bill.contains("Claude Sonnet 5.5"), "{bill}");
    bot.end().await;
}

#[tokio::test]
async fn the_card_in_russian_and_a_second_tap_that_changes_nothing() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(ANN, "Анна", "ann", "ru"));
    let models = card(&bot, ANN, ANN, "/model").await;
    assert!(models.text.starts_with(
        "Модель, которая вам отвечает\n\n✅ Claude Sonnet 5.5\n≈ 0,009\u{a0}$ за обычный ответ"
    ));
    for _ in 0..2 {
        let told = bot.tap(ANN, ANN, models.id, "model:claude-haiku-5-5").await;
        assert_eq!(told.as_deref(), Some("Со следующего сообщения отвечает Claude Haiku 5.5."));
    }
    chosen(&bot, &models, "Claude Haiku 5.5").await;
    assert_eq!(bot.answers(ANN).len(), 1, "the card itself has changed");
    bot.ask("привет").await;
    assert_eq!(models_asked(&bot), ["claude-haiku-5-5"]);
    bot.end().await;
}

#[tokio::test]
async fn a_running_answer_keeps_its_model_also_across_a_crash() {
    let mut bot = Bot::start().await;
    let models = card(&bot, ANN, ANN, "/model").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate)]));
    bot.ann("hello");
    bot.request(1).await;
    bot.tap(ANN, ANN, models.id, "model:claude-opus-5-5").await;
    chosen(&bot, &models, "Claude Opus 5.5").await;
    bot.kill().await;
    drop(keeper);
    bot.run().await;
    bot.hears(ANN, "You said: hello").await;
    bot.ask("and now?").await;
    assert_eq!(models_asked(&bot), ["claude-sonnet-5-5", "claude-sonnet-5-5", "claude-opus-5-5"]);
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_a_card_obeys_the_person_who_has_asked_for_it() {
    let bot = Bot::start().await;
    let models = card(&bot, GROUP, ANN, "/model@starling_bot").await;
    let told = bot.tap(GROUP, BOB, models.id, "model:claude-opus-5-5").await;
    assert_eq!(told.as_deref(), Some("This is somebody else's card. Send /model for your own."));
    bot.tap(GROUP, ANN, models.id, "model:claude-haiku-5-5").await;
    // The changed card is still hers.
    chosen(&bot, &models, "Claude Haiku 5.5").await;
    let told = bot.tap(GROUP, BOB, models.id, "model:claude-opus-5-5").await;
    assert_eq!(told.as_deref(), Some("This is somebody else's card. Send /model for your own."));
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    bot.ask_in(GROUP, BOB, "@starling_bot hello").await;
    assert_eq!(models_asked(&bot), ["claude-haiku-5-5", "claude-sonnet-5-5"]);
    // A message that is no card, with forged data.
    let answer = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    let told = bot.tap(GROUP, BOB, answer.id, "model:claude-opus-5-5").await;
    assert_eq!(told.as_deref(), Some("This button has expired. Please send the command again."));
    bot.end().await;
}

#[tokio::test]
async fn what_is_not_offered_cannot_be_chosen() {
    let bot = Bot::start().await;
    let models = card(&bot, ANN, ANN, "/model").await;
    for forged in ["model:gemini-3-pro-image", "model:claude-sonnet-4-5", "model:"] {
        let told = bot.tap(ANN, ANN, models.id, forged).await;
        assert_eq!(
            told.as_deref(),
            Some("This button has expired. Please send the command again."),
            "{forged}"
        );
    }
    bot.ask("hello").await;
    assert_eq!(models_asked(&bot), ["claude-sonnet-5-5"]);
    bot.end().await;
}

/// Writes a model table for one test.
fn table(name: &str, changes: &[(&str, &str)]) -> std::path::PathBuf {
    let built_in = include_str!("../../src/llm/models.toml");
    let text = changes.iter().fold(built_in.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    let path = std::env::temp_dir().join(format!("starling-models-{}-{name}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_retired_model_is_replaced_with_one_notice() {
    let opus = "name = \"Claude Opus 5.5\"\n";
    let retired = table("retired", &[(opus, &format!("{opus}retires = \"2026-01-01\"\n"))]);
    let haiku = "name = \"Claude Haiku 5.5\"\n";
    let gone = table("gone", &[(haiku, &format!("{haiku}provider = \"google\"\n"))]);
    let mut bot = Bot::with([("MODELS_FILE", retired.to_str().unwrap())]).await;
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    let models = card(&bot, ANN, ANN, "/model").await;
    assert_eq!(
        buttons(&models),
        [["*Claude Sonnet 5.5", "Claude Haiku 5.5"]],
        "a retired model is not offered"
    );
    bot.ask_in(BOB, BOB, "привет").await;
    bot.sql("UPDATE users SET model_id = 'claude-opus-5-5' WHERE id = 42").await;
    bot.sql("UPDATE users SET model_id = 'claude-sonnet-4-5' WHERE id = 43").await;
    // Two messages at once, one notice.
    for text in ["one", "two"] {
        bot.ann(text);
    }
    let notice = "ℹ️ Claude Opus 5.5 is not offered here any more. From now on Claude Sonnet 5.5 answers you; /model shows what else there is.";
    bot.hears(ANN, notice).await;
    bot.hears(ANN, "You said: one").await;
    bot.ask("three").await;
    assert_eq!(bot.answers(ANN).iter().filter(|text| text.contains("any more")).count(), 1);
    // It had come back, was chosen again, and is gone again.
    bot.sql("UPDATE users SET model_id = 'claude-opus-5-5' WHERE id = 42").await;
    bot.ann("and now?");
    bot.hears(ANN, "You said: and now?").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(bot.answers(ANN).iter().filter(|text| text.contains("any more")).count(), 2);
    bot.telegram.say(BOB, BOB, "ещё");
    bot.hears(BOB, "claude-sonnet-4-5 здесь больше не предлагается. Теперь вам отвечает Claude Sonnet 5.5")
        .await;
    bot.hears(BOB, "You said: ещё").await;
    assert!(models_asked(&bot).iter().all(|model| model == "claude-sonnet-5-5"));
    // The provider of a chosen model has no key any more.
    bot.sql("UPDATE users SET model_id = 'claude-haiku-5-5' WHERE id = 42").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.set("MODELS_FILE", gone.to_str().unwrap());
    bot.run().await;
    let models = card(&bot, ANN, ANN, "/model").await;
    assert_eq!(buttons(&models), [["*Claude Sonnet 5.5", "Claude Opus 5.5"]]);
    bot.ann("four");
    bot.hears(ANN, "ℹ️ Claude Haiku 5.5 is not offered here any more.").await;
    bot.hears(ANN, "You said: four").await;
    bot.end().await;
    for file in [retired, gone] {
        std::fs::remove_file(file).unwrap();
    }
}
