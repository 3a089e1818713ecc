//! The announcer sends an announcement to its recipients, one after the other, well below Telegram's limits.
//! One instance at a time does so, under a lease. Nobody gets an announcement twice: a recipient is marked right
//! before the request leaves, and a request whose fate is unknown is not repeated.

mod progress;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use self::sending::{End, Sending};
use super::context::BotContext;
use crate::db::DbError;
use crate::db::announcement_leases::{self, AnnouncementLease, Claim};

/// How long a worker has an announcement without renewing that.
const LEASE: Duration = Duration::from_secs(10);
/// How often the database is asked for an announcement that another instance has begun and not finished.
const IDLE: Duration = Duration::from_secs(15);

/// Sends announcements until the service drains.
pub(crate) async fn run(context: Arc<BotContext>) {
    let drain = context.life.drain.clone();
    let lease = AnnouncementLease { number: rand::random(), lasts: LEASE };
    loop {
        let pause = match work(&context, lease).await {
            Ok(pause) => pause,
            Err(DbError::Cancelled) => return,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the announcement has to wait");
                IDLE
            }
        };
        tokio::select! {
            () = drain.cancelled() => return,
            () = context.announcements.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends what there is to send. Returns when to look again.
async fn work(context: &BotContext, lease: AnnouncementLease) -> Result<Duration, DbError> {
    let (db, drain) = (&context.db, &context.life.drain);
    loop {
        match db.until(drain).persist(|| announcement_leases::claim(db, lease)).await? {
            Claim::Nothing => return Ok(IDLE),
            Claim::Taken(left) => return Ok(left.max(Duration::from_millis(100))),
            Claim::Ours(announcement) => {
                let sending = Sending { context, announcement, lease };
                tokio::select! {
                    ended = sending.run() => match ended? {
                        End::Ended => {}
                        End::Drained => return Err(DbError::Cancelled),
                    },
                    lost = sending.keep_lease() => {
                        lost?;
                        tracing::warn!(announcement.id = sending.announcement.id.0, "another instance announces now");
                        return Ok(LEASE);
                    }
                }
            }
        }
    }
}
