//! `/group`: who may set what, what is answered then, and senders without an account. Who pays stands in
//! `sponsors.rs`, conversations that members share in `shared_conversations.rs`.

use std::time::Duration;

use playground::telegram::{ANONYMOUS_ADMINISTRATOR, CHANNEL_BOT, Message, Person};
use serde_json::json;

use crate::harness::money::person;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, prompt};
use crate::models_command::{buttons, card, chosen};

/// Another bot.
const ROBO: i64 = 77;

/// The pause between two presses of a button whose answer is to change.
const LOOK: Duration = Duration::from_millis(50);

const NOT_ALLOWED: &str = "Only administrators of this group can change how I work here.";
const NOT_YOURS: &str = "This is somebody else's card. Send /group for your own.";
const OLD: &str = "This button has expired. Please send the command again.";

/// Asks the model for nothing: waits until an update is handled, and checks that nobody was answered.
pub(crate) async fn hears_nothing(bot: &Bot, update: i64, requests: usize) {
    assert_ne!(update, 0, "Telegram shows it to the bot");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(bot.model.requests().len(), requests, "{}", bot.screen(GROUP));
}

/// The card of the group, as its owner gets it.
pub(crate) async fn group_card(bot: &Bot) -> Message {
    card(bot, GROUP, ANN, "/group").await
}

#[tokio::test]
async fn an_administrator_sets_how_the_bot_works_in_a_group() {
    let mut bot = Bot::start().await;
    assert_eq!(bot.ask_in(GROUP, BOB, "/group").await, NOT_ALLOWED);
    let group = group_card(&bot).await;
    insta::assert_snapshot!(group.text, @r"
    This group

    • Answers: when somebody mentions me, replies to me or gives me a command
    • Conversations: each member has their own
    • Payment: each member pays for their own answers

    Only administrators of this group can change this. I know only what I was sent since I came here, nothing from before.
    ");
    assert_eq!(
        buttons(&group),
        [
            vec!["*Mentions only", "Every message"],
            vec!["*One for each", "One for all"],
            vec!["*Each pays", "I pay"],
        ]
    );
    for tap in ["group:hears:all", "group:talks:shared", "group:pays:me", "group:limit:5"] {
        assert_eq!(bot.tap(GROUP, ANN, group.id, tap).await, None);
        assert_eq!(bot.tap(GROUP, ANN, group.id, tap).await, None, "a second tap changes nothing");
    }
    let changed = chosen(&bot, &group, "$5.00 a day").await;
    insta::assert_snapshot!(changed.text, @r"
    This group

    • Answers: to every message
    • Conversations: one for all members, and I know who said what
    • Payment: Ann pays for all members, up to $5.00 a day (UTC); $0.00 today

    Only administrators of this group can change this. I know only what I was sent since I came here, nothing from before.
    ");
    assert_eq!(
        buttons(&changed),
        [
            vec!["Mentions only", "*Every message"],
            vec!["One for each", "*One for all"],
            vec!["Each pays", "*I pay"],
            vec!["$0.50 a day", "$1.00 a day"],
            vec!["$2.00 a day", "*$5.00 a day"],
            vec!["$10.00 a day", "$20.00 a day"],
        ]
    );
    // A restart keeps everything, and everything can be taken back.
    bot.kill().await;
    bot.run().await;
    for tap in ["group:hears:mentions", "group:talks:personal", "group:pays:members"] {
        assert_eq!(bot.tap(GROUP, ANN, group.id, tap).await, None);
    }
    let back = chosen(&bot, &group, "Each pays").await;
    assert_eq!((&back.text, buttons(&back)), (&group.text, buttons(&group)));
    // Elsewhere there is nothing to set.
    assert_eq!(bot.ask("/group").await, "Please send this command in a group: it sets how I work there.");
    bot.end().await;
}

#[tokio::test]
async fn only_administrators_of_the_group_may_press_and_only_their_own_buttons() {
    let bot = Bot::start().await;
    let group = group_card(&bot).await;
    let settings = "SELECT count(*) FROM group_settings";
    // Bob may not, with any button, whatever he forges.
    for tap in ["group:hears:all", "group:talks:shared", "group:pays:me", "group:limit:5"] {
        assert_eq!(bot.tap(GROUP, BOB, group.id, tap).await.as_deref(), Some(NOT_YOURS));
    }
    // Below another message, and in a private chat, there is no group to set.
    let other = bot.telegram.say(GROUP, ANN, "hello").message_id;
    assert_eq!(bot.tap(GROUP, ANN, other, "group:hears:all").await.as_deref(), Some(OLD));
    let settings_card = card(&bot, ANN, ANN, "/settings").await;
    assert_eq!(bot.tap(ANN, ANN, settings_card.id, "group:pays:me").await.as_deref(), Some(OLD));
    // What is not offered cannot be chosen, and nobody sets the limit of somebody else's money.
    let not_the_sponsor = "Only the person who pays can set this limit. “I pay” makes that you.";
    assert_eq!(bot.tap(GROUP, ANN, group.id, "group:limit:5").await.as_deref(), Some(not_the_sponsor));
    assert_eq!(bot.database.count(settings).await, 0);
    bot.tap(GROUP, ANN, group.id, "group:pays:me").await;
    for limit in ["group:limit:7", "group:limit:-1", "group:limit:1e9"] {
        assert_eq!(bot.tap(GROUP, ANN, group.id, limit).await.as_deref(), Some(OLD), "{limit}");
    }
    // Another administrator has a card of his own.
    let promoted = person(45, "Carl", "carl", "en");
    bot.telegram.add_user(promoted);
    bot.telegram.say(GROUP, 45, "hi");
    bot.telegram.promote(GROUP, 45);
    assert_eq!(bot.tap(GROUP, 45, group.id, "group:hears:all").await.as_deref(), Some(NOT_YOURS));
    let own = card(&bot, GROUP, 45, "/group").await;
    assert_eq!(bot.tap(GROUP, 45, own.id, "group:limit:20").await.as_deref(), Some(not_the_sponsor));
    assert_eq!(bot.tap(GROUP, 45, own.id, "group:hears:all").await, None);
    assert_eq!(
        bot.database.count("SELECT count(*) FROM group_settings WHERE hears_all AND day_limit = 1").await,
        1
    );
    // What was a right is asked again: after a moment, it is one no more.
    bot.telegram.demote(GROUP, 45);
    let refused = async {
        while bot.tap(GROUP, 45, own.id, "group:limit:20").await.as_deref() != Some(NOT_ALLOWED) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(BOUND, refused).await.unwrap();
    assert_eq!(bot.tap(GROUP, 45, own.id, "group:hears:mentions").await.as_deref(), Some(NOT_ALLOWED));
    assert_eq!(bot.database.count("SELECT count(*) FROM group_settings WHERE hears_all").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn every_message_is_answered_or_what_is_meant_for_the_bot() {
    let bot = Bot::start().await;
    let said = bot.telegram.say(GROUP, ANN, "hello everybody");
    hears_nothing(&bot, said.update_id, 0).await;
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:hears:all").await;
    assert_eq!(bot.ask_in(GROUP, BOB, "how are you all?").await, "You said: Bob:\n\nhow are you all?");
    // What was written before is not known: the bot reads no history of a group.
    insta::assert_snapshot!(prompt(&bot.request(1).await), @r"
    user: **Bob**:

    how are you all?
    ");
    // Commands of other bots and what cannot be read are no messages for it.
    let odd = [
        bot.telegram.say(GROUP, BOB, "/roll 6"),
        bot.telegram.say(GROUP, BOB, "/ask@other_bot something"),
        bot.telegram.say_with(GROUP, BOB, None, playground::telegram::kinds::unknown()),
    ];
    for said in odd {
        hears_nothing(&bot, said.update_id, 1).await;
    }
    assert_eq!(
        bot.ask_in(GROUP, BOB, "@starling_bot and you?").await,
        "You said: Bob:\n\n@starling_bot and you?"
    );
    bot.tap(GROUP, ANN, group.id, "group:hears:mentions").await;
    chosen(&bot, &group, "Mentions only").await;
    let said = bot.telegram.say(GROUP, BOB, "and now?");
    hears_nothing(&bot, said.update_id, 2).await;
    // A reply to the bot is meant for it.
    let answer = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    bot.telegram.reply(GROUP, BOB, answer.id, "why?");
    bot.request(3).await;
    bot.end().await;
}

#[tokio::test]
async fn the_card_tells_when_telegram_hides_messages_and_what_to_do() {
    let mut bot = Bot::prepare([]).await;
    bot.telegram.set_privacy_mode(true);
    bot.telegram.set_bot_administrator(GROUP, false);
    bot.run().await;
    let group = group_card(&bot).await;
    assert!(!group.text.contains('⚠'), "mentions are shown in any case: {}", group.text);
    bot.tap(GROUP, ANN, group.id, "group:hears:all").await;
    let told = chosen(&bot, &group, "Every message").await;
    assert!(
        told.text
            .contains("make me an administrator of this group. Or the person who runs me sends /setprivacy")
    );
    assert_eq!(bot.telegram.say(GROUP, BOB, "hello everybody").update_id, 0, "Telegram hides it");
    assert_eq!(bot.ask_in(GROUP, BOB, "@starling_bot hi").await, "You said: Bob:\n\n@starling_bot hi");
    // As an administrator the bot sees everything.
    bot.telegram.set_bot_administrator(GROUP, true);
    bot.kill().await;
    bot.run().await;
    let again = group_card(&bot).await;
    assert!(!again.text.contains('⚠'), "{}", again.text);
    assert_eq!(bot.ask_in(GROUP, BOB, "hello everybody").await, "You said: Bob:\n\nhello everybody");
    bot.end().await;
}

#[tokio::test]
async fn senders_without_an_account_are_told_once_how_to_use_the_bot() {
    let bot = Bot::start().await;
    bot.telegram.add_user(Person { is_bot: true, ..Person::new(ROBO, "Robo") });
    // What is not meant for the bot is nothing to it.
    let chatter = [
        bot.telegram.say_anonymously(GROUP, "hello"),
        bot.telegram.say_as_channel(GROUP, -1_000_900, "News", "hello"),
        bot.telegram.say(GROUP, ROBO, "hello"),
    ];
    for said in chatter {
        hears_nothing(&bot, said.update_id, 0).await;
    }
    assert!(bot.answers(GROUP).is_empty());
    bot.telegram.say_anonymously(GROUP, "/group");
    bot.hears(GROUP, "You write as this group, so I do not know who asks and who pays.").await;
    bot.telegram.say_as_channel(GROUP, -1_000_900, "News", "@starling_bot what is new?");
    bot.hears(GROUP, "You write as a channel, so I do not know who asks and who pays.").await;
    let asked = bot.telegram.say(GROUP, ROBO, "@starling_bot hello");
    let told = bot.hears(GROUP, "I answer people only.").await;
    assert!(told.ends_with("Whoever runs this bot can ask me in person."));
    // The other bot replies to that, and again: no bot talks to another one for ever.
    let notice = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    assert_eq!(notice.raw["reply_to_message"]["message_id"], asked.message_id);
    for said in [
        bot.telegram.reply(GROUP, ROBO, notice.id, "I am a person"),
        bot.telegram.say_anonymously(GROUP, "@starling_bot why?"),
        bot.telegram.say_as_channel(GROUP, -1_000_901, "More news", "@starling_bot why?"),
    ] {
        hears_nothing(&bot, said.update_id, 0).await;
    }
    assert_eq!(bot.answers(GROUP).len(), 3, "{}", bot.screen(GROUP));
    // Nor do they get an account, with the grant of a new user.
    assert_eq!(bot.database.count("SELECT count(*) FROM users").await, 0);
    // Another group is told again; there the posts of its own channel ask nobody.
    bot.telegram.add_group(-1_000_777, "Others", false, &[BOB]);
    bot.ask_in(-1_000_777, BOB, "@starling_bot hi").await;
    bot.telegram.say_anonymously(-1_000_777, "@starling_bot and me?");
    bot.hears(-1_000_777, "You write as this group").await;
    let channel = json!({"id": -1_000_900, "type": "channel", "title": "News"});
    let post = json!({"text": "/help", "sender_chat": channel, "is_automatic_forward": true});
    let said = bot.telegram.say_with(-1_000_777, CHANNEL_BOT, None, post);
    hears_nothing(&bot, said.update_id, 1).await;
    assert_eq!(bot.answers(-1_000_777).len(), 2);
    assert_ne!(ANONYMOUS_ADMINISTRATOR, CHANNEL_BOT);
    bot.end().await;
}

#[tokio::test]
async fn the_card_and_notices_speak_the_language_of_their_readers() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(ANN, "Анна", "anna", "ru"));
    let group = group_card(&bot).await;
    assert!(group.text.starts_with("Эта группа\n\n• Ответы: когда меня упоминают"), "{}", group.text);
    bot.tap(GROUP, ANN, group.id, "group:pays:me").await;
    let paid = chosen(&bot, &group, "Плачу я").await;
    assert!(
        paid.text.contains("за всех платит @anna, до 1,00\u{a0}$ в день (UTC); сегодня 0,00\u{a0}$"),
        "{}",
        paid.text
    );
    let refusal = bot.tap(GROUP, BOB, group.id, "group:pays:members").await;
    assert_eq!(refusal.as_deref(), Some(NOT_YOURS), "in Bob's language");
    // Anna has talked to the bot there last.
    bot.ask_in(GROUP, ANN, "@starling_bot привет").await;
    bot.telegram.say_anonymously(GROUP, "@starling_bot привет");
    bot.hears(GROUP, "Вы пишете от имени группы").await;
    bot.end().await;
}
