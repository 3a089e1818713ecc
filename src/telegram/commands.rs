//! The registry of the bot's commands: what each is called, who may use it, where, and in which menus it
//! stands. It feeds the reading of messages, the dispatcher, `/help` and Telegram's menus.
//!
//! To add a command: a variant of [`Command`] with its row in [`Command::row`], its arm in
//! `handlers::commands`, and its description `command-<name>` in each language.

use strum::VariantArray;

use crate::domain::people::ChatKind;

/// The commands that the bot knows, in the order of menus and `/help`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::VariantArray)]
pub(crate) enum Command {
    /// Greets.
    Start,
    /// Ends the running answer.
    Stop,
    /// Asks the last question again.
    Retry,
    /// Forgets the conversation.
    Clear,
    /// Cancels a question that waits for a text.
    Cancel,
    /// Sends the conversation as a file.
    Export,
    /// Chooses the model.
    Model,
    /// Shows and changes how the model is to be.
    Personality,
    /// Shows and changes what else a person can choose.
    Settings,
    /// Shows the balance.
    Balance,
    /// Sells balance.
    Pay,
    /// Refunds Stars.
    Refund,
    /// Chooses the bot's language.
    Language,
    /// Shows and changes how the bot works in a group.
    Group,
    /// Shows what is stored about the person, sends it as a file, erases it.
    Privacy,
    /// Explains.
    Help,
    /// Shows the terms of sale.
    Terms,
    /// Shows the contact for questions about payments.
    PaySupport,
    /// Corrects a balance.
    TopUp,
    /// Sets the operator's margin.
    SetMargin,
    /// Sends a message to many people.
    Announce,
    /// Shows or closes an account.
    User,
    /// Shows figures of the whole bot.
    Stats,
}

/// The properties of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CommandRow {
    /// The name without the slash: lower-case letters, digits and underscores, at most 32.
    pub name: &'static str,
    /// The part of `/help` that lists it.
    pub section: Section,
    /// Who may use it.
    pub audience: Audience,
    /// Where it may be used.
    pub place: Place,
    /// The menus that show it, among the chats where it may be used.
    pub menu: Menu,
}

/// A part of `/help`, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Section {
    /// The conversation and its answers.
    Conversation,
    /// Balance and payments.
    Money,
    /// The bot itself.
    Bot,
    /// What administrators do.
    Administration,
}

/// The people who may use a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    /// Everyone.
    Everyone,
    /// The users in `PRIVILEGED_USERS`.
    Administrators,
}

/// The chats in which a command may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// All chats.
    Anywhere,
    /// Private chats only.
    PrivateChats,
    /// Groups only.
    Groups,
}

/// The menus that show a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Menu {
    /// Those of private chats and of groups.
    Everywhere,
    /// Those of private chats.
    PrivateChats,
    /// Those of the administrators of groups.
    GroupAdministrators,
    /// None: the bot names the command when it is of use.
    Nowhere,
}

/// Whoever reads a menu of Telegram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MenuReader {
    /// A person in the private chat.
    Person,
    /// An administrator of the bot in the private chat.
    Administrator,
    /// A member of a group.
    Member,
    /// An administrator of a group.
    GroupAdministrator,
}

impl MenuReader {
    /// Returns the reader as a user of commands.
    fn asker(self) -> Asker {
        let chat = match self {
            Self::Person | Self::Administrator => ChatKind::Private,
            Self::Member | Self::GroupAdministrator => ChatKind::Supergroup,
        };
        Asker { is_administrator: self == Self::Administrator, chat }
    }
}

/// A person in a chat, as far as commands depend on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asker {
    /// Whether the person is an administrator of the bot.
    pub is_administrator: bool,
    /// The kind of the chat.
    pub chat: ChatKind,
}

/// Why a command is not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CommandRefusal {
    /// It is for administrators.
    NotAdministrator,
    /// It is for private chats.
    OnlyPrivate,
    /// It is for groups.
    OnlyGroups,
}

const fn row(
    name: &'static str,
    section: Section,
    audience: Audience,
    place: Place,
    menu: Menu,
) -> CommandRow {
    CommandRow { name, section, audience, place, menu }
}

impl Command {
    /// Returns the row of this command.
    pub(crate) const fn row(self) -> CommandRow {
        use Audience::{Administrators, Everyone};
        use Menu::{Everywhere, Nowhere};
        use Place::Anywhere;
        use Section::{Administration, Bot, Conversation, Money};
        match self {
            Self::Start => row("start", Bot, Everyone, Anywhere, Menu::PrivateChats),
            Self::Stop => row("stop", Conversation, Everyone, Anywhere, Everywhere),
            Self::Retry => row("retry", Conversation, Everyone, Anywhere, Everywhere),
            Self::Clear => row("clear", Conversation, Everyone, Anywhere, Everywhere),
            Self::Cancel => row("cancel", Conversation, Everyone, Anywhere, Nowhere),
            Self::Export => row("export", Conversation, Everyone, Anywhere, Everywhere),
            Self::Model => row("model", Conversation, Everyone, Anywhere, Everywhere),
            Self::Personality => {
                row("personality", Conversation, Everyone, Place::PrivateChats, Menu::PrivateChats)
            }
            Self::Settings => row("settings", Conversation, Everyone, Anywhere, Everywhere),
            Self::Balance => row("balance", Money, Everyone, Anywhere, Everywhere),
            Self::Pay => row("pay", Money, Everyone, Anywhere, Everywhere),
            Self::Refund => row("refund", Money, Everyone, Anywhere, Menu::PrivateChats),
            Self::Terms => row("terms", Money, Everyone, Anywhere, Menu::PrivateChats),
            Self::PaySupport => row("paysupport", Money, Everyone, Anywhere, Menu::PrivateChats),
            Self::Language => row("language", Bot, Everyone, Anywhere, Menu::PrivateChats),
            Self::Group => row("group", Bot, Everyone, Place::Groups, Menu::GroupAdministrators),
            Self::Privacy => row("privacy", Bot, Everyone, Place::PrivateChats, Menu::PrivateChats),
            Self::Help => row("help", Bot, Everyone, Anywhere, Everywhere),
            Self::TopUp => {
                row("topup", Administration, Administrators, Place::PrivateChats, Menu::PrivateChats)
            }
            Self::SetMargin => {
                row("set_margin", Administration, Administrators, Place::PrivateChats, Menu::PrivateChats)
            }
            Self::Announce => {
                row("announce", Administration, Administrators, Place::PrivateChats, Menu::PrivateChats)
            }
            Self::User => {
                row("user", Administration, Administrators, Place::PrivateChats, Menu::PrivateChats)
            }
            Self::Stats => {
                row("stats", Administration, Administrators, Place::PrivateChats, Menu::PrivateChats)
            }
        }
    }

    /// Returns the name without the slash.
    pub(crate) const fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the command of this name, in upper or lower case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|command| command.name().eq_ignore_ascii_case(name))
    }

    /// Returns why a person may not use this command here, or `None` if they may.
    pub(crate) fn refusal(self, asker: Asker) -> Option<CommandRefusal> {
        let CommandRow { audience, place, .. } = self.row();
        if audience == Audience::Administrators && !asker.is_administrator {
            Some(CommandRefusal::NotAdministrator)
        } else {
            match (place, asker.chat == ChatKind::Private) {
                (Place::PrivateChats, false) => Some(CommandRefusal::OnlyPrivate),
                (Place::Groups, true) => Some(CommandRefusal::OnlyGroups),
                _ => None,
            }
        }
    }

    /// Returns the commands that a person may use here, in order.
    pub(crate) fn usable(asker: Asker) -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied().filter(move |command| command.refusal(asker).is_none())
    }

    /// Returns the commands in the menu of this reader, in order.
    pub(crate) fn menu(reader: MenuReader) -> impl Iterator<Item = Self> {
        let asker = reader.asker();
        Self::usable(asker).filter(move |command| match command.row().menu {
            Menu::Everywhere => true,
            Menu::PrivateChats => asker.chat == ChatKind::Private,
            Menu::GroupAdministrators => reader == MenuReader::GroupAdministrator,
            Menu::Nowhere => false,
        })
    }

    /// Returns the usable command that an unknown word most likely means: one that begins with it, or one that
    /// is one edit away, or two if the word has six letters or more.
    pub(crate) fn nearest(word: &str, asker: Asker) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let begins = |command: &Self| word.len() > 1 && command.name().starts_with(&word);
        if let Some(begun) = Self::usable(asker).find(begins) {
            return Some(begun);
        }
        let most = (word.len() / 3).clamp(1, 2);
        let distances =
            Self::usable(asker).map(|command| (strsim::osa_distance(&word, command.name()), command));
        let near =
            distances.filter(|(distance, command)| *distance <= most && command.name().len() > *distance + 1);
        near.min_by_key(|(distance, _)| *distance).map(|(_, command)| command)
    }
}

#[cfg(test)]
mod tests;
