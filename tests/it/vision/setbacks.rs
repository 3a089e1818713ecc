//! A question that is stopped, or that the model fails to answer: what was used is paid.

use playground::anthropic::{Gate, Reply, Step, StopReason};
use playground::samples;
use serde_json::json;

use super::{PDF, blocks, calls, charged, cost_of_all, results};
use crate::files_out::made;
use crate::harness::{ANN, BOUND, Bot};

#[tokio::test]
async fn a_stop_cuts_the_question_and_what_it_used_is_paid() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let report = made(&bot, "report.pdf", PDF, &samples::pdf(3)).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("I look.".to_owned()),
        Step::ToolUse {
            name: "analyze_pdf".to_owned(),
            input: json!({"file_id": report, "question": "What?"}),
        },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::steps(vec![Step::Text("MUTTERING".to_owned()), Step::Gate(gate)]));
    bot.ann("Read it!");
    let line = bot.telegram.until("the line of the tool", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains("🔧 reading the PDF")).map(drop)
    });
    line.await.unwrap();
    bot.database.until("SELECT count(*) FROM model_calls WHERE ended = 'running'", 1).await;
    bot.ann("/stop");
    bot.request_end(3).await;
    let answer = bot.answer(ANN, 2).await;
    assert!(answer.starts_with("I look.") && !bot.screen(ANN).contains("MUTTERING"), "{answer}");
    assert_eq!(charged(&bot).await, cost_of_all(&bot));
    bot.database.until("SELECT count(*) FROM model_calls WHERE ended = 'cut' AND payer = 'user'", 1).await;
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn a_model_that_fails_is_asked_again_and_then_told() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let report = made(&bot, "report.pdf", PDF, &samples::pdf(2)).await;
    let overloaded = || {
        let (kind, message) = ("overloaded_error".to_owned(), "Overloaded".to_owned());
        Reply::steps(vec![Step::Error { kind, message }])
    };
    calls(&bot, "analyze_pdf", vec![json!({"file_id": report, "question": "What?"})]);
    bot.model.script(overloaded());
    bot.model.script(Reply::text("Two pages."));
    bot.model.script(Reply::text("It has two pages."));
    assert_eq!(bot.ask("Read it!").await, "It has two pages.");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 5);
    assert_eq!(results(&requests[4])[0]["answer"], "Two pages.");
    assert_eq!(blocks(&requests[2]), blocks(&requests[3]));
    assert_eq!(charged(&bot).await, cost_of_all(&bot));
    bot.end().await;
}
