//! The class of a question in several languages, and how long a conversation keeps its effort.

use super::*;
use crate::domain::file::{FileKind, KnownFile};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::FileId;
use crate::domain::message::MessageContext;
use crate::domain::tool_round::{PastCall, ToolRound};
use crate::llm::registry::Registry;

fn said(role: Role, text: &str) -> HistoryMessage {
    HistoryMessage {
        role,
        message: None,
        text: text.to_owned(),
        sender: None,
        context: MessageContext::default(),
        edits: 0,
        interrupted: false,
        files: Vec::new(),
        sent_files: Vec::new(),
        tool_rounds: Vec::new(),
    }
}

fn asks(text: &str) -> HistoryMessage {
    said(Role::User, text)
}

fn answers(text: &str) -> HistoryMessage {
    said(Role::Assistant, text)
}

fn with_files(count: usize) -> HistoryMessage {
    let file = KnownFile {
        id: FileId(1),
        public_id: PublicFileId::default(),
        kind: FileKind::Document,
        name: "a.pdf".to_owned(),
        mime: "application/pdf".to_owned(),
        size: Some(1_000),
        provider_id: None,
        at: chrono::DateTime::UNIX_EPOCH,
        replied: false,
        not_fetched: false,
        spoken: None,
        preview: None,
        fault: None,
        refusal: None,
    };
    HistoryMessage { files: vec![file; count], ..asks("What is this?") }
}

fn after_calls(count: usize) -> HistoryMessage {
    let call = PastCall::new("toolu_1", "list_files", "{}", "{}", false).unwrap();
    HistoryMessage {
        tool_rounds: vec![ToolRound { text_end: 0, calls: vec![call; count] }],
        ..answers("Done.")
    }
}

#[test]
fn the_words_of_a_question_tell_its_class() {
    for (text, expected) in [
        ("Hello!", Class::Simple),
        ("Привет!", Class::Simple),
        ("Thanks, that helps a lot", Class::Simple),
        ("Спасибо, очень помогло", Class::Simple),
        ("What is the capital of France?", Class::Simple),
        ("Какая столица у Франции?", Class::Simple),
        ("Which planet is the largest?", Class::Simple),
        ("Какая планета самая большая?", Class::Simple),
        ("👍", Class::Simple),
        ("", Class::Simple),
        ("Why?", Class::Ordinary),
        ("Почему?", Class::Ordinary),
        ("Write a birthday card for my grandmother, who loves gardening and cats.", Class::Ordinary),
        ("Напиши поздравление с днём рождения для бабушки, она любит сад и кошек.", Class::Ordinary),
        ("Prove that √2 is irrational", Class::Hard),
        ("Докажи, что √2 иррационален", Class::Hard),
        ("Compare these two laptops", Class::Hard),
        ("Сравни эти два ноутбука", Class::Hard),
        ("Make a plan for a week in Rome", Class::Hard),
        ("Составь план на неделю в Риме", Class::Hard),
        ("Debug this", Class::Hard),
        ("Проанализируй отчёт", Class::Hard),
        ("Vergleiche die beiden", Class::Hard),
        ("Demuestra el teorema", Class::Hard),
    ] {
        assert_eq!(class(&[asks(text)], None), expected, "{text}");
    }
}

#[test]
fn length_code_files_and_work_under_way_count_too() {
    let code = |lines: usize| format!("Look:\n```rust\n{}```", "let x = 1;\n".repeat(lines));
    let answer = answers("Here it is.");
    for (question, answer, expected) in [
        (vec![asks(&"word ".repeat(300))], None, Class::Hard),
        (vec![asks(&"word ".repeat(100))], None, Class::Ordinary),
        (vec![asks("one"), asks(&"слово ".repeat(250))], None, Class::Hard),
        (vec![asks(&code(20))], None, Class::Hard),
        (vec![asks(&code(3))], None, Class::Ordinary),
        (vec![with_files(1)], None, Class::Ordinary),
        (vec![with_files(2)], None, Class::Hard),
        (vec![with_files(1), with_files(1)], None, Class::Hard),
        (vec![asks("Go on")], Some(after_calls(1)), Class::Ordinary),
        (vec![asks("Go on")], Some(after_calls(6)), Class::Hard),
        (vec![asks("Thanks")], Some(answer), Class::Simple),
    ] {
        assert_eq!(class(&question, answer.as_ref()), expected, "{question:?} after {answer:?}");
    }
}

#[test]
fn the_model_decides_what_a_class_gets() {
    let registry = Registry::load(None).unwrap();
    let [simple, ordinary, hard] = ["Hi", "Why?", "Prove it"].map(|text| vec![asks(text)]);
    for (model, expected) in [
        ("Claude Sonnet 5.5", [Effort::Low, Effort::Medium, Effort::High]),
        ("Claude Opus 5.5", [Effort::Low, Effort::Medium, Effort::High]),
        ("Claude Haiku 5.5", [Effort::Low, Effort::Low, Effort::Medium]),
    ] {
        let model = registry.offered().find(|row| row.name == model).unwrap();
        let efforts = [&simple, &ordinary, &hard].map(|history| automatic(model, history));
        assert_eq!(efforts, expected, "{}", model.name);
    }
}

#[test]
fn a_long_conversation_keeps_its_effort_for_ten_questions() {
    let model = Registry::load(None).unwrap().default_model().clone();
    let mut history = vec![asks("Prove that √2 is irrational"), answers("A short proof.")];
    history.push(asks("Thanks"));
    assert_eq!(automatic(&model, &history), Effort::Low, "what is short costs nothing to read anew");
    history.push(answers(&"long ".repeat(4_000)));
    for number in 1..=12 {
        history.push(asks("Thanks"));
        // The hard question was the first, and the thanks above the second.
        let expected = if number + 2 <= KEPT_FOR { Effort::High } else { Effort::Low };
        assert_eq!(automatic(&model, &history), expected, "thanks number {number}");
        history.push(answers("Any time."));
    }
    history.push(asks("Compare both"));
    assert_eq!(automatic(&model, &history), Effort::High, "a harder question is worth it");
}

#[test]
fn a_conversation_without_a_question_is_ordinary() {
    let model = Registry::load(None).unwrap().default_model().clone();
    assert_eq!(automatic(&model, &[]), Effort::Medium);
}
