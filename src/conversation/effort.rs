//! The effort of a turn whose person leaves it to us: by the model and the class of the question, from words
//! and numbers alone.
//!
//! Another effort makes the provider read all messages of a conversation anew (instructions and tools stay in
//! its cache), so only a short conversation follows each question. A longer one keeps the highest effort that
//! its last ten questions needed.

use crate::domain::message::{HistoryMessage, Role};
use crate::domain::model::{Effort, Model};

/// The length up to which a conversation follows each question, in bytes of text: some 4,000 tokens. To read
/// so many anew costs about as much as the thinking that is saved.
const SHORT_CONVERSATION: usize = 16_000;
/// The number of questions over which a longer conversation keeps its effort.
const KEPT_FOR: usize = 10;
/// The most code points of a question that are read.
const READ: usize = 2_000;
/// The longest question that may be simple, in code points.
const SIMPLE: usize = 60;
/// The shortest question that is hard by its length, in code points: about 250 words.
const LONG: usize = 1_500;
/// The fewest lines of code that make a question hard.
const LINES_OF_CODE: usize = 15;
/// The fewest files that make a question hard: they are to be compared, or read together.
const SEVERAL_FILES: usize = 2;
/// The fewest tool calls of the answer before that make a question hard: it goes on with long work.
const LONG_WORK: usize = 5;

/// Beginnings of words of hard questions in the languages of the bot.
const HARD_STEMS: &[&str] = &[
    // English
    "analys",
    "analyz",
    "architect",
    "algorithm",
    "compar",
    "debug",
    "deduc",
    "deriv",
    "equation",
    "evaluat",
    "integral",
    "optimi",
    "refactor",
    "theorem",
    // Russian
    "алгоритм",
    "анализ",
    "архитектур",
    "выведи",
    "докаж",
    "доказ",
    "интеграл",
    "исследу",
    "обосну",
    "оптимиз",
    "отлад",
    "проанализ",
    "рассчит",
    "рефактор",
    "спланир",
    "спроект",
    "сравн",
    "теорем",
    "уравнен",
    // German
    "algorithmus",
    "begründ",
    "beweis",
    "entwirf",
    "entwurf",
    "gleichung",
    "herleit",
    "optimier",
    "untersuch",
    "vergleich",
    // Spanish
    "algoritm",
    "analic",
    "analiz",
    "calcul",
    "demostr",
    "demuestr",
    "depur",
    "diseñ",
    "ecuaci",
    "optimiz",
    "planific",
    "teorema",
];
/// Whole words of hard questions, in the same languages.
const HARD_WORDS: &[&str] = &[
    "plan",
    "plans",
    "planning",
    "design",
    "estimate",
    "proof",
    "proofs",
    "prove",
    "solve",
    "strategy",
    "trade-off",
    "план",
    "плана",
    "планом",
    "пошагово",
    "реши",
    "решите",
    "стратегию",
    "berechne",
    "löse",
    "planung",
    "strategie",
    "estrategia",
    "resuelve",
];
/// Words that make a short question ordinary: the answer is an explanation.
const EXPLAIN: &[&str] = &["why", "explain", "почему", "зачем", "объясни", "warum", "erkläre", "explica"];

/// What a question needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Class {
    /// A greeting, thanks, a fact.
    Simple,
    /// Everything else.
    Ordinary,
    /// Proofs, comparisons, plans, much code, several files, long work.
    Hard,
}

/// Returns the effort for the question at the end of a conversation.
pub(super) fn automatic(model: &Model, history: &[HistoryMessage]) -> Effort {
    let newest = history.iter().rposition(|said| said.role == Role::Assistant).map_or(0, |at| at + 1);
    let before: usize = history[..newest].iter().map(|said| said.text.len()).sum();
    let questions = if before <= SHORT_CONVERSATION { 1 } else { KEPT_FOR };
    let class = classes(history).take(questions).max().unwrap_or(Class::Ordinary);
    model.efforts_by_question[class as usize]
}

/// Returns the classes of the questions of a conversation, newest first.
fn classes(history: &[HistoryMessage]) -> impl Iterator<Item = Class> {
    let mut rest = history;
    std::iter::from_fn(move || {
        let end = rest.iter().rposition(|said| said.role == Role::User)? + 1;
        let begin = rest[..end].iter().rposition(|said| said.role == Role::Assistant).map_or(0, |at| at + 1);
        let question = &rest[begin..end];
        rest = &rest[..begin];
        Some(class(question, rest.last()))
    })
}

/// Returns the class of a question, which may be several messages, by it and by the answer before it.
fn class(question: &[HistoryMessage], answer: Option<&HistoryMessage>) -> Class {
    let own = || question.iter().flat_map(|said| &said.files).filter(|file| !file.replied);
    let heard = || own().filter_map(|file| Some(file.words()?.text.as_str()));
    let texts = || question.iter().map(|said| said.text.as_str()).chain(heard());
    let length: usize = texts().map(|text| text.chars().take(LONG).count()).sum();
    let files = question.iter().flat_map(|said| &said.files).filter(|file| !file.kind.is_spoken()).count();
    let calls: usize =
        answer.map_or(0, |answer| answer.tool_rounds.iter().map(|round| round.calls.len()).sum());
    let lines: usize = texts().map(lines_of_code).sum();
    let words = texts().map(words).max().unwrap_or(Class::Simple);
    let refers = question.iter().any(|said| said.context.reply.is_some() || said.context.quote.is_some());
    if length >= LONG
        || files >= SEVERAL_FILES
        || calls >= LONG_WORK
        || lines >= LINES_OF_CODE
        || words == Class::Hard
    {
        Class::Hard
    } else if length <= SIMPLE && files == 0 && calls == 0 && lines == 0 && !refers {
        words
    } else {
        Class::Ordinary
    }
}

/// Returns the number of lines inside of fences.
fn lines_of_code(text: &str) -> usize {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.map(|code| code.lines().count()).sum()
}

/// Returns what the words of a text ask for.
fn words(text: &str) -> Class {
    let end = text.char_indices().nth(READ).map_or(text.len(), |(end, _)| end);
    let text = text[..end].to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty());
    let class = |word: &str| {
        if HARD_WORDS.contains(&word) || HARD_STEMS.iter().any(|stem| word.starts_with(stem)) {
            Class::Hard
        } else if EXPLAIN.contains(&word) {
            Class::Ordinary
        } else {
            Class::Simple
        }
    };
    words.map(class).max().unwrap_or(Class::Simple)
}

#[cfg(test)]
mod tests;
