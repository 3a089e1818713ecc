//! `analyze_image` and `analyze_pdf`: a question to a model about one file, of which it sees no more than was
//! asked for; paid with the turn to the last digit, cheaper for the next question, stopped with the turn.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use lopdf::{EncryptionState, EncryptionVersion, Permissions};
use playground::anthropic::{Gate, Recorded, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{NewFile, Person};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;

use crate::files_out::made;
use crate::harness::{ANN, BOB, BOUND, Bot, prices};

const PDF: &str = "application/pdf";
const OPEN: &str = "SELECT count(*) FROM turns WHERE state = 'open'";

/// Lets the model call a tool with these arguments in one round.
fn calls(bot: &Bot, tool: &str, inputs: Vec<Value>) {
    let call = |input| Step::ToolUse { name: tool.to_owned(), input };
    let steps = inputs.into_iter().map(call).chain([Step::Stop(StopReason::ToolUse)]).collect();
    bot.model.script(Reply::steps(steps));
}

/// Returns the results of the newest tool calls in a request.
fn results(request: &Recorded) -> Vec<Value> {
    let newest = request.body["messages"].as_array().unwrap().last().unwrap();
    let results = newest["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
    let read = |result: &Value| {
        let content = &result["content"];
        serde_json::from_str(content.as_str().or(content[0]["text"].as_str()).unwrap()).unwrap()
    };
    results.map(read).collect()
}

/// Lets the model call a tool once; returns the result, and the request in which the file was seen.
async fn asked(bot: &Bot, tool: &str, input: Value) -> (Value, Option<Recorded>) {
    let before = bot.model.requests().len();
    calls(bot, tool, vec![input]);
    bot.ask("Go on.").await;
    let new = bot.model.requests().split_off(before);
    let result = results(new.last().unwrap()).swap_remove(0);
    (result, (new.len() == 3).then(|| new[1].clone()))
}

/// Returns the ids of the files that people have sent, oldest first.
async fn ids(bot: &Bot) -> Vec<String> {
    let rows: Vec<String> = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id")
        .fetch_all(bot.books())
        .await
        .unwrap();
    rows.iter().map(|row| PublicFileId::from_column(row).unwrap().to_string()).collect()
}

/// Returns the blocks of the only message of a request.
fn blocks(request: &Recorded) -> Vec<Value> {
    let messages = request.body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "one message of the user");
    messages[0]["content"].as_array().unwrap().clone()
}

fn bytes(block: &Value) -> Vec<u8> {
    assert_eq!(block["source"]["type"], "base64", "{block}");
    BASE64_STANDARD.decode(block["source"]["data"].as_str().unwrap()).unwrap()
}

/// Returns the text of each page of the PDF in a block.
fn pages(block: &Value) -> Vec<String> {
    assert_eq!((&block["type"], &block["source"]["media_type"]), (&json!("document"), &json!(PDF)));
    let document = lopdf::Document::load_mem(&bytes(block)).unwrap();
    let text = |id| String::from_utf8(document.get_page_content(id)).unwrap();
    let number = |text: String| text[text.find('(').unwrap() + 1..text.find(')').unwrap()].to_owned();
    document.page_iter().map(text).map(number).collect()
}

fn usd(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

/// Returns what all turns have cost.
async fn charged(bot: &Bot) -> Decimal {
    bot.database.until(OPEN, 0).await;
    sqlx::query_scalar("SELECT coalesce(sum(-amount), 0) FROM balance_operations WHERE kind = 'usage'")
        .fetch_one(bot.books())
        .await
        .unwrap()
}

fn cost_of_all(bot: &Bot) -> Decimal {
    prices::requests(&bot.model.requests())
}

#[tokio::test]
async fn a_person_lets_the_model_look_at_an_older_picture_again() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::photo(1280, 720).captioned("My garden."));
    bot.answer(ANN, 1).await;
    let answer = bot.ask("Please look at the picture again.").await;
    assert!(answer.contains("The tool analyze_image says") && answer.contains("(1280 x 720)"), "{answer}");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 5, "photo; wish, list, look, answer");
    let seen = &requests[3];
    let blocks = blocks(seen);
    assert_eq!(
        (&blocks[0]["type"], &blocks[0]["source"]["media_type"]),
        (&json!("image"), &json!("image/jpeg"))
    );
    assert_eq!(bytes(&blocks[0]), samples::jpeg(1280, 720));
    assert_eq!(blocks[0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(blocks[1], json!({"type": "text", "text": "What does it show?"}));
    assert!(seen.body["tools"].is_null(), "it has no tools");
    let result = &results(&requests[4])[0];
    assert_eq!(
        (&result["file_id"], usd(&result["cost_usd"])),
        (&json!(ids(&bot).await[0]), prices::request(seen))
    );
    assert_eq!(charged(&bot).await, cost_of_all(&bot));
    bot.database.until("SELECT count(*) FROM tool_calls WHERE tool = 'analyze_image' AND cost > 0", 1).await;

    // The next prompt contains the call and its result, not the picture a second time.
    bot.ask("Thanks.").await;
    let next = bot.model.requests().pop().unwrap();
    let body = next.body["messages"].to_string();
    assert!(body.contains("analyze_image") && body.contains("You sent a photo"), "{body}");
    assert!(!body.contains("base64"), "{body}");
    bot.end().await;
}

#[tokio::test]
async fn a_person_lets_the_model_read_one_page_in_russian() {
    let bot = Bot::start().await;
    let mut vera = Person::new(77, "Вера");
    vera.language_code = Some("ru".to_owned());
    bot.telegram.add_user(vera);
    bot.telegram.send(77, 77, NewFile::pdf("договор.pdf", 7).captioned("Сохрани."));
    bot.answer(77, 1).await;
    let answer = bot.ask_in(77, 77, "Прочитай в PDF страницу 2, пожалуйста").await;
    assert!(answer.contains("The tool analyze_pdf says"), "{answer}");
    let requests = bot.model.requests();
    assert_eq!(pages(&blocks(&requests[3])[0]), ["Page 2"]);
    bot.end().await;
}

#[tokio::test]
async fn only_the_chosen_pages_are_sent_and_the_next_question_reads_them_from_the_cache() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::pdf("report.pdf", 9).captioned("Keep this."));
    bot.answer(ANN, 1).await;
    let id = ids(&bot).await.swap_remove(0);
    let input = |question: &str, pages: &str| json!({"file_id": id, "question": question, "pages": pages});
    let (first, seen) = asked(&bot, "analyze_pdf", input("What is on them?", "2, 5-6")).await;
    let seen = seen.unwrap();
    let sent = blocks(&seen);
    assert_eq!(pages(&sent[0]), ["Page 2", "Page 5", "Page 6"]);
    assert_eq!(sent[0]["cache_control"], json!({"type": "ephemeral"}));
    let question = sent[1]["text"].as_str().unwrap();
    assert!(question.contains("pages 2, 5-6 of 9") && question.ends_with("What is on them?"), "{question}");
    assert_eq!((&first["pages"], &first["pages_in_document"]), (&json!("2, 5-6"), &json!(9)));
    assert_eq!((&first["name"], &first["tokens_read_from_cache"]), (&json!("report.pdf"), &json!(0)));
    assert!(first["answer"].as_str().unwrap().contains("(3 pages)"), "{first}");

    // The same pages, written in another way.
    let (second, again) = asked(&bot, "analyze_pdf", input("And the sums?", "5-6,2")).await;
    let again = again.unwrap();
    assert_eq!(blocks(&again)[0], sent[0], "equal to the byte");
    let read = again.usage["cache_read_input_tokens"].as_u64().unwrap();
    assert!(read > 3 * 1_500, "{}", again.usage);
    assert_eq!(second["tokens_read_from_cache"], json!(read));
    assert_eq!(
        (usd(&first["cost_usd"]), usd(&second["cost_usd"])),
        (prices::request(&seen), prices::request(&again))
    );
    assert!(
        prices::request(&again) * Decimal::from(3) < prices::request(&seen),
        "{} and {}",
        prices::request(&seen),
        prices::request(&again)
    );

    let (other, third) = asked(&bot, "analyze_pdf", input("And these?", "8-")).await;
    assert_eq!(pages(&blocks(&third.unwrap())[0]), ["Page 8", "Page 9"]);
    assert_eq!(other["pages"], "8-9");
    assert_eq!(charged(&bot).await, cost_of_all(&bot));
    bot.end().await;
}

#[tokio::test]
async fn what_a_tool_has_made_is_seen_before_and_after_its_delivery() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let chart = made(&bot, "chart.png", "image/png", &samples::png(640, 480)).await;
    let look = || json!({"file_id": chart, "question": "Is the axis labelled?"});
    let (result, _) = asked(&bot, "analyze_image", look()).await;
    assert!(result["answer"].as_str().unwrap().contains("(640 x 480)"), "{result}");
    calls(&bot, "deliver_file", vec![json!({"file_id": chart})]);
    bot.ask("Send it to me.").await;
    bot.database.until("SELECT count(*) FROM made_files WHERE telegram_id IS NOT NULL", 1).await;
    let (result, _) = asked(&bot, "analyze_image", look()).await;
    assert!(result["answer"].as_str().unwrap().contains("(640 x 480)"), "{result}");
    let report = made(&bot, "report.pdf", PDF, &samples::pdf(3)).await;
    let (result, _) = asked(&bot, "analyze_pdf", json!({"file_id": report, "question": "How long?"})).await;
    assert_eq!((&result["pages"], &result["pages_in_document"]), (&json!("1-3"), &json!(3)));
    bot.end().await;
}

#[tokio::test]
async fn a_picture_of_forty_megapixels_is_made_smaller() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let large = made(&bot, "map.jpg", "image/jpeg", &samples::jpeg(9_000, 4_450)).await;
    let (result, seen) = asked(&bot, "analyze_image", json!({"file_id": large, "question": "Where?"})).await;
    assert!(result["answer"].as_str().unwrap().contains("(2576 x 1274)"), "{result}");
    assert!(bytes(&blocks(&seen.unwrap())[0]).len() < 2_000_000);
    bot.end().await;
}

/// What a program makes of three pages with a password.
fn encrypted() -> Vec<u8> {
    let mut document = lopdf::Document::load_mem(&samples::pdf(3)).unwrap();
    document.trailer.set("ID", vec![lopdf::Object::string_literal("a"), lopdf::Object::string_literal("a")]);
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "secret",
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn what_cannot_be_seen_is_told_and_costs_nothing() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let whole = samples::pdf(3);
    let cut = &whole[..200];
    let secret = made(&bot, "secret.pdf", PDF, &encrypted()).await;
    let broken = made(&bot, "broken.pdf", PDF, cut).await;
    let foreign = made(&bot, "page.pdf", PDF, b"<html>").await;
    let long = made(&bot, "long.pdf", PDF, &samples::pdf(240)).await;
    let short = made(&bot, "short.pdf", PDF, &whole).await;
    let picture = made(&bot, "a.png", "image/png", &samples::png(10, 10)).await;
    let torn = made(&bot, "torn.png", "image/png", &samples::png(10, 10)[..40]).await;
    let table = made(&bot, "a.csv", "text/csv", b"a,b").await;
    for (tool, id, selection, error, told) in [
        ("analyze_pdf", &secret, None, "encrypted", "password"),
        ("analyze_pdf", &broken, None, "broken", "damaged"),
        ("analyze_pdf", &foreign, None, "wrong_kind", "no PDF"),
        ("analyze_pdf", &long, None, "too_many_pages", "240 pages"),
        ("analyze_pdf", &short, Some("2-4"), "invalid_arguments", "3 pages"),
        ("analyze_pdf", &short, Some("two"), "invalid_arguments", "must look like"),
        ("analyze_pdf", &picture, None, "wrong_kind", "analyze_image"),
        ("analyze_image", &short, None, "wrong_kind", "analyze_pdf"),
        ("analyze_image", &torn, None, "broken", "damaged"),
        ("analyze_image", &table, None, "wrong_kind", "preview_file"),
    ] {
        let mut input = json!({"file_id": id, "question": "What is it?"});
        if let Some(selection) = selection {
            input["pages"] = json!(selection);
        }
        let (result, seen) = asked(&bot, tool, input).await;
        assert_eq!(result["error"], error, "{result}");
        assert!(result["message"].as_str().unwrap().contains(told), "{result}");
        assert!(seen.is_none(), "no model is asked");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM tool_calls WHERE cost > 0").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn files_of_others_are_not_found() {
    let bot = Bot::start().await;
    bot.telegram.send(BOB, BOB, NewFile::pdf("secret of bob.pdf", 2).captioned("Keep this."));
    bot.answer(BOB, 1).await;
    bot.telegram.send(BOB, BOB, NewFile::photo(64, 48).captioned("And this."));
    bot.answer(BOB, 2).await;
    let of_bob = ids(&bot).await;
    for (tool, id) in
        [("analyze_pdf", of_bob[0].as_str()), ("analyze_image", &of_bob[1]), ("analyze_pdf", "7")]
    {
        let (result, seen) = asked(&bot, tool, json!({"file_id": id, "question": "What is it?"})).await;
        assert_eq!((&result["error"], seen.is_none()), (&json!("not_found"), true), "{result}");
        assert!(!result.to_string().contains("secret of bob"), "{result}");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_question_that_the_balance_does_not_allow_is_not_asked() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.3")]).await;
    bot.ask("hello").await;
    let long = made(&bot, "long.pdf", PDF, &samples::pdf(90)).await;
    let input = |pages: &str| json!({"file_id": long, "question": "What is it?", "pages": pages});
    let (refused, seen) = asked(&bot, "analyze_pdf", input("all")).await;
    assert_eq!((&refused["error"], seen.is_none()), (&json!("insufficient_balance"), true), "{refused}");
    let told = refused["message"].as_str().unwrap();
    assert!(told.contains("/pay") && told.contains("fewer pages"), "{told}");
    let (answered, _) = asked(&bot, "analyze_pdf", input("90")).await;
    assert_eq!(answered["pages"], "90", "{answered}");
    assert_eq!(charged(&bot).await, cost_of_all(&bot));
    bot.end().await;
}

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
