//! The product's decisions about its data, one per file. Each opens and commits its own transactions.

pub mod adjustments;
pub mod admission;
pub mod books;
pub mod clearing;
pub mod group_upgrade;
pub mod history;
pub mod intake;
pub mod janitor;
pub mod metering;
pub mod payments;
pub mod people;
pub mod pricing;
pub mod recovery;
pub mod refunds;
pub mod settlement;
pub mod statement;
pub mod turn_context;
pub mod unshown;
pub mod write_behind;
