//! From a wish to the picture: in the chat, in the books and in the next prompt; what it costs in each size.

use playground::anthropic::Gate;
use playground::gemini::{Reply, Request, Usage};
use playground::telegram::{Attachment, MediaMessage};
use rust_decimal::Decimal;
use serde_json::json;

use super::{Drawn, Studio, charges, results, usd};
use crate::files_out::{arrived, course};
use crate::harness::{ANN, BOUND, Bot, conversation};

fn sides(file: &MediaMessage) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(file.bytes[at..at + 4].try_into().unwrap());
    assert!(file.bytes.starts_with(b"\x89PNG"));
    (number(16), number(20))
}

#[tokio::test]
async fn a_wish_becomes_a_picture_in_the_chat_in_the_books_and_in_the_next_prompt() {
    let studio = Studio::with([("STARTER_BALANCE_USD", "2")]).await;
    let bot = &studio.bot;
    let input = json!({"prompt": "A red fox in the snow", "aspect_ratio": "16:9"});
    let (gate, keeper) = Gate::new();
    studio.gemini.script(Reply::picture().held(gate));
    studio.draws("One moment, I draw it.", &[input]);
    bot.ann("Draw a fox for me");
    let shown = bot.telegram.until("the action of drawing", BOUND, |view| {
        let mut actions = view.calls().iter().filter(|call| call.method == "sendChatAction");
        actions.find(|call| call.params["action"] == "upload_photo").map(|_| ())
    });
    shown.await.unwrap();
    keeper.open();
    let files = arrived(bot, ANN, 1).await;
    studio.settled().await;
    assert_eq!(course_from_start(bot), ["One moment, I draw it.", "<Photo>", "That is all."]);
    assert_eq!((sides(&files[0]), files[0].mime.as_str()), ((2752, 1536), "image/png"));
    assert!(files[0].file_name.starts_with("drawn_2") && files[0].file_name.ends_with("_1.png"));
    // What the image model was asked.
    let asked: Request = studio.gemini.requests().pop().unwrap();
    assert_eq!(asked.path, "/v1beta/models/gemini-3-pro-image:generateContent");
    assert_eq!((asked.query.as_str(), &asked.headers["x-goog-api-key"]), ("", &"AIza-test".parse().unwrap()));
    assert_eq!(asked.prompt(), "A red fox in the snow");
    let config = json!({"responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}});
    assert_eq!(asked.body["generationConfig"], config);
    // What the chat model was told and shown.
    let (told, shown) = results(&bot.request(2).await).remove(0);
    assert_eq!((&told["status"], &told["files"][0]["status"]), (&json!("sent"), &json!("sent")));
    // 6 tokens of prompt, 150 of thoughts, 1,120 of a picture.
    assert_eq!(told["cost_usd"], json!("0.136212"));
    assert_eq!(shown.len(), 1);
    assert!(["image/png", "image/jpeg"].contains(&shown[0]["source"]["media_type"].as_str().unwrap()));
    // The books.
    let drawn = studio.calls().await;
    let expected = Drawn {
        ended: "end".to_owned(),
        input: 6,
        output: 150,
        image_output: 1_120,
        estimated: false,
        cost: usd("0.136212"),
        payer: Some("user".to_owned()),
    };
    assert_eq!(drawn, [expected]);
    let all: Decimal =
        sqlx::query_scalar("SELECT sum(cost) FROM model_calls").fetch_one(bot.books()).await.unwrap();
    assert_eq!(charges(bot).await, [all]);
    assert_eq!(bot.balance(ANN).await, usd("2") - all);
    bot.database
        .until("SELECT count(*) FROM tool_calls WHERE tool = 'generate_image' AND cost = 0.136212", 1)
        .await;
    // The next prompt.
    bot.ask("Thank you").await;
    let prompt = conversation(&bot.request(3).await).join("\n");
    let id = told["files"][0]["file_id"].as_str().unwrap();
    assert!(prompt.contains(&format!("({id}): the person has got it]")), "{prompt}");
    studio.end().await;
}

/// Returns what the bot has said and sent to Ann, in order.
fn course_from_start(bot: &Bot) -> Vec<String> {
    let first = bot.answers(ANN).into_iter().next();
    first.into_iter().chain(course(bot, ANN)).collect()
}

#[tokio::test]
async fn a_person_triggers_it_by_typing() {
    let studio = Studio::open().await;
    let bot = &studio.bot;
    bot.ann("!draw a lighthouse at night");
    arrived(bot, ANN, 1).await;
    studio.settled().await;
    assert_eq!(studio.gemini.requests()[0].prompt(), "a lighthouse at night");
    bot.ann("Please change the picture: make it day");
    let files = arrived(bot, ANN, 2).await;
    studio.settled().await;
    let edit = studio.gemini.requests().pop().unwrap();
    assert_eq!(edit.prompt(), "Please change the picture: make it day");
    assert_eq!(edit.sources()[0].0, "image/png", "the picture that was drawn before");
    assert_ne!(files[0].bytes, files[1].bytes);
    assert!(files[1].file_name.starts_with("edited_"));
    studio.end().await;
}

#[tokio::test]
async fn a_picture_of_4k_is_a_document_and_two_pictures_are_an_album() {
    let studio = Studio::open().await;
    let bot = &studio.bot;
    studio.draws("", &[json!({"prompt": "A map", "image_size": "4K", "aspect_ratio": "21:9"})]);
    bot.ann("A map to print");
    let files = arrived(bot, ANN, 1).await;
    assert_eq!((files[0].kind, sides(&files[0])), (Attachment::Document, (6336, 2688)));
    studio.settled().await;
    let (told, shown) = results(&bot.request(2).await).remove(0);
    assert_eq!((&told["files"][0]["kind"], shown.len()), (&json!("document"), 1));
    studio.gemini.script(Reply::pictures(2).with_thoughts().jpeg());
    studio.draws("", &[json!({"prompt": "Two cats", "image_size": "1K"})]);
    bot.ann("Two cats");
    let files = arrived(bot, ANN, 3).await;
    studio.settled().await;
    assert!(files[1].album.is_some() && files[1].album == files[2].album);
    assert_eq!(files[2].mime, "image/jpeg");
    let costs: Vec<(i64, Decimal)> =
        studio.calls().await.into_iter().map(|drawn| (drawn.image_output, drawn.cost)).collect();
    assert_eq!(costs, [(2_000, usd("0.241804")), (2_240, usd("0.270604"))]);
    studio.end().await;
}

#[tokio::test]
async fn a_search_is_charged_and_missing_counts_are_estimated() {
    let studio = Studio::open().await;
    let bot = &studio.bot;
    studio.gemini.script(Reply::picture());
    studio.draws("", &[json!({"prompt": "The weather in Oslo today", "use_google_search": true})]);
    bot.ann("Draw the weather");
    arrived(bot, ANN, 1).await;
    studio.settled().await;
    assert_eq!(studio.gemini.requests()[0].body["tools"], json!([{"googleSearch": {}}]));
    assert_eq!(results(&bot.request(2).await)[0].0["searches"], json!(1));
    for reported in [Usage::WithoutDetails, Usage::Missing] {
        studio.gemini.script(Reply::picture().usage(reported));
    }
    studio.draws("", &[json!({"prompt": "A cat"}), json!({"prompt": "A dog"})]);
    bot.ann("Draw both");
    arrived(bot, ANN, 3).await;
    studio.settled().await;
    let drawn = studio.calls().await;
    // 7 tokens of prompt, 90 of what was found, 150 of thoughts, the picture, and a search for $0.014.
    assert_eq!((drawn[0].input, drawn[0].cost), (97, usd("0.150394")));
    assert_eq!((drawn[1].image_output, drawn[1].estimated, drawn[1].cost), (1_120, false, usd("0.136204")));
    assert_eq!((drawn[2].image_output, drawn[2].estimated, drawn[2].cost), (1_120, true, usd("0.134404")));
    bot.ann("/balance");
    bot.hears(ANN, "≈").await;
    studio.end().await;
}
