//! Sentences about what people choose: models, settings, personality.

use super::clear::say_counting;
use super::numbers::{usd, usd_in_full};
use super::{say, say_to, say_with};
use crate::domain::model::{Effort, Model};
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::preferences::{Personality, PersonalityFault, Preferences, Preset};

/// The tokens of a typical question, with its conversation, and of its answer.
pub(crate) const TYPICAL: (u64, u64) = (2_000, 500);

/// Describes the models, each with its price for a typical answer; the current one is marked.
pub(crate) fn models<'a>(
    language: Language,
    offered: impl Iterator<Item = (&'a Model, Usd)>,
    current: &Model,
) -> String {
    let mut text = say(language, "models");
    for (model, price) in offered {
        let mark = if model.id == current.id { "✅ " } else { "" };
        let price = say_with(language, "model-price", &[("price", &usd(language, price))]);
        let lines =
            [format!("{mark}**{}**", model.name), price, window(language, model), abilities(language, model)];
        text.push_str("\n\n");
        text.push_str(&lines.join("\n"));
    }
    text.push_str("\n\n");
    text.push_str(&say(language, "models-note"));
    text
}

fn window(language: Language, model: &Model) -> String {
    match (model.window / 1_000_000, model.window / 1_000) {
        (0, thousands) => say_with(language, "model-window-thousands", &[("count", &thousands.to_string())]),
        (millions, _) => {
            let millions = usize::try_from(millions).unwrap_or(usize::MAX);
            say_counting(language, "model-window-millions", &[("count", millions)])
        }
    }
}

fn abilities(language: Language, model: &Model) -> String {
    let thinking = model.adaptive_thinking.then(|| say(language, "model-thinks"));
    let effort = (!model.efforts.is_empty()).then(|| say(language, "model-has-effort"));
    let abilities = [Some(say(language, "model-reads-files")), thinking, effort];
    abilities.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Confirms the choice of a model, in a tap's answer.
pub(crate) fn model_chosen(language: Language, name: &str) -> String {
    say_to(language, "model-chosen", name)
}

/// Tells that a chosen model is not offered any more, and which one answers instead.
pub(crate) fn model_retired(language: Language, former: &str, name: &str) -> String {
    say_with(language, "model-retired", &[("former", former), ("name", name)])
}

/// Shows the settings. Whether there is a personality is shown in private chats only (`shows_personality`).
pub(crate) fn settings(
    language: Language,
    preferences: &Preferences,
    (model, turn_limit): (&Model, Usd),
    shows_personality: bool,
) -> String {
    let Preferences { effort, shows_cost, shows_thinking, announcements, personality, .. } = preferences;
    let on = |on: bool, yes: &str, no: &str| say(language, if on { yes } else { no });
    let limit = if turn_limit > Usd::ZERO {
        say_with(language, "settings-limit", &[("limit", &usd_in_full(language, turn_limit))])
    } else {
        say(language, "settings-no-limit")
    };
    let personality = shows_personality
        .then(|| on(personality.is_some(), "settings-personality", "settings-no-personality"));
    let lines = [
        Some(say_to(language, "settings-model", &model.name)),
        personality,
        Some(on(*shows_cost, "settings-cost", "settings-no-cost")),
        Some(on(*shows_thinking, "settings-thinking", "settings-no-thinking")),
        Some(say(
            language,
            match effort {
                None => "settings-effort-auto",
                Some(Effort::Low) => "settings-effort-low",
                Some(Effort::Medium) => "settings-effort-medium",
                Some(Effort::High | Effort::Xhigh | Effort::Max) => "settings-effort-high",
            },
        )),
        Some(limit),
        Some(on(*announcements, "settings-announcements", "settings-no-announcements")),
    ];
    let lines: Vec<String> = lines.into_iter().flatten().map(|line| format!("- {line}")).collect();
    let (title, note) = (say(language, "settings"), say(language, "settings-note"));
    format!("{title}\n\n{}\n\n{note}", lines.join("\n"))
}

/// Labels the button that shows or hides costs.
pub(crate) fn cost_button(language: Language, is_on: bool) -> String {
    say(language, if is_on { "cost-button-hide" } else { "cost-button-show" })
}

/// Labels the button that shows or hides thinking.
pub(crate) fn thinking_button(language: Language, is_on: bool) -> String {
    say(language, if is_on { "thinking-button-hide" } else { "thinking-button-show" })
}

/// Labels the button that switches announcements on or off.
pub(crate) fn announcements_button(language: Language, is_on: bool) -> String {
    say(language, if is_on { "announcements-button-off" } else { "announcements-button-on" })
}

/// Labels the button of an effort, or of the automatic one.
pub(crate) fn effort_button(language: Language, effort: Option<Effort>) -> String {
    let id = match effort {
        None => "effort-button-auto",
        Some(Effort::Low) => "effort-button-low",
        Some(Effort::Medium) => "effort-button-medium",
        Some(Effort::High | Effort::Xhigh | Effort::Max) => "effort-button-high",
    };
    say(language, id)
}

/// Labels the button of the operator's limit of a request.
pub(crate) fn usual_limit_button(language: Language, limit: Usd) -> String {
    if limit > Usd::ZERO {
        say_with(language, "limit-button-usual", &[("limit", &usd_in_full(language, limit))])
    } else {
        say(language, "limit-button-none")
    }
}

/// Says what an answer has cost.
pub(crate) fn cost(language: Language, cost: Usd) -> String {
    say_with(language, "answer-cost", &[("cost", &usd(language, cost))])
}

/// Refuses a tap on the card of another person; `command` makes one's own.
pub(crate) fn not_your_card(language: Language, command: &str) -> String {
    say_to(language, "card-not-yours", command)
}

/// Introduces the personality; the text itself follows if there is one.
pub(crate) fn personality(language: Language, current: Option<&Personality>) -> String {
    let now = if current.is_some() { "personality-now" } else { "personality-none" };
    format!("{}\n\n{}", say(language, "personality"), say(language, now))
}

/// Answers a tap on the button that asks for a text, while one is awaited.
pub(crate) fn personality_awaited(language: Language) -> String {
    say(language, "personality-awaited")
}

/// Refuses to show or set a personality where others read it.
pub(crate) fn personality_is_private(language: Language) -> String {
    say(language, "personality-private")
}

/// Asks for a personality.
pub(crate) fn ask_personality(language: Language) -> String {
    let (least, most) = (Personality::LEAST.to_string(), Personality::MOST.to_string());
    say_with(language, "ask-personality", &[("least", &least), ("most", &most)])
}

/// Rejects a text that is no personality.
pub(crate) fn wrong_personality(language: Language, fault: PersonalityFault) -> String {
    let (id, count) = match fault {
        PersonalityFault::TooShort(count) => ("personality-too-short", count),
        PersonalityFault::TooLong(count) => ("personality-too-long", count),
    };
    let (least, most) = (Personality::LEAST.to_string(), Personality::MOST.to_string());
    say_with(language, id, &[("count", &count.to_string()), ("least", &least), ("most", &most)])
}

/// Labels the button that asks for a text.
pub(crate) fn write_button(language: Language) -> String {
    say(language, "personality-write-button")
}

/// Labels the button that removes the personality.
pub(crate) fn clear_button(language: Language) -> String {
    say(language, "personality-clear-button")
}

/// Labels the button of a preset.
pub(crate) fn preset_button(language: Language, preset: Preset) -> String {
    let id = match preset {
        Preset::Brief => "preset-brief-button",
        Preset::Teacher => "preset-teacher-button",
        Preset::Critic => "preset-critic-button",
        Preset::Friend => "preset-friend-button",
    };
    say(language, id)
}

/// Returns the personality of a preset.
pub(crate) fn preset(language: Language, preset: Preset) -> String {
    let id = match preset {
        Preset::Brief => "preset-brief",
        Preset::Teacher => "preset-teacher",
        Preset::Critic => "preset-critic",
        Preset::Friend => "preset-friend",
    };
    say(language, id)
}

#[cfg(test)]
mod tests;
