//! `/settings`: costs below answers, thinking, effort, the limit of a request; right and wrong taps.

use playground::anthropic::{Gate, Reply, Step, StopReason};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::json;

use crate::harness::money::person;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};
use crate::models_command::{buttons, card, chosen};

/// The effort of each request so far.
fn efforts(bot: &Bot) -> Vec<String> {
    let requests = bot.model.requests();
    requests
        .iter()
        .map(|request| request.body["output_config"]["effort"].as_str().unwrap().to_owned())
        .collect()
}

/// The charge of the newest turn, with all its digits.
async fn charge(bot: &Bot) -> String {
    let newest = "SELECT trim_scale(-amount)::text FROM balance_operations WHERE kind = 'usage' ORDER BY created_at DESC LIMIT 1";
    sqlx::query_scalar(newest).fetch_one(bot.books()).await.unwrap()
}

/// Rounds an amount as it is shown.
fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

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
async fn the_cost_below_an_answer_is_the_one_in_the_books() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    let settings = card(&bot, ANN, ANN, "/settings").await;
    assert!(!bot.ask("hello").await.contains('≈'));
    bot.tap(ANN, ANN, settings.id, "set:cost:on").await;
    // A tool with a call of its own belongs to the cost.
    bot.model.script(Reply::steps(vec![
        Step::Text("Let me see.".to_owned()),
        Step::ToolUse {
            name: "self_critique".to_owned(),
            input: json!({"user_request": "hello", "content": "Hello!"}),
        },
        Step::Stop(StopReason::ToolUse),
    ]));
    for question in ["is this good?", "hello again"] {
        let answer = bot.ask(question).await;
        let line = answer.lines().next_back().unwrap().to_owned();
        let shown: Decimal = line.strip_prefix("≈ $").unwrap().parse().unwrap();
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
        let booked: Decimal = charge(&bot).await.parse().unwrap();
        assert!(booked > Decimal::ZERO);
        assert_eq!(shown, rounded(booked), "{answer}");
    }
    // The line is ours: the model never reads it.
    let prompt = bot.model.requests().last().unwrap().body["messages"].to_string();
    assert!(!prompt.contains('≈'), "{prompt}");
    let theirs = card(&bot, BOB, BOB, "/settings").await;
    assert!(theirs.text.starts_with("Настройки\n\n• Модель: Claude Sonnet 5.5, /model"), "{}", theirs.text);
    bot.tap(BOB, BOB, theirs.id, "set:cost:on").await;
    chosen(&bot, &theirs, "Тщательность: авто").await;
    assert!(bot.ask_in(BOB, BOB, "привет").await.contains("\n\n≈ 0,0"));
    bot.end().await;
}

#[tokio::test]
async fn a_stopped_answer_and_one_that_a_crash_has_cut_tell_their_cost_too() {
    let mut bot = Bot::start().await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:cost:on").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate)]));
    bot.ann("tell me");
    bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
    bot.ann("/stop");
    let stopped = bot.hears(ANN, "⏹ Stopped.").await;
    assert!(stopped.starts_with("The beginning\n\n⏹ Stopped.\n\n≈ $0.0"), "{stopped}");
    drop(keeper);
    let (gate, keeper) = Gate::new();
    let long = "A long part of an answer.\n\n".repeat(250);
    bot.model.script(Reply::steps(vec![Step::Text(long), Step::Gate(gate)]));
    bot.ann("tell me more");
    bot.hears(ANN, "A long part of an answer.").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.kill().await;
    drop(keeper);
    bot.run().await;
    let cut = bot.hears(ANN, "I was restarted in the middle of this answer.").await;
    let line = cut.lines().next_back().unwrap();
    let shown: Decimal = line.strip_prefix("≈ $").unwrap().parse().unwrap();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let booked: Decimal = charge(&bot).await.parse().unwrap();
    assert_eq!(shown, rounded(booked), "{cut}");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_costs_nothing_tells_no_cost() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0")]).await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:cost:on").await;
    chosen(&bot, &settings, "Effort: automatic").await;
    let refused = bot.ask("hello").await;
    assert!(refused.starts_with("💳 You have nothing left to spend.") && !refused.contains('≈'), "{refused}");
    bot.end().await;
}

#[tokio::test]
async fn thinking_that_is_not_wanted_is_not_shown() {
    let bot = Bot::start().await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:thinking:off").await;
    bot.model.script(Reply::steps(vec![
        Step::Thinking("Is it four?".to_owned()),
        Step::Text("It is four.".to_owned()),
    ]));
    assert_eq!(bot.ask("what is two and two?").await, "It is four.");
    let drafts: Vec<String> = bot.telegram.drafts(ANN).into_iter().map(|draft| draft.text).collect();
    assert!(drafts.iter().all(|text| !text.contains('🧠')), "{drafts:?}");
    let thinking = &bot.request(1).await.body["thinking"];
    assert_eq!(thinking["type"], "adaptive", "the model thinks all the same");
    bot.end().await;
}

#[tokio::test]
async fn the_effort_is_the_chosen_one_or_fits_the_question() {
    let bot = Bot::start().await;
    for text in
        ["Hello!", "Prove that the square root of two is irrational", "Спасибо!", "Сравни эти два способа"]
    {
        bot.ask(text).await;
    }
    assert_eq!(efforts(&bot), ["low", "high", "low", "high"]);
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:effort:medium").await;
    bot.ask("Hello!").await;
    bot.tap(ANN, ANN, settings.id, "set:effort:auto").await;
    bot.ask("Hello!").await;
    assert_eq!(efforts(&bot)[4..], ["medium", "low"]);
    bot.end().await;
}

#[tokio::test]
async fn a_long_conversation_is_read_from_the_cache_whatever_is_asked() {
    let bot = Bot::start().await;
    bot.model.script(Reply::text("A long answer about many things. ".repeat(600)));
    let long = "Tell me about everything there is, in as many words as you like, from the beginning on.";
    for (number, text) in (1..).zip([long, "Prove it", "Thanks", "Thanks again", "Hello!", "Why?"]) {
        bot.ann(text);
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", number).await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    }
    assert_eq!(efforts(&bot), ["medium", "high", "high", "high", "high", "high"]);
    let requests = bot.model.requests();
    for request in &requests[2..] {
        let tokens = |name: &str| request.usage[name].as_u64().unwrap_or(0);
        let read = tokens("cache_read_input_tokens");
        let all = read + tokens("input_tokens") + tokens("cache_creation_input_tokens");
        assert!(read * 100 >= all * 95, "{read} of {all}");
    }
    bot.end().await;
}

#[tokio::test]
async fn the_chosen_limit_of_a_request_holds() {
    let bot = Bot::start().await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:limit:0.1").await;
    chosen(&bot, &settings, "$0.10").await;
    for number in 1..=2 {
        // Each round costs about six cents.
        let text = format!("Part {number} {}", "x".repeat(24_000));
        let call = Step::ToolUse {
            name: "cost_estimator".to_owned(),
            input: json!({"input_chars": 1, "output_chars": 1}),
        };
        bot.model.script(Reply::steps(vec![Step::Text(text), call, Step::Stop(StopReason::ToolUse)]));
    }
    bot.model.script(Reply::text("Two parts are done."));
    bot.ann("work hard");
    bot.hears(ANN, "This request has reached its cost limit").await;
    bot.end().await;
}

#[tokio::test]
async fn the_operator_bounds_the_limit() {
    let mut bot = Bot::with([("TURN_LIMIT_USD", "0.20"), ("TURN_LIMIT_MAX_USD", "0.5")]).await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    assert_eq!(buttons(&settings)[5..], [vec!["*Limit: $0.20 (default)"], vec!["$0.10", "$0.25", "$0.50"]]);
    for forged in ["set:limit:1", "set:limit:0", "set:limit:-1", "set:limit:0.3", "set:limit:1000000"] {
        let told = bot.tap(ANN, ANN, settings.id, forged).await;
        assert_eq!(told.as_deref(), Some("This button has expired. Please send the command again."));
    }
    bot.tap(ANN, ANN, settings.id, "set:limit:0.5").await;
    chosen(&bot, &settings, "$0.50").await;
    // A lower bound holds for those who had chosen more, too.
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.set("TURN_LIMIT_MAX_USD", "0.25");
    bot.run().await;
    let lowered = card(&bot, ANN, ANN, "/settings").await;
    assert!(lowered.text.contains("Limit of a request: $0.25."), "{}", lowered.text);
    assert_eq!(buttons(&lowered)[5..], [vec!["Limit: $0.20 (default)"], vec!["$0.10", "*$0.25"]]);
    // The most is offered, whatever it is; one below the default is the default.
    for (most, shown) in [
        ("0.3", [vec!["Limit: $0.20 (default)"], vec!["$0.10", "$0.25", "*$0.30"]]),
        ("0.05", [vec!["*Limit: $0.20 (default)"], vec!["$0.10"]]),
    ] {
        bot.terminate();
        assert_eq!(bot.exit_code().await, 0);
        bot.set("TURN_LIMIT_MAX_USD", most);
        bot.run().await;
        let lowered = card(&bot, ANN, ANN, "/settings").await;
        assert_eq!(buttons(&lowered)[5..], shown, "{most}");
    }
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
