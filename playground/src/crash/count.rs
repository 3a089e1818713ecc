//! The count after the storm: what people said, what the chats show, what the books say. The three must agree.

use std::collections::{BTreeMap, HashMap, HashSet};

use playground::telegram::{Message, PaymentState, Telegram};

use super::author::{self, Tag};
use super::books::{Answer, Books, Owed, Question};
use super::findings::Findings;
use super::people::{STARS, Said, Somebody};

/// Remarks of the bot below an answer that did not end by itself begin with one of these.
const MARKS: [char; 4] = ['⏹', '⚠', '✂', '💳'];

const LOST: &str = "messages LOST: no answer, nothing told";
const DOUBLED: &str = "questions answered TWICE";
const PARAGRAPHS: &str = "paragraphs shown TWICE";
const STRANGE: &str = "messages of the bot that its books do not know";
const UNSEEN: &str = "messages that the books call sent and no chat shows";
const REFUSED: &str = "messages that Telegram refused";
const HISTORY: &str = "answers whose history is not what the chat shows";
const COMMANDS: &str = "commands without exactly one answer";
const PAYMENTS: &str = "payments that chat and books tell differently";
const WALLETS: &str = "wallets that do not add up";

/// What a chat shows of the bot, by number.
type Chats = HashMap<i64, BTreeMap<i64, Message>>;

/// Everything that is compared.
struct Evidence {
    chats: Chats,
    questions: HashMap<(i64, i64), Question>,
    answers: HashMap<i64, Answer>,
    owed: Vec<Owed>,
}

/// Counts everything; nothing may be going on any more.
pub async fn count(telegram: &Telegram, books: &Books, people: &[Somebody]) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let evidence = Evidence {
        chats: chats(telegram),
        questions: books
            .questions()
            .await?
            .into_iter()
            .map(|question| ((question.chat_id, i64::from(question.message_id)), question))
            .collect(),
        answers: books.answers().await?.into_iter().map(|answer| (answer.turn_id, answer)).collect(),
        owed: books.owed().await?,
    };
    let said: Vec<Said> = people.iter().flat_map(|somebody| somebody.said()).copied().collect();
    questions(&mut findings, &evidence, &said);
    paragraphs(&mut findings, &evidence);
    outbox(&mut findings, &evidence);
    history(&mut findings, &evidence);
    commands(&mut findings, &evidence, &said);
    stars(&mut findings, telegram, books, people).await?;
    Ok(findings)
}

fn chats(telegram: &Telegram) -> Chats {
    telegram.view(|view| {
        let of_bot = |chat| {
            let messages = view.messages(chat).filter(|message| message.from_bot);
            messages.map(|message| (message.id, message.clone())).collect()
        };
        view.chats().map(|chat| (chat, of_bot(chat))).collect()
    })
}

/// Every question is answered once, or in part with a mark, or its person was told that nothing came of it.
fn questions(findings: &mut Findings, evidence: &Evidence, said: &[Said]) {
    let mut whole: HashMap<Tag, u32> = HashMap::new();
    for message in evidence.chats.values().flat_map(BTreeMap::values) {
        for tag in author::completed(&message.text) {
            *whole.entry(tag).or_default() += 1;
        }
    }
    findings.expect_none(&[LOST, DOUBLED]);
    let (mut asked, mut once, mut partly, mut told) = (0, 0, 0, 0);
    for Said { chat, message, tag, .. } in said {
        let Some(tag) = tag else { continue };
        asked += 1;
        let question = evidence.questions.get(&(*chat, *message));
        match (whole.get(tag).copied().unwrap_or(0), question) {
            (1, Some(_)) => once += 1,
            (0, Some(question)) => match marked(evidence, question) {
                Some(Marked::Partial) => partly += 1,
                Some(Marked::Nothing) => told += 1,
                None => findings.fault(LOST, format!("{tag} in chat {chat}: {question:?}")),
            },
            (_, None) => findings.fault(LOST, format!("{tag} in chat {chat} is not stored")),
            (times, _) => findings.fault(DOUBLED, format!("{tag} in chat {chat}: {times} times")),
        }
    }
    findings.count("questions asked", asked);
    findings.count("  answered whole, once", once);
    findings.count("  answered in part: stored and marked", partly);
    findings.count("  given up after two crashes: told and kept", told);
}

/// What a chat shows of an answer that is not whole.
enum Marked {
    Partial,
    Nothing,
}

fn marked(evidence: &Evidence, question: &Question) -> Option<Marked> {
    let shown = evidence.owed.iter().filter(|owed| owed.turn_id == Some(question.turn_id));
    let texts = shown.filter_map(|owed| evidence.shown(owed));
    let is_marked = texts.into_iter().any(|message| message.text.contains(MARKS));
    match evidence.answers.get(&question.turn_id) {
        Some(answer) if answer.interrupted && is_marked => Some(Marked::Partial),
        None if question.state == "failed" && is_marked => Some(Marked::Nothing),
        _ => None,
    }
}

impl Evidence {
    /// The message of a chat that a row of the outbox became.
    fn shown(&self, owed: &Owed) -> Option<&Message> {
        self.chats.get(&owed.chat_id)?.get(&i64::from(owed.message_id?))
    }
}

fn paragraphs(findings: &mut Findings, evidence: &Evidence) {
    findings.expect_none(&[PARAGRAPHS]);
    for (chat, messages) in &evidence.chats {
        let mut seen: HashMap<&str, i64> = HashMap::new();
        for (&id, message) in messages {
            for label in author::labels(&message.text) {
                if let Some(first) = seen.insert(label, id) {
                    let which = format!("{label} in chat {chat}: messages {first} and {id}");
                    findings.fault(PARAGRAPHS, which);
                }
            }
        }
    }
}

/// Chats show what the books call sent, with that text, and nothing else.
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

/// The text, or for an invoice its title and description, as the outbox keeps them.
fn text(message: &Message) -> String {
    match message.raw.get("invoice") {
        Some(invoice) => {
            let part = |name: &str| invoice[name].as_str().unwrap_or_default().to_owned();
            format!("{}\n{}", part("title"), part("description"))
        }
        None => message.text.clone(),
    }
}

/// What is remembered is what is shown, from the first part to the last; remarks of the bot aside.
fn history(findings: &mut Findings, evidence: &Evidence) {
    findings.expect_none(&[HISTORY]);
    let mut shown: HashMap<i64, String> = HashMap::new();
    for owed in &evidence.owed {
        if let (Some(turn), Some(message)) = (owed.turn_id, evidence.shown(owed)) {
            shown.entry(turn).or_default().push_str(message.text.split(MARKS).next().unwrap_or_default());
        }
    }
    for (turn, answer) in &evidence.answers {
        let (kept, seen) = (letters(&answer.text), letters(shown.get(turn).map_or("", String::as_str)));
        if kept != seen {
            let detail = format!("turn {turn}: {} characters kept, {} shown", kept.len(), seen.len());
            findings.fault(HISTORY, detail);
        }
    }
    findings.count("answers in the history", evidence.answers.len());
}

/// Where a text was divided cannot be seen in its letters.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn commands(findings: &mut Findings, evidence: &Evidence, said: &[Said]) {
    findings.expect_none(&[COMMANDS]);
    let by_key: HashMap<&str, &Owed> = evidence.owed.iter().map(|owed| (owed.key.as_str(), owed)).collect();
    let commands: Vec<&Said> = said.iter().filter(|said| said.tag.is_none()).collect();
    findings.count("commands", commands.len());
    for command in commands {
        let answer = by_key.get(format!("update:{}", command.update).as_str());
        if answer.is_none_or(|owed| evidence.shown(owed).is_none()) {
            findings.fault(COMMANDS, format!("{command:?}"));
        }
    }
}

/// A Star is in the wallet of its person or in a payment, and every payment is booked once.
async fn stars(
    findings: &mut Findings,
    telegram: &Telegram,
    books: &Books,
    people: &[Somebody],
) -> anyhow::Result<()> {
    findings.expect_none(&[PAYMENTS, WALLETS]);
    let booked = books.payments().await?;
    let mut by_charge: HashMap<&str, bool> = HashMap::new();
    let mut spent: HashMap<i64, i64> = HashMap::new();
    for payment in &booked {
        by_charge.insert(&payment.charge_id, payment.refunded);
        if !payment.refunded {
            *spent.entry(payment.user_id).or_default() += i64::from(payment.stars);
        }
    }
    let mut receipts = 0;
    for somebody in people {
        for attempt in telegram.payments(somebody.id()) {
            let Some(receipt) = attempt.receipt() else { continue };
            receipts += 1;
            let refunded = matches!(attempt.state, PaymentState::Refunded(_));
            if by_charge.get(receipt.charge_id.as_str()) != Some(&refunded) {
                findings.fault(PAYMENTS, format!("{attempt:?}"));
            }
        }
        let wallet = i64::from(telegram.stars(somebody.id()));
        let paid = spent.get(&somebody.id()).copied().unwrap_or(0);
        if wallet + paid != i64::from(STARS) {
            let which = format!("person {}: {wallet} in the wallet, {paid} paid", somebody.id());
            findings.fault(WALLETS, which);
        }
    }
    if receipts != booked.len() {
        findings.fault(PAYMENTS, format!("{receipts} receipts, {} in the books", booked.len()));
    }
    findings.count("payments", booked.len());
    findings.count("  given back", booked.iter().filter(|payment| payment.refunded).count());
    Ok(())
}
