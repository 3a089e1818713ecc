//! After a turn is closed: its messages go to the courier, what it leads to is brought up to date, and the
//! log has its line.

use super::closing::Closed;
use crate::db::turns::closing::ClosedTurn;
use crate::db::{DbError, topic_names};
use crate::domain::ids::TurnId;
use crate::domain::record::Record;
use crate::domain::topic::Topic;
use crate::domain::turn::{TurnReport, TurnRequest};
use crate::domain::usage::Usage;
use crate::services::settlement::Settled;
use crate::services::{turn_context, unshown};
use crate::telegram::context::BotContext;
use crate::telegram::courier::Delivery;

/// Delivers what a closed turn owes.
pub(super) async fn deliver(
    context: &BotContext,
    request: &TurnRequest,
    report: &TurnReport,
    closed: Closed,
) {
    let Closed { settled, begun, shown_before } = closed;
    match settled {
        Ok(Settled::Closed(ClosedTurn { owed, fresh, cost, payer, history_version })) => {
            context.metrics.costs.with_label_values(&[payer.name()]).inc_by(cost.nano());
            count_services(context, report);
            let courier = &context.screen.courier;
            let delivery = match (fresh, begun) {
                (true, true) => courier.deliver_begun(owed),
                (true, false) => courier.deliver(owed),
                (false, _) => {
                    courier.deliver_again(owed);
                    None
                }
            };
            name_topic(context, request, report, delivery);
            // The messages go first.
            tokio::task::yield_now().await;
            if shown_before {
                give_back_unshown(context, request.turn).await;
            }
            turn_context::keep_history(&context.cache, request, report, history_version).await;
            context.write_behind.put(Record::UserStats { turn: request.turn }).await;
        }
        Ok(Settled::AlreadyClosed(owed)) => {
            tracing::warn!(turn.id = request.turn.0, "the turn {} was closed before", request.turn);
            context.screen.courier.deliver_again(owed);
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(turn.id = request.turn.0, error, "the turn {} is not settled", request.turn);
        }
    }
    summarise(context, request, report);
}

/// Lets the topic of an answer be named once the answer has arrived, if that is still to be done.
fn name_topic(context: &BotContext, request: &TurnRequest, report: &TurnReport, delivery: Option<Delivery>) {
    let Some(id) = request.key.topic.filter(|_| report.outcome.state() == "answered") else { return };
    let topic = Topic { chat: request.key.chat, id };
    let (db, due, drain) = (context.db.clone(), context.topics_due.clone(), context.life.drain.clone());
    context.life.spawn("topic answered", async move {
        let answered = async {
            if let Some(delivery) = delivery {
                drop(delivery.await);
            }
            db.until(&drain).persist(|| topic_names::answered(&db, topic)).await
        };
        match drain.run_until_cancelled(answered).await {
            Some(Ok(true)) => due.notify_one(),
            // After a crash and after a drain, the namer finds the topic itself.
            Some(Ok(false) | Err(DbError::Cancelled)) | None => {}
            Some(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a topic waits for its name");
            }
        }
    });
}

/// Counts what the calls of a turn have cost, by model and service.
fn count_services(context: &BotContext, report: &TurnReport) {
    for call in &report.calls {
        let cost = context.books.entry(call).cost.nano();
        context.metrics.service_costs.with_label_values(&[&call.model.0]).inc_by(cost);
    }
}

/// Gives the charge back if Telegram refused every part of an answer whose parts were all enqueued while it grew: when
/// they were refused, there was no charge yet.
async fn give_back_unshown(context: &BotContext, turn: TurnId) {
    let db = &context.db;
    match db.persist(|| unshown::look(db, turn)).await {
        Ok(returned) => context.metrics.returned.inc_by(returned.unwrap_or_default().nano()),
        // The next start looks again.
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(turn.id = turn.0, error, "whether the turn {turn} was shown is not known");
        }
    }
}

/// The one line that the log has for a turn.
fn summarise(context: &BotContext, request: &TurnRequest, report: &TurnReport) {
    let outcome = report.outcome.detail();
    context.metrics.turns.with_label_values(&[outcome]).inc();
    let sum = |field: fn(&Usage) -> u64| -> u64 { report.calls.iter().map(|call| field(&call.usage)).sum() };
    tracing::info!(
        turn.id = request.turn.0,
        turn.attempt = request.attempt,
        turn.outcome = outcome,
        thread.id = request.thread.0,
        chat.id = request.key.chat.0,
        user.id = request.asker.0,
        model = %request.settings.model.id,
        calls = report.calls.len(),
        tokens.input = sum(|usage| usage.input),
        tokens.cache_read = sum(|usage| usage.cache_read),
        tokens.cache_write = sum(|usage| usage.cache_write_5m + usage.cache_write_1h),
        tokens.output = sum(|usage| usage.output),
        first_text_ms = report.calls.iter().find_map(|call| call.first_text_ms),
        answer_chars = report.text.chars().count(),
        "turn {} {outcome}",
        request.turn,
    );
}
