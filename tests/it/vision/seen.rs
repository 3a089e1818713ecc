//! What the model sees of a picture or a PDF: the chosen pages, made smaller if need be, from the cache the next time.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use playground::samples;
use playground::telegram::{NewFile, Person};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{PDF, asked, blocks, calls, charged, cost_of_all, ids, results};
use crate::files_out::made;
use crate::harness::{ANN, Bot, prices};

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
