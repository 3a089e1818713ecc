//! The log of a whole run, at the level at which every library speaks: no token, key, text, name, argument or
//! result is in it. The harness looks for keys and texts in the log of every other test, too.

use playground::anthropic::Reply;
use playground::openai;
use playground::samples;
use playground::telegram::{Attachment, NewFile, Person};
use serde_json::{Value, json};
use starling::domain::tool::ToolName;
use strum::VariantArray;

use crate::every_tool::workshop::{Workshop, calling};
use crate::harness::{ANN, Bot, GROUP};

/// What nobody but Ann, the model and the services may say. Each has a word that is nowhere else.
const WORDS: [(&str, &str); 10] = [
    ("a name", "wolpertinger"),
    ("a username", "tatzelwurm"),
    ("a question", "quokka"),
    ("an answer", "aardwolf"),
    ("a caption", "numbat"),
    ("the name of a file", "okapi"),
    ("the content of a file", "gerenuk"),
    ("an argument of a tool", "dugong"),
    ("a recording", "ocelot"),
    ("a personality", "zorilla"),
];

/// Calls of a tool, some of which fail.
fn calls(tool: ToolName, text: &str, song: &str) -> Vec<Value> {
    match tool {
        ToolName::ExecutePython => vec![
            json!({"code": "print('dugong')", "file_ids": [text]}),
            json!({"code": "raise ValueError('dugong')"}),
            json!({"code": "1", "requirements": ["dugong; rm"]}),
        ],
        ToolName::GenerateImage => {
            vec![json!({"prompt": "a dugong"}), json!({"prompt": "dugong", "source_file_ids": [text]})]
        }
        ToolName::TranscribeAudio => vec![json!({"file_id": song}), json!({"file_id": "file_dugong"})],
        ToolName::AnalyzeImage | ToolName::AnalyzePdf => {
            vec![json!({"file_id": text, "question": "Is it a dugong?"})]
        }
        ToolName::PreviewFile => vec![json!({"file_id": text}), json!({"file_id": "../dugong"})],
        ToolName::DeliverFile => vec![json!({"file_id": "file_dugong"})],
        ToolName::ListFiles => vec![json!({})],
        ToolName::RenderLatex => vec![json!({"latex": "dugong^2"}), json!({"latex": r"\dugong{"})],
        ToolName::CostEstimator => vec![json!({"input_chars": "dugong"})],
        ToolName::SelfCritique => vec![json!({"user_request": "dugong", "content": "dugong"})],
        // The provider runs them.
        ToolName::WebSearch | ToolName::WebFetch => vec![],
    }
}

#[tokio::test]
async fn nothing_that_people_models_and_tools_say_is_logged_at_any_level_but_trace() {
    let shop = Workshop::with([("RUST_LOG", "debug"), ("LOG_FORMAT", "json")]).await;
    let bot = &shop.bot;
    let ann = Person::new(ANN, "Wolpertinger");
    bot.telegram.add_user(Person { username: Some("tatzelwurm".to_owned()), ..ann });
    bot.model.script(Reply::text("An aardwolf is a hyena."));
    bot.ask("What is a quokka?").await;
    let file = |name: &str, text: &str| NewFile::text(name, text).captioned("A numbat.");
    bot.telegram.send(ANN, ANN, file("okapi.txt", "A gerenuk."));
    bot.answer(ANN, 2).await;
    let song = NewFile::new(Attachment::Audio, "okapi.wav", "audio/wav", samples::wav(3));
    bot.telegram.send(ANN, ANN, song.captioned("A numbat."));
    bot.answer(ANN, 3).await;
    shop.settled().await;
    let ids = shop.file_ids().await;
    for &tool in ToolName::VARIANTS {
        let calls = calls(tool, &ids[0], &ids[1]);
        if calls.is_empty() {
            continue;
        }
        shop.openai.script(openai::Reply::text("The ocelot sings."));
        bot.model.script(calling("Aardwolf.", calls.into_iter().map(|call| (tool.name().to_owned(), call))));
        bot.ask("Use it, quokka.").await;
        shop.settled().await;
    }
    bot.model.script(calling("Aardwolf.", [("dugong".to_owned(), json!({"dugong": 1}))]));
    bot.ask("Call what does not exist, quokka.").await;
    bot.ask("!fetch https://dugong.example/quokka").await;
    bot.ask("Search the web for quokka, please.").await;
    shop.openai.script(openai::Reply::text("The ocelot speaks."));
    let before = bot.answers(ANN).len();
    bot.telegram.send(ANN, ANN, NewFile::voice(3));
    bot.answer(ANN, before + 2).await;
    for fault in ["!529 1 quokka", "!500 9 quokka", "!400 quokka"] {
        bot.ask(fault).await;
    }
    bot.ask_in(GROUP, ANN, "@starling_bot quokka?").await;
    pay(bot).await;
    bot.ask("/personality Speak like a zorilla.").await;
    bot.ask("What is a quokka now?").await;
    bot.ask("/quokka").await;
    bot.ask("/refund quokka").await;
    let before = bot.answers(ANN).len();
    let edited = bot.ann("A quokka, again.");
    bot.answer(ANN, before + 1).await;
    bot.telegram.edit(ANN, edited.message_id, "A quokka, changed.");
    bot.ask("Thank you, quokka.").await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    shop.settled().await;
    bot.terminate();
    let log = bot.whole_log().await;
    assert!(log.iter().any(|line| line.contains("hyper") || line.contains("sqlx")), "libraries speak, too");
    for line in &log {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("a line is no JSON: {line}"));
        let line = line.to_lowercase();
        for (what, word) in WORDS {
            assert!(!line.contains(word), "{what} is logged: {line}");
        }
    }
    shop.end().await;
}

async fn pay(bot: &Bot) {
    bot.telegram.set_stars(ANN, 100);
    let invoice = bot.invoice(ANN, 100).await;
    bot.pay(ANN, ANN, &invoice).await;
    bot.hears(ANN, "Received 100").await;
}
