//! Metrics in a registry of their own. Every family starts with all its labels at zero, so that no graph has
//! a gap. Metric names of the predecessor (`bot_...`) are kept where the meaning is the same.

mod define;
mod family;
mod series;

use std::time::Duration;

use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use self::define::metrics;
pub use self::family::Family;

/// A number that only grows, for code that counts outside this file.
pub type Counter = IntCounter;

/// Histogram buckets in seconds, from a quick local step to a long answer.
const DURATIONS_S: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Histogram buckets in seconds for a family with many series.
const COARSE_DURATIONS_S: &[f64] = &[0.005, 0.05, 0.5, 5.0];

/// A family with many series and few buckets.
type CoarseHistogramVec = HistogramVec;

metrics! {
    /// Updates that were stored, by kind.
    updates: IntCounterVec = "bot_updates_total"
        ["kind": "message" | "edited_message" | "callback_query" | "pre_checkout_query" | "my_chat_member"
            | "stopped_message_generation" | "channel_post" | "edited_channel_post"
            | "business_connection" | "business_message" | "edited_business_message"
            | "deleted_business_messages" | "guest_message" | "message_reaction"
            | "message_reaction_count" | "inline_query" | "chosen_inline_result" | "shipping_query"
            | "purchased_paid_media" | "poll" | "poll_answer" | "chat_member" | "chat_join_request"
            | "chat_boost" | "removed_chat_boost" | "managed_bot" | "subscription" | "other"];
    /// Updates that came again and were dropped.
    updates_duplicate: IntCounter = "bot_updates_duplicate_total";
    /// Updates of a kind that the bot does not handle.
    updates_ignored: IntCounter = "bot_updates_ignored_total";
    /// Updates that were given up after many attempts; their senders were told.
    updates_given_up: IntCounter = "bot_updates_given_up_total";
    /// Updates that had to wait because the mailbox of their thread was full.
    updates_deferred: IntCounter = "bot_updates_deferred_total";
    /// Messages from people to be answered, by kind of chat.
    messages_received: IntCounterVec = "bot_messages_received_total"
        ["chat_type": "private" | "group" | "supergroup" | "channel"];
    /// Messages with nothing to read, and service messages that are not used, by kind.
    messages_unread: IntCounterVec = "bot_messages_unread_total"
        ["kind": "text" | "rich_message" | "animation" | "photo" | "live_photo" | "document" | "audio" | "video"
            | "video_note" | "voice" | "sticker" | "paid_media" | "story" | "checklist" | "contact"
            | "dice" | "game" | "poll" | "venue" | "location" | "invoice" | "giveaway"
            | "giveaway_winners" | "gift" | "unique_gift" | "passport_data" | "successful_payment"
            | "refunded_payment" | "migrate_to_chat_id" | "migrate_from_chat_id" | "pinned_message"
            | "new_chat_members" | "left_chat_member" | "chat_owner_left" | "chat_owner_changed"
            | "new_chat_title" | "new_chat_photo" | "delete_chat_photo" | "group_chat_created"
            | "supergroup_chat_created" | "channel_chat_created" | "message_auto_delete_timer_changed"
            | "users_shared" | "user_shared" | "chat_shared" | "gift_upgrade_sent" | "connected_website"
            | "write_access_allowed" | "proximity_alert_triggered" | "boost_added" | "chat_background_set"
            | "checklist_tasks_done" | "checklist_tasks_added" | "direct_message_price_changed"
            | "forum_topic_created" | "forum_topic_edited" | "forum_topic_closed" | "forum_topic_reopened"
            | "general_forum_topic_hidden" | "general_forum_topic_unhidden" | "giveaway_created"
            | "giveaway_completed" | "managed_bot_created" | "paid_message_price_changed"
            | "poll_option_added" | "poll_option_deleted" | "suggested_post_approved"
            | "suggested_post_approval_failed" | "suggested_post_declined" | "suggested_post_paid"
            | "suggested_post_refunded" | "video_chat_scheduled" | "video_chat_started"
            | "video_chat_ended" | "video_chat_participants_invited" | "web_app_data"
            | "community_chat_added" | "community_chat_removed" | "community_chat_joined" | "empty"
            | "other"];
    /// Messages of people that became part of another message's prompt.
    messages_batched: IntCounter = "bot_queue_messages_batched_total";
    /// Messages that Telegram accepted (answers, greetings, notices).
    messages_sent: IntCounter = "bot_messages_sent_total";
    /// Seconds from the moment a message was owed to its acceptance by Telegram; for an answer, from its
    /// settlement.
    delivery: Histogram = "bot_delivery_seconds";
    /// Messages that Telegram refused for good.
    messages_refused: IntCounter = "bot_messages_refused_total";
    /// Calls of the Bot API, by method and result; flood is a 429.
    telegram_calls: IntCounterVec = "bot_telegram_calls_total" <"method", "result">;
    /// Seconds that calls about finished messages waited for their place under Telegram's limits.
    telegram_wait: Histogram = "bot_telegram_wait_seconds";
    /// Seconds of silence that 429s have imposed, summed over chats.
    telegram_penalty: IntCounter = "bot_telegram_penalty_seconds_total";
    /// Drafts and other cosmetic calls that were dropped: full budget, penalty, or a finished message
    /// waiting.
    telegram_dropped: IntCounter = "bot_telegram_cosmetic_dropped_total";
    /// Files of people that were fetched and copied to the model's provider, by result.
    files_fetched: IntCounterVec = "bot_files_fetched_total" ["result": "ok" | "refused" | "failed"];
    /// Recordings of people, by what came of their transcription.
    transcriptions: IntCounterVec = "bot_transcriptions_total" ["result": "ok" | "empty" | "withheld" | "stopped" | "failed"];
    /// Seconds from the request for a transcript to the transcript.
    transcription: Histogram = "bot_transcription_seconds";
    /// Seconds of recordings that were transcribed and paid, each rounded up; with those of stopped requests.
    transcribed_seconds: IntCounter = "bot_transcribed_seconds_total";
    /// What transcriptions have cost their users, in 10^-9 US dollars; also in bot_costs_nanousd_total.
    transcription_costs: IntCounter = "bot_transcription_costs_nanousd_total";
    /// Copies at the model's provider that were deleted because no file refers to them, by result.
    copies_deleted: IntCounterVec = "bot_copies_deleted_total" ["result": "ok" | "failed"];
    /// Turns that ended, by outcome.
    turns: IntCounterVec = "bot_turns_total"
        ["outcome": "complete" | "truncated" | "out_of_funds" | "turn_limit" | "no_funds" | "banned" | "stopped" | "superseded" | "shutdown" | "crashed" | "overloaded" | "unreachable"
            | "rejected" | "too_long" | "refused" | "empty" | "internal" | "voice_off" | "not_heard" | "nothing_said"];
    /// Turns that run now.
    turns_active: IntGauge = "bot_turns_active";
    /// Threads with a task in memory.
    threads_active: IntGauge = "bot_queue_threads_total";
    /// Seconds from the closing of a batch to the request to the model.
    preparation: Histogram = "bot_turn_preparation_seconds";
    /// Seconds from the request to the model to its first visible text.
    first_text: Histogram = "bot_llm_first_text_seconds";
    /// Seconds from the first words of an answer to the draft, or to the message in a group, that shows them.
    /// Answers that are complete before that are not counted.
    first_shown: Histogram = "bot_first_draft_seconds";
    /// Seconds from the request to the model to the end of its answer.
    llm_request: Histogram = "bot_llm_request_seconds";
    /// Requests to the model, by how they ended.
    llm_requests: IntCounterVec = "bot_llm_requests_total" <"model", "result">;
    /// Tokens, by kind.
    llm_tokens: IntCounterVec = "bot_llm_tokens_total" <"model", "kind">;
    /// Calls of tools, by result. Those that the model's provider runs are counted as they are billed.
    tool_calls: IntCounterVec = "bot_tool_calls_total" <"tool_name", "status">;
    /// Seconds that calls of a tool took.
    tool_execution: HistogramVec = "bot_tool_execution_seconds" <"tool_name">;
    /// Calls of paid tools that were refused, because too little was left of the balance or of what a
    /// sub-agent's task may cost.
    tools_refused: IntCounterVec = "bot_tools_refused_total" <"tool_name", "reason">;
    /// Payments that Telegram reported, by result.
    payments: IntCounterVec = "bot_payments_total" ["result": "credited" | "known"];
    /// Seconds from a payment, as Telegram dates it, to its credit. Telegram's dates are whole seconds.
    payment_credit: Histogram = "bot_payment_credit_seconds";
    /// Pre-checkout queries, by the answer.
    checkouts: IntCounterVec = "bot_pre_checkouts_total" ["result": "ok" | "refused" | "late"];
    /// Refunds, by how they ended.
    refunds: IntCounterVec = "bot_refunds_total" ["result": "given" | "by_telegram" | "refused"];
    /// Payments and refunds found only in Telegram's list of transactions.
    reconciled: IntCounterVec = "bot_star_reconciled_total" ["what": "payment" | "refund"];
    /// Rows that were deleted because they had served their purpose.
    cleaned_up: IntCounterVec = "bot_cleaned_up_rows_total" ["what": "messages" | "checkpoints" | "updates" | "deliveries"];
    /// The newest epoch of the buckets of chats that this instance holds: how often some were taken over so far. 0
    /// while it holds none.
    work_epoch: IntGauge = "bot_work_epoch";
    /// How many of the 1,024 buckets of chats this instance holds.
    buckets_held: IntGauge = "bot_buckets_held";
    /// How many buckets of chats nobody alive held when this instance last looked.
    buckets_free: IntGauge = "bot_buckets_free";
    /// How many instances had ended without a word, killed or taken for dead, in the half hour before the last
    /// heartbeat of this one.
    instance_deaths: IntGauge = "bot_instance_deaths";
    /// Buckets of chats that instances have named to each other because updates wait there, by what became of it.
    wake_ups: IntCounterVec = "bot_wake_ups_total" ["result": "sent" | "received" | "dropped"];
    /// Whether wake-ups from other instances can arrive: 1 or 0.
    wake_ups_received: IntGauge = "bot_wake_ups_arrive";
    /// When a heartbeat of this instance last reached the database, seconds since 1970.
    heartbeat_time: IntGauge = "bot_heartbeat_timestamp_seconds";
    /// Whether this instance has a duty, which one instance has at a time: 1 or 0.
    duties_held: IntGaugeVec = "bot_duty_held" <"duty">;
    /// What the audit of the books found to be wrong when it last ran; 0 is what an operator wants to see.
    audit_problems: IntGauge = "bot_audit_problems";
    /// When the audit last ran to its end, seconds since 1970.
    audit_time: IntGauge = "bot_audit_timestamp_seconds";
    /// When an audit of all books last found nothing, seconds since 1970; 0 before the first. The other
    /// audits read what has changed since.
    audit_full_time: IntGauge = "bot_audit_full_timestamp_seconds";
    /// What the models and transcriptions have cost in 10^-9 US dollars, by who pays; the operator pays where
    /// the fault was ours.
    costs: IntCounterVec = "bot_costs_nanousd_total" ["payer": "user" | "owner"];
    /// What closed turns and transcriptions have cost, in 10^-9 US dollars, by model or paid service; without
    /// attempts that a crash has ended.
    service_costs: IntCounterVec = "bot_service_costs_nanousd_total" <"service">;
    /// What was given back for answers that never reached their chats, in 10^-9 US dollars; the operator's loss,
    /// too.
    returned: IntCounter = "bot_returned_nanousd_total";
    /// Operations on the database that had to be tried again.
    db_retries: IntCounter = "bot_db_retries_total";
    /// Statements that were sent to the database, without the beginnings and ends of transactions.
    db_queries: IntCounter = "bot_db_queries_total";
    /// Seconds that statements took, by the operation that they belong to.
    db_statements: CoarseHistogramVec = "bot_db_statement_seconds" <"operation">;
    /// Connections of the pool for single statements and transactions that are in use.
    db_active: IntGauge = "bot_db_connections_active";
    /// Connections of that pool that are open and idle.
    db_idle: IntGauge = "bot_db_connections_idle";
    /// Calls to Redis: one for everything that is sent together.
    redis_round_trips: IntCounter = "bot_redis_round_trips_total";
    /// Calls to Redis that failed: no answer in time (in somebody's way, or in the background), no
    /// connection, or a refusal.
    redis_failures: IntCounterVec = "bot_redis_failures_total"
        ["kind": "timeout" | "background_timeout" | "connection" | "refused"];
    /// Whether Redis is left alone because it failed (1) or not (0).
    redis_circuit_open: IntGauge = "bot_redis_circuit_open";
    /// How often Redis began to be left alone.
    redis_circuit_opened: IntCounter = "bot_redis_circuit_opened_total";
    /// Reads of the cache that found something, by cache.
    redis_cache_hits: IntCounterVec = "bot_redis_cache_hits_total"
        ["cache_type": "user" | "thread" | "messages" | "file"];
    /// Reads of the cache that found nothing, by cache.
    redis_cache_misses: IntCounterVec = "bot_redis_cache_misses_total"
        ["cache_type": "user" | "thread" | "messages" | "file"];
    /// Turns whose cached context was behind the database, which was read instead.
    redis_cache_stale: IntCounter = "bot_redis_cache_stale_total";
    /// Items that wait to be written to the database.
    write_queue_depth: IntGauge = "bot_write_queue_depth";
    /// Seconds that the oldest item of the write queue has waited.
    write_queue_oldest: IntGauge = "bot_write_queue_oldest_seconds";
    /// Seconds that writing a batch of queued items to the database took.
    write_flush: Histogram = "bot_write_flush_seconds";
    /// Items that were written to the database, by type.
    write_flushed: IntCounterVec = "bot_write_flush_total" ["write_type": "user_stats" | "tool_call" | "checkpoint"];
    /// Items that went to the database without Redis in between.
    write_direct: IntCounter = "bot_write_direct_total";
    /// Batches that have to be tried again because the database was away.
    write_retries: IntCounter = "bot_write_retries_total";
    /// Items that the database refused and that were put aside.
    write_dead_letters: IntCounter = "bot_write_dead_letters_total";
    /// Whether the bot receives updates and hands them on, as /ready says (1), or not (0).
    ready: IntGauge = "bot_ready";
    /// The version that runs; always 1.
    build_info: IntGaugeVec = "bot_build_info" <"version">;
    /// When the figures about the state of the database were read, seconds since 1970; they are read when
    /// Prometheus asks, at most every 10 seconds.
    state_time: IntGauge = "bot_state_timestamp_seconds";
    /// Users with an account.
    users: IntGauge = "bot_total_users";
    /// Users who were seen in the last hour.
    users_active: IntGauge = "bot_active_users";
    /// Users whose balance is below zero.
    users_overdrawn: IntGauge = "bot_overdrawn_users";
    /// Sum of all balances, US dollars.
    balances: Gauge = "bot_total_balance_usd";
    /// Sum of the balances below zero, US dollars.
    overdrafts: Gauge = "bot_overdrafts_usd";
    /// Money reserved for work in progress, US dollars.
    holds: Gauge = "bot_holds_usd";
    /// Updates that are stored and not handled, without those that were given up.
    inbox_pending: IntGauge = "bot_inbox_pending";
    /// Age of the oldest of them, seconds; 0 without any.
    inbox_oldest: IntGauge = "bot_inbox_oldest_seconds";
    /// Messages that are owed to chats.
    outbox_pending: IntGauge = "bot_outbox_pending";
    /// Age of the oldest of them, seconds; 0 without any.
    outbox_oldest: IntGauge = "bot_outbox_oldest_seconds";
    /// Turns that are not closed.
    turns_open: IntGauge = "bot_turns_open";
    /// Age of the oldest of them, seconds; 0 without any.
    turns_oldest: IntGauge = "bot_turns_open_oldest_seconds";
    /// Telegram Stars since the first payment, by direction; refunded ones are part of the paid ones.
    stars: IntGaugeVec = "bot_stars" <"direction">;
    /// What was credited for Stars since the first payment, without refunds, US dollars.
    credited: Gauge = "bot_credited_usd";
    /// Refunds that Telegram has not answered.
    refunds_pending: IntGauge = "bot_refunds_pending";
    /// Age of the oldest of them, seconds; 0 without any.
    refunds_oldest: IntGauge = "bot_refunds_oldest_seconds";
    /// Records that the database refused and that wait for the operator.
    dead_letters: IntGauge = "bot_dead_letters";
}

impl Metrics {
    /// Counts a call of a tool that ended.
    pub(crate) fn count_tool(&self, name: &str, failed: bool, duration: Duration) {
        self.tool_calls.with_label_values(&[name, if failed { "error" } else { "success" }]).inc();
        self.tool_execution.with_label_values(&[name]).observe(duration.as_secs_f64());
    }

    /// All families in the text format of Prometheus.
    pub fn render(&self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut bytes) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests;
