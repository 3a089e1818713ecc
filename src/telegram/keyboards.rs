//! Buttons below messages: their labels and the data of their taps. A modified client can forge the data, so
//! it is only a name. Permission depends on the user and the chat of the tap, which Telegram guarantees.

use super::text::{self, clear, money, retry};
use crate::bot_api::methods::InlineKeyboard;
use crate::domain::ids::{DeletionId, TurnId};
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::stars::PACKAGES;

/// The action of a button.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ButtonAction {
    /// Stops the running answer of this turn.
    Stop(TurnId),
    /// Asks the model to go on after the limit of one request.
    GoOn,
    /// Asks the question of this turn again.
    Retry(TurnId),
    /// Requests an invoice for a package of this many Stars.
    Buy(u32),
    /// Requests an invoice for a custom amount, which is asked for.
    BuyCustom,
    /// Deletes the topics of this offer.
    DeleteTopics(DeletionId),
    /// A button of the bot's predecessor, whose data is a chat id.
    Former,
}

/// Returns the stop button below an unfinished answer in a group.
pub(crate) fn stop(turn: TurnId, language: Language) -> InlineKeyboard {
    InlineKeyboard::column([(text::stop_button(language), format!("stop:{turn}"))])
}

/// Returns the button below an answer that has reached the limit of one request.
pub(crate) fn go_on(language: Language) -> InlineKeyboard {
    InlineKeyboard::column([(text::go_on_button(language), "go:on".to_owned())])
}

/// Returns the button below an answer that has failed.
pub(crate) fn try_again(turn: TurnId, language: Language) -> InlineKeyboard {
    InlineKeyboard::column([(retry::try_again_button(language), format!("retry:{turn}"))])
}

/// Returns the button that answers a changed question again.
pub(crate) fn answer_again(turn: TurnId, language: Language) -> InlineKeyboard {
    InlineKeyboard::column([(retry::answer_again_button(language), format!("retry:{turn}"))])
}

/// Returns the buttons of the packages, each with its credit, and of a custom amount.
pub(crate) fn packages(packages: &[(u32, &'static str, Usd)], language: Language) -> InlineKeyboard {
    let button = |&(stars, name, credit): &(u32, &'static str, Usd)| {
        (money::package_button(language, name, stars, credit), format!("buy:{stars}"))
    };
    let custom = (money::custom_button(language), "buy:custom".to_owned());
    InlineKeyboard::column(packages.iter().map(button).chain([custom]))
}

/// Returns the button that deletes the topics of a chat.
pub(crate) fn delete_topics(deletion: DeletionId, topics: usize, language: Language) -> InlineKeyboard {
    InlineKeyboard::column([(clear::button(language, topics), format!("topics:{deletion}"))])
}

/// Reads the data of a tap. Returns `None` for unknown data and for packages that are not offered.
pub(crate) fn read(data: &str) -> Option<ButtonAction> {
    let (kind, what) = data.split_once(':')?;
    match (kind, what) {
        ("stop", turn) => turn.parse().ok().map(|turn| ButtonAction::Stop(TurnId(turn))),
        ("topics", deletion) => deletion.parse().ok().map(|id| ButtonAction::DeleteTopics(DeletionId(id))),
        ("retry", turn) => turn.parse().ok().map(|turn| ButtonAction::Retry(TurnId(turn))),
        ("go", "on") => Some(ButtonAction::GoOn),
        ("clear_all", _) => Some(ButtonAction::Former),
        ("buy", "custom") => Some(ButtonAction::BuyCustom),
        ("buy", stars) => {
            let package = PACKAGES.into_iter().find(|(offered, _)| offered.to_string() == stars);
            package.map(|(stars, _)| ButtonAction::Buy(stars))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
