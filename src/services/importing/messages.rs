//! Messages, in the order of their times over all conversations: questions and their answer become a turn.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::conversations;
use super::import::{Import, ImportError, PAGE};
use super::report::Kind;
use crate::db::imported_turns::{self, Continued, ImportedMessage, ImportedTurn};
use crate::db::imports::{self, ConversationKey};
use crate::db::predecessor::{Place, Row};
use crate::domain::message::{Reply, Role};
use crate::lifecycle::kill_point;

/// The most questions of one turn. The predecessor lost answers, so a question may have none.
const QUESTIONS: i64 = 20;

/// A message that can be taken.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Candidate {
    key: ConversationKey,
    number: i32,
    role: Role,
    text: String,
    sent_at: DateTime<Utc>,
}

/// Takes all messages that are young enough to be kept.
pub(super) async fn take(import: &mut Import<'_>) -> Result<(), ImportError> {
    let days = TimeDelta::days(import.books.terms.messages_kept_days);
    let oldest = (import.now - days).timestamp();
    let older = import.theirs.older(oldest).await.map_err(ImportError::Theirs)?;
    import.report.left_out_rows(Kind::Messages, "older than MESSAGES_KEPT_DAYS", older);
    let mut behind = Place { sent_s: oldest - 1, chat: i64::MAX, message: i64::MAX };
    loop {
        let page = import.theirs.messages(behind, PAGE).await.map_err(ImportError::Theirs)?;
        let Some(last) = page.last() else { return Ok(()) };
        behind = place(last);
        take_page(import, &page).await?;
        import.keep().await?;
        kill_point!("import: messages taken");
    }
}

fn place(row: &Row) -> Place {
    let number = |column| row.number(column).unwrap_or(i64::MAX);
    Place { sent_s: number("date"), chat: number("chat_id"), message: number("message_id") }
}

async fn take_page(import: &mut Import<'_>, page: &[Row]) -> Result<(), ImportError> {
    let progress = imports::progress(import.ours().await?).await?;
    let mut candidates = Vec::new();
    for row in page {
        match read(row, import.now) {
            Err(why) => import.report.left_out(Kind::Messages, why, name(row)),
            Ok(candidate) => candidates.push((row, candidate)),
        }
    }
    let keys: BTreeSet<ConversationKey> = candidates.iter().map(|(_, candidate)| candidate.key).collect();
    let keys: Vec<ConversationKey> = keys.into_iter().collect();
    let found = imported_turns::find(import.ours().await?, &keys).await?;
    let found: BTreeMap<_, _> = found.into_iter().map(|continued| (continued.key, continued)).collect();
    let numbers = candidates.iter().filter(|(_, candidate)| candidate.role == Role::User);
    let numbers: Vec<_> = numbers.map(|(_, candidate)| (candidate.key.chat, candidate.number)).collect();
    let stored = imported_turns::stored(import.ours().await?, &numbers).await?;
    let ids = imported_turns::ids(import.ours().await?, candidates.len()).await?;
    let mut pages =
        Page { conversations: found, ids: ids.into_iter(), turns: BTreeMap::new(), messages: Vec::new() };
    for (row, candidate) in candidates {
        let is_stored =
            candidate.role == Role::User && stored.contains(&(candidate.key.chat, candidate.number));
        let known = pages.conversations.get(&candidate.key);
        match known {
            None => import.report.left_out(Kind::Messages, "its conversation was not taken", name(row)),
            Some(_) if place(row) <= progress && candidate.role == Role::User && !is_stored => {
                let why = "an earlier import has passed it; it has been deleted since, or was too old then";
                import.report.left_out(Kind::Messages, why, name(row));
            }
            Some(_) if place(row) <= progress || is_stored => import.report.had(Kind::Messages, 1),
            Some(conversation) if conversation.has_moved_on => {
                import.report.left_out(Kind::Messages, "its conversation has gone on here", name(row));
            }
            Some(_) => {
                note(import, row, &candidate);
                pages.add(row, candidate);
                import.report.took(Kind::Messages, 1);
            }
        }
    }
    let turns: Vec<ImportedTurn> = pages.turns.into_values().collect();
    if !turns.is_empty() {
        imported_turns::store(import.ours().await?, &turns, &pages.messages).await?;
    }
    if let Some(last) = page.last().map(place).filter(|&last| last > progress) {
        imports::advance(import.ours().await?, last).await?;
    }
    Ok(())
}

/// Notes what is not as it was there.
fn note(import: &mut Import<'_>, row: &Row, candidate: &Candidate) {
    import.note_broken(Kind::Messages, row, name(row));
    if candidate.sent_at == import.now {
        import.report.changed(
            Kind::Messages,
            "the time has not come yet; the time of the import counts",
            name(row),
        );
    }
}

fn name(row: &Row) -> String {
    let number = |column| row.number(column).unwrap_or_default();
    format!("{}/{}", number("chat_id"), number("message_id"))
}

/// Reads a message, or says why it cannot be taken.
fn read(row: &Row, now: DateTime<Utc>) -> Result<Candidate, &'static str> {
    if row.number("in_id").is_none() {
        let has_one = row.number("thread_id").is_some();
        return Err(if has_one { "its conversation does not exist" } else { "it is in no conversation" });
    }
    if row.flag("gone") {
        return Err("its topic was deleted");
    }
    if row.number("in_chat") != row.number("chat_id") {
        return Err("its conversation is in another chat");
    }
    let key = conversations::key(row, "in_chat", "in_user").ok_or("its conversation was not taken")?;
    let number = row.number("message_id").and_then(|number| i32::try_from(number).ok());
    let number = number.filter(|&number| number > 0).ok_or("its number is not that of a message")?;
    let role = match row.text("role").as_deref() {
        Some("USER" | "user") => Role::User,
        Some("ASSISTANT" | "assistant") => Role::Assistant,
        _ => return Err("it is neither of a person nor of the model"),
    };
    let text = row.text("text_content").or_else(|| row.text("caption")).ok_or("it has no text")?;
    let sent_at = row.number("date").and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let sent_at = sent_at.map_or(now, |sent_at| sent_at.min(now));
    Ok(Candidate { key, number, role, text, sent_at })
}

/// A page of messages, as it grows.
struct Page {
    conversations: BTreeMap<ConversationKey, Continued>,
    /// Ids for new turns.
    ids: std::vec::IntoIter<i64>,
    /// The turns that the page creates or continues.
    turns: BTreeMap<i64, ImportedTurn>,
    messages: Vec<ImportedMessage>,
}

impl Page {
    /// Adds a message to the last turn of its conversation, or begins another one.
    fn add(&mut self, row: &Row, candidate: Candidate) {
        let Some(conversation) = self.conversations.get_mut(&candidate.key) else { return };
        let is_question = candidate.role == Role::User;
        let open = conversation.last.take();
        let mut turn =
            match open.filter(|turn| !(turn.is_answered || is_question && turn.questions >= QUESTIONS)) {
                Some(turn) => turn,
                None => ImportedTurn {
                    id: self.ids.next().unwrap_or_default(),
                    thread_id: conversation.thread,
                    question_id: candidate.number,
                    model_id: String::new(),
                    is_answered: false,
                    opened_at: candidate.sent_at,
                    closed_at: candidate.sent_at,
                    questions: 0,
                },
            };
        turn.closed_at = turn.closed_at.max(candidate.sent_at);
        if is_question {
            turn.questions += 1;
            turn.question_id = turn.question_id.max(candidate.number);
        } else {
            turn.is_answered = true;
            turn.model_id = row.text("model_id").unwrap_or_default();
        }
        self.messages.push(message(row, candidate, conversation.thread, turn.id));
        self.turns.insert(turn.id, turn.clone());
        conversation.last = Some(turn);
    }
}

fn message(row: &Row, candidate: Candidate, thread_id: i64, turn_id: i64) -> ImportedMessage {
    let is_question = candidate.role == Role::User;
    let number = |column| row.number(column).and_then(|number| i32::try_from(number).ok());
    let reply_to = number("reply_to_message_id").filter(|&number| number > 0);
    let snippet = row.text("reply_snippet").map(|text| {
        let mut reply = Reply { message: None, chat: None, sender: String::new(), text, content: None };
        reply.cut_middle();
        reply.text
    });
    let reply_sender =
        row.text("reply_sender_display").or_else(|| snippet.as_ref().map(|_| UNNAMED.to_owned()));
    ImportedMessage {
        thread_id,
        turn_id,
        chat_id: candidate.key.chat,
        message_id: is_question.then_some(candidate.number),
        role: candidate.role.name(),
        text: candidate.text,
        sender: row.text("sender_display").filter(|_| is_question),
        reply_to,
        reply_sender,
        reply_snippet: snippet,
        quote: row.inner("quote_data", &["text"]),
        forwarded_from: row.inner("forward_origin", &["display", "title", "name"]),
        edits: number("edit_count").unwrap_or_default().max(0),
        original_text: row.text("original_content"),
        sent_at: candidate.sent_at,
    }
}

/// Stands for the author of a message that is replied to, if no name was stored.
const UNNAMED: &str = "someone";
