//! Sentences about the bot's commands, from their registry.

use strum::VariantArray;

use super::{say, say_with};
use crate::bot_api::methods::BotCommand;
use crate::domain::people::Language;
use crate::telegram::commands::{Asker, Command, CommandRefusal, MenuReader, Section};

/// Describes what the bot can do, and lists the commands that a person may use here.
pub(crate) fn help(language: Language, asker: Asker) -> String {
    let mut text = say(language, "help");
    for &section in Section::VARIANTS {
        let commands = Command::usable(asker).filter(|command| command.row().section == section);
        let lines: Vec<String> = commands
            .map(|command| format!("\n/{} – {}", command.name(), description(language, command)))
            .collect();
        if !lines.is_empty() {
            let name: &'static str = section.into();
            text.push_str("\n\n");
            text.push_str(&say(language, &format!("section-{name}")));
            text.extend(lines);
        }
    }
    text
}

/// Returns the menu of commands for this reader.
pub(crate) fn menu(language: Language, reader: MenuReader) -> Vec<BotCommand> {
    let entry = |command: Command| BotCommand {
        command: command.name().into(),
        description: description(language, command),
    };
    Command::menu(reader).map(entry).collect()
}

/// Describes a command, in 1 to 256 characters.
fn description(language: Language, command: Command) -> String {
    say(language, &format!("command-{}", command.name().replace('_', "-")))
}

/// Answers a message of only an unknown command, which is given without the slash.
pub(crate) fn unknown(language: Language, word: &str, nearest: Option<Command>) -> String {
    match nearest {
        Some(nearest) => {
            let words: &[(&'static str, &str)] = &[("word", word), ("nearest", nearest.name())];
            let question = say_with(language, "command-unknown-near", words);
            if nearest == Command::Help {
                return question;
            }
            format!("{question} {}", say(language, "commands-all"))
        }
        None => say_with(language, "command-unknown", &[("word", word)]),
    }
}

/// Refuses a command.
pub(crate) fn refused(language: Language, refusal: CommandRefusal) -> String {
    match refusal {
        CommandRefusal::NotAdministrator => say(language, "not-allowed"),
        CommandRefusal::OnlyGroups => say(language, "command-only-groups"),
        CommandRefusal::OnlyPrivate => say(language, "command-only-private"),
    }
}
