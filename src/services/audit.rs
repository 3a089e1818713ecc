//! Audits the books: what has changed since the last audit that found nothing, or all of them where none has,
//! where it is a week ago, or where something was found in them. So the reported number of problems never falls
//! because something was not looked at.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::audit::{self, Findings, Proved};
use crate::db::{Db, DbError};

/// After how many days all books are audited again.
const FULL_AFTER_DAYS: i32 = 7;
/// Time limit of an audit, above the one of its statement.
const LIMIT: Duration = Duration::from_secs(3_600);

/// How much of the books is audited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extent {
    /// All books.
    Full,
    /// What has changed since the last audit that found nothing, and all books where there is none.
    Recent,
}

/// What an audit found, and how far the books are proved now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Audit {
    /// What was audited in fact.
    pub(crate) extent: Extent,
    pub(crate) findings: Findings,
    pub(crate) proved: Proved,
}

/// Audits what is due. If all books are due but take too long, the recent part is audited all the same.
pub(crate) async fn run_due(db: &Db, stop: &CancellationToken) -> Result<Audit, DbError> {
    let proved = proved(db, stop).await?;
    if !proved.full_due {
        return run(db, stop, Extent::Recent).await;
    }
    let full = run(db, stop, Extent::Full).await;
    let Err(error) = &full else { return full };
    if !error.is_timeout() || proved.clean_at.is_none() {
        return full;
    }
    warn(error);
    run(db, stop, Extent::Recent).await
}

/// Logs that all books could not be audited.
fn warn(error: &DbError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "all books are due to be audited, but that takes too long");
}

/// Audits the books and records the result.
pub(crate) async fn run(db: &Db, stop: &CancellationToken, extent: Extent) -> Result<Audit, DbError> {
    let since = match extent {
        Extent::Full => None,
        Extent::Recent => proved(db, stop).await?.clean_at,
    };
    let findings = db.until(stop).run_job(LIMIT, || audit::check(db, since)).await?;
    let full = since.is_none();
    db.until(stop).persist(|| audit::record(db, full, &findings)).await?;
    let proved = proved(db, stop).await?;
    Ok(Audit { extent: if full { Extent::Full } else { Extent::Recent }, findings, proved })
}

async fn proved(db: &Db, stop: &CancellationToken) -> Result<Proved, DbError> {
    db.until(stop).persist(|| audit::proved(db, FULL_AFTER_DAYS)).await
}
