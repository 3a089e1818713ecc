//! `/start`: greets a new or a returning user.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::menus;
use super::super::replies::reply;
use super::super::text;
use crate::db::DbError;
use crate::domain::people::ChatKind;

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let asker = context.asker(&header);
    if asker.is_administrator && asker.chat == ChatKind::Private {
        let (api, drain, user) = (context.screen.api.clone(), context.life.drain.clone(), header.key.user);
        context.life.spawn("menu", async move {
            drain.run_until_cancelled(menus::for_administrator(&api, user)).await;
        });
    }
    let name = &header.sender.first_name;
    let greeting = |language, known: &crate::db::people::KnownUser| {
        if known.is_new { text::welcome(language, name) } else { text::welcome_back(language, name) }
    };
    reply(&context, &header, greeting).await
}
