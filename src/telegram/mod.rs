//! Telegram: updates in, messages out. `intake` stores, `dispatcher` routes, `pipeline` makes turns, `session` owns
//! the running one, `streaming` shows it, `courier` delivers what is owed. `tests/it/architecture` has the order in which
//! they import each other.

pub mod arrivals;
mod checkpoint;
pub mod context;
pub mod courier;
pub mod deferred;
pub mod dispatcher;
pub mod handlers;
pub mod inbound;
pub mod intake;
pub mod keyboards;
pub mod payment_jobs;
pub mod payment_worker;
pub mod pipeline;
mod replies;
pub mod session;
mod sessions;
pub mod streaming;
pub mod text;
mod turn;
