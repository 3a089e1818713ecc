//! Commands: the bot's commands, and how a text is recognised as one of them.

use super::raw::words::Words;
use crate::bot_api::methods::Me;
use crate::domain::ids::UserId;

/// The commands that the bot knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString)]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub(crate) enum Command {
    /// Greets.
    Start,
    /// Explains.
    Help,
    /// Ends the running answer.
    Stop,
    /// Forgets the conversation.
    Clear,
    /// Cancels a question that waits for a text.
    Cancel,
    /// Sells balance.
    Pay,
    /// Shows the balance.
    Balance,
    /// Refunds Stars.
    Refund,
    /// Shows the contact for questions about payments.
    #[strum(serialize = "paysupport")]
    PaySupport,
    /// Shows the terms of sale.
    Terms,
    /// Corrects a balance; for administrators.
    #[strum(serialize = "topup")]
    TopUp,
    /// Sets the owner's margin; for administrators.
    SetMargin,
}

/// The kind of a text, by its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A command of this bot, and its arguments.
    Ours(Command, String),
    /// An unknown command with this bot's name.
    UnknownOfOurs,
    /// A command of another bot.
    Foreign,
    /// No command, or an unknown one without a bot's name.
    Plain,
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
    if !is_name(name) || bot.is_some_and(|bot| !is_name(bot)) {
        return Form::Plain;
    }
    match (name.parse().ok(), bot) {
        (_, Some(bot)) if !bot.eq_ignore_ascii_case(&me.username) => Form::Foreign,
        (Some(command), _) => Form::Ours(command, arguments.trim().to_owned()),
        (None, Some(_)) => Form::UnknownOfOurs,
        (None, None) => Form::Plain,
    }
}
