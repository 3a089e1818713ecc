//! Table tests of the screenplay: what is said, and how it goes on.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;

static NOTHING: LazyLock<Known> = LazyLock::new(Known::default);

fn scene(body: &Value) -> ScriptInput<'_> {
    ScriptInput {
        body,
        fallback: DefaultScenario::Usually(Scenario::Echo),
        known: &NOTHING,
        prompt_tokens: 10,
        window: 1000,
        earlier_attempts: 0,
        resumes_pause: false,
    }
}

fn talk(turns: &[&str]) -> Value {
    let messages: Vec<Value> = turns
        .iter()
        .enumerate()
        .map(|(at, text)| json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text}))
        .collect();
    json!({ "messages": messages })
}

fn said(turns: &[&str]) -> String {
    let body = talk(turns);
    let Plan::Steps(steps) = improvise(&scene(&body)) else { return "no steps".to_owned() };
    steps
        .iter()
        .filter_map(|step| if let Step::Text(text) = step { Some(text.as_str()) } else { None })
        .collect()
}

#[test]
fn continue_goes_on_where_the_answer_stopped() {
    for question in ["!max-tokens", "!cut", "!error", "!stall"] {
        let first = said(&[question]);
        assert!(texts::STORY.starts_with(&first) && first.len() < texts::STORY.len(), "{question}");
        let marked = format!("{first}\n\n[interrupted]");
        let by_itself = "The connection broke in the middle of your answer. Go on exactly where it stops.";
        let asks = ["Please continue.", by_itself, "Go on.", "Mach weiter.", "“weiter”", "Sigue."];
        let asks = asks.map(|again| (first.as_str(), again));
        for (kept, again) in asks.into_iter().chain([(marked.as_str(), "Продолжай")]) {
            assert_eq!(first.clone() + &said(&[question, kept, again]), texts::STORY, "{question} {again}");
        }
    }
    assert_eq!(said(&["hello", "You said: hello", "continue"]), "You said: continue", "nothing is left");
}

#[test]
fn the_newest_recording_is_transcribed() {
    let line = |id: &str| {
        format!("[audio \"a.mp3\" (audio/mpeg, 3 kB): {id}, transcribe_audio turns speech into text]")
    };
    let mut body =
        talk(&[&line("file_old"), "Fine.", &format!("{}\nPlease transcribe it.", line("file_new"))]);
    body["tools"] = json!([{"name": "transcribe_audio", "input_schema": {"type": "object"}}]);
    let Plan::Steps(steps) = improvise(&scene(&body)) else { panic!("no steps") };
    let called = |step: &Step| match step {
        Step::ToolUse { name, input } => Some((name.clone(), input.clone())),
        _ => None,
    };
    let expected = ("transcribe_audio".to_owned(), json!({"file_id": "file_new"}));
    assert_eq!(steps.iter().find_map(called), Some(expected));
    assert!(said(&["Transcribe the file."]).starts_with("I see no recording"));
}

#[test]
fn a_digest_names_every_message() {
    let all = ["first question of all", "an answer", "What do you remember?"];
    assert_eq!(
        said(&all),
        "I remember 3 messages:\nuser: first question of al\nassistant: an answer\nuser: What do you remember"
    );
}

#[test]
fn faults_pass_after_their_attempts() {
    for (text, status, passes_after) in [
        ("!429", 429, Some(1)),
        ("!429 3", 429, Some(3)),
        ("!429-spend", 429, None),
        ("!529", 529, Some(2)),
        ("!500", 500, Some(1)),
        ("!too-long", 400, None),
    ] {
        let body = talk(&[text]);
        for attempt in 0..5 {
            let plan = improvise(&ScriptInput { earlier_attempts: attempt, ..scene(&body) });
            let failed = if let Plan::Fail(error) = plan { Some(error.status) } else { None };
            let expected = passes_after.is_none_or(|times| attempt < times).then_some(status);
            assert_eq!(failed, expected, "{text}, attempt {attempt}");
        }
    }
}

#[test]
fn faults_of_a_habit_never_pass() {
    let body = talk(&["Tell me a story"]);
    for attempt in [0, 1, 50] {
        let fallback = DefaultScenario::Always(Scenario::Overloaded);
        let plan = improvise(&ScriptInput { earlier_attempts: attempt, fallback, ..scene(&body) });
        assert!(matches!(plan, Plan::Fail(error) if error.status == 529), "attempt {attempt}");
    }
}

#[test]
fn tool_calls_by_argument() {
    let tools = json!([
        {"type":"web_search_20260318","name":"web_search"},
        {"name":"clock","input_schema":{"type":"object","required":["zone","hours"],"properties":{
            "zone":{"type":"string","enum":["UTC"]},"hours":{"type":"integer"}}}},
        {"name":"dice","input_schema":{"type":"object"}}]);
    for (text, calls) in [
        ("!tool", json!([["clock", {"zone":"UTC","hours":1}]])),
        ("!tool dice", json!([["dice", {}]])),
        ("!tool dice {\"sides\": 6}", json!([["dice", {"sides":6}]])),
        ("!tool all", json!([["clock", {"zone":"UTC","hours":1}], ["dice", {}]])),
        ("!tool nothing", json!([])),
    ] {
        let mut body = talk(&[text]);
        body["tools"] = tools.clone();
        let Plan::Steps(steps) = improvise(&scene(&body)) else { panic!("{text}") };
        let found: Vec<Value> = steps
            .iter()
            .filter_map(|step| match step {
                Step::ToolUse { name, input } => Some(json!([name, input])),
                _ => None,
            })
            .collect();
        assert_eq!(json!(found), calls, "{text}");
    }
}

#[test]
fn a_picture_is_changed_after_the_files_were_listed() {
    let tools = json!([{"name":"list_files","input_schema":{}}, {"name":"generate_image","input_schema":{}}]);
    let called = |body: &Value| {
        let Plan::Steps(steps) = improvise(&scene(body)) else { return Value::Null };
        let calls = steps.into_iter().filter_map(|step| match step {
            Step::ToolUse { name, input } => Some(json!([name, input])),
            _ => None,
        });
        calls.collect()
    };
    let mut body = talk(&["!draw a red fox"]);
    assert_eq!(called(&body), json!([]), "the tool is not declared");
    body["tools"] = tools.clone();
    assert_eq!(called(&body), json!([["generate_image", {"prompt": "a red fox"}]]));
    let mut body = talk(&["Please change the picture: in blue"]);
    body["tools"] = tools;
    assert_eq!(called(&body), json!([["list_files", {}]]));
    let listed = json!({"files": [{"kind":"document","mime":"text/plain","file_id":"file_a"}],
        "made_files": [{"mime":"image/png","file_id":"file_b"}, {"mime":"image/png","file_id":"file_c"}]});
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(
        json!({"role":"assistant","content":[{"type":"tool_use","id":"t","name":"list_files","input":{}}]}),
    );
    let result = json!({"type":"tool_result","tool_use_id":"t","content":listed.to_string()});
    messages.push(json!({"role":"user","content":[result]}));
    let input = json!({"prompt": "Please change the picture: in blue", "source_file_ids": ["file_b"]});
    assert_eq!(called(&body), json!([["generate_image", input]]));
}
