//! Buttons of the cards on which people choose: their labels, and the data of their taps, which names the
//! choice itself, so that a second tap changes nothing.

use strum::VariantArray;

use crate::bot_api::methods::{Button, ButtonStyle, InlineKeyboard};
use crate::domain::model::{Effort, Model, ModelId};
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::preferences::{Choice, Personality, Preferences, Preset};
use crate::services::books::Terms;
use crate::telegram::text::numbers::usd_in_full;
use crate::telegram::text::preferences as text;

/// What a button of a card does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CardTap {
    /// Makes a choice.
    Choose(Choice),
    /// Chooses a personality that is offered; its words depend on the language of the person.
    Preset(Preset),
    /// Asks for a personality in the person's own words.
    AskPersonality,
}

/// The efforts that people may choose.
const EFFORTS: [Effort; 3] = [Effort::Low, Effort::Medium, Effort::High];
/// The buttons in a row of limits.
const LIMITS_IN_A_ROW: usize = 4;

/// Returns the buttons of the models, in two columns.
pub(crate) fn models<'a>(offered: impl Iterator<Item = &'a Model>, current: &ModelId) -> InlineKeyboard {
    let button = |model: &Model| {
        button(model.name.clone(), format!("model:{}", model.id), chosen(model.id == *current))
    };
    let buttons: Vec<Button> = offered.map(button).collect();
    InlineKeyboard::rows(&buttons.chunks(2).map(<[Button]>::to_vec).collect::<Vec<_>>())
}

/// Returns the buttons of the settings.
pub(crate) fn settings(preferences: &Preferences, terms: &Terms, language: Language) -> InlineKeyboard {
    let Preferences { effort, turn_limit, shows_cost, shows_thinking, announcements, .. } = preferences;
    let switch = |name: &str, label: String, on: bool| {
        vec![button(label, format!("set:{name}:{}", if on { "off" } else { "on" }), None)]
    };
    let mut rows = vec![
        switch("cost", text::cost_button(language, *shows_cost), *shows_cost),
        switch("thinking", text::thinking_button(language, *shows_thinking), *shows_thinking),
        switch("announcements", text::announcements_button(language, *announcements), *announcements),
    ];
    let effort_button = |choice: Option<Effort>| {
        let data = format!("set:effort:{}", choice.map_or("auto", Effort::name));
        button(text::effort_button(language, choice), data, chosen(choice == *effort))
    };
    rows.push(vec![effort_button(None)]);
    rows.push(EFFORTS.map(Some).map(effort_button).to_vec());
    let limits = terms.turn_limits();
    // What applies may be lower than what was chosen, since the operator has lowered the most.
    let applies = turn_limit.map(|own| terms.turn_limit_of(Some(own)));
    if !limits.is_empty() {
        let label = text::usual_limit_button(language, terms.turn_limit);
        let is_usual = applies.is_none_or(|own| own == terms.turn_limit && !limits.contains(&own));
        rows.push(vec![button(label, "set:limit:auto".to_owned(), chosen(is_usual))]);
    }
    let limit_button = |limit: &Usd| {
        let data = format!("set:limit:{}", limit.0.normalize());
        button(usd_in_full(language, *limit), data, chosen(applies == Some(*limit)))
    };
    rows.extend(limits.chunks(LIMITS_IN_A_ROW).map(|row| row.iter().map(limit_button).collect()));
    InlineKeyboard::rows(&rows)
}

/// Returns the buttons of the personality.
pub(crate) fn personality(current: Option<&Personality>, language: Language) -> InlineKeyboard {
    // It may have been chosen in another language.
    let is_current = |preset: Preset| {
        let words = |&each: &Language| text::preset(each, preset);
        current.is_some_and(|current| Language::VARIANTS.iter().map(words).any(|words| words == current.0))
    };
    let preset = |preset: Preset| {
        let data = format!("personality:{}", preset.name());
        button(text::preset_button(language, preset), data, chosen(is_current(preset)))
    };
    let presets: Vec<Button> = Preset::ALL.into_iter().map(preset).collect();
    let mut rows: Vec<Vec<Button>> = presets.chunks(2).map(<[Button]>::to_vec).collect();
    let is_own = current.is_some() && !Preset::ALL.into_iter().any(is_current);
    rows.push(vec![button(text::write_button(language), "personality:write".to_owned(), chosen(is_own))]);
    if current.is_some() {
        let style = Some(ButtonStyle::Danger);
        rows.push(vec![button(text::clear_button(language), "personality:clear".to_owned(), style)]);
    }
    InlineKeyboard::rows(&rows)
}

/// Reads the data of a tap; `None` if it is none of these. Whether a model or a limit is offered is decided
/// when it is chosen.
pub(crate) fn read(data: &str) -> Option<CardTap> {
    let (kind, what) = data.split_once(':')?;
    let choice = match (kind, what.split_once(':')) {
        ("model", _) => Choice::Model(ModelId(what.to_owned())),
        ("set", Some(("cost", value))) => Choice::ShowsCost(on(value)?),
        ("set", Some(("thinking", value))) => Choice::ShowsThinking(on(value)?),
        ("set", Some(("announcements", value))) => Choice::Announcements(on(value)?),
        ("set", Some(("effort", "auto"))) => Choice::Effort(None),
        ("set", Some(("effort", value))) => {
            Choice::Effort(Some(EFFORTS.into_iter().find(|effort| effort.name() == value)?))
        }
        ("set", Some(("limit", "auto"))) => Choice::TurnLimit(None),
        ("set", Some(("limit", value))) => Choice::TurnLimit(Some(Usd(value.parse().ok()?))),
        ("personality", None) => return read_personality(what),
        _ => return None,
    };
    Some(CardTap::Choose(choice))
}

fn read_personality(what: &str) -> Option<CardTap> {
    match what {
        "write" => Some(CardTap::AskPersonality),
        "clear" => Some(CardTap::Choose(Choice::Personality(None))),
        name => Preset::ALL.into_iter().find(|preset| preset.name() == name).map(CardTap::Preset),
    }
}

fn on(value: &str) -> Option<bool> {
    match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn button(text: String, callback_data: String, style: Option<ButtonStyle>) -> Button {
    Button { text, callback_data, style }
}

/// The colour of a button, by whether what it offers is chosen.
fn chosen(is_current: bool) -> Option<ButtonStyle> {
    is_current.then_some(ButtonStyle::Success)
}

#[cfg(test)]
mod tests;
