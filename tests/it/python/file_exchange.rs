//! Files of the conversation are inputs of the code; plots and new files are its results, for the model and the person.

use playground::anthropic::{Reply, Step, StopReason};
use playground::e2b::{Operation, Settings};
use playground::telegram::{Attachment, MediaMessage, NewFile};
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;

use super::Lab;
use crate::harness::{ANN, BOB, BOUND, Bot};

/// A picture as code displays it, like a plot.
const PLOT: &str =
    "class Plot:\n    def __init__(self, png): self.png = png\n    def _repr_png_(self): return self.png\n";

/// Waits until the bot has sent so many files to Ann.
async fn arrived(bot: &Bot, count: usize) -> Vec<MediaMessage> {
    let files = bot.telegram.until("the files", BOUND, |view| {
        let files: Vec<MediaMessage> = view.sent_media(ANN).collect();
        (files.len() >= count).then_some(files)
    });
    files.await.unwrap()
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
