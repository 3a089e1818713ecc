//! `/pay`: packages as buttons, an amount of one's own as a question, and the invoice that either leads to.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::keyboards;
use super::super::rendering::{RichText, render};
use super::super::text::money;
use super::{answer_to, carry_out};
use crate::db::DbError;
use crate::db::invoices::Invoice;
use crate::db::outbox::Owed;
use crate::domain::message::Incoming;
use crate::domain::stars::MOST;
use crate::services::payments;

/// Shows what is sold.
pub(super) async fn packages(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let language = envelope.language();
    let message = |packages: &[_]| Owed {
        keyboard: Some(keyboards::packages(packages, language).0),
        ..answer_to(&envelope, render(&money::pay(language)))
    };
    let show = || payments::packages(&context.books, envelope.caller(), message);
    carry_out(&context, "payments::packages", show).await
}

/// Sends an invoice of so many Stars.
pub(super) async fn offer(context: Arc<Context>, envelope: Envelope, stars: u32) -> Result<(), DbError> {
    let language = envelope.language();
    let message = |invoice: &Invoice| Owed {
        reply_to: None,
        ..answer_to(&envelope, RichText::plain(money::invoice(language, invoice.stars, invoice.credit)))
    };
    let offer = || payments::offer(&context.books, envelope.caller(), stars, message);
    carry_out(&context, "payments::offer", offer).await
}

/// Asks how many Stars it shall be.
pub(super) async fn ask_amount(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let question = || answer_to(&envelope, render(&money::ask_amount(envelope.language())));
    let ask = || payments::ask_amount(&context.books, envelope.caller(), question());
    carry_out(&context, "payments::ask_amount", ask).await
}

/// Takes a text as the answer to that question.
pub(crate) async fn take_amount(context: Arc<Context>, incoming: Incoming) -> Result<(), DbError> {
    let stars = amount(&incoming.text);
    let envelope = Envelope::from(incoming);
    match stars {
        Some(stars) => offer(context, envelope, stars).await,
        None => super::reply(&context, &envelope, |language, _| money::wrong_amount(language)).await,
    }
}

/// Leaves the question.
pub(super) async fn cancel(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let message =
        |waited| answer_to(&envelope, RichText::plain(money::cancelled(envelope.language(), waited)));
    let cancel = || payments::cancel(&context.books, envelope.caller(), message);
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
