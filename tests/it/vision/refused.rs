//! Questions that no model is asked: about unreadable files, files of others, and with too little money.

use lopdf::{EncryptionState, EncryptionVersion, Permissions};
use playground::samples;
use playground::telegram::NewFile;
use serde_json::json;

use super::{PDF, asked, charged, cost_of_all, ids};
use crate::files_out::made;
use crate::harness::{BOB, Bot};

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
