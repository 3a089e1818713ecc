//! What a run of code gives: its output for the model and, while it runs, for the person; its exceptions, time limit,
//! packages and price.

use playground::anthropic::{Gate, Reply, Step};
use playground::e2b::Operation;
use rust_decimal::{Decimal, dec};
use serde_json::json;

use super::Lab;
use crate::harness::{ANN, BOUND, Bot, conversation};

#[tokio::test]
async fn code_runs_and_every_second_is_paid() {
    let lab = Lab::with([("STARTER_BALANCE_USD", "1")]).await;
    lab.scripts(json!({"code": "import sys\nprint(1)\nprint('careful', file=sys.stderr)\n6 * 7"}));
    assert_eq!(lab.bot.ask("Compute it.").await, "Done.");
    let result = lab.results().pop().unwrap();
    assert_eq!((&result["status"], &result["sandbox"]), (&json!("ok"), &json!("new")));
    assert_eq!((&result["stdout"], &result["stderr"]), (&json!("1\n"), &json!("careful\n")));
    assert_eq!(result["value"], "42");
    let paid = lab.paid().await;
    let (ended, seconds, cost) = &paid[0];
    assert_eq!((paid.len(), ended.as_str()), (1, "ok"));
    assert!(*seconds > Decimal::ZERO && *cost == seconds * dec!(0.00005), "{seconds} s cost {cost}");
    let told: Decimal = result["cost_usd"].as_str().unwrap().parse().unwrap();
    assert_eq!(told, *cost, "the model is told the same");
    let spent: Decimal =
        sqlx::query_scalar("SELECT sum(cost) FROM model_calls").fetch_one(lab.bot.books()).await.unwrap();
    assert_eq!(lab.bot.balance(ANN).await, Decimal::ONE - spent);
    // The next prompt goes on after the answer.
    lab.bot.ask("thanks").await;
    assert!(conversation(&lab.bot.request(3).await).join("\n").contains("assistant: Done."));
    let created = lab.e2b.calls_of(Operation::Create).pop().unwrap();
    assert_eq!(created.body["autoPause"], json!(false), "a forgotten sandbox ends by itself");
    assert_eq!(created.body["network"]["denyOut"], json!(["0.0.0.0/0"]));
    lab.rests(1).await;
    assert!(lab.e2b.sandboxes()[0].left_s <= 300);
    lab.end().await;
}

#[tokio::test]
async fn variables_stay_and_the_model_is_told_when_they_are_gone() {
    let lab = Lab::start().await;
    lab.code("kept = [1, 2, 3]\nopen('note.txt', 'w').write('x')").await;
    let again = lab.code("sum(kept)").await;
    assert_eq!((&again["sandbox"], &again["value"]), (&json!("continued"), &json!("6")));
    assert!(again.get("files").is_none(), "only what is new is a result: {again}");
    let id = lab.e2b.sandboxes()[0].id.clone();
    // A paused one is resumed.
    lab.e2b.pause(&id);
    assert_eq!(lab.code("sum(kept)").await["value"], "6");
    lab.e2b.expire(&id);
    let lost = lab.code("sum(kept)").await;
    assert_eq!((&lost["sandbox"], &lost["status"]), (&json!("new"), &json!("exception")));
    assert_eq!(lost["exception"]["name"], "NameError");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn what_the_code_prints_is_seen_below_its_line_while_it_runs() {
    let lab = Lab::start().await;
    let prints = "import sys, time\nfor n in range(1, 5): print('\\x1b[1mstep', n)\n\
                  print('\\r 40%\\r 50%', end='', file=sys.stderr, flush=True)\ntime.sleep(1_000)";
    lab.calls(prints);
    lab.bot.ann("Compute for long.");
    let draft = lab.bot.telegram.until("the output", BOUND, |view| {
        view.live_draft(ANN)
            .filter(|draft| draft.text.contains("step 4") && draft.text.contains('%'))
            .cloned()
    });
    let draft = draft.await.unwrap();
    assert_eq!(draft.text, "🔧 running Python…\nstep 3\nstep 4\n 50%");
    assert_eq!(draft.entities, [json!({"type": "code", "offset": 19, "length": 18})]);
    lab.bot.ann("/stop");
    assert!(!lab.bot.answer(ANN, 1).await.contains("step"), "it belongs to no answer");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn what_the_code_has_printed_is_gone_when_it_has_ended() {
    let lab = Lab::start().await;
    lab.calls("import time\nprint('half way')\ntime.sleep(3)");
    let (gate, keeper) = Gate::new();
    lab.bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Done.".to_owned())]));
    lab.bot.ann("Compute it.");
    let shown = |text: &'static str| {
        lab.bot
            .telegram
            .until(text, BOUND, move |view| view.live_draft(ANN).filter(|draft| draft.text == text).map(drop))
    };
    shown("🔧 running Python…\nhalf way").await.unwrap();
    shown("✅ running Python").await.unwrap();
    keeper.open();
    assert_eq!(lab.bot.answer(ANN, 1).await, "Done.");
    assert_eq!(lab.results()[0]["stdout"], "half way\n");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn an_exception_and_a_time_limit_are_results_and_cost_their_seconds() {
    let lab = Lab::start().await;
    let failed = lab.code("def f(x):\n    return 1 / x\nprint('before')\nf(0)").await;
    assert_eq!((&failed["status"], &failed["stdout"]), (&json!("exception"), &json!("before\n")));
    let traceback = failed["exception"]["traceback"].as_str().unwrap();
    assert!(
        traceback.contains("return 1 / x") && traceback.ends_with("ZeroDivisionError: division by zero\n")
    );
    let slow = "print('begun')\nopen('half.txt', 'w').write('x')\nimport time\ntime.sleep(60)";
    let late = lab.runs(json!({"code": slow, "timeout_seconds": 1})).await;
    assert_eq!((&late["status"], &late["stdout"]), (&json!("timeout"), &json!("begun\n")));
    assert_eq!(late["files"][0]["path"], "half.txt");
    assert_eq!(lab.code("1 + 1").await["value"], "2", "the interpreter works on");
    let ends: Vec<String> = lab.paid().await.into_iter().map(|(ended, _, _)| ended).collect();
    assert_eq!(ends, ["exception", "timeout", "ok"]);
    let paid = lab.paid().await;
    assert!(
        paid[1].1 >= Decimal::ONE && paid.iter().all(|(_, seconds, cost)| *cost == seconds * dec!(0.00005))
    );
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn packages_are_installed_without_a_shell() {
    let lab = Lab::start().await;
    lab.e2b.offer_package("greeting", "1.2", "def word(): return 'hello'").await.unwrap();
    let code = "import greeting\ngreeting.word()";
    let result = lab.runs(json!({"code": code, "requirements": ["greeting>=1,<2"]})).await;
    assert_eq!(result["value"], "'hello'", "{result}");
    let unknown = lab.runs(json!({"code": code, "requirements": ["nowhere"]})).await;
    assert_eq!(unknown["error"], "not_installed");
    assert!(unknown["message"].as_str().unwrap().contains("No matching distribution found"), "{unknown}");
    let evil = lab.runs(json!({"code": "1", "requirements": ["greeting; touch /tmp/x"]})).await;
    assert_eq!(evil["error"], "invalid_arguments");
    let ends: Vec<String> = lab.paid().await.into_iter().map(|(ended, _, _)| ended).collect();
    assert_eq!(ends, ["ok", "not_installed"], "what the sandbox was used for is paid");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn without_a_key_the_model_has_no_python() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let tools = bot.request(1).await.body["tools"].clone();
    let has = |name: &str| tools.as_array().unwrap().iter().any(|tool| tool["name"] == name);
    assert!(has("list_files") && !has("execute_python"));
    bot.end().await;
    let lab = Lab::start().await;
    let (code, report) = lab.bot.command(&["doctor"]).await;
    assert!(code == 0 && report.contains("ok   e2b: the key is accepted"), "{report}");
    lab.end().await;
}
