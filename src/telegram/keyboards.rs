//! Buttons below messages: what they say and what a tap means. A tap can be forged by a changed client, so its data is
//! only a name; what it may do is decided by who tapped where, which Telegram vouches for.

use super::api::methods::InlineKeyboard;
use super::text;
use crate::domain::ids::TurnId;
use crate::domain::people::Language;

/// What a tap asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tap {
    /// The running answer of this turn shall end.
    Stop(TurnId),
}

/// The button below an unfinished answer in a group.
pub fn stop(turn: TurnId, language: Language) -> InlineKeyboard {
    InlineKeyboard::button(text::stop_button(language), format!("stop:{turn}"))
}

/// Reads the data of a tap.
pub fn read(data: &str) -> Option<Tap> {
    let turn = data.strip_prefix("stop:")?.parse().ok()?;
    Some(Tap::Stop(TurnId(turn)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_is_read_as_it_was_written_and_nonsense_is_nothing() {
        let keyboard = serde_json::to_value(stop(TurnId(i64::MAX), Language::English)).unwrap();
        let data = keyboard["inline_keyboard"][0][0]["callback_data"].as_str().unwrap();
        assert!(data.len() <= 64);
        assert_eq!(read(data), Some(Tap::Stop(TurnId(i64::MAX))));
        for nonsense in ["", "stop:", "stop:x", "pay:1", "stop:99999999999999999999"] {
            assert_eq!(read(nonsense), None);
        }
    }
}
