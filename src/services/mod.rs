//! What the product does with its data, one decision a file: each opens and commits its own transactions.

pub mod books;
pub mod history;
pub mod intake;
pub mod people;
pub mod pricing;
pub mod recovery;
pub mod settlement;
pub mod tab;
