//! What operators see: metrics that are documented, and figures about the state that agree with the books.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use playground::anthropic::{Gate, Reply, Step};
use starling::telemetry::metrics::FAMILIES;

use crate::harness::{ANN, BOUND, Bot};

/// Returns the text of `docs/METRICS.md`.
fn documentation() -> String {
    let mut families: Vec<_> = FAMILIES.iter().collect();
    families.sort_by_key(|family| family.name);
    let mut page = String::from(
        "# Metrics\n\nWhat `/metrics` on the operators' port tells, from `src/telemetry/metrics.rs`. This page is written by a \
         test:\n`REWRITE_DOCS=1 cargo test --test it operations` after a change.\n\nEvery instance counts what it has done \
         itself, so counters are added up (`sum`). What is read from the database is the\nsame in every instance, so of \
         gauges about the state take `max`. Beside these there are `process_*`: memory, CPU, files,\nstart of the \
         process.\n\n| name | type | labels | meaning |\n|---|---|---|---|\n",
    );
    for family in families {
        let labels = family.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let (name, kind, help) = (family.name, family.type_name(), family.help.trim());
        writeln!(page, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
    }
    page
}

#[test]
fn every_metric_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/METRICS.md");
    let page = documentation();
    if std::env::var_os("REWRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/METRICS.md is out of date: REWRITE_DOCS=1 cargo test --test it operations"
    );
}

#[tokio::test]
async fn figures_about_the_state_agree_with_the_books() {
    let bot = Bot::of_olga([]).await;
    bot.ask("hello").await;
    bot.ask("use a tool").await;
    bot.log("turn 2 complete").await;
    bot.buy(ANN, 250).await;
    bot.hears(ANN, "Received 250").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    let address = bot.operators_port();
    let metrics = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
    let value = |name: &str| -> f64 {
        let found = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{name} is missing in\n{metrics}")).parse().unwrap()
    };
    let is = |name: &str, expected: f64| {
        let value = value(name);
        assert!((value - expected).abs() < 1e-9, "{name} is {value}, not {expected}");
    };
    is("bot_total_balance_usd", bot.has(ANN).await.parse().unwrap());
    is("bot_total_users", 1.0);
    is("bot_active_users", 1.0);
    is("bot_stars{direction=\"paid\"}", 250.0);
    is("bot_stars{direction=\"refunded\"}", 0.0);
    is("bot_credited_usd", 1.625);
    for nothing in [
        "bot_holds_usd",
        "bot_overdrafts_usd",
        "bot_inbox_pending",
        "bot_inbox_oldest_seconds",
        "bot_outbox_pending",
        "bot_turns_open",
        "bot_refunds_pending",
        "bot_dead_letters",
        "bot_audit_problems",
    ] {
        is(nothing, 0.0);
    }
    is("bot_ready", 1.0);
    assert!(value("bot_state_timestamp_seconds") > 0.0 && value("process_resident_memory_bytes") > 0.0);
    is("bot_payment_credit_seconds_count", 1.0);
    // The answers, the packages, the invoice and the receipt.
    is("bot_delivery_seconds_count", 5.0);
    is("bot_tool_calls_total{status=\"success\",tool_name=\"cost_estimator\"}", 1.0);
    is("bot_tool_execution_seconds_count{tool_name=\"cost_estimator\"}", 1.0);
    is("bot_llm_requests_total{model=\"claude-sonnet-5-5\",result=\"ok\"}", 3.0);
    let spent = value("bot_service_costs_nanousd_total{service=\"claude-sonnet-5-5\"}");
    assert!(spent > 0.0);
    is("bot_costs_nanousd_total{payer=\"user\"}", spent);
    is("bot_telegram_calls_total{method=\"sendInvoice\",result=\"ok\"}", 1.0);
    bot.end().await;
}

#[tokio::test]
async fn the_first_words_and_the_statements_are_timed() {
    let bot = Bot::with([("RUST_LOG", "warn,starling::app=info,starling::telegram=info")]).await;
    let (gate, keeper) = Gate::new();
    let steps =
        vec![Step::Text("The first words.".to_owned()), Step::Gate(gate), Step::Text(" The end.".to_owned())];
    bot.model.script(Reply::steps(steps));
    bot.ann("hello");
    let shown = bot.telegram.until("a draft", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains("The first words")).map(drop)
    });
    shown.await.unwrap();
    // The bot learns a moment later that the draft is shown.
    let counted = async {
        while bot.metric("bot_first_draft_seconds_count").await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, counted).await.expect("the draft is counted");
    keeper.open();
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.metric("bot_first_draft_seconds_count").await, 1);
    // Whatever the log shows, each statement has a time under its name.
    assert_eq!(bot.metric("bot_db_statement_seconds_count{operation=\"closing::close\"}").await, 1);
    let all = bot.metric("bot_db_queries_total").await;
    let timed = bot.metric("bot_db_statement_seconds_count").await;
    assert!(timed * 10 > all * 8, "{timed} of {all} statements have a time");
    bot.end().await;
}
