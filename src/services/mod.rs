//! The product's decisions about its data, one per file. Each opens and commits its own transactions.

pub mod adjustments;
pub(crate) mod admission;
pub mod books;
pub(crate) mod clearing;
pub(crate) mod copy_deletions;
pub(crate) mod file_contents;
pub(crate) mod file_copies;
pub(crate) mod file_previews;
pub(crate) mod group_upgrade;
pub(crate) mod history;
pub mod intake;
pub(crate) mod janitor;
pub mod made_files;
pub(crate) mod metering;
pub(crate) mod paid_call;
pub mod payments;
pub mod people;
pub mod pricing;
pub mod recovery;
pub mod refunds;
pub mod settlement;
pub(crate) mod statement;
pub(crate) mod transcription;
pub mod turn_context;
pub(crate) mod unshown;
pub mod write_behind;
