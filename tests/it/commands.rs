//! The bot's commands: menus, `/help`, who may use what, and words that are no commands.

use playground::telegram::CallOutcome;
use serde_json::{Value, json};

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Asks Telegram for a menu, as an operator would.
async fn menu(bot: &Bot, request: Value) -> Vec<String> {
    let url = format!("{}/bot123456:TEST-TOKEN/getMyCommands", bot.telegram.url());
    let answer: Value =
        reqwest::Client::new().post(url).json(&request).send().await.unwrap().json().await.unwrap();
    let commands = answer["result"].as_array().unwrap().clone();
    commands.iter().map(|command| command["command"].as_str().unwrap().to_owned()).collect()
}

/// Waits until Telegram has been told this many menus.
async fn menus_set(bot: &Bot, number: usize) {
    let set = bot.telegram.until("the menus of commands", BOUND, |view| {
        let done = view.calls().iter().filter(|call| call.method == "setMyCommands");
        (done.filter(|call| call.answer == CallOutcome::Ok).count() == number).then_some(())
    });
    set.await.unwrap();
}

#[tokio::test]
async fn menus_fit_their_chats_and_are_set_only_when_they_change() {
    let mut bot = Bot::of_olga([]).await;
    // Private chats and groups, in all languages. Olga has not written yet.
    let languages = 4;
    menus_set(&bot, 2 * languages).await;
    bot.log("the menu of the user 44 is not set").await;
    let everyone = menu(&bot, json!({})).await;
    assert!(everyone.contains(&"balance".to_owned()) && !everyone.contains(&"topup".to_owned()));
    assert_eq!(menu(&bot, json!({"language_code": "ru"})).await, everyone);
    let group = menu(&bot, json!({"scope": {"type": "all_group_chats"}})).await;
    assert!(group.contains(&"stop".to_owned()) && !group.contains(&"start".to_owned()), "{group:?}");
    // An administrator's first message opens the chat.
    bot.command_of(OLGA, "/start").await;
    menus_set(&bot, 3 * languages).await;
    let owner = menu(&bot, json!({"scope": {"type": "chat", "chat_id": OLGA}})).await;
    assert!(owner.starts_with(&everyone) && owner.contains(&"set_margin".to_owned()), "{owner:?}");
    bot.kill().await;
    bot.run().await;
    let asked = bot.telegram.until("the look at the last menu", BOUND, |view| {
        let looks = view.calls().iter().filter(|call| call.method == "getMyCommands");
        let last = looks
            .filter(|call| call.params["scope"]["type"] == "chat" && call.params["language_code"] == "ru");
        (last.count() > 1).then_some(())
    });
    asked.await.unwrap();
    assert_eq!(bot.carried_out("setMyCommands"), 3 * languages, "nothing has changed");
    bot.end().await;
}

#[tokio::test]
async fn help_lists_what_the_asker_may_use_here() {
    let bot = Bot::of_olga([]).await;
    let help = bot.tell("/help").await;
    for line in ["💬 Our conversation\n/stop – ", "💳 Balance and payments\n/balance – ", "\n/cancel – "]
    {
        assert!(help.contains(line), "{line}: {help}");
    }
    assert!(!help.contains("/topup") && !help.contains("For administrators"), "{help}");
    assert!(bot.command_of(OLGA, "/HELP@Starling_Bot").await.contains("🛠 For administrators\n/topup – "));
    let said = bot.telegram.say(GROUP, OLGA, "/help@starling_bot");
    let in_group = bot.reply_to(said.update_id).await.text;
    assert!(in_group.contains("/stop") && !in_group.contains("/topup"), "{in_group}");
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    assert!(bot.command_of(BOB, "/help").await.contains("💬 Наш разговор\n/stop – Прервать ответ"));
    bot.end().await;
}

#[tokio::test]
async fn an_unknown_command_is_answered_with_the_nearest_one() {
    let bot = Bot::of_olga([]).await;
    let near = "I do not know the command /balnce. Did you mean /balance? /help lists them all.";
    assert_eq!(bot.tell("/balnce").await, near);
    assert_eq!(bot.tell("/hlep").await, "I do not know the command /hlep. Did you mean /help?");
    assert_eq!(bot.tell("/joke").await, "I do not know the command /joke. /help lists what I can do.");
    // The commands of administrators are named to administrators only.
    assert!(bot.tell("/setmargin").await.ends_with("/help lists what I can do."));
    assert!(bot.command_of(OLGA, "/setmargin").await.contains("Did you mean /set_margin?"));
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    assert!(bot.command_of(BOB, "/hepl").await.starts_with("Команды /hepl я не знаю. Может быть, /help?"));
    assert!(bot.model.requests().is_empty(), "the model is not asked");
    // With more text, it is a message like any other.
    assert_eq!(bot.ask("/joke about cats").await, "You said: /joke about cats");
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_only_an_addressed_unknown_command_is_answered() {
    let bot = Bot::of_olga([]).await;
    bot.telegram.say(GROUP, ANN, "/joke");
    bot.telegram.say(GROUP, ANN, "/joke@other_bot");
    let said = bot.telegram.say(GROUP, ANN, "/stopp@starling_bot");
    assert!(bot.reply_to(said.update_id).await.text.contains("Did you mean /stop?"));
    assert_eq!(bot.answers(GROUP).len(), 1, "{}", bot.screen(GROUP));
    bot.end().await;
}

#[tokio::test]
async fn an_administrator_corrects_balances_in_private_only() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/start").await;
    let said = bot.telegram.say(GROUP, OLGA, "/topup 42 5");
    let answer = bot.reply_to(said.update_id).await.text;
    assert!(answer.starts_with("Please send this command in our private chat"), "{answer}");
    assert_eq!(bot.operations(ANN).await, ["starter 0.1"]);
    bot.telegram.add_user(person(OLGA, "Ольга", "olga", "ru"));
    let said = bot.telegram.say(GROUP, OLGA, "/set_margin 0.1");
    let answer = bot.reply_to(said.update_id).await.text;
    assert!(answer.starts_with("Отправьте эту команду в нашем личном чате"), "{answer}");
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    assert_eq!(bot.command_of(BOB, "/TOPUP 43 5").await, "Эта команда только для администраторов бота.");
    bot.log("the user 43 is no administrator").await;
    bot.end().await;
}

#[tokio::test]
async fn the_menu_of_a_person_has_the_chosen_language() {
    let bot = Bot::of_olga([]).await;
    menus_set(&bot, 8).await;
    let descriptions = async |scope: Value| {
        let url = format!("{}/bot123456:TEST-TOKEN/getMyCommands", bot.telegram.url());
        let sent = reqwest::Client::new().post(url).json(&json!({"scope": scope})).send().await.unwrap();
        let menu: Value = sent.json().await.unwrap();
        menu["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["description"].to_string())
            .collect::<Vec<_>>()
    };
    let private = |user: i64| json!({"type": "chat", "chat_id": user});
    bot.tell("/language de").await;
    menus_set(&bot, 9).await;
    assert!(descriptions(private(ANN)).await.contains(&"\"Was ich kann\"".to_owned()));
    bot.command_of(OLGA, "/language ru").await;
    menus_set(&bot, 13).await;
    assert!(descriptions(private(OLGA)).await.contains(&"\"Исправить баланс\"".to_owned()));
    let said = bot.ann("/language");
    let card = bot.reply_to(said.update_id).await;
    bot.tap(ANN, ANN, card.id, "lang:app").await;
    let removed = bot.telegram.until("the removal of a menu", BOUND, |view| {
        view.calls().iter().any(|call| call.method == "deleteMyCommands").then_some(())
    });
    removed.await.unwrap();
    assert!(descriptions(private(ANN)).await.is_empty());
    bot.end().await;
}
