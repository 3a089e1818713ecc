//! Payment updates: pre-checkout queries, received payments and returned ones.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::super::context::BotContext;
use super::super::inbound::payments::PaymentEvent;
use super::super::locale;
use super::super::payment_worker::receipt;
use super::super::text::money;
use crate::bot_api::methods::AnswerPreCheckoutQuery;
use crate::db::DbError;
use crate::domain::ids::UpdateId;
use crate::domain::people::Person;
use crate::lifecycle::kill_point;
use crate::services::intake;
use crate::services::payments::{self, Checkout};
use crate::services::refunds::{RefundReply, Returned};

/// Time limit of the answer. Telegram waits ten seconds for it to arrive.
const CHECKOUT_LIMIT: Duration = Duration::from_secs(8);
/// The pause between attempts to answer.
const PAUSE: Duration = Duration::from_millis(300);

pub(super) async fn handle(context: Arc<BotContext>, event: PaymentEvent) -> Result<(), DbError> {
    match event {
        PaymentEvent::Checkout { update, query, payer, checkout } => {
            answer(&context, update, &query, &payer, &checkout).await
        }
        PaymentEvent::Paid(received) => {
            let payment_worker = &context.payment_worker;
            let credit =
                || payments::credit(&context.books, &received, |credited| receipt(&received, credited));
            let messages = context.db.persist(credit).await?;
            let waited = context.books.clock.now() - received.paid_at;
            payment_worker.count_payment(!messages.is_empty(), waited);
            context.courier().deliver_again(messages);
            Ok(())
        }
        PaymentEvent::Returned { update, charge_id, key, stars } => {
            let returned =
                Returned { update: Some(update), charge_id: &charge_id, payer: key.map(|key| (key, stars)) };
            let settle = || context.payment_worker.settle(&context.books, &returned, RefundReply::Given);
            let messages = context.db.persist(settle).await?;
            context.courier().deliver_again(messages);
            Ok(())
        }
    }
}

/// Answers in time or not at all. Without an answer, Telegram takes no Stars.
async fn answer(
    context: &BotContext,
    update: UpdateId,
    query: &str,
    payer: &Person,
    checkout: &Checkout,
) -> Result<(), DbError> {
    let deadline = Instant::now() + CHECKOUT_LIMIT;
    let db = &context.db;
    let judge = db.persist(|| payments::verdict(&context.books, checkout));
    let (result, refusal) = match timeout_at(deadline - Duration::from_secs(2), judge).await {
        Ok(Ok(None)) => ("ok", None),
        Ok(Ok(Some(refusal))) => {
            tracing::warn!(user.id = checkout.user.0, ?refusal, "a payment was refused before it was made");
            let language = locale::soon(context, payer).await;
            ("refused", Some(money::checkout_refused(language, refusal)))
        }
        Ok(Err(error)) => return Err(error),
        Err(_elapsed) => ("late", Some(money::checkout_later(locale::of_app(payer)))),
    };
    context.metrics.checkouts.with_label_values(&[result]).inc();
    kill_point!("checkout: before the answer");
    let method = AnswerPreCheckoutQuery {
        pre_checkout_query_id: query,
        ok: refusal.is_none(),
        error_message: refusal,
    };
    let send = async {
        loop {
            match context.screen.api.call(&method).await {
                Err(error) if error.is_passing() => tokio::time::sleep(PAUSE).await,
                answered => return answered,
            }
        }
    };
    match timeout_at(deadline, send).await {
        Ok(Ok(_)) => {}
        // Too late, for example after a restart: Telegram has already told the person.
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "Telegram does not take the answer to a payment");
        }
        Err(_elapsed) => tracing::warn!("a payment was not answered in time"),
    }
    kill_point!("checkout: after the answer");
    db.persist(|| intake::mark_handled(db, update)).await
}
