//! The final comparison of the crash test: what people sent, what the chats show and what the database
//! contains must agree.

mod answers;
mod evidence;
mod money;
mod records;

use std::collections::{HashMap, HashSet};

use playground::anthropic::Anthropic;
use playground::telegram::{Message, Telegram};

use self::evidence::Evidence;
use super::books::{Books, OutboxRow};
use super::findings::Findings;
use super::people::{SentMessage, SimulatedUser};

const STRANGE: &str = "messages of the bot that its books do not know";
const UNSEEN: &str = "messages that the books call sent and no chat shows";
const REFUSED: &str = "messages that Telegram refused";
const COMMANDS: &str = "commands without exactly one answer";

/// Compares everything. The bot must be idle.
pub(super) async fn count(
    telegram: &Telegram,
    model: &Anthropic,
    books: &Books,
    people: &[SimulatedUser],
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let evidence = Evidence::gather(telegram, books).await?;
    let said: Vec<SentMessage> = people.iter().flat_map(SimulatedUser::said).copied().collect();
    answers::questions(&mut findings, &evidence, &said);
    answers::paragraphs(&mut findings, &evidence);
    answers::history(&mut findings, &evidence);
    outbox(&mut findings, &evidence);
    commands(&mut findings, &evidence, &said);
    money::stars(&mut findings, telegram, books, people).await?;
    records::records(&mut findings, model, books).await?;
    Ok(findings)
}

/// Checks that chats show exactly the messages that the outbox marks as sent, with the same text.
fn outbox(findings: &mut Findings, evidence: &Evidence) {
    findings.expect_none(&[UNSEEN, REFUSED, STRANGE]);
    let mut known: HashSet<(i64, i64)> = HashSet::new();
    for owed in &evidence.owed {
        if owed.state == "refused" {
            findings.fault(REFUSED, format!("{owed:?}"));
        }
        let Some(number) = owed.message_id else { continue };
        let same = evidence.shown(owed).is_some_and(|message| text(message) == owed.text);
        if !known.insert((owed.chat_id, i64::from(number))) || !same {
            findings.fault(UNSEEN, format!("{owed:?}"));
        }
    }
    findings.count("messages sent", known.len());
    for (&chat, messages) in &evidence.chats {
        for message in messages.values().filter(|message| !known.contains(&(chat, message.id))) {
            let (id, shown) = (message.id, text(message));
            let twin = messages.values().any(|other| other.id != id && text(other) == shown);
            let what = if twin { "sent twice" } else { "left over" };
            let begin: String = shown.chars().take(80).collect();
            findings.fault(STRANGE, format!("{what}: message {id} in chat {chat}: {begin:?}"));
        }
    }
}

/// Returns the text, or for an invoice its title and description, in the form in which the outbox stores
/// them.
fn text(message: &Message) -> String {
    match message.raw.get("invoice") {
        Some(invoice) => {
            let part = |name: &str| invoice[name].as_str().unwrap_or_default().to_owned();
            format!("{}\n{}", part("title"), part("description"))
        }
        None => message.text.clone(),
    }
}

/// Checks that every command has an answer.
fn commands(findings: &mut Findings, evidence: &Evidence, said: &[SentMessage]) {
    findings.expect_none(&[COMMANDS]);
    let by_key: HashMap<&str, &OutboxRow> =
        evidence.owed.iter().map(|owed| (owed.key.as_str(), owed)).collect();
    let commands: Vec<&SentMessage> = said.iter().filter(|said| said.tag.is_none()).collect();
    findings.count("commands", commands.len());
    for command in commands {
        let answer = by_key.get(format!("update:{}", command.update).as_str());
        if answer.is_none_or(|owed| evidence.shown(owed).is_none()) {
            findings.fault(COMMANDS, format!("{command:?}"));
        }
    }
}
