//! What a person has chosen: the model and its effort, the limit of a request, what is shown, the personality.

use serde::{Deserialize, Serialize};

use crate::domain::blank::is_blank;
use crate::domain::model::{Effort, ModelId};
use crate::domain::money::Usd;

/// The choices of a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Preferences {
    /// The model that answers; `None` for the default.
    pub model: Option<ModelId>,
    /// How much the model thinks; `None`: decided by the question.
    pub effort: Option<Effort>,
    /// The cost of one request after which the person is asked whether to go on, US dollars; `None`: the
    /// operator's limit.
    pub turn_limit: Option<Usd>,
    /// Whether the cost of an answer stands below it.
    pub shows_cost: bool,
    /// Whether the model's thinking is shown until the answer begins.
    pub shows_thinking: bool,
    /// Whether the person takes announcements.
    pub announcements: bool,
    /// How the model is to be with this person.
    pub personality: Option<Personality>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            model: None,
            effort: None,
            turn_limit: None,
            shows_cost: false,
            shows_thinking: true,
            announcements: true,
            personality: None,
        }
    }
}

impl Preferences {
    /// Changes one of them. The same choice twice is the same as once.
    pub fn apply(&mut self, choice: Choice) {
        match choice {
            Choice::Model(model) => self.model = Some(model),
            Choice::Effort(effort) => self.effort = effort,
            Choice::TurnLimit(limit) => self.turn_limit = limit,
            Choice::ShowsCost(shows) => self.shows_cost = shows,
            Choice::ShowsThinking(shows) => self.shows_thinking = shows,
            Choice::Announcements(takes) => self.announcements = takes,
            Choice::Personality(personality) => self.personality = personality,
        }
    }
}

/// One choice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Choice {
    /// This model answers.
    Model(ModelId),
    /// This effort, or the one that the question needs.
    Effort(Option<Effort>),
    /// This limit of a request, or the operator's.
    TurnLimit(Option<Usd>),
    /// Whether costs are shown.
    ShowsCost(bool),
    /// Whether thinking is shown.
    ShowsThinking(bool),
    /// Whether announcements are sent.
    Announcements(bool),
    /// This personality, or none.
    Personality(Option<Personality>),
}

/// How the model is to be with a person, in the person's own words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personality(pub String);

/// Why a text cannot be a personality; with its length in code points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PersonalityFault {
    /// It has fewer than [`Personality::LEAST`].
    TooShort(usize),
    /// It has more than [`Personality::MOST`].
    TooLong(usize),
}

impl Personality {
    /// The shortest text, in code points.
    pub const LEAST: usize = 10;
    /// The longest text, in code points.
    pub const MOST: usize = 2_000;

    /// Reads a personality from a person's text, without the white space around it.
    ///
    /// # Errors
    /// Returns [`PersonalityFault::TooShort`] if the text is too short or has nothing visible, and
    /// [`PersonalityFault::TooLong`] if it is too long.
    pub fn read(text: &str) -> Result<Self, PersonalityFault> {
        let text = text.trim();
        let length = if is_blank(text) { 0 } else { text.chars().count() };
        match length {
            ..Self::LEAST => Err(PersonalityFault::TooShort(length)),
            Self::LEAST..=Self::MOST => Ok(Self(text.to_owned())),
            _ => Err(PersonalityFault::TooLong(length)),
        }
    }
}

/// A personality that is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Preset {
    /// Says little.
    Brief,
    /// Explains.
    Teacher,
    /// Contradicts.
    Critic,
    /// Is warm.
    Friend,
}

impl Preset {
    /// All, in the order of the buttons.
    pub const ALL: [Self; 4] = [Self::Brief, Self::Teacher, Self::Critic, Self::Friend];

    /// Returns the name in the data of its button.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests;
