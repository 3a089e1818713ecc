//! Recognises the commands of the bot at the beginning of texts.

use super::raw::words::Words;
use crate::bot_api::methods::Me;
use crate::domain::ids::UserId;
use crate::telegram::commands::Command;

/// Telegram's limit of a command's name, in characters.
const LONGEST_NAME: usize = 32;

/// The kind of a text, by its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A command of this bot, and its arguments.
    Ours(Command, String),
    /// A word that looks like a command, but is none of ours.
    Unknown(UnknownCommand),
    /// A command of another bot.
    Foreign,
    /// No command.
    Plain,
}

/// A word that looks like a command, but is none of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct UnknownCommand {
    /// The word without the slash.
    pub word: String,
    /// Whether it has this bot's name.
    pub is_addressed: bool,
    /// Whether the text has nothing else.
    pub is_all: bool,
}

/// Classifies a text. A mention of the bot may precede the command.
pub(crate) fn read(words: &Words, me: &Me) -> Form {
    let text = words.text.trim_start();
    let mut ours = words.mentions.iter().filter(|mention| mention.means(UserId(me.id), &me.username));
    let behind_mention = ours.find_map(|mention| text.strip_prefix(&mention.text));
    match (form(behind_mention.unwrap_or(text).trim_start(), me), behind_mention) {
        // The text mentions this bot first, so another bot's command in it is part of the prompt.
        (Form::Foreign, Some(_)) => Form::Plain,
        (form, _) => form,
    }
}

fn form(text: &str, me: &Me) -> Form {
    let Some(text) = text.strip_prefix('/') else { return Form::Plain };
    let (word, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (name, bot) = word.split_once('@').map_or((word, None), |(name, bot)| (name, Some(bot)));
    // A path or an address is no command.
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_name(name) || name.len() > LONGEST_NAME || bot.is_some_and(|bot| !is_name(bot)) {
        return Form::Plain;
    }
    let arguments = arguments.trim();
    match (Command::named(name), bot) {
        (_, Some(bot)) if !bot.eq_ignore_ascii_case(&me.username) => Form::Foreign,
        (Some(command), _) => Form::Ours(command, arguments.to_owned()),
        (None, bot) => Form::Unknown(UnknownCommand {
            word: name.to_owned(),
            is_addressed: bot.is_some(),
            is_all: arguments.is_empty(),
        }),
    }
}
