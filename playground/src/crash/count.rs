//! The final comparison of the crash test: what people sent, what the chats show and what the database
//! contains must agree.

mod answers;
mod copies;
mod deliveries;
mod evidence;
mod files;
mod money;
mod prompts;
mod records;
mod voices;

use std::collections::{HashMap, HashSet};

use playground::anthropic::Anthropic;
use playground::openai::OpenAi;
use playground::telegram::{Message, Telegram};

use self::copies::ProviderFiles;
use self::evidence::Evidence;
use self::prompts::Places;
use super::books::{Books, OutboxRow};
use super::chaos::DisruptionCounts;
use super::files::UserFile;
use super::findings::Findings;
use super::marks::Tag;
use super::people::{Edit, SentMessage, SimulatedUser, What};

const STRANGE: &str = "messages of the bot that its books do not know";
const UNSEEN: &str = "messages that the books call sent and no chat shows";
const REFUSED: &str = "messages that Telegram refused";
const COMMANDS: &str = "commands without exactly one answer";

/// What was around the bot.
pub(super) struct Surroundings<'a> {
    /// The chats.
    pub telegram: &'a Telegram,
    /// The model and its files.
    pub model: &'a Anthropic,
    /// The transcription.
    pub speech: &'a OpenAi,
    /// The bot's database.
    pub books: &'a Books,
    /// The users.
    pub people: &'a [SimulatedUser],
    /// The faults that were injected.
    pub damage: &'a DisruptionCounts,
}

/// Compares everything. The bot must be idle.
pub(super) async fn count(around: Surroundings<'_>) -> anyhow::Result<Findings> {
    let Surroundings { telegram, model, books, people, .. } = around;
    let mut findings = Findings::default();
    let evidence = Evidence::gather(telegram, books).await?;
    let said: Vec<SentMessage> = people.iter().flat_map(SimulatedUser::said).copied().collect();
    let edits: Vec<Edit> = people.iter().flat_map(SimulatedUser::edits).copied().collect();
    answers::questions(&mut findings, &evidence, &said);
    answers::order(&mut findings, &evidence, &said);
    answers::paragraphs(&mut findings, &evidence);
    answers::history(&mut findings, &evidence);
    answers::edits(&mut findings, &evidence, &edits);
    outbox(&mut findings, &evidence);
    commands(&mut findings, &evidence, &said);
    with_files(&mut findings, &around, &evidence, &said).await?;
    money::stars(&mut findings, telegram, books, people).await?;
    records::records(&mut findings, model, books).await?;
    Ok(findings)
}

/// Compares what became of files: those of people, at the provider, in prompts and in the chats.
async fn with_files(
    findings: &mut Findings,
    around: &Surroundings<'_>,
    evidence: &Evidence,
    said: &[SentMessage],
) -> anyhow::Result<()> {
    let Surroundings { telegram, model, speech, books, people, damage } = *around;
    let sent: Vec<UserFile> = people.iter().flat_map(SimulatedUser::files).cloned().collect();
    let places = Places::of(people);
    let prompts = prompts::prompts(model, &places);
    prompts::isolation(findings, &prompts, &places);
    files::reached(findings, evidence, &sent, &prompts);
    deliveries::deliveries(findings, evidence, &sent);
    let spoken = |said: &SentMessage| {
        let file = sent.iter().find(|file| (file.chat, file.message) == (said.chat, said.message))?;
        Some((file, said.tag?))
    };
    let spoken: Vec<(&UserFile, Tag)> =
        said.iter().filter(|said| said.what == What::Voice).filter_map(spoken).collect();
    let (transcriptions, charges) = (books.transcriptions().await?, books.transcription_charges().await?);
    voices::voices(findings, &spoken, &transcriptions, &voices::made(speech), charges);
    let provider = ProviderFiles::of(model, &places, books.copies().await?);
    copies::copies(findings, &provider, damage);
    copies::contents(findings, (telegram, model), &places, &sent);
    Ok(())
}

/// Checks that chats show exactly the messages that the outbox marks as sent, with the same text.
fn outbox(findings: &mut Findings, evidence: &Evidence) {
    findings.expect_none(&[UNSEEN, REFUSED, STRANGE]);
    let mut known: HashSet<(i64, i64)> = HashSet::new();
    for owed in &evidence.owed {
        if owed.state == "refused" {
            findings.fault(REFUSED, format!("{owed:?}"));
        }
        let mut is_new = true;
        for number in owed.numbers() {
            is_new &= known.insert((owed.chat_id, number));
        }
        let is_shown = evidence.shown(owed).is_some_and(|message| text(message) == owed.text);
        if owed.message_id.is_some() && !(is_new && is_shown) {
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
