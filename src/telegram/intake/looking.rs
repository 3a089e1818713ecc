//! Looking for waiting updates of own buckets: any instance may have stored them. The database is asked once a
//! second, and at once about buckets of which something is known.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::super::context::BotContext;
use super::super::sessions;
use super::Intake;
use super::replay::{left_to_holder, route_of};
use crate::db::inbox::routing;
use crate::db::{DbError, erasure};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, UpdateId};
use crate::services::recovery;

/// The pause between two looks at all own buckets.
const PAUSE: Duration = Duration::from_secs(1);
/// The updates read at once.
const PAGE: i64 = 1_000;
/// How long an update about a payment is left to the instance that has received it, in seconds.
const PAYMENT_SPARED_S: f64 = 5.0;

impl Intake {
    /// Looks for waiting updates until the service drains.
    pub(crate) async fn look_out(self) {
        let (life, looks) = (&self.context.life, &self.context.looks);
        let mut regularly = tokio::time::interval(PAUSE);
        regularly.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let looked = tokio::select! {
                () = life.drain.cancelled() => return,
                asked = looks.next() => self.pass_waiting(&asked).await,
                at = regularly.tick() => {
                    if life.fence.has_peers() {
                        looks.have_peers(at);
                    }
                    if !looks.is_regular(at) {
                        continue;
                    }
                    self.look_at_all().await
                }
            };
            if let Err(error) = looked {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "updates of other instances have to wait");
            }
        }
    }

    /// Looks at buckets at once in which other instances have stored updates, until the service drains.
    pub(crate) async fn be_woken(self) {
        let BotContext { life, looks, wake_ups, .. } = &*self.context;
        while let Some(buckets) = life.drain.run_until_cancelled(wake_ups.woken()).await {
            for bucket in buckets {
                looks.ask(bucket);
            }
        }
    }

    async fn look_at_all(&self) -> Result<(), DbError> {
        let (context, drain) = (&self.context, &self.context.life.drain);
        let opened = context.life.holdings.opened();
        context.looks.keep(&opened);
        if opened.is_empty() {
            return Ok(());
        }
        self.pass_waiting(&opened).await?;
        let numbers = Bucket::numbers(&opened);
        left_to_holder(context, &numbers).await?;
        let (db, stopped) = (&context.db, &numbers);
        for key in db.until(drain).persist(|| erasure::turns_to_stop(db, stopped)).await? {
            sessions::stop_for_erasure(context, key);
        }
        Ok(())
    }

    /// Passes on the waiting updates of these buckets that are not in hand here, in order. Those that arrive
    /// meanwhile are left to the next look, which begins with the oldest again: an update may be stored after
    /// one with a higher number.
    async fn pass_waiting(&self, buckets: &[Bucket]) -> Result<(), DbError> {
        let (context, drain) = (&self.context, &self.context.life.drain);
        let (db, arrivals) = (&context.db, &context.arrivals);
        let opened = buckets.iter().filter(|bucket| context.life.holdings.is_open(**bucket));
        let opened: Vec<i64> = opened.map(|bucket| bucket.number()).collect();
        let (mut after, mut is_more) = (UpdateId(i64::MIN), !opened.is_empty());
        while is_more {
            let look = || routing::waiting(db, &opened, (after, PAGE), recovery::ALONE_AFTER);
            let waiting = db.until(drain).persist(look).await?;
            let Some(&(last, _)) = waiting.last() else { break };
            after = last;
            is_more = i64::try_from(waiting.len()).is_ok_and(|read| read >= PAGE);
            let missing = waiting.into_iter().filter(|(id, _)| arrivals.time(*id).is_none());
            let (missing, routes): (Vec<_>, Vec<_>) = missing.unzip();
            if missing.is_empty() {
                continue;
            }
            let take = || routing::take(db, &missing);
            for (id, payload, age_s) in db.until(drain).persist(take).await? {
                let route =
                    missing.iter().position(|known| *known == id).and_then(|at| routes.get(at).copied());
                self.pass_found(id, &payload, (route.flatten(), age_s)).await?;
            }
        }
        context.looks.done(buckets);
        Ok(())
    }

    /// Passes on an update that was found in the inbox.
    async fn pass_found(
        &self,
        id: UpdateId,
        payload: &str,
        (route, age_s): (Option<ChatId>, f64),
    ) -> Result<(), DbError> {
        let (holdings, arrivals) = (&self.context.life.holdings, &self.context.arrivals);
        let route = if let Some(route) = route {
            route
        } else {
            // An instance of the former version has stored it.
            let (db, drain) = (&self.context.db, &self.context.life.drain);
            let route = route_of(payload);
            db.until(drain).persist(|| routing::set(db, id, route)).await?;
            route
        };
        if !holdings.is_open(Bucket::of(route)) || (age_s < PAYMENT_SPARED_S && self.is_payment(payload)) {
            return Ok(());
        }
        if arrivals.is_new(id, Instant::now()) {
            if holdings.is_open(Bucket::of(route)) {
                self.pass_on(id, payload).await;
            } else {
                arrivals.forget(id);
            }
        }
        Ok(())
    }
}
