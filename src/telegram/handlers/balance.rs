//! `/balance`: the balance, the reserved amount and the operations, ten on a page.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::{answer_tap, answer_to, cards, carry_out, mark_handled};
use super::super::text::money;
use super::super::text::preferences::not_your_card;
use super::super::{keyboards, locale};
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::domain::people::Language;
use crate::rendering::render;
use crate::services::statement::{self, Statement};

/// Shows the newest page.
pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let message = |language: Language, statement: &Statement| OutboxMessage {
        keyboard: keyboards::pages(language, statement).map(|keyboard| keyboard.0),
        ..answer_to(&header, render(&money::statement(language, statement, context.books.clock.now())))
    };
    let show = || statement::show(&context.books, header.caller(), message);
    carry_out(&context, show).await
}

/// Shows on a card the page that begins with the operation number `newest`, or with the next older one. It always lists
/// the operations of the person who tapped, whatever the button says.
pub(super) async fn turn_page(
    context: Arc<BotContext>,
    header: MessageHeader,
    callback: String,
    newest: i64,
) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    let not_yours = |language| not_your_card(language, "/balance");
    if let Some(refusal) = cards::refusal(&context, &header, language, not_yours).await? {
        answer_tap(&context, callback, Some(refusal));
        mark_handled(&context, header.update);
        return Ok(());
    }
    let page = context.db.persist(|| statement::page(&context.books, header.caller(), newest)).await?;
    answer_tap(&context, callback, None);
    let text = render(&money::statement(language, &page, context.books.clock.now()));
    cards::redraw(&context, &header, text, keyboards::pages(language, &page)).await;
    Ok(())
}
