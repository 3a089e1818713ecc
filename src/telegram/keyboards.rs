//! Buttons below messages: their labels and the data of their taps. A modified client can forge the data, so
//! it is only a name. Permission depends on the user and the chat of the tap, which Telegram guarantees.

pub(crate) mod groups;
pub(crate) mod preferences;

use strum::VariantArray;

use super::text::{self, announcements, clear, languages, money, privacy as data, retry};
use crate::bot_api::methods::{Button, ButtonStyle, InlineKeyboard};
use crate::domain::ids::{AnnouncementId, DataRequestId, DeletionId, TurnId};
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::stars::PACKAGES;
use crate::services::statement::Statement;

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
    /// Turns to the page of operations that begins with this one.
    Page(i64),
    /// Sets the language; `None` for that of the person's app.
    Language(Option<Language>),
    /// Approves, cancels or stops an announcement.
    Announce(AnnounceStep, AnnouncementId),
    /// Switches announcements off or on for whoever taps it.
    TakeAnnouncements(bool),
    /// Asks for the data about whoever taps it, or for its erasure.
    Data(DataTap),
    /// A button of the bot's predecessor, whose data is a chat id.
    Former,
}

/// What a button does with an announcement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum AnnounceStep {
    /// Begins to send it.
    Send,
    /// Drops it.
    Cancel,
    /// Ends the sending early.
    Stop,
}

/// What a button does with the data about a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DataTap {
    /// Asks for everything as a file.
    Everything,
    /// Offers to erase everything.
    Erase,
    /// Confirms an erasure, or takes the offer back.
    Decide(DataRequestId, bool),
}

/// Returns the buttons below what is stored about a person.
pub(crate) fn privacy(language: Language) -> InlineKeyboard {
    InlineKeyboard::column([
        (data::everything_button(language), "data:everything".to_owned()),
        (data::erase_button(language), "data:erase".to_owned()),
    ])
}

/// Returns the buttons that confirm an erasure or take the offer back.
pub(crate) fn confirm_erasure(id: DataRequestId, language: Language) -> InlineKeyboard {
    let button =
        |text, word: &str, style| vec![Button { text, callback_data: format!("erase:{word}:{id}"), style }];
    InlineKeyboard::rows(&[
        button(data::confirm_button(language), "yes", Some(ButtonStyle::Danger)),
        button(data::keep_button(language), "no", None),
    ])
}

/// Returns the buttons below an announcement that awaits approval by its administrator.
pub(crate) fn approve(id: AnnouncementId, people: i64, language: Language) -> InlineKeyboard {
    InlineKeyboard::column([
        (announcements::send_button(language, people), announce(AnnounceStep::Send, id)),
        (announcements::cancel_button(language), announce(AnnounceStep::Cancel, id)),
    ])
}

/// Returns the button below an announcement that is being sent.
pub(crate) fn stop_announcement(id: AnnouncementId, language: Language) -> InlineKeyboard {
    InlineKeyboard::column([(announcements::stop_button(language), announce(AnnounceStep::Stop, id))])
}

/// Returns the button below each copy of an announcement: it switches further ones off, or on again.
pub(crate) fn take_announcements(takes: bool, language: Language) -> InlineKeyboard {
    let data = if takes { "announcements:off" } else { "announcements:on" };
    InlineKeyboard::column([(announcements::subscription_button(language, takes), data.to_owned())])
}

fn announce(step: AnnounceStep, id: AnnouncementId) -> String {
    format!("announce:{}:{id}", <&'static str>::from(step))
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

/// Returns the buttons that turn to the neighbouring pages of a statement, or `None` if it is the only one.
pub(crate) fn pages(language: Language, statement: &Statement) -> Option<InlineKeyboard> {
    let (newer, older) = (statement.newer(), statement.older());
    (newer.is_some() || older.is_some()).then(|| turn_pages(language, newer, older))
}

/// Returns the buttons that turn to the pages that begin with these operations.
fn turn_pages(language: Language, newer: Option<i64>, older: Option<i64>) -> InlineKeyboard {
    let newer = newer.map(|newest| (money::newer_button(language), newest));
    let older = older.map(|newest| (money::older_button(language), newest));
    let buttons = [newer, older].into_iter().flatten();
    InlineKeyboard::grid(2, buttons.map(|(label, newest)| (label, format!("ops:{newest}"))))
}

/// Returns the buttons that set the language, the present choice marked.
pub(crate) fn languages(language: Language, chosen: Option<Language>) -> InlineKeyboard {
    let button = |text: String, data: String, is_chosen: bool| {
        let style = is_chosen.then_some(ButtonStyle::Success);
        Button { text, callback_data: data, style }
    };
    let own = |&each: &Language| {
        button(each.own_name().to_owned(), format!("lang:{}", each.code()), chosen == Some(each))
    };
    let app = button(languages::as_in_app(language), "lang:app".to_owned(), chosen.is_none());
    let buttons: Vec<Button> = Language::VARIANTS.iter().map(own).chain([app]).collect();
    InlineKeyboard::rows(&buttons.chunks(2).map(<[Button]>::to_vec).collect::<Vec<_>>())
}

/// Reads the data of a tap. Returns `None` for unknown data and for packages that are not offered.
pub(crate) fn read(data: &str) -> Option<ButtonAction> {
    let (kind, what) = data.split_once(':')?;
    match (kind, what) {
        ("stop", turn) => turn.parse().ok().map(|turn| ButtonAction::Stop(TurnId(turn))),
        ("topics", deletion) => deletion.parse().ok().map(|id| ButtonAction::DeleteTopics(DeletionId(id))),
        ("ops", newest) => newest.parse().ok().filter(|newest| *newest > 0).map(ButtonAction::Page),
        ("lang", "app") => Some(ButtonAction::Language(None)),
        ("lang", code) => Language::of_code(code).map(|language| ButtonAction::Language(Some(language))),
        ("retry", turn) => turn.parse().ok().map(|turn| ButtonAction::Retry(TurnId(turn))),
        ("go", "on") => Some(ButtonAction::GoOn),
        ("announce", what) => {
            let (step, id) = what.split_once(':')?;
            Some(ButtonAction::Announce(step.parse().ok()?, AnnouncementId(id.parse().ok()?)))
        }
        ("announcements", "on") => Some(ButtonAction::TakeAnnouncements(true)),
        ("announcements", "off") => Some(ButtonAction::TakeAnnouncements(false)),
        ("data", "everything") => Some(ButtonAction::Data(DataTap::Everything)),
        ("data", "erase") => Some(ButtonAction::Data(DataTap::Erase)),
        ("erase", what) => {
            let (word, id) = what.split_once(':')?;
            let confirmed = match word {
                "yes" => true,
                "no" => false,
                _ => return None,
            };
            Some(ButtonAction::Data(DataTap::Decide(DataRequestId(id.parse().ok()?), confirmed)))
        }
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
#[cfg(test)]
mod width_tests;
