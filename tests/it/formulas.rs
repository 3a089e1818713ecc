//! Formulas: a person asks for one, the model draws it with `render_latex`, sees it and sends it as a photo.
//! Whatever a model passes as LaTeX, the turn ends well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::telegram::{Attachment, MediaMessage};
use serde_json::{Value, json};
use tiny_skia::Pixmap;

use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

const QUADRATIC: &str = r"x_{1,2} = \frac{-b \pm \sqrt{b^2-4ac}}{2a}";

fn draw(latex: &str) -> Step {
    Step::ToolUse { name: "render_latex".to_owned(), input: json!({"latex": latex}) }
}

fn deliver(id: &str) -> Step {
    Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": id}) }
}

fn calls(steps: Vec<Step>) -> Reply {
    Reply::steps(steps.into_iter().chain([Step::Stop(StopReason::ToolUse)]).collect())
}

/// Returns the results of tools in the newest message of a request, and whether each is an error.
fn results(request: &Recorded) -> Vec<(Value, bool)> {
    let newest = request.body["messages"].as_array().unwrap().last().unwrap();
    let blocks = newest["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
    let result = |block: &Value| {
        let content = &block["content"];
        let text = content.as_str().unwrap_or_else(|| content[0]["text"].as_str().unwrap());
        (serde_json::from_str(text).unwrap(), block["is_error"] == true)
    };
    blocks.map(result).collect()
}

/// Waits until the bot has sent so many files to Ann.
async fn arrived(bot: &Bot, count: usize) -> Vec<MediaMessage> {
    let what = format!("{count} files");
    let files = bot.telegram.until(&what, BOUND, |view| {
        let files: Vec<MediaMessage> = view.sent_media(ANN).collect();
        (files.len() >= count).then_some(files)
    });
    files.await.unwrap()
}

/// Returns the size of a picture and how many of its pixels are dark.
fn looked_at(png: &[u8]) -> (u32, u32, usize) {
    let pixels = Pixmap::decode_png(png).unwrap();
    let dark = pixels.pixels().iter().filter(|pixel| pixel.red() < 128).count();
    (pixels.width(), pixels.height(), dark)
}

#[tokio::test]
async fn who_asks_for_a_formula_gets_its_picture() {
    let bot = Bot::start().await;
    bot.ann("Нарисуй формулу корней квадратного уравнения, пожалуйста");
    let photo = arrived(&bot, 1).await.remove(0);
    let said = bot.answer(ANN, 1).await;
    assert!(said.starts_with("I will draw it.") && said.ends_with("Here is the formula."), "{said}");
    // The default formula of the scenario contains a Russian word.
    let asked = bot.request(2).await;
    let latex = asked.body["messages"].to_string();
    assert!(latex.contains("если"), "{latex}");
    let (result, failed) = results(&asked).remove(0);
    assert!(!failed, "{result}");
    let (width, height, dark) = looked_at(&photo.bytes);
    assert_eq!(
        (photo.kind, &result["name"], &result["mime"]),
        (Attachment::Photo, &json!("formula.png"), &json!("image/png"))
    );
    assert_eq!((&result["width"], &result["height"]), (&json!(width), &json!(height)));
    assert_eq!(result["size_bytes"], photo.bytes.len());
    // The model has seen what the person gets.
    let shown = &asked.body["messages"].as_array().unwrap().last().unwrap()["content"][0]["content"][1];
    assert_eq!((&shown["type"], &shown["source"]["media_type"]), (&json!("image"), &json!("image/png")));
    let seen = STANDARD.decode(shown["source"]["data"].as_str().unwrap()).unwrap();
    assert!(seen == *photo.bytes, "the model sees another picture");
    assert!(dark > 2_000 && dark < (width * height / 4) as usize, "{dark} dark pixels in {width}x{height}");
    assert_eq!(results(&bot.request(3).await)[0].0["status"], "will_be_sent_after_the_answer");
    bot.database.until("SELECT count(*) FROM outbox WHERE media IS NOT NULL AND state = 'sent'", 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM made_file_contents").await, 0, "Telegram has it");
    bot.database.until("SELECT count(*) FROM tool_calls WHERE tool = 'render_latex' AND cost = 0", 1).await;
    bot.ask("thanks").await;
    let prompt = conversation(&bot.request(4).await).join("\n");
    let id = result["file_id"].as_str().unwrap();
    assert!(prompt.contains(&format!("\"formula.png\" ({id}): the person has got it")), "{prompt}");
    bot.end().await;
}

#[tokio::test]
async fn a_model_corrects_its_latex_by_what_it_is_told() {
    let bot = Bot::start().await;
    bot.model.script(calls(vec![
        draw(r"\frac{1}{2"),
        draw("$x$ и $y$"),
        draw(r"\begin{tikzpicture}\end{tikzpicture}"),
    ]));
    bot.model.script(calls(vec![draw(QUADRATIC)]));
    bot.ann("draw it");
    let told = results(&bot.request(2).await);
    assert!(told.iter().all(|(_, failed)| *failed), "{told:?}");
    let errors: Vec<&str> = told.iter().map(|(result, _)| result["error"].as_str().unwrap()).collect();
    assert_eq!(errors, ["invalid_latex", "invalid_latex", "unsupported"]);
    assert!(told[2].0["message"].as_str().unwrap().contains("execute_python"), "{told:?}");
    // The second attempt is drawn; the reply that sends it is scripted by what the model has read.
    let drawn = results(&bot.request(3).await);
    assert!(!drawn[0].1, "{drawn:?}");
    bot.answer(ANN, 1).await;
    bot.model.script(calls(vec![deliver(drawn[0].0["file_id"].as_str().unwrap())]));
    bot.model.script(Reply::text("Sent."));
    bot.ann("send it");
    assert!(looked_at(&arrived(&bot, 1).await[0].bytes).2 > 1_000);
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.end().await;
}

#[tokio::test]
async fn bombs_and_long_sources_are_refused_while_others_are_answered() {
    let bot = Bot::start().await;
    let row = vec!["1"; 1_000].join("&");
    let matrix = format!(r"\begin{{matrix}}{row}\\{row}\end{{matrix}}");
    let bombs = [
        ("x".repeat(10_000), "too_long"),
        (matrix, "too_large"),
        (format!("{}x{}", "{".repeat(2_000), "}".repeat(2_000)), "too_complex"),
        (r"\def\a{\a\a}\a".to_owned(), "too_complex"),
        (r"\rule{100000em}{100000em}".to_owned(), "too_large"),
        (r"\text{漢}".to_owned(), "missing_character"),
        (String::new(), "invalid_arguments"),
    ];
    bot.model.script(calls(bombs.iter().map(|(latex, _)| draw(latex)).collect()));
    bot.model.script(Reply::text("None of them."));
    bot.ann("draw all");
    assert_eq!(bot.answer(ANN, 1).await, "None of them.");
    assert_eq!(bot.ask_in(BOB, BOB, "hello").await, "You said: hello");
    let told = results(&bot.request(2).await);
    for ((result, failed), (latex, error)) in told.iter().zip(&bombs) {
        let shown: String = latex.chars().take(40).collect();
        assert!(*failed && result["error"] == *error, "{shown}: {result}");
    }
    assert_eq!(told.len(), bombs.len());
    assert_eq!(bot.database.count("SELECT count(*) FROM made_files").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn a_stop_ends_the_turn_while_formulas_wait_to_be_drawn() {
    let bot = Bot::start().await;
    // Two are drawn at once, so many of them take long on any machine. The model would be asked again after
    // the last one.
    let heavy = format!("{}x{}", r"\pmb{".repeat(12), "}".repeat(12));
    let text = Step::Text("I draw them all.".to_owned());
    bot.model.script(calls(std::iter::once(text).chain((0..150).map(|_| draw(&heavy))).collect()));
    bot.ann("draw");
    let working = bot.telegram.until("the tool at work", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains("drawing the formula")).map(drop)
    });
    working.await.unwrap();
    bot.ann("/stop");
    assert!(bot.answer(ANN, 1).await.starts_with("I draw them all."));
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.model.requests().len(), 1, "nothing was reported to the model");
    // Of those that were drawn before the stop, there are files, which expire.
    assert!(bot.database.count("SELECT count(*) FROM made_files").await < 150);
    // The formulas that waited are not drawn any more, so the next one is drawn at once.
    bot.model.script(calls(vec![draw(QUADRATIC)]));
    bot.model.script(Reply::text("Drawn."));
    bot.ann("again");
    assert_eq!(bot.answer(ANN, 2).await, "Drawn.");
    assert!(!results(&bot.request(3).await)[0].1);
    bot.end().await;
}
