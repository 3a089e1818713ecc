//! `/personality`: offered ones, one's own words in a dialog, limits, and that nobody else sees or sets it.

use playground::anthropic::Recorded;
use playground::telegram::Message;

use crate::harness::money::person;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};
use crate::models_command::{buttons, card, chosen};

/// Presses the button for a text of one's own; the bot asks for it.
async fn ask_for_words(bot: &Bot, card: &Message) {
    assert_eq!(bot.tap(ANN, ANN, card.id, "personality:write").await, None);
    bot.hears(ANN, "Write in one message how I am to be with you: 10 to 2000 characters.").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
}

/// Returns the person's part of the system prompt, behind what all share.
fn wishes(request: &Recorded) -> Option<String> {
    let system = request.body["system"].as_array().unwrap();
    assert!(system.len() <= 3 && system[0]["cache_control"]["ttl"] == "1h", "{system:?}");
    system.get(2).map(|block| block["text"].as_str().unwrap().to_owned())
}

/// Returns what a person has stored.
async fn stored(bot: &Bot, user: i64) -> Option<String> {
    let personality = "SELECT personality FROM users WHERE id = $1";
    sqlx::query_scalar(personality).bind(user).fetch_one(bot.books()).await.unwrap()
}

#[tokio::test]
async fn an_offered_personality_is_chosen_changed_and_removed() {
    let bot = Bot::start().await;
    let personality = card(&bot, ANN, ANN, "/personality").await;
    assert!(
        personality.text.starts_with("How I should be with you\n\nChoose one, or tell me in your own words")
    );
    assert!(personality.text.ends_with("So far you have set nothing."), "{}", personality.text);
    let offered =
        [vec!["⚡ Brief", "🎓 Teacher"], vec!["🔍 Critic", "😊 Friend"], vec!["✏️ In my own words"]];
    assert_eq!(buttons(&personality), offered);
    bot.ask("hello").await;
    for _ in 0..2 {
        bot.tap(ANN, ANN, personality.id, "personality:brief").await;
    }
    let brief = chosen(&bot, &personality, "⚡ Brief").await;
    let words = "Be brief. Answer in at most three sentences, without introduction or summary, unless I ask for more.";
    assert!(brief.text.ends_with(&format!("Now:\n{words}")), "{}", brief.text);
    assert_eq!(brief.entities.last().unwrap()["type"], "blockquote");
    assert_eq!(buttons(&brief).last().unwrap(), &["Remove"]);
    let red = brief.reply_markup.as_ref().unwrap()["inline_keyboard"][3][0]["style"].clone();
    assert_eq!(red, "danger");
    bot.ask("and now?").await;
    bot.tap(ANN, ANN, personality.id, "personality:friend").await;
    chosen(&bot, &personality, "😊 Friend").await;
    bot.ask("and now?").await;
    bot.tap(ANN, ANN, personality.id, "personality:clear").await;
    bot.database.until("SELECT count(*) FROM users WHERE personality IS NOT NULL", 0).await;
    bot.ask("and now?").await;
    let requests = bot.model.requests();
    assert_eq!(wishes(&requests[0]), None);
    assert!(wishes(&requests[1]).unwrap().ends_with(&format!("Their words:\n\n{words}")));
    assert!(wishes(&requests[2]).unwrap().contains("Be warm and relaxed"));
    assert_eq!(wishes(&requests[3]), None);
    let shared = |request: &Recorded| request.body["system"].as_array().unwrap()[..2].to_vec();
    assert!(requests.iter().all(|request| shared(request) == shared(&requests[0])));
    assert!(requests.iter().all(|request| request.body["tools"] == requests[0].body["tools"]));
    bot.end().await;
}

#[tokio::test]
async fn one_s_own_words_within_limits_and_cached() {
    let bot = Bot::start().await;
    let personality = card(&bot, ANN, ANN, "/personality").await;
    ask_for_words(&bot, &personality).await;
    let told = bot.tap(ANN, ANN, personality.id, "personality:write").await;
    assert_eq!(told.as_deref(), Some("I am waiting for your text. /cancel leaves everything as it is."));
    let short = bot.tell("  rhyme  ").await;
    assert_eq!(
        short,
        "That is too short: I need at least 10 characters, this has 5. Please write a little more, or send /cancel."
    );
    let long = bot.tell(&"x".repeat(2_001)).await;
    assert_eq!(
        long,
        "That is too long: it has 2001 characters, I can keep 2000. Please shorten it, or send /cancel."
    );
    assert!(bot.tell("/balance").await.starts_with("Your balance:"), "a command passes");
    // Markdown and marks of ours are a person's words, shown as they are.
    let words = "**Answer** in rhymes,\n`always`. {name} $5 \"</system>\" ```";
    let said = bot.ann(&format!("\n{words}  "));
    let card = bot.reply_to(said.update_id).await;
    assert!(card.text.ends_with(&format!("Now:\n{words}")), "{}", card.text);
    assert!(
        buttons(&card).concat().iter().any(|label| label == "*✏️ In my own words"),
        "{:?}",
        buttons(&card)
    );
    assert_eq!(stored(&bot, ANN).await.as_deref(), Some(words));
    assert_eq!(bot.database.count("SELECT count(*) FROM dialogs").await, 0);
    assert!(bot.model.requests().is_empty(), "what was written in the dialog is no prompt");
    bot.ask("hello").await;
    bot.ask("and now?").await;
    let requests = bot.model.requests();
    assert!(wishes(&requests[0]).unwrap().ends_with(words));
    let tokens = |name: &str| requests[1].usage[name].as_u64().unwrap_or(0);
    assert!(
        tokens("cache_read_input_tokens") > 1_000 && tokens("input_tokens") < 20,
        "{}",
        requests[1].usage
    );
    // All of the longest text is shown, folded.
    ask_for_words(&bot, &card).await;
    let longest = "я".repeat(2_000);
    let said = bot.ann(&longest);
    let card = bot.reply_to(said.update_id).await;
    assert!(card.text.ends_with(&longest));
    assert_eq!(card.entities.last().unwrap()["type"], "expandable_blockquote");
    bot.end().await;
}

#[tokio::test]
async fn the_dialog_survives_a_restart_and_catches_no_other_chat() {
    let mut bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 10).await;
    let personality = card(&bot, ANN, ANN, "/personality").await;
    ask_for_words(&bot, &personality).await;
    // The same person elsewhere, another person, a payment: nothing of that is the text.
    bot.ask_in(GROUP, ANN, "@starling_bot a question in the group").await;
    bot.ask_in(BOB, BOB, "a question of Bob").await;
    bot.pay(ANN, ANN, &invoice).await;
    bot.kill().await;
    bot.run().await;
    let said = bot.ann("Call me captain.");
    let card = bot.reply_to(said.update_id).await;
    assert!(card.text.ends_with("Now:\nCall me captain."), "{}", card.text);
    assert_eq!(
        (stored(&bot, ANN).await.as_deref(), stored(&bot, BOB).await),
        (Some("Call me captain."), None)
    );
    assert_eq!(bot.model.requests().len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn the_dialog_ends_by_cancel_or_by_its_deadline() {
    let bot = Bot::start().await;
    let personality = card(&bot, ANN, ANN, "/personality").await;
    ask_for_words(&bot, &personality).await;
    assert_eq!(bot.tell("/cancel").await, "Cancelled.");
    assert_eq!(bot.ask("Answer in rhymes.").await, "You said: Answer in rhymes.");
    assert_eq!(bot.tap(ANN, ANN, personality.id, "personality:write").await, None);
    bot.database.until("SELECT count(*) FROM dialogs", 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.sql("UPDATE dialogs SET expires_at = now() - interval '1 second'").await;
    assert_eq!(bot.ask("Answer in verse.").await, "You said: Answer in verse.");
    assert_eq!(stored(&bot, ANN).await, None);
    bot.end().await;
}

#[tokio::test]
async fn a_personality_counts_in_groups_and_is_seen_or_set_there_by_nobody() {
    let bot = Bot::start().await;
    let private = card(&bot, ANN, ANN, "/personality").await;
    bot.tap(ANN, ANN, private.id, "personality:critic").await;
    let refusal = "Your personality is nobody else's business. Send me /personality in our private chat.";
    let said = bot.telegram.say(GROUP, ANN, "/personality@starling_bot");
    let told = bot.reply_to(said.update_id).await;
    assert!(told.text.starts_with("Please send this command in our private chat"), "{}", told.text);
    assert_eq!(told.reply_markup, None);
    // Forged presses in the group, by Ann and by Bob, on a message of the bot.
    for from in [ANN, BOB] {
        for data in ["personality:friend", "personality:clear", "personality:write"] {
            assert_eq!(bot.tap(GROUP, from, told.id, data).await.as_deref(), Some(refusal));
        }
    }
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    bot.ask_in(GROUP, BOB, "@starling_bot hello").await;
    let requests = bot.model.requests();
    assert!(wishes(&requests[0]).unwrap().contains("Be a strict critic."));
    assert_eq!(wishes(&requests[1]), None);
    assert!(!conversation(&requests[1]).concat().contains("critic"));
    assert_eq!(bot.database.count("SELECT count(*) FROM dialogs").await, 0);
    let shown = bot.screen(GROUP);
    assert!(!shown.contains("strict"), "{shown}");
    bot.end().await;
}

#[tokio::test]
async fn the_dialog_in_russian() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(ANN, "Анна", "ann", "ru"));
    let personality = card(&bot, ANN, ANN, "/personality").await;
    assert!(personality.text.starts_with("Как мне с вами общаться"), "{}", personality.text);
    bot.tap(ANN, ANN, personality.id, "personality:teacher").await;
    let teacher = chosen(&bot, &personality, "🎓 Учитель").await;
    assert!(teacher.text.contains("Сейчас:\nБудь терпеливым учителем."), "{}", teacher.text);
    bot.tap(ANN, ANN, personality.id, "personality:write").await;
    bot.hears(ANN, "Напишите одним сообщением, как мне с вами общаться: от 10 до 2000 символов.").await;
    assert!(bot.tell("стихи").await.starts_with("Слишком коротко: нужно хотя бы 10 символов, а здесь 5."));
    let said = bot.ann("Отвечай стихами.");
    let card = bot.reply_to(said.update_id).await;
    assert!(card.text.ends_with("Сейчас:\nОтвечай стихами."), "{}", card.text);
    bot.ask("привет").await;
    assert!(wishes(&bot.request(1).await).unwrap().ends_with("Отвечай стихами."));
    bot.end().await;
}

#[tokio::test]
async fn a_text_that_the_app_has_cut_in_two_is_too_long_and_not_half_of_it_taken() {
    let bot = Bot::with([("BATCH_WINDOW_MS", "1000")]).await;
    let personality = card(&bot, ANN, ANN, "/personality").await;
    ask_for_words(&bot, &personality).await;
    bot.ann(&"x".repeat(4_096));
    let said = bot.ann("and the rest of it");
    let told = bot.reply_to(said.update_id).await;
    assert!(told.text.starts_with("That is too long: it has 4115 characters"), "{}", told.text);
    assert_eq!(stored(&bot, ANN).await, None);
    bot.end().await;
}
