//! `/start`: greets a new or a returning user. A link such as `t.me/bot?start=spring` sends a word along, by which
//! the operator sees what brought the user.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::{answer_to, carry_out};
use super::super::text;
use crate::db::DbError;
use crate::db::people::KnownUser;
use crate::domain::people::ChatKind;
use crate::rendering::RichText;
use crate::services::intake;

/// Telegram's limit of the word in a link, in characters.
const LONGEST_CAMPAIGN: usize = 64;

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let name = &header.sender.first_name;
    let greeting = |known: &KnownUser| {
        let greet = if known.is_new { text::welcome } else { text::welcome_back };
        answer_to(&header, RichText::plain(greet(known.language, name)))
    };
    let greet = || intake::greet(&context.books, header.caller(), campaign(&header.arguments), greeting);
    carry_out(&context, greet).await?;
    let asker = context.asker(&header);
    if asker.is_administrator && asker.chat == ChatKind::Private {
        // Telegram may have learned of the private chat only now.
        context.menu_checks.look_again(header.sender.id);
    }
    Ok(())
}

/// Returns the word of a link. Anything else behind `/start` was typed and means nothing.
fn campaign(arguments: &str) -> Option<&str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    ((1..=LONGEST_CAMPAIGN).contains(&arguments.len()) && arguments.bytes().all(good)).then_some(arguments)
}
