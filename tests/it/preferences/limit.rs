//! The limit of a request holds, and stays within what the operator allows.

use playground::anthropic::{Reply, Step, StopReason};
use serde_json::json;

use crate::harness::{ANN, Bot};
use crate::models_command::{buttons, card, chosen};

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
