//! The bot's commands: `/help`, who may use what, and words that are no commands.

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, Bot, GROUP};

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
