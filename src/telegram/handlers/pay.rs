//! `/pay`: packages as buttons, and a question for a custom amount.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::keyboards;
use super::super::locale;
use super::super::replies::{answer_to, carry_out};
use super::super::text::money;
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::rendering::{RichText, render};
use crate::services::payments;

/// Shows the packages.
pub(super) async fn packages(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    let message = |packages: &[_]| OutboxMessage {
        keyboard: Some(keyboards::packages(packages, language).0),
        ..answer_to(&header, render(&money::pay(language)))
    };
    let show = || payments::packages(&context.books, header.caller(), message);
    carry_out(&context, show).await
}

/// Asks for the amount in Stars.
pub(super) async fn ask_amount(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    let question = || answer_to(&header, render(&money::ask_amount(language)));
    let ask = || payments::ask_amount(&context.books, header.caller(), question());
    carry_out(&context, ask).await
}

/// Cancels the waiting question.
pub(super) async fn cancel(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    let message = |waited| answer_to(&header, RichText::plain(money::cancelled(language, waited)));
    let cancel = || payments::cancel(&context.books, header.caller(), message);
    carry_out(&context, cancel).await
}
