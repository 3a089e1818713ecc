//! The two payment jobs. One requests refunds from Telegram until it answers. The other compares Telegram's
//! list of transactions with our payments, at start and daily, so that a payment whose update was lost is
//! credited too.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use super::context::BotContext;
use super::inbound::payments::{TransactionLine, read_line};
use super::payment_worker;
use crate::bot_api::methods::{GetStarTransactions, RefundStarPayment};
use crate::bot_api::{Api, ApiError};
use crate::db::payments::{self, Payment};
use crate::db::reconciliations::{self, Reconciled};
use crate::db::{Db, DbError};
use crate::lifecycle::kill_point;
use crate::services::payments::credit;
use crate::services::refunds::{self, RefundReply, Returned};

/// The most refunds processed at once.
const PAGE: i64 = 50;
/// The transactions per call, Telegram's maximum.
const LINES: i64 = 100;
/// The longest time between two checks for refunds: another instance may have taken a request for one. Others
/// follow when one is requested here, or due.
const IDLE: Duration = Duration::from_secs(3);
/// The pause before a refund is tried again that could not be written down.
const AGAIN: Duration = Duration::from_secs(60);
/// The interval between comparisons.
const RECONCILE_EVERY: Duration = Duration::from_secs(86_400);
/// The pause before a failed comparison is retried.
const RECONCILE_AGAIN: Duration = Duration::from_secs(60);

/// Processes refunds until the service drains.
pub(crate) async fn drive_refunds(context: Arc<BotContext>) {
    let drain = context.life.drain.clone();
    loop {
        let pause = match drive_due(&context).await {
            Ok(pause) => pause,
            Err(DbError::Cancelled) => return,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the refunds have to wait");
                AGAIN
            }
        };
        tokio::select! {
            () = drain.cancelled() => return,
            () = context.payment_worker.woken() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Requests all due refunds. Returns when to check again.
async fn drive_due(context: &BotContext) -> Result<Duration, DbError> {
    let (db, drain) = (&context.db, &context.life.drain);
    loop {
        let now = context.books.clock.now();
        let due = db.until(drain).persist(|| payments::due(db, now, PAGE)).await?;
        if due.is_empty() {
            break;
        }
        for (payment, tries) in due {
            if drain.is_cancelled() {
                return Err(DbError::Cancelled);
            }
            match drive(context, &payment, tries).await {
                Ok(()) => {}
                Err(error @ DbError::Cancelled) => return Err(error),
                Err(error) => {
                    // Retried later, so that it does not delay the others.
                    tracing::error!(
                        payment.id = payment.id.0,
                        error = &error as &dyn std::error::Error,
                        "a refund could not be written down"
                    );
                    let wait = || refunds::postpone(&context.books, &payment, tries, AGAIN);
                    db.until(drain).persist(wait).await?;
                }
            }
        }
    }
    let next = db.until(drain).persist(|| payments::next_due(db)).await?;
    let until = next.map(|next| (next - context.books.clock.now()).to_std().unwrap_or_default());
    Ok(until.unwrap_or(IDLE).clamp(Duration::from_millis(100), IDLE))
}

async fn drive(context: &BotContext, payment: &Payment, tries: i32) -> Result<(), DbError> {
    let charge_id = &payment.charge_id;
    let method = RefundStarPayment { user_id: payment.user, telegram_payment_charge_id: charge_id };
    kill_point!("refund: before the call");
    let abort = &context.life.abort;
    let answered = tokio::select! {
        answered = context.screen.api.call(&method) => answered,
        // The next start requests the refund again.
        () = abort.cancelled() => return Err(DbError::Cancelled),
    };
    let mut wait = Duration::ZERO;
    let answer = match answered {
        Ok(_) => Some(RefundReply::Given),
        Err(ApiError::Refused { description, .. }) if description.contains("ALREADY_REFUNDED") => {
            Some(RefundReply::Given)
        }
        Err(error) if error.is_passing() => {
            if let ApiError::Flood(penalty) = error {
                wait = penalty;
            }
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                payment.id = payment.id.0,
                tries,
                error,
                "Telegram does not answer about a refund"
            );
            None
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(payment.id = payment.id.0, error, "Telegram refuses a refund");
            Some(RefundReply::Refused)
        }
    };
    kill_point!("refund: after the call");
    let db = &context.db;
    let Some(answer) = answer else {
        let postpone = || refunds::postpone(&context.books, payment, tries, wait);
        return db.persist(postpone).await;
    };
    let returned = Returned { update: None, charge_id, payer: None };
    let settle = || context.payment_worker.settle(&context.books, &returned, answer);
    let messages = db.persist(settle).await?;
    context.courier().deliver_again(messages);
    Ok(())
}

/// Compares Telegram's list with our payments until the service drains.
pub(crate) async fn reconcile(context: Arc<BotContext>) {
    let drain = context.life.drain.clone();
    loop {
        // The next comparison repeats an interrupted one.
        let compared = tokio::select! {
            compared = compare(&context) => compared,
            () = drain.cancelled() => return,
        };
        let pause = match compared {
            Ok(reconciled) => {
                tracing::info!(?reconciled, "compared the payments with Telegram's list");
                RECONCILE_EVERY
            }
            Err(ReconcileError::Database(DbError::Cancelled)) => return,
            Err(unfinished) => {
                let error = &unfinished as &dyn std::error::Error;
                tracing::warn!(error, "the payments could not be compared with Telegram's list");
                RECONCILE_AGAIN
            }
        };
        tokio::select! {
            () = drain.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Why a comparison failed.
#[derive(Debug, thiserror::Error)]
enum ReconcileError {
    #[error("the list could not be fetched")]
    Telegram(#[from] ApiError),
    #[error("the payments could not be read or written")]
    Database(#[from] DbError),
}

async fn compare(context: &BotContext) -> Result<Reconciled, ReconcileError> {
    let (db, drain): (&Db, _) = (&context.db, &context.life.drain);
    let known = db.until(drain).persist(|| reconciliations::known(db)).await?;
    // Reads the newest known transactions again, because a refund may have followed meanwhile.
    let mut offset = (known - LINES).max(0);
    let mut reconciled = Reconciled::default();
    let mut page = fetch(&context.screen.api, offset).await?;
    if page.is_empty() && offset > 0 {
        // The list is shorter than before: it belongs to another bot, or was reset.
        offset = 0;
        page = fetch(&context.screen.api, offset).await?;
    }
    loop {
        let count = i64::try_from(page.len()).unwrap_or(LINES);
        compare_page(context, page, &mut reconciled).await?;
        offset += count;
        if count < LINES {
            break;
        }
        page = fetch(&context.screen.api, offset).await?;
    }
    reconciled.seen = offset;
    db.until(drain).persist(|| reconciliations::finished(db, reconciled)).await?;
    Ok(reconciled)
}

async fn fetch(api: &Api, offset: i64) -> Result<Vec<Box<RawValue>>, ApiError> {
    Ok(api.call(&GetStarTransactions { offset, limit: LINES }).await?.transactions)
}

async fn compare_page(
    context: &BotContext,
    page: Vec<Box<RawValue>>,
    reconciled: &mut Reconciled,
) -> Result<(), DbError> {
    let db = &context.db;
    let lines: Vec<TransactionLine> = page.iter().filter_map(|line| read_line(line.get())).collect();
    let ids: Vec<String> = lines.iter().map(|line| line.charge_id().to_owned()).collect();
    let known = db.persist(|| payments::known(db, &ids)).await?;
    let state = |charge: &str| known.iter().find(|(id, _)| id == charge).map(|&(_, refunded)| refunded);
    for line in &lines {
        match line {
            TransactionLine::Paid(received) if state(&received.charge_id).is_none() => {
                let receipt = |credited| payment_worker::receipt(received, credited);
                let book = || credit(&context.books, received, receipt);
                let messages = db.persist(book).await?;
                if !messages.is_empty() {
                    reconciled.credited += 1;
                    context.metrics.reconciled.with_label_values(&["payment"]).inc();
                    context.payment_worker.count_wait(context.books.clock.now() - received.paid_at);
                    tracing::warn!(
                        user.id = received.person.id.0,
                        stars = received.stars,
                        "credited a payment that only Telegram's list told of"
                    );
                }
                context.courier().deliver_again(messages);
            }
            TransactionLine::Returned { charge_id, key, stars } if state(charge_id) != Some(true) => {
                let returned = Returned { update: None, charge_id, payer: Some((*key, *stars)) };
                let settle = || context.payment_worker.settle(&context.books, &returned, RefundReply::Given);
                let messages = db.persist(settle).await?;
                if !messages.is_empty() {
                    reconciled.refunded += 1;
                    context.metrics.reconciled.with_label_values(&["refund"]).inc();
                }
                context.courier().deliver_again(messages);
            }
            TransactionLine::Paid(_) | TransactionLine::Returned { .. } => {}
        }
    }
    Ok(())
}
