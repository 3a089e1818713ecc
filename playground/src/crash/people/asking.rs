//! People who only ask, one question after another, and note how long they wait.

use std::time::{Duration, Instant};

use playground::telegram::{Telegram, View};

use super::super::author::{self, QuestionKind};
use super::super::waits::{Wait, Waits};
use super::SimulatedUser;

/// The first id of those who only ask, and the distance to the next.
const IDS: (i64, usize) = (700_001, 67);
/// How long they wait for a whole answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Returns people with chats of their own who only ask, one question after another, and note in `waits` how
/// long they wait.
pub(in super::super) fn askers(
    telegram: &Telegram,
    number: usize,
    seed: u64,
    waits: &Waits,
) -> Vec<SimulatedUser> {
    let asker =
        |id| SimulatedUser { waits: Some(waits.clone()), ..SimulatedUser::new(telegram, id, id, seed) };
    (IDS.0..).step_by(IDS.1).take(number).map(asker).collect()
}

impl SimulatedUser {
    /// Asks a question and notes when its answer begins and ends.
    pub(super) async fn ask_and_note(&mut self, waits: &Waits) {
        let chat = self.chat;
        let asked = waits.ask(chat);
        let tag = self.ask(QuestionKind::Short);
        let is_whole = |view: &View<'_>| {
            view.answers(chat).rev().any(|message| author::completed(&message.text).contains(&tag))
        };
        let shows = |view: &View<'_>| {
            let draft = view.drafts(chat).last().is_some_and(|draft| draft.at >= asked);
            (draft || is_whole(view)).then(Instant::now)
        };
        let Ok(first) = self.telegram.until("a draft", PATIENCE, shows).await else { return };
        let whole = |view: &View<'_>| is_whole(view).then_some(());
        if self.telegram.until("an answer", PATIENCE, whole).await.is_ok() {
            waits.note(Wait { asked, first });
        }
    }
}
