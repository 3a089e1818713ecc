//! Telegram's menus of commands: those that belong to nobody in particular, and those of single private chats, which
//! follow upgrades, rights and languages.

use std::collections::HashSet;

use playground::telegram::{Call, CallOutcome, Fault, Telegram};
use serde_json::{Value, json};

use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, BOUND, Bot};

/// Languages of apps.
const LANGUAGES: usize = 4;
/// Menus that belong to nobody in particular: of private chats, groups and their administrators.
const COMMON: usize = 3 * LANGUAGES;
/// A menu of a former version.
const FORMER: &str = "UPDATE personal_menus SET digest = sha256('former')";

/// Asks Telegram for a menu, as an operator would.
async fn commands(bot: &Bot, request: Value) -> Vec<Value> {
    let url = format!("{}/bot123456:TEST-TOKEN/getMyCommands", bot.telegram.url());
    let answer: Value =
        reqwest::Client::new().post(url).json(&request).send().await.unwrap().json().await.unwrap();
    answer["result"].as_array().unwrap().clone()
}

/// Returns the names of a menu.
async fn menu(bot: &Bot, request: Value) -> Vec<String> {
    let commands = commands(bot, request).await;
    commands.iter().map(|command| command["command"].as_str().unwrap().to_owned()).collect()
}

/// Returns how many commands Telegram has for a private chat in each language of apps.
async fn sizes(bot: &Bot, user: i64) -> Vec<usize> {
    let mut sizes = Vec::new();
    for language in ["", "de", "es", "ru"] {
        let scope = json!({"scope": {"type": "chat", "chat_id": user}, "language_code": language});
        sizes.push(menu(bot, scope).await.len());
    }
    sizes
}

/// Returns the calls about the menu of a private chat.
fn calls(telegram: &Telegram, method: &str, user: i64) -> Vec<Call> {
    telegram.view(|view| {
        let of_user = view.calls_of(method).filter(|call| call.params["scope"]["chat_id"] == user);
        of_user.filter(|call| call.answer == CallOutcome::Ok).cloned().collect()
    })
}

fn set(bot: &Bot, user: i64) -> usize {
    calls(&bot.telegram, "setMyCommands", user).len()
}

/// Waits until the menus that belong to nobody in particular are set. Instances that start at the same time may both
/// set one.
async fn common_menus(bot: &Bot) {
    let set = bot.telegram.until("the menus of commands", BOUND, |view| {
        let done = view.calls_of("setMyCommands").filter(|call| call.params["scope"]["type"] != "chat");
        let done = done.filter(|call| call.answer == CallOutcome::Ok);
        let menus = done.map(|call| format!("{} {}", call.params["scope"], call.params["language_code"]));
        (menus.collect::<HashSet<_>>().len() == COMMON).then_some(())
    });
    set.await.unwrap();
}

/// Waits until the menu of a private chat is described in these words.
async fn described(bot: &Bot, user: i64, words: &str) {
    let what = format!("the menu of {user} with '{words}'");
    let set = bot.telegram.until(&what, BOUND, |view| {
        let newest = view.calls_of("setMyCommands").rfind(|call| call.params["scope"]["chat_id"] == user)?;
        (newest.answer == CallOutcome::Ok && newest.params["commands"].to_string().contains(words))
            .then_some(())
    });
    set.await.unwrap();
}

/// Waits until the database knows what Telegram has for a number of private chats.
async fn known(bot: &Bot, number: i64) {
    bot.database.until("SELECT count(*) FROM personal_menus WHERE digest IS NOT NULL", number).await;
}

async fn none_left(bot: &Bot) {
    bot.database.until("SELECT count(*) FROM personal_menus", 0).await;
}

#[tokio::test]
async fn menus_fit_their_chats_and_are_set_only_when_they_change() {
    let mut bot = Bot::of_olga([]).await;
    common_menus(&bot).await;
    let everyone = menu(&bot, json!({})).await;
    assert!(everyone.contains(&"balance".to_owned()) && !everyone.contains(&"topup".to_owned()));
    assert_eq!(menu(&bot, json!({"language_code": "ru"})).await, everyone);
    let group = menu(&bot, json!({"scope": {"type": "all_group_chats"}})).await;
    assert!(group.contains(&"stop".to_owned()) && !group.contains(&"start".to_owned()), "{group:?}");
    // An administrator's first message opens the chat.
    bot.command_of(OLGA, "/start").await;
    known(&bot, 1).await;
    let owner = menu(&bot, json!({"scope": {"type": "chat", "chat_id": OLGA}})).await;
    assert!(owner.starts_with(&everyone) && owner.contains(&"set_margin".to_owned()), "{owner:?}");
    assert_eq!(set(&bot, OLGA), LANGUAGES);
    let instances = bot.all_instances().len();
    bot.kill().await;
    let [looks, sets] = ["getMyCommands", "setMyCommands"].map(|method| bot.carried_out(method));
    assert!(sets <= instances * COMMON + LANGUAGES, "one instance sets each menu once: {sets}");
    bot.run().await;
    let looked_at = bot.telegram.until("the look at the last menu", BOUND, |view| {
        let looked = view.calls_of("getMyCommands").filter(|call| call.answer == CallOutcome::Ok);
        (looked.count() >= looks + COMMON).then_some(())
    });
    looked_at.await.unwrap();
    bot.command_of(OLGA, "/help").await;
    assert_eq!(bot.carried_out("setMyCommands"), sets, "nothing has changed");
    bot.end().await;
}

#[tokio::test]
async fn only_the_administrators_of_a_group_see_its_settings_in_the_menu() {
    let bot = Bot::of_olga([]).await;
    common_menus(&bot).await;
    for (language, words) in [
        ("", "What I do in this group, and who pays"),
        ("de", "Was ich in dieser Gruppe tue und wer zahlt"),
        ("es", "Qué hago en este grupo y quién paga"),
        ("ru", "Что я делаю в этой группе и кто платит"),
    ] {
        let scope = |kind: &str| json!({"scope": {"type": kind}, "language_code": language});
        let (members, mut administrators) = (
            commands(&bot, scope("all_group_chats")).await,
            commands(&bot, scope("all_chat_administrators")).await,
        );
        let is_group = |command: &Value| command["command"] == "group";
        assert!(!members.iter().any(is_group), "{language}: {members:?}");
        let description =
            administrators.iter().find(|command| is_group(command)).unwrap()["description"].clone();
        assert_eq!(description, words, "{language}");
        administrators.retain(|command| !is_group(command));
        assert_eq!(administrators, members, "{language}");
    }
    bot.end().await;
}

#[tokio::test]
async fn the_menu_of_a_person_has_the_chosen_language() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/language de").await;
    described(&bot, ANN, "Was ich kann").await;
    assert_eq!(set(&bot, ANN), 1, "one for all languages of apps");
    bot.command_of(OLGA, "/language ru").await;
    described(&bot, OLGA, "Исправить баланс").await;
    known(&bot, 2).await;
    let card = bot.reply_to(bot.ann("/language").update_id).await;
    bot.tap(ANN, ANN, card.id, "lang:app").await;
    bot.database.until("SELECT count(*) FROM personal_menus WHERE user_id = 42", 0).await;
    assert_eq!(sizes(&bot, ANN).await, [0; LANGUAGES]);
    // Olga stays an administrator.
    let card = bot.reply_to(bot.telegram.say(OLGA, OLGA, "/language").update_id).await;
    bot.tap(OLGA, OLGA, card.id, "lang:app").await;
    let in_english = bot.telegram.until("the first menu of Olga in English", BOUND, |view| {
        let newest = view.calls_of("setMyCommands").rfind(|call| {
            call.params["scope"]["chat_id"] == OLGA && call.params["language_code"].is_null()
        })?;
        newest.params["commands"].to_string().contains("Correct a balance").then_some(())
    });
    in_english.await.unwrap();
    bot.end().await;
}

#[tokio::test]
async fn a_menu_of_a_former_version_is_set_again_with_the_next_message_which_does_not_wait() {
    let mut bot = Bot::of_olga([]).await;
    bot.tell("/language de").await;
    bot.command_of(OLGA, "/start").await;
    known(&bot, 2).await;
    bot.kill().await;
    bot.sql(FORMER).await;
    bot.run().await;
    // That of an administrator at once.
    bot.database
        .until("SELECT count(*) FROM personal_menus WHERE digest <> sha256('former') AND of_administrator", 1)
        .await;
    assert_eq!((set(&bot, OLGA), set(&bot, ANN)), (2 * LANGUAGES, 1));
    let hold = bot.telegram.hold("setMyCommands");
    assert_eq!(bot.ask("hello").await, "You said: hello");
    hold.waiting().await;
    hold.release();
    bot.database.until("SELECT count(*) FROM personal_menus WHERE digest <> sha256('former')", 2).await;
    assert_eq!(bot.ask("and now?").await, "You said: and now?");
    bot.command_of(OLGA, "/help").await;
    assert_eq!((set(&bot, OLGA), set(&bot, ANN)), (2 * LANGUAGES, 2));
    bot.end().await;
}

#[tokio::test]
async fn who_is_no_administrator_any_more_loses_the_menu_at_the_next_start() {
    let mut bot = Bot::of_olga([]).await;
    bot.command_of(OLGA, "/start").await;
    known(&bot, 1).await;
    let of_administrator = sizes(&bot, OLGA).await;
    bot.kill().await;
    // From then on, Bob is one.
    bot.set("PRIVILEGED_USERS", "43");
    bot.run().await;
    none_left(&bot).await;
    assert_eq!(sizes(&bot, OLGA).await, [0; LANGUAGES]);
    bot.command_of(BOB, "/start").await;
    known(&bot, 1).await;
    assert_eq!(sizes(&bot, BOB).await, of_administrator);
    // Somebody who has chosen a language keeps that.
    bot.command_of(BOB, "/language es").await;
    described(&bot, BOB, "Corregir un saldo").await;
    known(&bot, 1).await;
    bot.kill().await;
    bot.set("PRIVILEGED_USERS", "");
    bot.run().await;
    bot.database.until("SELECT count(*) FROM personal_menus WHERE NOT of_administrator", 1).await;
    let everyone = menu(&bot, json!({})).await.len();
    assert_eq!(sizes(&bot, BOB).await, [everyone, 0, 0, 0]);
    let spanish = commands(&bot, json!({"scope": {"type": "chat", "chat_id": BOB}})).await;
    assert!(spanish.iter().any(|command| command["description"] == "Qué puedo hacer"), "{spanish:?}");
    bot.end().await;
}

#[tokio::test]
async fn a_person_who_has_blocked_the_bot_is_left_alone_until_they_come_back() {
    let mut bot = Bot::of_olga([]).await;
    bot.command_of(OLGA, "/start").await;
    known(&bot, 1).await;
    bot.telegram.block(OLGA);
    bot.database.until("SELECT count(*) FROM users WHERE blocked_at IS NOT NULL", 1).await;
    bot.kill().await;
    bot.set("PRIVILEGED_USERS", "");
    bot.run().await;
    // The menus of former administrators come first.
    bot.tell("/language de").await;
    described(&bot, ANN, "Was ich kann").await;
    assert_eq!(calls(&bot.telegram, "deleteMyCommands", OLGA).len(), 0);
    bot.telegram.unblock(OLGA);
    bot.database.until("SELECT count(*) FROM users WHERE blocked_at IS NOT NULL", 0).await;
    bot.ask_in(OLGA, OLGA, "hello again").await;
    bot.database.until("SELECT count(*) FROM personal_menus WHERE user_id = 44", 0).await;
    assert_eq!(calls(&bot.telegram, "deleteMyCommands", OLGA).len(), LANGUAGES);
    bot.end().await;
}

#[tokio::test]
async fn what_telegram_refuses_is_tried_again_with_the_next_message_only() {
    let bot = Bot::of_olga([]).await;
    common_menus(&bot).await;
    bot.telegram.fail_next("setMyCommands", 1, Fault::Status(502));
    bot.tell("/language de").await;
    bot.log("the menu of the user 42 is not set").await;
    known(&bot, 0).await;
    bot.database.until("SELECT count(*) FROM personal_menus WHERE leased_until > now()", 0).await;
    bot.ask("hello").await;
    known(&bot, 1).await;
    assert_eq!(set(&bot, ANN), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_crash_between_the_call_and_the_row_repeats_the_call() {
    let mut bot = Bot::of_olga([("KILL_AT", "menu: set")]).await;
    bot.ann("/language de");
    tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies in time");
    assert_eq!((set(&bot, ANN), bot.database.count("SELECT count(*) FROM personal_menus").await), (1, 1));
    bot.set("KILL_AT", "");
    bot.sql("UPDATE personal_menus SET leased_until = now()").await;
    bot.run().await;
    bot.ask("hello").await;
    known(&bot, 1).await;
    assert_eq!(set(&bot, ANN), 2);
    let german = commands(&bot, json!({"scope": {"type": "chat", "chat_id": ANN}})).await;
    assert!(german.iter().any(|command| command["description"] == "Was ich kann"));
    bot.end().await;
}

#[tokio::test]
async fn a_menu_that_another_instance_is_setting_is_left_to_it() {
    let mut bot = Bot::of_olga([]).await;
    bot.command_of(OLGA, "/start").await;
    known(&bot, 1).await;
    bot.kill().await;
    bot.sql(FORMER).await;
    bot.sql("UPDATE personal_menus SET lease = 7, leased_until = now() + interval '1 hour'").await;
    bot.run().await;
    bot.log("another worker has the menu of the user 44").await;
    bot.command_of(OLGA, "/help").await;
    assert_eq!(set(&bot, OLGA), LANGUAGES, "only the menus of the first start");
    bot.end().await;
}
