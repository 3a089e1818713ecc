//! The card of `/settings`: it shows what is set, changes in place for its owner only, and counts at once.

use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP};
use crate::models_command::{buttons, card, chosen};

use super::efforts;

#[tokio::test]
async fn the_card_shows_what_is_set_and_changes_in_place() {
    let bot = Bot::start().await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    insta::assert_snapshot!(settings.text, @r"
    Settings

    • Model: Claude Sonnet 5.5, /model
    • Personality: none, /personality
    • Cost below each answer: not shown
    • Thinking: shown until the answer begins
    • Effort: automatic, as the question needs
    • Limit of a request: $1.00. There I pause and ask whether to go on.
    • Announcements: wanted

    Tap to change. It counts from your next message on.
    ");
    assert_eq!(
        buttons(&settings),
        [
            vec!["Show costs"],
            vec!["Hide thinking"],
            vec!["No announcements"],
            vec!["*Effort: automatic"],
            vec!["low", "medium", "high"],
            vec!["*Limit: $1.00 (default)"],
            vec!["$0.10", "$0.25", "$0.50", "$1.00"],
            vec!["$2.00", "$5.00"],
        ]
    );
    for tap in
        ["set:cost:on", "set:thinking:off", "set:announcements:off", "set:effort:high", "set:limit:0.25"]
    {
        assert_eq!(bot.tap(ANN, ANN, settings.id, tap).await, None);
        assert_eq!(bot.tap(ANN, ANN, settings.id, tap).await, None, "a second tap changes nothing");
    }
    let changed = chosen(&bot, &settings, "$0.25").await;
    insta::assert_snapshot!(changed.text, @r"
    Settings

    • Model: Claude Sonnet 5.5, /model
    • Personality: none, /personality
    • Cost below each answer: shown
    • Thinking: not shown
    • Effort: high, for hard questions; costs more
    • Limit of a request: $0.25. There I pause and ask whether to go on.
    • Announcements: not wanted

    Tap to change. It counts from your next message on.
    ");
    assert_eq!(buttons(&changed)[..3], [["Hide costs"], ["Show thinking"], ["Get announcements"]]);
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE NOT announcements").await, 1);
    assert_eq!(bot.answers(ANN).len(), 1);
    // A restart keeps everything, and everything can be taken back.
    let mut bot = bot;
    bot.kill().await;
    bot.run().await;
    for tap in
        ["set:cost:off", "set:thinking:on", "set:announcements:on", "set:effort:auto", "set:limit:auto"]
    {
        bot.tap(ANN, ANN, settings.id, tap).await;
    }
    let back = chosen(&bot, &settings, "Limit: $1.00 (default)").await;
    assert_eq!((&back.text, buttons(&back)), (&settings.text, buttons(&settings)));
    bot.end().await;
}

#[tokio::test]
async fn taps_by_others_and_nonsense_change_nothing() {
    let bot = Bot::start().await;
    let settings = card(&bot, GROUP, ANN, "/settings@starling_bot").await;
    assert!(!settings.text.contains("Personality"), "{}", settings.text);
    let told = bot.tap(GROUP, BOB, settings.id, "set:cost:on").await;
    assert_eq!(told.as_deref(), Some("This is somebody else's card. Send /settings for your own."));
    for nonsense in ["set:cost:maybe", "set:effort:max", "set:everything:on"] {
        bot.tap(GROUP, ANN, settings.id, nonsense).await;
    }
    bot.tap(GROUP, ANN, settings.id, "set:effort:low").await;
    let changed = chosen(&bot, &settings, "low").await;
    assert!(changed.text.contains("Cost below each answer: not shown"), "{}", changed.text);
    bot.ask_in(GROUP, BOB, "@starling_bot Prove it").await;
    bot.ask_in(GROUP, ANN, "@starling_bot Prove it").await;
    assert_eq!(efforts(&bot), ["high", "low"]);
    bot.end().await;
}

#[tokio::test]
async fn a_choice_counts_at_once_in_spite_of_the_cache() {
    let redis = Redis::start().await;
    let url = redis.url();
    let bot = Bot::with([("REDIS_URL", url.as_str())]).await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.ask("Hello!").await;
    bot.log("turn 1 complete").await;
    bot.tap(ANN, ANN, settings.id, "set:effort:high").await;
    bot.ask("Hello!").await;
    bot.log("turn 2 complete").await;
    // Simulates another instance.
    bot.sql("UPDATE users SET personality = 'Answer in rhymes.' WHERE id = 42").await;
    bot.ask("Hello!").await;
    assert_eq!(efforts(&bot), ["low", "high", "high"]);
    let system = bot.request(3).await.body["system"].clone();
    assert!(system[2]["text"].as_str().unwrap().ends_with("Answer in rhymes."), "{system}");
    bot.end().await;
}
