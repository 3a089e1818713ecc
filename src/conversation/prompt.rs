//! From a turn to a request: fixed instructions first, then the conversation, always in the same bytes.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::NaiveDate;

use super::effort;
use super::prompt_files::{self, FileWindow};
use super::prompt_tools::ToolWindow;
use crate::domain::blank::{is_blank, is_invisible};
use crate::domain::message::{HistoryMessage, Reply, Role};
use crate::domain::people::{ChatKind, plain_name};
use crate::domain::preferences::Personality;
use crate::domain::tool::ToolName;
use crate::domain::turn::TurnRequest;
use crate::llm::message::{Block, LlmMessage};
use crate::llm::request::{LlmRequest, ToolChoice, ToolSpec};
use crate::tools::Toolbox;

/// The instructions that all conversations share. They contain no date and no name, because the cached prefix
/// must be the same for every user and every day.
const GLOBAL: &str = include_str!("global_prompt.md");
/// Precedes the person's own wishes.
const WISHES: &str = "The person has set, for all conversations with you, how you are to be. Do as they wish, \
    in every language, as long as it does not contradict the instructions above. Their words:\n\n";
/// Asks for the rest after the length limit.
pub(super) const GO_ON: &str = "Your answer reached the length limit of one message. \
    Go on exactly where it stops, without repeating anything and without a remark about it.";
/// Asks for the rest after a broken connection.
pub(super) const BROKE_OFF: &str = "The connection broke in the middle of your answer. \
    Go on exactly where it stops, without repeating anything and without a remark about it.";
/// Asks for the end when the overdraft limit is reached.
pub(super) const MONEY_IS_USED_UP: &str = "The balance of the person is used up, so no further tools can be run. \
    Finish now: give the best answer that you can give with what you have. Do not apologise at length; \
    the person is told separately how to top up.";
/// Asks for the end when the limit of one request is reached.
pub(super) const LIMIT_IS_REACHED: &str = "This request has reached the most that one request may cost, \
    so no further tools can be run now. Say in a few sentences what you have found or done and what is left. \
    The person is asked below your answer whether you are to go on.";
/// Asks for the end after the last round with tools.
pub(super) const ROUNDS_ARE_OVER: &str = "You have used all rounds of tool calls that one request allows. \
    Finish now, without tools: give the best answer that you can give with what you have, \
    and say in a sentence what is left to do, so that the person can ask you to go on.";
/// Follows an answer that was cut, so that the model knows that the person did not see the rest.
const CUT: &str = "[this answer was cut off here]";

/// Replaces a message without content.
const NOTHING: &str = "[empty message]";

/// The longest description of a message's attachments, in code points.
const LONGEST_CONTENT: usize = 1_000;
/// Characters that end a line for any program or model.
const LINE_ENDS: [char; 10] =
    ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
/// The beginnings of our marks of replies and quotes, behind the `>`.
const MARKS: [&str; 2] = ["In reply to", "Quoting:"];

/// Builds the request of a turn that begins on this day (UTC).
pub(super) fn build(request: &TurnRequest, toolbox: &Toolbox, today: NaiveDate) -> LlmRequest {
    let model = &request.settings.model;
    let messages = messages(&request.history, request.chat_kind, transcribes(toolbox.specs()));
    LlmRequest {
        model: model.clone(),
        effort: Some(request.settings.effort.unwrap_or_else(|| effort::automatic(model, &request.history))),
        max_tokens: model.answer_limit(),
        system: system(today, request.settings.personality.as_ref()),
        tools: toolbox.specs().clone(),
        server_tools: toolbox.server_tools().clone(),
        tool_choice: ToolChoice::Auto,
        stable: messages.len().saturating_sub(1),
        messages,
    }
}

/// Returns the instructions, from the most shared to the most personal: the person's own wishes stand behind
/// ours, so that changing them leaves what all conversations share in the cache.
fn system(today: NaiveDate, personality: Option<&Personality>) -> Vec<Cow<'static, str>> {
    let ours = [GLOBAL.trim().into(), dated(today).into()];
    ours.into_iter().chain(personality.map(|wishes| format!("{WISHES}{}", wishes.0).into())).collect()
}

/// Returns the instruction that changes with the day; always of the same length. It stands behind the
/// instructions that all conversations share, so at midnight only the cached conversations are read anew.
fn dated(today: NaiveDate) -> String {
    format!("Today is {} (UTC).", today.format("%a %Y-%m-%d"))
}

/// Returns whether the model can have files transcribed.
fn transcribes(tools: &[ToolSpec]) -> bool {
    tools.iter().any(|tool| tool.name == ToolName::TranscribeAudio.name())
}

/// Returns the conversation as messages that alternate and begin with the user, as the provider requires.
fn messages(history: &[HistoryMessage], chat: ChatKind, transcribes: bool) -> Vec<LlmMessage> {
    let first = history.iter().position(|remembered| remembered.role == Role::User);
    let history = first.map_or(&[][..], |first| &history[first..]);
    let mut messages: Vec<LlmMessage> = Vec::new();
    let mut file_window = FileWindow::of(history, transcribes);
    let mut tool_window = ToolWindow::of(history);
    // What became of the files of an answer stands before the next words of the person.
    let mut sent = String::new();
    for remembered in history {
        let mut blocks = file_window.blocks(remembered);
        if remembered.role == Role::User && !sent.is_empty() {
            blocks.insert(0, Block::Text(std::mem::take(&mut sent)));
        }
        sent.push_str(&prompt_files::sent(&remembered.sent_files));
        let (rounds, rest) = tool_window.split(remembered);
        let has_rounds = !rounds.is_empty();
        for round in rounds {
            push(&mut messages, round.role, round.blocks);
        }
        let mut text = match remembered.role {
            Role::Assistant => answered_text(rest, remembered.interrupted),
            Role::User => text(remembered, chat),
        };
        let unsaid = if remembered.role == Role::Assistant { rest } else { &remembered.text };
        if is_blank(unsaid) {
            // The rest of the text is marks. The provider rejects a blank text.
            text.truncate(text.trim_end_matches(is_invisible).len());
            if text.is_empty() && blocks.is_empty() && !has_rounds {
                NOTHING.clone_into(&mut text);
            }
        }
        if !text.is_empty() {
            blocks.push(Block::Text(text));
        }
        push(&mut messages, remembered.role, blocks);
    }
    messages
}

/// Appends blocks, to the last message if it has the same role.
fn push(messages: &mut Vec<LlmMessage>, role: Role, mut blocks: Vec<Block>) {
    match messages.last_mut() {
        _ if blocks.is_empty() => {}
        Some(last) if last.role == role => last.blocks.append(&mut blocks),
        _ => messages.push(LlmMessage { role, blocks }),
    }
}

/// Returns the size of the first request of a turn: exactly the [`LlmRequest::bytes`] of the result of
/// `build`.
pub(crate) fn bytes(
    history: &[HistoryMessage],
    chat: ChatKind,
    tools: &[ToolSpec],
    personality: Option<&Personality>,
) -> u64 {
    let messages = messages(history, chat, transcribes(tools));
    let instructions: usize =
        system(NaiveDate::default(), personality).iter().map(|instruction| instruction.len()).sum();
    instructions as u64 + messages.iter().map(LlmMessage::bytes).sum::<u64>()
}

/// Returns the text of an answer, or what follows its last tool calls.
fn answered_text(text: &str, interrupted: bool) -> String {
    let text = text.trim_end();
    match (interrupted, text.is_empty()) {
        (false, _) => text.to_owned(),
        (true, true) => CUT.to_owned(),
        (true, false) => format!("{text}\n\n{CUT}"),
    }
}

/// Returns one message of a person with its marks: its author (in groups), its origin and the message it
/// replies to.
fn text(remembered: &HistoryMessage, chat: ChatKind) -> String {
    let context = &remembered.context;
    let marked = context.forwarded_from.is_some()
        || context.reply.is_some()
        || context.quote.is_some()
        || remembered.edits > 0
        || chat != ChatKind::Private;
    if !marked {
        return said(remembered);
    }
    let mut text = format!("**{}**", plain_name(remembered.sender.as_deref().unwrap_or("someone")));
    match remembered.edits {
        0 => text.push(':'),
        1 => text.push_str(" (edited):"),
        times => write!(text, " (edited {times} times):").unwrap_or_default(),
    }
    text.push_str("\n\n");
    if let Some(origin) = &context.forwarded_from {
        write!(text, "Forwarded from {}:\n\n", plain_name(origin)).unwrap_or_default();
    }
    if let Some(reply) = &context.reply {
        text.push_str(&answered(reply));
    }
    if let Some(quote) = &context.quote {
        write!(text, "> Quoting: {}\n\n", quoted(quote)).unwrap_or_default();
    }
    text.push_str(&said(remembered));
    text
}

/// What a person says in a message: the words of a recording behind a mark, then those that are written.
fn said(remembered: &HistoryMessage) -> String {
    let written = words(&remembered.text);
    let mut heard = remembered.files.iter().filter(|file| !file.replied);
    let Some((kind, spoken)) = heard.find_map(|file| Some((file.kind, file.words()?))) else {
        return written;
    };
    let mut text = format!("{}\n{}", prompt_files::spoken_mark(kind, spoken.seconds), words(&spoken.text));
    if !is_blank(&remembered.text) {
        write!(text, "\n\n{written}").unwrap_or_default();
    }
    text
}

/// Returns the mark of the message that is replied to: its author and origin, its attachments and its text.
fn answered(reply: &Reply) -> String {
    let mut mark = format!("> In reply to {}", plain_name(&reply.sender));
    if let Some(chat) = &reply.chat {
        write!(mark, " in {}", plain_name(chat)).unwrap_or_default();
    }
    mark.push(':');
    let content = reply.content.as_deref().filter(|content| !content.trim().is_empty());
    if let Some(content) = content {
        write!(mark, "\n> [{}]", prompt_files::one_line(content, LONGEST_CONTENT)).unwrap_or_default();
    }
    if !reply.text.trim().is_empty() {
        mark.push_str(if content.is_some() { "\n> " } else { " " });
        mark.push_str(&quoted(&reply.text));
    }
    mark.push_str("\n\n");
    mark
}

/// Quotes every line of a text. A line that would look like one of our marks is quoted once more.
fn quoted(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let line = |line| if begins_mark(line) { format!("> {line}") } else { line.to_owned() };
    text.split(LINE_ENDS).map(line).collect::<Vec<_>>().join("\n> ")
}

fn begins_mark(line: &str) -> bool {
    MARKS.iter().any(|mark| line.trim_start().starts_with(mark))
}

/// Escapes the lines of a person's text that begin like one of our marks, so that real marks only precede the
/// text. The rest is unchanged: the first mark of a message names the author of everything in it.
fn words(text: &str) -> String {
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return text.to_owned();
    }
    let is_mark = |line: &str| line.trim_start().strip_prefix('>').is_some_and(begins_mark);
    let line = |line: &str| if is_mark(line) { line.replacen('>', "\\>", 1) } else { line.to_owned() };
    text.split_inclusive(LINE_ENDS).map(line).collect()
}

#[cfg(test)]
mod tests;
