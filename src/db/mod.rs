//! PostgreSQL: the pool, transactions, and one repository per table. The only module that contains SQL. Query
//! functions take `&mut Tx` or a pool and return domain types; the services begin and commit transactions.

pub(crate) mod audit;
pub(crate) mod balance;
pub mod call_notes;
pub(crate) mod copy_deletions;
pub(crate) mod crashes;
pub(crate) mod dead_letters;
pub(crate) mod dialogs;
mod error;
pub mod file_bytes;
pub(crate) mod file_edits;
pub mod files;
mod group_commit;
pub(crate) mod group_upgrades;
pub mod holds;
pub(crate) mod inbox;
pub(crate) mod invoices;
pub(crate) mod known_transcripts;
mod lanes;
pub mod made_files;
pub(crate) mod messages;
pub mod migrate;
pub(crate) mod model_calls;
pub mod outbox;
mod outbox_rows;
pub(crate) mod payments;
pub(crate) mod people;
mod persistence;
mod pool;
pub(crate) mod reconciliations;
pub mod records;
pub mod retention;
pub(crate) mod sandboxes;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod threads;
mod tool_calls;
pub(crate) mod topics;
pub(crate) mod transcriptions;
pub mod turns;
mod tx;

pub use error::DbError;
pub(crate) use persistence::OPERATION_LIMIT;
pub use persistence::Persistence;
pub use pool::Db;
pub use tx::Tx;
