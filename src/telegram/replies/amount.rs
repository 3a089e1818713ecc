//! The amount of a payment: the text that answers the question for it, and the invoice that follows.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::locale;
use super::super::text::money;
use super::{answer_to, carry_out, reply};
use crate::db::DbError;
use crate::db::invoices::Invoice;
use crate::db::outbox::OutboxMessage;
use crate::domain::message::Incoming;
use crate::domain::stars::MOST;
use crate::rendering::RichText;
use crate::services::payments;

/// Sends an invoice for an amount in Stars.
pub(crate) async fn offer(
    context: Arc<BotContext>,
    header: MessageHeader,
    stars: u32,
) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    let message = |invoice: &Invoice| OutboxMessage {
        reply_to: None,
        ..answer_to(&header, RichText::plain(money::invoice(language, invoice.stars, invoice.credit)))
    };
    let offer = || payments::offer(&context.books, header.caller(), stars, message);
    carry_out(&context, offer).await
}

/// Takes a text as the answer to the question for an amount.
pub(crate) async fn take_amount(context: Arc<BotContext>, incoming: Incoming) -> Result<(), DbError> {
    let stars = amount(&incoming.text);
    let header = MessageHeader::from(incoming);
    match stars {
        Some(stars) => offer(context, header, stars).await,
        None => reply(&context, &header, |language, _| money::wrong_amount(language)).await,
    }
}

/// Parses a whole number from 1 to [`MOST`]. A star after it and, as in groups, a name before it are allowed.
fn amount(text: &str) -> Option<u32> {
    let text = text.trim();
    let named = text.strip_prefix('@').and_then(|text| text.split_once(char::is_whitespace));
    let text =
        named.map_or(text, |(_, rest)| rest.trim_start()).trim_end_matches(['⭐', '\u{fe0f}']).trim_end();
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|stars| plain && (1..=MOST).contains(stars))
}

#[cfg(test)]
mod tests;
