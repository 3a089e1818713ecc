//! Takes over the database of the predecessor: people with their balances, payments that can still be refunded,
//! chats, conversations, messages and files, in this order, in pages that are each one transaction. A page that
//! was taken before changes nothing, so an import that was interrupted is simply run again.
//!
//! The predecessor checked little of what it stored. What cannot be taken is left out and stands in the report
//! with its reason; the report counts every row of the predecessor and compares the sums of the balances.

mod conversations;
mod files;
mod import;
mod messages;
mod payments;
mod people;
mod report;

use secrecy::SecretString;

use self::import::Import;
pub(crate) use self::import::ImportError;
use self::report::Kind;
pub(crate) use self::report::Report;
use super::books::Books;
use crate::db::predecessor::{Predecessor, Table};

/// Takes over everything from a database of the predecessor. A trial does the same and then undoes it.
///
/// # Errors
/// Returns an error if one of the databases is away, or if the other is not one of the predecessor.
pub(crate) async fn run(books: &Books, from: &SecretString, is_trial: bool) -> Result<Report, ImportError> {
    let theirs = Predecessor::open(from).await.map_err(ImportError::Theirs)?;
    let missing = theirs.missing();
    if !missing.is_empty() {
        return Err(ImportError::Missing(missing.join(", ")));
    }
    let mut import = Import::new(books, theirs, is_trial);
    count(&mut import).await?;
    people::take(&mut import).await?;
    conversations::take_chats(&mut import).await?;
    conversations::take(&mut import).await?;
    messages::take(&mut import).await?;
    files::take(&mut import).await?;
    Ok(import.report)
}

/// Counts what the predecessor has, independently of the pages.
async fn count(import: &mut Import<'_>) -> Result<(), ImportError> {
    for (kind, table) in [
        (Kind::People, Table::Users),
        (Kind::Payments, Table::Payments),
        (Kind::Chats, Table::Chats),
        (Kind::Conversations, Table::Threads),
        (Kind::Messages, Table::Messages),
        (Kind::Files, Table::Files),
    ] {
        let rows = import.theirs.count(table).await.map_err(ImportError::Theirs)?;
        import.report.found(kind, rows);
    }
    for (table, why) in [
        (Table::Operations, "their sum is part of the balances"),
        (Table::ToolCalls, "statistics that nothing here needs"),
    ] {
        let rows = import.theirs.count(table).await.map_err(ImportError::Theirs)?;
        import.report.untaken(table.name(), rows, why);
    }
    import.report.balances.theirs = import.theirs.balances().await.map_err(ImportError::Theirs)?;
    let orphans = import.theirs.payments_of_nobody().await.map_err(ImportError::Theirs)?;
    import.report.left_out_rows(Kind::Payments, "of nobody who was taken", orphans);
    Ok(())
}
