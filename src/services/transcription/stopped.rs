//! Requests that a person has stopped. The service may have done the work, so the person pays as for an answer:
//! otherwise stops would spend the operator's money.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Request, post, price};
use crate::db::transcriptions::{self, StoppedRequest};
use crate::db::{Db, DbError};
use crate::domain::money::Usd;
use crate::lifecycle::kill_point;
use crate::services::books::Books;
use crate::services::pricing;

/// Charges the payer, once, for a request of this many seconds that was stopped while the speech service was
/// asked, and gives up the lease. Returns the cost. The charge is made even if another worker has taken the
/// transcription over because this one seemed to have vanished.
pub(crate) async fn pay_stopped(
    books: &Books,
    request: Request<'_>,
    seconds: Decimal,
) -> Result<Usd, DbError> {
    let Request { id, key, payer, unique_id, lease, .. } = request;
    let pricing::Priced { cost, prices } = pricing::transcription(&books.registry, seconds, books.today());
    let row = id.stopped_key(lease);
    let duration = seconds.ceil().to_u32().unwrap_or(request.duration);
    let mut tx = books.db.begin().await?;
    transcriptions::lock(&mut tx, id).await?;
    let prices = &prices;
    let stopped = StoppedRequest { row: &row, lease, key, payer, unique_id, seconds, duration, prices, cost };
    if !transcriptions::stop(&mut tx, stopped).await? {
        return Ok(cost);
    }
    if !transcriptions::fail(&mut tx, id, lease, ("stopped", false)).await? {
        let held = price(books, request.duration.max(1).into());
        transcriptions::forgive(&mut tx, id, held).await?;
    }
    if cost > Usd::ZERO {
        post(&mut tx, payer.user, cost, &row, duration).await?;
    }
    kill_point!("transcription: before a stop is charged");
    Db::commit(tx).await?;
    kill_point!("transcription: stop charged");
    Ok(cost)
}
