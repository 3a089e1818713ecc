//! The payment worker: wakes the refund job and composes messages about payments.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Notify;

use super::text::money;
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::db::payments::Payment;
use crate::domain::ids::{ChatId, MessageId, OutboxId, TopicId};
use crate::rendering::render;
use crate::services::books::Books;
use crate::services::payments::{Credited, IncomingPayment};
use crate::services::refunds::{self, RefundOutcome, RefundReply, Returned};
use crate::telemetry::metrics::Metrics;

/// Wakes the refund job and composes messages about payments. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PaymentWorker {
    work: Arc<Notify>,
    metrics: Metrics,
}

impl PaymentWorker {
    /// Creates a worker without pending refunds.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { work: Arc::default(), metrics }
    }

    /// Wakes the refund job.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    /// Waits until the refund job is woken.
    pub(super) async fn woken(&self) {
        self.work.notified().await;
    }

    /// Counts a payment that Telegram reported, which was `waited` old when it was credited.
    pub(super) fn count_payment(&self, is_new: bool, waited: TimeDelta) {
        if is_new {
            self.count_wait(waited);
        }
        self.metrics.payments.with_label_values(&[if is_new { "credited" } else { "known" }]).inc();
    }

    /// Counts how long a payment waited for its credit.
    pub(super) fn count_wait(&self, waited: TimeDelta) {
        self.metrics.payment_credit.observe(waited.to_std().unwrap_or_default().as_secs_f64());
    }

    /// Settles a refund by Telegram's answer.
    pub(super) async fn settle(
        &self,
        books: &Books,
        returned: &Returned<'_>,
        answer: RefundReply,
    ) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
        let tell = |payment: &Payment, end: RefundOutcome| {
            let result = match end {
                RefundOutcome::Given(_) => "given",
                RefundOutcome::ByTelegram(_) => "by_telegram",
                RefundOutcome::Refused => "refused",
            };
            self.metrics.refunds.with_label_values(&[result]).inc();
            let text = money::refund_end(payment.language.unwrap_or_default(), payment, end);
            // Stars are refunded once, but a refund can be requested and refused repeatedly.
            let wish = payment.asked_at.filter(|_| end == RefundOutcome::Refused);
            let wish = wish.map_or(0, |asked_at| asked_at.timestamp_micros());
            message(
                format!("refund:{}:{result}:{wish}", payment.id),
                payment.chat,
                payment.topic,
                None,
                &text,
            )
        };
        refunds::settle(books, returned, answer, tell).await
    }
}

/// Returns the message about a credit.
pub(super) fn receipt(received: &IncomingPayment, credited: Credited) -> OutboxMessage {
    let IncomingPayment { charge_id, stars, key, .. } = received;
    let text = money::receipt(*stars, credited, charge_id);
    message(format!("receipt:{charge_id}"), key.chat, key.topic, received.message, &text)
}

fn message(
    key: String,
    chat: ChatId,
    topic: Option<TopicId>,
    after: Option<MessageId>,
    markdown: &str,
) -> OutboxMessage {
    OutboxMessage { after, ..OutboxMessage::new(key, chat, topic, render(markdown).into_wire()) }
}
