//! PostgreSQL: the pool, transactions, and one repository a table. The only place that knows SQL.
//! Query functions take `&mut Tx` or a pool and return domain types; a service opens and commits.

pub mod audit;
pub mod balance;
pub mod call_notes;
pub mod crashes;
pub mod dead_letters;
pub mod dialogs;
mod error;
pub mod files;
mod group_commit;
pub mod group_upgrades;
pub mod holds;
pub mod inbox;
pub mod invoices;
mod lanes;
pub mod messages;
pub mod migrate;
pub mod model_calls;
pub mod outbox;
mod outbox_rows;
pub mod payments;
pub mod people;
mod pool;
pub mod reconciliations;
pub mod records;
pub mod retention;
pub mod settings;
pub mod threads;
mod tool_calls;
pub mod topics;
pub mod turns;
mod tx;

pub use error::DbError;
pub use pool::Db;
pub(crate) use pool::OPERATION_LIMIT;
pub use tx::Tx;
