//! Python in sandboxes: what the code says and makes reaches the model and the person, every second is paid,
//! nothing runs on after a stop, and no sandbox outlives its use.

use std::time::{Duration, Instant};

use playground::anthropic::{Gate, Reply, Step, StopReason};
use playground::e2b::{ApiError, Call, E2b, Fault, Operation, Outcome, Settings};
use playground::telegram::{Attachment, MediaMessage, NewFile};
use rust_decimal::{Decimal, dec};
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;

use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

const OPEN_TURNS: &str = "SELECT count(*) FROM turns WHERE state = 'open'";
const LEASED: &str = "SELECT count(*) FROM sandboxes WHERE leased_until > now()";
const UNWANTED: &str = "SELECT count(*) FROM sandbox_deletions";
/// A picture as code displays it, like a plot.
const PLOT: &str =
    "class Plot:\n    def __init__(self, png): self.png = png\n    def _repr_png_(self): return self.png\n";

/// A bot that can run Python, and where it runs.
pub(crate) struct Lab {
    pub(crate) bot: Bot,
    pub(crate) e2b: E2b,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::with([]).await
    }

    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let e2b = E2b::start(Settings::default()).await.unwrap();
        let mut bot = Bot::prepare(settings).await;
        bot.set("E2B_API_KEY", &Settings::default().api_key);
        bot.set("E2B_API_URL", &e2b.url());
        bot.set("E2B_SANDBOX_URL", &e2b.url());
        bot.run().await;
        Self { bot, e2b }
    }

    /// Lets the model run code in its next answer, and end after the result.
    fn scripts(&self, input: Value) {
        self.scripts_all(&[input]);
    }

    /// Lets the model call the tool several times in one round.
    fn scripts_all(&self, inputs: &[Value]) {
        let call = |input: &Value| Step::ToolUse { name: "execute_python".to_owned(), input: input.clone() };
        let calls = inputs.iter().map(call).chain([Step::Stop(StopReason::ToolUse)]);
        self.bot.model.script(Reply::steps(calls.collect()));
        self.bot.model.script(Reply::steps(vec![Step::Text("Done.".to_owned())]));
    }

    /// Lets the model run code in its next answer, and scripts no more.
    fn calls(&self, code: &str) {
        let call = Step::ToolUse { name: "execute_python".to_owned(), input: json!({ "code": code }) };
        self.bot.model.script(Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    }

    /// Lets Ann ask for code; returns what the model reads as its result.
    async fn runs(&self, input: Value) -> Value {
        self.scripts(input);
        self.bot.ask("Compute it.").await;
        self.results().pop().unwrap()
    }

    async fn code(&self, code: &str) -> Value {
        self.runs(json!({ "code": code })).await
    }

    /// The results in the newest request, in order.
    fn results(&self) -> Vec<Value> {
        let request = self.bot.model.requests().pop().unwrap();
        let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let results = blocks.as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
        results.map(|block| serde_json::from_str(text(&block["content"])).unwrap()).collect()
    }

    /// The pictures in the newest result.
    fn pictures(&self) -> Vec<Value> {
        let request = self.bot.model.requests().pop().unwrap();
        let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let content = blocks[0]["content"].as_array().cloned().unwrap_or_default();
        content.into_iter().filter(|block| block["type"] == "image").collect()
    }

    /// Waits for the `number`th execution (from 1).
    async fn executes(&self, number: usize) -> Call {
        let of_kind = move |calls: &[Call]| {
            calls.iter().filter(|call| call.operation == Operation::Execute).nth(number - 1).cloned()
        };
        self.e2b.until("the execution", BOUND, of_kind).await.unwrap()
    }

    /// Returns how each use of a sandbox ended, its seconds and its cost.
    async fn paid(&self) -> Vec<(String, Decimal, Decimal)> {
        self.bot.database.until(OPEN_TURNS, 0).await;
        sqlx::query_as(
            "SELECT ended, seconds, cost FROM model_calls WHERE model_id = 'e2b' ORDER BY turn_id, call",
        )
        .fetch_all(self.bot.books())
        .await
        .unwrap()
    }

    /// Waits until no sandbox is used, and asserts that there are so many.
    async fn rests(&self, sandboxes: usize) {
        self.bot.database.until(LEASED, 0).await;
        self.bot.database.until(UNWANTED, 0).await;
        let alive = self.e2b.sandboxes();
        assert_eq!(alive.len(), sandboxes, "{alive:#?}");
    }

    pub(crate) async fn end(self) {
        let refusals = self.e2b.refusals();
        assert!(refusals.is_empty(), "the sandbox service refused calls: {refusals:#?}");
        self.bot.end().await;
    }
}

fn text(content: &Value) -> &str {
    content.as_str().or(content[0]["text"].as_str()).unwrap()
}

/// Waits until the bot has sent so many files to Ann.
async fn arrived(bot: &Bot, count: usize) -> Vec<MediaMessage> {
    let files = bot.telegram.until("the files", BOUND, |view| {
        let files: Vec<MediaMessage> = view.sent_media(ANN).collect();
        (files.len() >= count).then_some(files)
    });
    files.await.unwrap()
}

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
async fn files_of_the_conversation_go_in_and_new_ones_come_out() {
    let lab = Lab::start().await;
    let table = NewFile::text("отчёт за год.csv", "a,b\n1,2\n");
    lab.bot.telegram.send(ANN, ANN, table.captioned("Here."));
    lab.bot.answer(ANN, 1).await;
    let id: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(lab.bot.books()).await.unwrap();
    let id = PublicFileId::from_column(&id).unwrap().to_string();
    let code = "import os\ntext = open('inputs/отчёт за год.csv').read()\nos.makedirs('out/deep')\n\
                open('out/deep/итог.txt', 'w').write(text.upper())\nopen('.hidden', 'w').write('x')\n\
                open('empty', 'w').close()";
    let result = lab.runs(json!({"code": code, "file_ids": [id.clone(), id.clone()]})).await;
    assert_eq!(result["inputs"], json!({id.clone(): "inputs/отчёт за год.csv"}));
    let files = result["files"].as_array().unwrap();
    let path = |file: &Value| file["path"].as_str().unwrap().to_owned();
    assert_eq!(files.iter().map(path).collect::<Vec<_>>(), ["out/deep/итог.txt"]);
    assert_eq!(result["files_not_kept"], json!([{"path": "empty", "reason": "it is empty"}]));
    // What one call has made is the input of the next one, and goes to the person.
    let made = files[0]["file_id"].as_str().unwrap().to_owned();
    let code = "open('inputs/итог.txt').read() + open('inputs/отчёт за год.csv').read()";
    let second = lab.runs(json!({"code": code, "file_ids": [made.clone(), id]})).await;
    assert_eq!(second["value"], "'A,B\\n1,2\\na,b\\n1,2\\n'");
    assert_eq!(lab.e2b.calls_of(Operation::Upload).len(), 2, "each was sent once");
    lab.bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": made}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    lab.bot.model.script(Reply::steps(vec![Step::Text("Here it is.".to_owned())]));
    lab.bot.ann("Send it to me.");
    let sent = arrived(&lab.bot, 1).await;
    assert_eq!((sent[0].file_name.as_str(), &sent[0].bytes[..]), ("итог.txt", &b"A,B\n1,2\n"[..]));
    lab.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn plots_are_seen_by_the_model_and_kept() {
    let lab = Lab::start().await;
    let picture = playground::samples::png(320, 200);
    let code = format!(
        "{PLOT}png = bytes({picture:?})\nfor _ in range(4): display(Plot(png))\n\
                        open('chart.png', 'wb').write(png)\nNone"
    );
    let result = lab.code(&code).await;
    let files = result["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["plot_1.png", "plot_2.png", "plot_3.png", "plot_4.png", "chart.png"]);
    assert_eq!(files.iter().filter(|file| file["shown_to_you"] == json!(true)).count(), 3);
    let pictures = lab.pictures();
    assert_eq!((pictures.len(), &pictures[0]["source"]["media_type"]), (3, &json!("image/png")));
    assert!(result.get("value").is_none(), "the text of a plot says nothing: {result}");
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
async fn a_person_who_types_it_gets_a_chart() {
    let lab = Lab::start().await;
    lab.bot.ann("!python");
    let sent = arrived(&lab.bot, 1).await;
    assert_eq!((sent[0].kind, &sent[0].bytes[1..4]), (Attachment::Photo, &b"PNG"[..]));
    lab.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let answer = lab.bot.answers(ANN).remove(0);
    assert!(answer.contains("The best month was April") && answer.contains("17"), "{answer}");
    lab.bot.ask("!python\nsum(n * n for n in range(100))").await;
    assert!(lab.bot.answers(ANN).pop().unwrap().contains("328350"));
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn what_is_too_much_is_left_out_and_told() {
    let lab = Lab::start().await;
    let code = "for n in range(12): open(f'{n:02}.txt', 'w').write('x')\n\
                with open('large.bin', 'wb') as f: f.truncate(21 << 20)\nprint('y' * 1_000_000)";
    let result = lab.code(code).await;
    let stdout = result["stdout"].as_str().unwrap();
    assert!(stdout.len() < 13_000 && stdout.contains("characters left out ...]"));
    assert_eq!(result["files"].as_array().unwrap().len(), 10);
    let reasons = result["files_not_kept"].to_string();
    assert!(
        reasons.contains("large.bin") && reasons.contains("20 MB") && reasons.contains("10 files"),
        "{reasons}"
    );
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
async fn a_run_without_its_end_is_an_error() {
    for fault in [Fault::CutStream, Fault::NoEnd] {
        let lab = Lab::start().await;
        lab.e2b.fail_next(Operation::Execute, 1, &fault);
        let result = lab.code("print('half')").await;
        assert_eq!(result["error"], "broken_off", "{fault:?}: {result}");
        assert_eq!(lab.paid().await[0].0, "broken_off");
        lab.rests(1).await;
        lab.end().await;
    }
    // The same if the code ends its own interpreter.
    let lab = Lab::start().await;
    assert_eq!(lab.code("import os\nos._exit(1)").await["error"], "broken_off");
    assert_eq!(lab.code("2").await["value"], "2");
    lab.end().await;
}

#[tokio::test]
async fn a_run_that_falls_silent_is_given_up() {
    let lab = Lab::start().await;
    lab.e2b.fail_next(Operation::Execute, 1, &Fault::Silent);
    assert_eq!(lab.code("1").await["error"], "broken_off");
    let (_, seconds, _) = lab.paid().await.remove(0);
    assert!(seconds < Decimal::from(60), "the service keeps running code alive, so its silence is short");
    assert_eq!(lab.code("2").await["value"], "2");
    lab.end().await;
}

#[tokio::test]
async fn passing_faults_are_retried_as_the_service_asks() {
    let lab = Lab::start().await;
    lab.e2b.fail_next(Operation::Create, 1, &Fault::Error(ApiError::rate_limited(1)));
    lab.e2b.fail_next(Operation::Create, 1, &Fault::LoseAnswer);
    lab.e2b.fail_next(Operation::ListFiles, 1, &Fault::Drop);
    lab.e2b.fail_next(Operation::Download, 2, &Fault::Error(ApiError::busy()));
    let result = lab.code("open('a.txt', 'w').write('x')").await;
    assert_eq!(result["files"][0]["path"], "a.txt", "{result}");
    let creations = lab.e2b.calls_of(Operation::Create);
    assert_eq!(creations.len(), 3);
    assert!(creations[1].at - creations[0].at >= Duration::from_secs(1), "it asked for a second");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn a_service_that_is_down_is_told_once_and_not_asked_again() {
    let lab = Lab::start().await;
    lab.e2b.fail_next(Operation::Create, 100, &Fault::Error(ApiError::busy()));
    for _ in 0..2 {
        lab.bot.model.script(Reply::steps(vec![
            Step::ToolUse { name: "execute_python".to_owned(), input: json!({"code": "1"}) },
            Step::Stop(StopReason::ToolUse),
        ]));
    }
    lab.bot.model.script(Reply::steps(vec![Step::Text("I cannot compute today.".to_owned())]));
    assert_eq!(lab.bot.ask("Compute it.").await, "I cannot compute today.");
    let result = lab.results().pop().unwrap();
    assert_eq!(result["error"], "service_down", "{result}");
    assert_eq!(lab.e2b.calls_of(Operation::Create).len(), 4, "one request with its retries");
    assert!(lab.paid().await.is_empty(), "there was no sandbox");
    lab.end().await;
}

#[tokio::test]
async fn a_stop_interrupts_the_code_at_once_and_what_was_used_is_paid() {
    let lab = Lab::start().await;
    lab.code("kept = 0").await;
    // The quickest of a few counts: the machine may be busy.
    let mut quickest = Duration::MAX;
    for number in 1..=3 {
        let slow = "import time\nfor n in range(1000):\n    kept += 1\n    time.sleep(0.1)";
        lab.calls(slow);
        lab.bot.ann("Compute for long.");
        lab.executes(number * 2).await;
        let stopped = Instant::now();
        lab.bot.ann("/stop");
        let left = move |calls: &[Call]| {
            let is_cut = |call: &&Call| {
                call.operation == Operation::Execute && call.outcome == Outcome::ClosedByClient
            };
            calls.iter().filter(is_cut).nth(number - 1).cloned()
        };
        let call = lab.e2b.until("the end of the run", BOUND, left).await.unwrap();
        quickest = quickest.min(call.ended.unwrap() - stopped);
        lab.bot.database.until(OPEN_TURNS, 0).await;
        lab.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        lab.bot.database.until(LEASED, 0).await;
    }
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
    let paid = lab.paid().await;
    assert!(
        paid[1..].iter().all(|(ended, seconds, _)| ended == "cut" && *seconds > Decimal::ZERO),
        "{paid:?}"
    );
    assert!(paid.iter().all(|(_, seconds, cost)| *cost == seconds * dec!(0.00005)), "{paid:?}");
    let next = lab.code("0 < kept < 1000").await;
    assert_eq!((&next["value"], &next["sandbox"]), (&json!("True"), &json!("continued")));
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn a_sandbox_that_another_instance_uses_is_waited_for() {
    let lab = Lab::start().await;
    lab.code("kept = 1").await;
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.sql("UPDATE sandboxes SET lease = 1, leased_until = now() + interval '2 seconds'").await;
    let begun = Instant::now();
    assert_eq!(lab.code("kept").await["value"], "1");
    assert!(begun.elapsed() >= Duration::from_millis(1_500), "the other one was not interrupted");
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn code_whose_sandbox_is_taken_away_ends_and_the_model_is_told() {
    let lab = Lab::start().await;
    lab.scripts(json!({"code": "import time\ntime.sleep(100)"}));
    lab.bot.ann("Compute for long.");
    lab.executes(1).await;
    // As if the conversation were cleared by another instance.
    lab.bot.sql("DELETE FROM sandboxes").await;
    lab.bot.answer(ANN, 1).await;
    assert_eq!(lab.results()[0]["error"], "sandbox_lost");
    assert_eq!(lab.paid().await[0].0, "sandbox_lost");
    lab.rests(0).await;
    lab.end().await;
}

#[tokio::test]
async fn code_that_ignores_the_interrupt_dies_with_its_sandbox() {
    let lab = Lab::start().await;
    let stubborn = "import time\nwhile True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass";
    let late = lab.runs(json!({"code": stubborn, "timeout_seconds": 1})).await;
    assert_eq!(late["status"], "timeout");
    let gone = |calls: &[Call]| calls.iter().find(|call| call.operation == Operation::Kill).map(drop);
    lab.e2b.until("the death of the sandbox", BOUND, gone).await.unwrap();
    lab.rests(0).await;
    let next = lab.code("1").await;
    assert_eq!((&next["sandbox"], &next["value"]), (&json!("new"), &json!("1")));
    lab.end().await;
}

#[tokio::test]
async fn clear_and_the_end_of_its_life_kill_a_sandbox() {
    let lab = Lab::start().await;
    lab.code("kept = 1").await;
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.ask("/clear").await;
    lab.bot.database.until("SELECT count(*) FROM sandboxes", 0).await;
    let killed = |calls: &[Call]| calls.iter().find(|call| call.operation == Operation::Kill).map(drop);
    lab.e2b.until("the first kill", BOUND, killed).await.unwrap();
    lab.rests(0).await;
    assert_eq!(lab.code("1").await["sandbox"], "new");
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.sql("UPDATE sandboxes SET expires_at = now() - interval '1 second'").await;
    lab.bot.database.until("SELECT count(*) FROM sandboxes", 0).await;
    lab.rests(0).await;
    lab.end().await;
}

#[tokio::test]
async fn calls_of_one_round_share_the_sandbox_one_after_the_other() {
    let lab = Lab::start().await;
    let append = "import time\nlines = globals().get('lines', []) + [1]\ntime.sleep(0.2)\nlen(lines)";
    lab.scripts_all(&vec![json!({ "code": append }); 3]);
    lab.bot.ask("Compute three times.").await;
    let mut values: Vec<String> = lab.results().iter().map(|result| result["value"].to_string()).collect();
    values.sort();
    assert_eq!(values, ["\"1\"", "\"2\"", "\"3\""]);
    assert_eq!(lab.paid().await.len(), 3);
    lab.rests(1).await;
    lab.end().await;
}

#[tokio::test]
async fn files_and_sandboxes_of_others_stay_theirs() {
    let lab = Lab::start().await;
    lab.code("open('secret.txt', 'w').write('Ann')\nsecret = 1").await;
    let id = lab.results()[0]["files"][0]["file_id"].clone();
    lab.scripts(json!({"code": "import os\n('secret' in globals(), os.path.exists('secret.txt'))"}));
    lab.bot.ask_in(BOB, BOB, "Compute it.").await;
    assert_eq!(lab.results()[0]["value"], "(False, False)");
    lab.scripts(json!({"code": "1", "file_ids": [id, "file_1"]}));
    lab.bot.ask_in(BOB, BOB, "Read Ann's file.").await;
    assert_eq!(lab.results()[0]["error"], "not_found");
    // Nothing of ours is in what the models have read.
    let tokens: Vec<String> = lab
        .e2b
        .calls()
        .iter()
        .filter_map(|call| Some(call.headers.get("x-access-token")?.to_str().unwrap().to_owned()))
        .chain([Settings::default().api_key, lab.e2b.url()])
        .collect();
    let read: String = lab.bot.model.requests().iter().map(|request| request.body.to_string()).collect();
    assert!(tokens.len() > 3 && !tokens.iter().any(|token| read.contains(token)));
    lab.rests(2).await;
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

#[tokio::test]
async fn a_kill_at_any_moment_leaves_one_sandbox_and_charges_once() {
    for point in [
        "sandbox: claimed",
        "sandbox: created",
        "sandbox: stored",
        "sandbox: executed",
        "sandbox: before the results",
    ] {
        let mut lab = Lab::with([("KILL_AT", point), ("STARTER_BALANCE_USD", "1")]).await;
        lab.calls("open('a.txt', 'w').write('x')\n1 + 1");
        lab.bot.ann("Compute it.");
        tokio::time::timeout(BOUND, lab.bot.died()).await.expect("the bot dies");
        lab.bot.set("KILL_AT", "");
        // After the restart the model decides anew.
        lab.calls("1 + 1");
        lab.bot.run().await;
        lab.bot.database.until(OPEN_TURNS, 0).await;
        lab.rests(1).await;
        let keys = "SELECT count(*) FROM sandboxes WHERE provider_id IS NOT NULL";
        assert_eq!(lab.bot.database.count(keys).await, 1, "{point}");
        let spent: Decimal =
            sqlx::query_scalar("SELECT coalesce(sum(cost), 0) FROM model_calls WHERE payer = 'user'")
                .fetch_one(lab.bot.books())
                .await
                .unwrap();
        assert_eq!(lab.bot.balance(ANN).await, Decimal::ONE - spent, "{point}");
        lab.end().await;
    }
    // The killed sandbox is killed once more, which changes nothing.
    let mut lab = Lab::with([("KILL_AT", "sandbox: killed")]).await;
    lab.code("1").await;
    lab.bot.database.until(LEASED, 0).await;
    lab.bot.ann("/clear");
    tokio::time::timeout(BOUND, lab.bot.died()).await.expect("the bot dies");
    lab.bot.sql("UPDATE sandbox_deletions SET due_at = now()").await;
    lab.bot.set("KILL_AT", "");
    lab.bot.run().await;
    lab.rests(0).await;
    lab.end().await;
}
