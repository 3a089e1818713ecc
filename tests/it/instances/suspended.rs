//! An instance that stands still at the worst moments, longer than the others wait for it, and then goes on as
//! if nothing had happened.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]

use std::time::{Duration, Instant};

use playground::anthropic::{GateKeeper, Outcome};
use playground::telegram::CallOutcome;

use crate::harness::process::Process;
use crate::harness::temp_path::TempPath;
use crate::harness::{ANN, BOUND, Bot, scaled};

/// What an instance logs that finds itself declared dead.
const DECLARED_DEAD: &str = "was declared dead";
/// The methods that show something in a chat.
const SHOWING: [&str; 4] = ["sendMessage", "sendMessageDraft", "editMessageText", "deleteMessage"];

/// Two instances, one of which stands still.
struct Stopped {
    bot: Bot,
    /// The place of the one that stands still.
    place: usize,
    since: Instant,
    _once: TempPath,
}

impl Stopped {
    /// Lets Ann ask a question, whose answer is held back by `keeper`, until the instance that answers it stands
    /// still at a kill point.
    async fn at(point: &str, hold: impl FnOnce(&Bot) -> Option<GateKeeper>) -> (Self, Option<GateKeeper>) {
        let once = TempPath::new();
        let point = format!("suspended at {point} once in {}", once.path());
        let mut bot = Bot::pair([("KILL_AT", &*point)]).await;
        bot.run().await;
        let keeper = hold(&bot);
        bot.ann("question");
        let place = stands_still(&bot).await;
        (Self { bot, place, since: Instant::now(), _once: once }, keeper)
    }

    /// Waits until the other instance has answered.
    async fn taken_over(&self) {
        self.bot.database.until("SELECT count(*) FROM turns WHERE state <> 'open'", 1).await;
        self.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        println!("taken over after {:?}", self.since.elapsed());
    }

    /// Wakes the instance, which finds that it was given up. Nothing of what it does then counts.
    async fn wakes(mut self) -> Bot {
        let night = Duration::from_secs(u64::try_from(scaled(0, 30)).unwrap());
        tokio::time::sleep(night.saturating_sub(self.since.elapsed())).await;
        let before = self.bot.screen(ANN);
        let (number, woken) = (self.bot.telegram.view(|view| view.calls().len()), Instant::now());
        let process = self.bot.take_instance(self.place);
        process.wake();
        let (code, log) = process.end().await;
        assert_eq!(code, 1, "its supervisor starts it again: {log:#?}");
        assert!(log.iter().any(|line| line.contains(DECLARED_DEAD)), "{log:#?}");
        println!("it ended {:?} after it woke", woken.elapsed());
        assert_eq!(self.bot.screen(ANN), before, "it changes nothing");
        let name = (self.place + 1).to_string();
        let late: Vec<(String, CallOutcome)> = self.bot.telegram.view(|view| {
            let late = view.calls().iter().skip(number).filter(|call| call.caller.as_ref() == Some(&name));
            late.filter(|call| SHOWING.contains(&&*call.method))
                .map(|call| (call.method.clone(), call.answer.clone()))
                .collect()
        });
        assert_eq!(late, [], "it sends nothing");
        assert_in_turn(&self.bot, &name);
        self.bot
    }
}

/// Waits until one of the instances stands still. Returns its place.
async fn stands_still(bot: &Bot) -> usize {
    let found = async {
        loop {
            if let Some(place) = bot.all_instances().iter().position(Process::is_suspended) {
                return place;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(BOUND, found).await.expect("an instance stands still")
}

/// Asserts that the chat got the last sign of the instance that stood still before the first one of the other.
pub(super) fn assert_in_turn(bot: &Bot, name: &str) {
    let (of_it, of_other): (Vec<_>, Vec<_>) = bot.telegram.view(|view| {
        // A refused edit may be the search for a message.
        let shown =
            view.calls().iter().filter(|call| call.chat == Some(ANN) && SHOWING.contains(&&*call.method));
        shown
            .map(|call| (call.at, call.caller.clone()))
            .partition(|(_, caller)| caller.as_deref() == Some(name))
    });
    let last = of_it.iter().map(|(at, _)| *at).max();
    let first = of_other.iter().map(|(at, _)| *at).min().expect("the other one has taken over");
    assert!(last.is_none_or(|last| last < first), "{of_it:?} and {of_other:?}");
}

/// Returns the attempts whose calls are in the books, and who pays for them.
async fn payers(bot: &Bot) -> Vec<(i32, Option<String>)> {
    sqlx::query_as("SELECT DISTINCT attempt, payer FROM model_calls ORDER BY 1, 2")
        .fetch_all(bot.books())
        .await
        .unwrap()
}

/// The first attempt was lost, and the second one answered.
fn lost_and_repeated() -> [(i32, Option<String>); 2] {
    [(1, Some("owner".to_owned())), (2, Some("user".to_owned()))]
}

#[tokio::test]
async fn an_instance_that_stands_still_in_the_middle_of_an_answer_says_nothing_more() {
    let hold = |bot: &Bot| Some(super::half(bot, "question"));
    let (stopped, keeper) = Stopped::at("tab: first usage", hold).await;
    stopped.taken_over().await;
    // What it was waiting for has arrived when it wakes.
    keeper.unwrap().open();
    assert_ne!(stopped.bot.request_end(1).await, Outcome::Open);
    let bot = stopped.wakes().await;
    assert_eq!(bot.answers(ANN), ["You said: question"]);
    assert_eq!(payers(&bot).await, lost_and_repeated());
    bot.end().await;
}

#[tokio::test]
async fn an_instance_that_stands_still_before_it_closes_its_answer_cannot_close_it() {
    let (stopped, _) = Stopped::at("settle: before the commit", |_| None).await;
    stopped.taken_over().await;
    let bot = stopped.wakes().await;
    assert_eq!(bot.answers(ANN), ["You said: question"]);
    assert_eq!(payers(&bot).await, lost_and_repeated(), "the late call is in the books");
    bot.end().await;
}

#[tokio::test]
async fn an_instance_that_stands_still_before_it_sends_its_answer_sends_nothing() {
    let (stopped, _) = Stopped::at("deliver: before the call", |_| None).await;
    stopped.taken_over().await;
    let bot = stopped.wakes().await;
    assert_eq!(bot.answers(ANN), ["You said: question"]);
    assert_eq!(payers(&bot).await, [(1, Some("user".to_owned()))], "the answer was complete");
    bot.end().await;
}

#[tokio::test]
async fn a_message_that_was_sent_before_its_instance_stood_still_is_found() {
    let (stopped, _) = Stopped::at("deliver: after the call", |_| None).await;
    assert_eq!(stopped.bot.answers(ANN), ["You said: question"]);
    stopped.taken_over().await;
    let bot = stopped.wakes().await;
    assert_eq!(bot.answers(ANN), ["You said: question"], "it is not sent again");
    assert_eq!(payers(&bot).await, [(1, Some("user".to_owned()))]);
    bot.end().await;
}
