//! Turns whose prompts have files that the provider has, or no longer has.

use chrono::{DateTime, NaiveDate};
use playground::anthropic::{Anthropic, Settings};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::bot_api::Api;
use crate::cache::Cache;
use crate::conversation::prompt_bytes;
use crate::domain::clock::Clock;
use crate::domain::file::{FileKind, KnownFile};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, FileId, MessageId, OwnerId, ThreadId, ThreadKey, UserId};
use crate::domain::message::{HistoryMessage, MessageContext};
use crate::domain::people::{ChatKind, Language};
use crate::domain::preferences::Personality;
use crate::domain::turn::{TurnSettings, Unfetched};
use crate::llm::claude::stub::{Asked, Canned, Stub, refusal};
use crate::llm::registry::Registry;
use crate::llm::{Provider, Upload, claude};
use crate::services::file_copies::FileCopies;
use crate::services::metering;
use crate::telemetry::metrics::Metrics;
use crate::tools::Toolbox;

fn file(id: &str, mime: &str, size: u64) -> KnownFile {
    KnownFile {
        id: FileId(1),
        public_id: PublicFileId::default(),
        kind: FileKind::Document,
        name: format!("{id}.x"),
        mime: mime.into(),
        size: Some(size),
        provider_id: Some(id.to_owned()),
        at: DateTime::UNIX_EPOCH,
        replied: false,
        not_fetched: false,
        spoken: None,
        preview: None,
        fault: None,
        refusal: None,
    }
}

fn asks(files: Vec<KnownFile>) -> TurnRequest {
    let question = HistoryMessage {
        role: Role::User,
        message: None,
        text: "What is this?".to_owned(),
        sender: None,
        context: MessageContext::default(),
        edits: 0,
        interrupted: false,
        files,
        sent_files: Vec::new(),
        tool_rounds: Vec::new(),
    };
    let model = Registry::load(None).unwrap().default_model().clone();
    TurnRequest {
        turn: TurnId(1),
        attempt: 1,
        epoch: 0,
        thread: ThreadId(1),
        key: ThreadKey { chat: ChatId(1), owner: OwnerId(1), topic: None },
        asker: UserId(1),
        payer: UserId(1).into(),
        chat_kind: ChatKind::Private,
        question: MessageId(1),
        cleared: false,
        live_message: None,
        history: vec![question],
        continuation: None,
        settings: TurnSettings {
            model,
            effort: None,
            language: Language::English,
            turn_limit: crate::domain::money::Usd::ZERO,
            shows_cost: false,
            shows_thinking: true,
            personality: Some(Personality("Answer in rhymes.".to_owned())),
        },
        held: true,
        reserve: crate::domain::money::Usd::ZERO,
        unfetched: Unfetched::default(),
        unheard: None,
    }
}

/// Returns an answer of one word.
fn says(word: &str) -> Canned {
    let events = [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": word}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}),
        json!({"type": "message_stop"}),
    ];
    (200, &[], events.map(|event| format!("data: {event}\n\n")).concat())
}

fn counts(tokens: u64) -> Canned {
    (200, &[], json!({"input_tokens": tokens}).to_string())
}

fn gone(id: &str) -> Canned {
    refusal(404, "not_found_error", &format!("File not found: {id}"))
}

async fn converse_with(answers: Vec<Canned>, request: &TurnRequest) -> (TurnReport, Vec<Asked>) {
    let stub = Stub::start(answers).await;
    let report = answered(Provider::Claude(stub.client()), request).await;
    (report, stub.asked())
}

async fn answered(provider: Provider, request: &TurnRequest) -> TurnReport {
    let (db, metrics) = (crate::db::Db::nowhere(), Metrics::new().unwrap());
    let http = crate::http::client(std::time::Duration::from_secs(1)).unwrap();
    let token = SecretString::from("1:a".to_owned());
    let api = Api::new(http, "http://127.0.0.1:1", &token, 0, metrics.clone()).unwrap();
    let copies = FileCopies::new(api, Cache::disabled(), provider.clone(), db.clone(), Clock::System);
    let assistant = Assistant {
        db,
        copies,
        ratios: crate::conversation::output_ratio::OutputRatios::default(),
        sandboxes: None,
        previews: crate::services::file_previews::FilePreviews::nowhere(),
        views: crate::services::file_views::FileViews::nowhere(),
        transcripts: None,
        pictures: crate::services::pictures::Pictures::nowhere(),
        made_files: crate::services::made_files::MadeFiles::nowhere(),
        provider,
        toolbox: Toolbox::without(&[]),
        registry: Registry::load(None).unwrap(),
        clock: Clock::System,
        idle_limit: std::time::Duration::from_secs(30),
        max_silence: std::time::Duration::from_secs(30),
        fence: crate::lifecycle::fence::Fence::default(),
        metrics,
    };
    let (screen, _watched) = mpsc::channel(100);
    let (meter, _requests) = metering::channel();
    let stop = Stop::new(&CancellationToken::new());
    Box::pin(converse(&assistant, request, screen, meter, &stop)).await
}

/// Returns the blocks of the question: the ids of files and the texts.
fn blocks(asked: &Asked) -> Vec<String> {
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let blocks = body["messages"][0]["content"].as_array().unwrap().iter();
    let shown =
        |block: &Value| block["text"].as_str().or(block["source"]["file_id"].as_str()).unwrap().to_owned();
    blocks.map(shown).collect()
}

#[tokio::test]
async fn a_file_that_is_gone_becomes_its_line_and_the_question_is_answered() {
    let request = asks(vec![
        file("file_a", "image/png", 10),
        file("file_b", "application/pdf", 10),
        file("file_c", "text/plain", 10),
    ]);
    let (report, asked) = converse_with(vec![gone("file_c"), gone("file_a"), says("Hm.")], &request).await;
    assert_eq!((report.text.as_str(), report.outcome), ("Hm.", Outcome::Answered));
    assert_eq!(report.lost_files, ["file_c", "file_a"]);
    let ended: Vec<&str> = report.calls.iter().map(|call| call.ended.as_str()).collect();
    assert_eq!(ended, ["file_gone", "file_gone", "end_turn"]);
    let line = |name: &str, mime: &str| {
        format!(
            "[document \"{name}.x\" ({mime}, 10 bytes): cannot be read now; the person would have to send it again]"
        )
    };
    let (a, c) = (line("file_a", "image/png"), line("file_c", "text/plain"));
    assert_eq!(blocks(&asked[0]), ["file_a", "file_b", "file_c", "What is this?"]);
    assert_eq!(blocks(&asked[1]), ["file_a", "file_b", &c, "What is this?"]);
    assert_eq!(blocks(&asked[2]), [&a, "file_b", &c, "What is this?"]);
}

#[tokio::test]
async fn a_provider_that_names_the_same_file_for_ever_is_given_up() {
    let request = asks(vec![file("file_a", "image/png", 10)]);
    let (report, asked) = converse_with(vec![gone("file_a"), gone("file_a"), says("no")], &request).await;
    assert_eq!(report.outcome, Outcome::Failed(TurnFailure::Rejected));
    assert_eq!((report.lost_files.len(), asked.len()), (1, 2));
}

#[tokio::test]
async fn after_an_error_that_nobody_understands_the_question_is_asked_without_files() {
    let odd = || refusal(400, "invalid_request_error", "something is odd");
    let mut request = asks(vec![file("file_b", "text/plain", 10), file("file_c", "image/png", 10)]);
    let older = HistoryMessage { files: vec![file("file_a", "image/png", 10)], ..request.history[0].clone() };
    let answer = HistoryMessage { role: Role::Assistant, files: vec![], ..request.history[0].clone() };
    request.history.splice(..0, [older, answer]);
    let shown =
        |asked: &Asked| ["file_a", "file_b", "file_c"].map(|id| asked.body.contains(&format!("\"{id}\"")));
    // The question is asked without the newest files, then without any, and then the turn fails.
    let (report, asked) = converse_with(vec![odd(), says("Hm.")], &request).await;
    assert_eq!(
        (report.text.as_str(), report.outcome, report.lost_files.len()),
        ("Hm.", Outcome::Answered, 0)
    );
    assert_eq!(asked.iter().map(shown).collect::<Vec<_>>(), [[true, true, true], [true, false, false]]);
    let (report, asked) = converse_with(vec![odd(), odd(), says("Hm.")], &request).await;
    assert_eq!((report.outcome, report.lost_files.len()), (Outcome::Answered, 0));
    assert_eq!(shown(&asked[2]), [false; 3]);
    let (report, asked) = converse_with(vec![odd(), odd(), odd(), says("no")], &request).await;
    assert_eq!((report.outcome, asked.len()), (Outcome::Failed(TurnFailure::Rejected), 3));
    let (report, asked) = converse_with(vec![odd(), says("no")], &asks(vec![])).await;
    assert_eq!((report.outcome, asked.len()), (Outcome::Failed(TurnFailure::Rejected), 1));
}

#[tokio::test]
async fn what_is_guessed_is_not_lost() {
    let request = asks(vec![file("file_a", "image/png", 10), file("file_b", "image/png", 10)]);
    let bad = refusal(400, "invalid_request_error", "Could not process image");
    let (report, asked) = converse_with(vec![bad, says("Hm.")], &request).await;
    assert_eq!((report.outcome, report.lost_files.len(), asked.len()), (Outcome::Answered, 0, 2));
    assert!(!asked[1].body.contains("\"file_id\":\""), "{}", asked[1].body);
}

#[tokio::test]
async fn files_near_the_window_are_counted() {
    let book = file("file_b", "application/pdf", 20_000_000);
    let line = |asked: &[Asked]| asked.iter().map(|asked| asked.line.clone()).collect::<Vec<_>>();
    let (count, ask) = ("POST /v1/messages/count_tokens", "POST /v1/messages");
    let request = asks(vec![book.clone()]);
    let (report, asked) = converse_with(vec![counts(900_000), says("A book.")], &request).await;
    assert_eq!((report.text.as_str(), line(&asked)), ("A book.", vec![count.to_owned(), ask.to_owned()]));
    // The prompt does not fit the window.
    let (report, _) = converse_with(vec![counts(1_000_000)], &request).await;
    assert_eq!(report.outcome, Outcome::Failed(TurnFailure::TooLong));
    // If the count fails, the provider decides.
    let (report, asked) =
        converse_with(vec![refusal(500, "api_error", "x"), says("A book.")], &request).await;
    assert_eq!((report.text.as_str(), asked.len()), ("A book.", 2));
    // The count may be the request that reports the missing file.
    let (report, asked) = converse_with(vec![gone("file_b"), says("Which?")], &request).await;
    assert_eq!((report.text.as_str(), line(&asked)), ("Which?", vec![count.to_owned(), ask.to_owned()]));
    assert_eq!(report.lost_files, ["file_b"]);
}

#[tokio::test]
async fn the_emulated_service_takes_files_and_misses_those_that_are_gone() {
    let service = Anthropic::start(Settings::default()).await.unwrap();
    let http = crate::http::client(std::time::Duration::from_secs(30)).unwrap();
    let client = claude::Client::new(http, &service.url(), &SecretString::from("sk-ant-test")).unwrap();
    let provider = Provider::Claude(client);
    let mut files = Vec::new();
    for (name, mime, bytes) in [
        ("a?.gif", "application/octet-stream", b"GIF89a\x01\0\x01\0".as_slice()),
        ("b.pdf", "application/pdf", b"%PDF-1.4 /Type /Page "),
        ("c.rs", "application/octet-stream", b"fn main() {}"),
    ] {
        let upload = Upload { name: name.to_owned(), mime: mime.to_owned(), bytes: bytes.to_vec() };
        let id = provider.upload(upload).await.unwrap();
        let (name, provider_id) = (name.to_owned(), Some(id.clone()));
        files.push(KnownFile { name, provider_id, ..file(&id, mime, bytes.len() as u64) });
    }
    let request = asks(files.clone());
    assert_eq!(answered(provider.clone(), &request).await.outcome, Outcome::Answered);
    let sent = |service: &Anthropic| service.accepted().last().unwrap().files().len();
    assert_eq!(sent(&service), 3);
    let gone = files[1].provider_id.clone().unwrap();
    provider.forget(&gone).await.unwrap();
    provider.forget(&gone).await.unwrap();
    let report = answered(provider, &request).await;
    assert_eq!((report.outcome, report.lost_files), (Outcome::Answered, vec![gone]));
    assert_eq!(sent(&service), 2);
}

#[test]
fn what_is_reserved_is_what_is_asked() {
    for files in [vec![], vec![file("file_a", "image/png", 10), file("file_b", "application/pdf", 90_000)]] {
        let request = asks(files);
        let prompt = prompt::build(&request, &Toolbox::default(), NaiveDate::default());
        let personality = request.settings.personality.as_ref();
        assert_eq!(prompt_bytes(&request.history, request.chat_kind, &[], personality), prompt.bytes());
    }
}
