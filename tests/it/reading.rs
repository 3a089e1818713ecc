//! Messages with contents that the framework, the database or JSON itself cannot represent. Telegram
//! documents them, and their readable part is answered.

use playground::ports::free_address;
use playground::telegram::{NewFile, Person, kinds};
use serde_json::json;

use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

const ONLY_TEXT: &str = "I cannot read this.";

#[tokio::test]
async fn a_message_is_answered_whatever_it_points_at() {
    let bot = Bot::start().await;
    let bob =
        json!({"type": "user", "date": 1, "sender_user": {"id": BOB, "is_bot": false, "first_name": "Bob"}});
    for (number, fields) in [
        // A text by a person: no media type, no chat, no number.
        json!({"text": "one", "external_reply": {"origin": bob}, "quote": {"text": "marked", "position": 0}}),
        json!({"text": "two", "external_reply": {"origin": bob, "story": {"id": 1, "chat": {"id": BOB, "type": "private"}}}}),
        json!({"text": "three", "forward_origin": {"type": "of_tomorrow", "date": 1}}),
        json!({"text": "four", "reply_markup": {"inline_keyboard": [[{"text": "x", "of_tomorrow": 1}]]}}),
        json!({"rich_message": {"blocks": [{"type": "paragraph", "text": ["fi", {"type": "bold", "text": "ve"}]}]}}),
    ]
    .into_iter()
    .enumerate()
    {
        let word = ["one", "two", "three", "four", "five"][number];
        bot.telegram.say_with(ANN, ANN, None, fields);
        let answer = bot.answer(ANN, number + 1).await;
        assert!(answer.starts_with("You said: ") && answer.ends_with(word), "{answer}");
    }
    assert!(conversation(&bot.request(1).await)[0].contains("marked"));
    bot.end().await;
}

#[tokio::test]
async fn a_name_with_a_nul_is_the_name_without_it() {
    let bot = Bot::start().await;
    bot.telegram.add_user(Person { last_name: Some("B\0ell\n".to_owned()), ..Person::new(ANN, "A\0nn") });
    assert_eq!(bot.ask("hello").await, "You said: hello");
    assert_eq!(bot.ask("a\0b").await, "You said: ab");
    let names: (String, Option<String>) =
        sqlx::query_as("SELECT first_name, last_name FROM users").fetch_one(bot.books()).await.unwrap();
    assert_eq!(names, ("Ann".to_owned(), Some("Bell".to_owned())));
    bot.end().await;
}

#[tokio::test]
async fn half_an_emoji_costs_nothing_but_itself() {
    let addr = free_address().unwrap().to_string();
    let url = format!("http://{addr}/telegram");
    let settings = [
        ("TELEGRAM_MODE", "webhook"),
        ("WEBHOOK_URL", url.as_str()),
        ("WEBHOOK_ADDR", &addr),
        ("WEBHOOK_SECRET", "s3cret"),
    ];
    let bot = Bot::with(settings).await;
    bot.ask("hello").await;
    let update = r#"{"update_id": 900000, "message": {"message_id": 900, "date": 1, "text": "half \ud83d whole \ud83d\ude00",
        "chat": {"id": 42, "type": "private", "first_name": "Ann\udc00"},
        "from": {"id": 42, "is_bot": false, "first_name": "Ann\udc00"}}}"#;
    let broken = b"{\"update_id\": 900001, \"no UTF-8: \xff\": 1}";
    let deliver = async |body: Vec<u8>| {
        let post =
            reqwest::Client::new().post(&url).header("x-telegram-bot-api-secret-token", "s3cret").body(body);
        post.send().await.unwrap().status().as_u16()
    };
    assert_eq!(deliver(update.as_bytes().to_vec()).await, 200);
    assert_eq!(bot.answer(ANN, 2).await, "You said: half  whole 😀");
    assert_eq!(deliver(broken.to_vec()).await, 200, "Telegram need not send it for ever");
    bot.end().await;
}

#[tokio::test]
async fn what_has_nothing_to_read_is_answered_in_private_and_counted_by_its_kind() {
    let bot = Bot::start().await;
    for (number, fields) in [
        json!({"game": {"title": "Chess", "description": "", "photo": []}}),
        json!({"gift": {"gift": {"id": "1"}}}),
        json!({"giveaway": {"winner_count": 1}}),
        json!({"hologram": {"of": "tomorrow"}}),
        json!({}),
    ]
    .into_iter()
    .enumerate()
    {
        bot.telegram.say_with(ANN, ANN, None, fields);
        assert!(bot.answer(ANN, number + 1).await.starts_with(ONLY_TEXT));
    }
    bot.telegram.say_with(GROUP, ANN, None, json!({"new_chat_title": "Better friends"}));
    bot.telegram.say_with(GROUP, ANN, None, json!({"dice": {"emoji": "🎲", "value": 3}}));
    bot.telegram.push_update(json!({"of_tomorrow": {}}));
    assert_eq!(bot.ask("and a text").await, "You said: and a text");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    for kind in ["game", "gift", "giveaway", "other", "empty", "new_chat_title"] {
        let counted = bot.metric(&format!("bot_messages_unread_total{{kind=\"{kind}\"}}")).await;
        assert_eq!(counted, 1, "{kind}");
    }
    assert_eq!(bot.answers(GROUP).len(), 0);
    assert_eq!(bot.model.requests().len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn commands_are_found_wherever_people_write_them_and_others_are_left_alone() {
    let bot = Bot::start().await;
    assert!(bot.ask("/BALANCE").await.contains("$1000"), "{:?}", bot.answers(ANN));
    bot.telegram.send(ANN, ANN, NewFile::photo(64, 64).captioned("/Balance"));
    assert!(bot.answer(ANN, 2).await.contains("$1000"), "{:?}", bot.answers(ANN));
    assert!(bot.ask_in(GROUP, ANN, "@starling_bot /balance").await.contains("$1000"));
    let ours = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    bot.telegram.reply(GROUP, ANN, ours.id, "/balance@other_bot");
    bot.telegram.reply(GROUP, ANN, ours.id, "/weather@other_bot Berlin");
    // The next answer belongs to the next question.
    assert!(bot.ask_in(GROUP, BOB, "@starling_bot hello").await.ends_with("@starling_bot hello"));
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!((bot.answers(GROUP).len(), bot.model.requests().len()), (2, 1));
    bot.end().await;
}

/// The description of a message that is neither text nor a file is what is asked.
#[tokio::test]
async fn places_contacts_polls_and_stickers_that_move_are_a_line_for_the_model() {
    let bot = Bot::start().await;
    let sticker = NewFile::sticker("🎉", "video/webm", vec![1; 300]);
    bot.telegram.send(ANN, ANN, sticker);
    assert!(bot.answer(ANN, 1).await.contains("[sticker 🎉]"), "{}", bot.screen(ANN));
    let done = [("Passport", true), ("Map", false)];
    for (fields, line) in [
        (kinds::contact("Carl", "+491"), r#"[contact: "Carl", "+491"]"#),
        (kinds::location(52.5, 13.4), "[location: 52.5, 13.4]"),
        (kinds::live_location(52.5, 13.4), "[location: 52.5, 13.4]"),
        (kinds::venue("Zoo", "Main Street 1", 52.5, 13.4), r#"[venue: "Zoo", "Main Street 1"]"#),
        (kinds::poll("Tea?", &["Yes", "No"]), r#"[poll: "Tea?", options: "Yes", "No"]"#),
        (kinds::dice("🎯", 6), "[dice 🎯 showing 6]"),
        (kinds::story(7, "Carl"), r#"[story of "Carl"]"#),
        (kinds::checklist("Trip", &done), r#"[checklist: "Trip", tasks: "Passport" (done), "Map"]"#),
    ] {
        let before = bot.answers(ANN).len();
        bot.telegram.say_with(ANN, ANN, None, fields);
        assert_eq!(bot.answer(ANN, before + 1).await, format!("You said: {line}"));
        let asked = conversation(bot.model.requests().last().unwrap());
        assert_eq!(asked.last().unwrap(), &format!("user: {line}"));
    }
    // In a group only an answer to the bot is meant for it.
    bot.telegram.say_with(GROUP, BOB, None, kinds::dice("🎲", 3));
    let ours = bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    let message = bot.telegram.messages(GROUP).into_iter().find(|message| message.text == ours).unwrap();
    bot.telegram.say_with(GROUP, ANN, Some(message.id), kinds::location(1.0, 2.0));
    bot.hears(GROUP, "[location: 1.0, 2.0]").await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(bot.answers(GROUP).len(), 2);
    bot.end().await;
}
