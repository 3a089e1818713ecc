//! Carries out commands: checks in the registry who may use each and where, then passes it to its handler.

use std::sync::Arc;

use super::super::commands::{Command, CommandRefusal};
use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::pipeline::queue::{SessionInput, StopRequest, StopSource};
use super::super::replies::{reply, spawn};
use super::super::sessions::post;
use super::super::text::commands;
use super::{
    admin, announce, balance, groups, help, language, pay, preferences, privacy, refund, retry, start,
    support,
};
use crate::db::DbError;

/// Carries out a command, or refuses it.
pub(super) fn obey(context: &Arc<BotContext>, command: Command, header: MessageHeader) {
    if let Some(refusal) = command.refusal(context.asker(&header)) {
        let user = header.sender.id;
        if refusal == CommandRefusal::NotAdministrator {
            let command = command.name();
            tracing::warn!(user.id = user.0, command, "the user {user} is no administrator");
        }
        return spawn(context, move |context, header| refuse(context, header, refusal), header);
    }
    let (update, key) = (header.update, header.key);
    match command {
        Command::Stop => {
            let by = StopSource::Command(Box::new(header));
            post(context, update, key, SessionInput::Stop(Box::new(StopRequest { update, by })));
        }
        Command::Retry => retry::ask_again(context, header, None, None),
        Command::Clear => post(context, update, key, SessionInput::Clear(Box::new(header))),
        Command::Start => spawn(context, start::handle, header),
        Command::Language => spawn(context, language::handle, header),
        Command::Group => spawn(context, groups::show, header),
        Command::Help => spawn(context, help::handle, header),
        Command::Cancel => spawn(context, pay::cancel, header),
        Command::Model => spawn(context, preferences::models, header),
        Command::Personality => spawn(context, preferences::personality, header),
        Command::Settings => spawn(context, preferences::settings, header),
        Command::Export => spawn(context, privacy::export, header),
        Command::Privacy => spawn(context, privacy::show, header),
        Command::Pay => spawn(context, pay::packages, header),
        Command::Balance => spawn(context, balance::handle, header),
        Command::Refund => spawn(context, refund::handle, header),
        Command::PaySupport => spawn(context, support::contact, header),
        Command::Terms => spawn(context, support::terms, header),
        Command::TopUp => spawn(context, admin::top_up, header),
        Command::SetMargin => spawn(context, admin::set_margin, header),
        Command::Announce => spawn(context, announce::begin, header),
        Command::User => spawn(context, admin::user, header),
        Command::Stats => spawn(context, admin::stats, header),
    }
}

/// Answers a message of only an unknown command with the nearest one. The model is not asked.
pub(super) fn suggest(context: &Arc<BotContext>, word: String, header: MessageHeader) {
    let nearest = Command::nearest(&word, context.asker(&header));
    let answer = async move |context: Arc<BotContext>, header: MessageHeader| {
        reply(&context, &header, |language, _| commands::unknown(language, &word, nearest)).await
    };
    spawn(context, answer, header);
}

async fn refuse(
    context: Arc<BotContext>,
    header: MessageHeader,
    refusal: CommandRefusal,
) -> Result<(), DbError> {
    reply(&context, &header, |language, _| commands::refused(language, refusal)).await
}
