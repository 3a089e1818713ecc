//! The whole bot: the real binary, the real PostgreSQL, an emulated Telegram and an emulated model over HTTP.
//! Each test reads like a chat; at its end the harness fails on everything that is left over.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "a test that cannot go on fails; its helpers read the environment and spawn as they like"
)]

mod administrators;
mod announcements;
mod architecture;
mod audit;
mod batching;
mod cache;
mod cached_history;
mod charges;
mod chat;
mod clear;
mod clear_delayed;
mod clear_topics;
mod closings;
mod commands;
mod concurrency;
mod crash;
mod crash_blame;
mod critique;
mod daily_files;
mod daily_tools;
mod dealing;
mod delivery;
mod dialogs;
mod doctor;
mod drawing;
mod drawing_faults;
mod edits;
mod erasure;
mod every_tool;
mod exports;
mod failover;
mod file_contents;
mod file_copies;
mod file_edits;
mod file_kinds;
mod file_limits;
mod file_previews;
mod file_sizes;
mod file_storm;
mod files;
mod files_out;
mod files_pictures;
mod formulas;
mod group_settings;
mod group_upgrades;
mod groups;
mod growth;
mod harness;
mod import;
mod instances;
mod intake;
mod interruptions;
mod judges;
mod kill_points;
mod languages;
mod leaks;
mod ledger;
mod limits;
mod logs;
mod long_answers;
mod lookups;
mod lost_confirmations;
mod menus;
mod models_command;
mod odd_payments;
mod odd_streams;
mod openings;
mod operations;
mod outage;
mod personality;
mod pointing;
mod pooler;
mod preferences;
mod provider_faults;
mod python;
mod readiness;
mod reading;
mod recovery;
mod redis_servers;
mod refunds;
mod retention;
mod retries;
mod secrets;
mod settings;
mod shared_conversations;
mod shut_out;
mod shutdown;
mod sponsors;
mod stars;
mod statements;
mod stopped;
mod stopped_transcripts;
mod storm;
mod tool_loops;
mod topic_names;
mod topics;
mod transcripts;
mod upgrades;
mod vision;
mod voice;
mod wake_ups;
mod web;
mod write_behind;
