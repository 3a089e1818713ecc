//! `/pay`: packages as buttons, an amount of one's own as a question, and the invoice that either leads to.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::keyboards;
use super::super::text::money;
use super::{answer_to, carry_out};
use crate::db::DbError;
use crate::db::invoices::Invoice;
use crate::db::outbox::OutboxMessage;
use crate::domain::message::Incoming;
use crate::domain::stars::MOST;
use crate::rendering::{RichText, render};
use crate::services::payments;

/// Shows what is sold.
pub(super) async fn packages(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let language = header.language();
    let message = |packages: &[_]| OutboxMessage {
        keyboard: Some(keyboards::packages(packages, language).0),
        ..answer_to(&header, render(&money::pay(language)))
    };
    let show = || payments::packages(&context.books, header.caller(), message);
    carry_out(&context, "payments::packages", show).await
}

/// Sends an invoice of so many Stars.
pub(super) async fn offer(
    context: Arc<BotContext>,
    header: MessageHeader,
    stars: u32,
) -> Result<(), DbError> {
    let language = header.language();
    let message = |invoice: &Invoice| OutboxMessage {
        reply_to: None,
        ..answer_to(&header, RichText::plain(money::invoice(language, invoice.stars, invoice.credit)))
    };
    let offer = || payments::offer(&context.books, header.caller(), stars, message);
    carry_out(&context, "payments::offer", offer).await
}

/// Asks how many Stars it shall be.
pub(super) async fn ask_amount(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let question = || answer_to(&header, render(&money::ask_amount(header.language())));
    let ask = || payments::ask_amount(&context.books, header.caller(), question());
    carry_out(&context, "payments::ask_amount", ask).await
}

/// Takes a text as the answer to that question.
pub(crate) async fn take_amount(context: Arc<BotContext>, incoming: Incoming) -> Result<(), DbError> {
    let stars = amount(&incoming.text);
    let header = MessageHeader::from(incoming);
    match stars {
        Some(stars) => offer(context, header, stars).await,
        None => super::reply(&context, &header, |language, _| money::wrong_amount(language)).await,
    }
}

/// Leaves the question.
pub(super) async fn cancel(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let message = |waited| answer_to(&header, RichText::plain(money::cancelled(header.language(), waited)));
    let cancel = || payments::cancel(&context.books, header.caller(), message);
    carry_out(&context, "payments::cancel", cancel).await
}

/// A whole number from 1 to [`MOST`]; a Star behind it does not hurt, nor does a name in front, as in groups.
fn amount(text: &str) -> Option<u32> {
    let text = text.trim();
    let named = text.strip_prefix('@').and_then(|text| text.split_once(char::is_whitespace));
    let text =
        named.map_or(text, |(_, rest)| rest.trim_start()).trim_end_matches(['⭐', '\u{fe0f}']).trim_end();
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|stars| plain && (1..=MOST).contains(stars))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_whole_number_of_stars_within_limits() {
        for (text, stars) in
            [("1", 1), ("2500", 2_500), (" 77 ", 77), ("100 ⭐", 100), ("0100", 100), ("@bot  5", 5)]
        {
            assert_eq!(amount(text), Some(stars), "{text}");
        }
        for text in [
            "",
            "0",
            "2501",
            "-5",
            "1.5",
            "1,5",
            "ten",
            "1e2",
            "99999999999999999999",
            "⭐",
            "5 5",
            "٥",
            "@5",
            "@bot",
            "@bot @bot 5",
        ] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
