//! Telegram: updates in, messages out. `intake` stores, `dispatcher` routes, `pipeline` makes turns,
//! `session` owns the running one, `streaming` shows it, `courier` delivers outbox messages.
//! `tests/it/architecture` defines the order in which they import each other.

pub(crate) mod announcer;
pub(crate) mod arrivals;
mod checkpoint;
pub(crate) mod commands;
pub(crate) mod context;
pub(crate) mod courier;
pub(crate) mod deferred;
pub(crate) mod dispatcher;
pub(crate) mod group_administrators;
pub(crate) mod handlers;
pub(crate) mod inbound;
pub(crate) mod intake;
pub(crate) mod keyboards;
mod locale;
pub(crate) mod looks;
pub(crate) mod menu_checks;
pub(crate) mod menus;
pub(crate) mod payment_jobs;
pub(crate) mod payment_worker;
pub(crate) mod personal_data;
pub(crate) mod personal_menus;
pub(crate) mod pipeline;
mod replies;
pub(crate) mod session;
mod sessions;
pub(crate) mod streaming;
pub(crate) mod text;
pub(crate) mod topic_namer;
mod turn;
