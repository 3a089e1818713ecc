//! This instance's share of the buckets of chats. It takes what is free up to its share, and gives back what is
//! beyond it, each bucket at a moment at which nothing runs in it. So a bucket is lost against its holder's will
//! only together with all others, when the others declare the holder dead.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::instances::{Instance, is_silent};
use crate::db::DbError;
use crate::db::instances::{self, DEAD_AFTER, InstanceRow};
use crate::db::leases::{self, Reason};
use crate::domain::bucket::{BUCKETS, Bucket};
use crate::domain::ids::{InstanceId, UpdateId};
use crate::lifecycle::kill_point;

/// How many buckets an instance may have beyond its share before it gives any back.
const TOLERANCE: usize = 8;
/// How long the database may take to answer. If it takes longer, heartbeats may have been late, too.
const SLOW: Duration = Duration::from_secs(2);
/// How long buckets may be free before they are taken beyond the share: who should take them may be unable to.
const SPARED_FOR: Duration = Duration::from_secs(11);

/// What a look at the other instances has shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Look {
    /// An instance of the former version that answers all chats, with its host: nothing can be taken.
    pub former: Option<(InstanceId, String)>,
    /// The number of other instances that can take buckets.
    pub takers: usize,
    /// How many buckets are to be given back.
    pub surplus: usize,
}

/// This instance's share of the buckets.
#[derive(Debug)]
pub(crate) struct Share {
    instance: Instance,
    /// After an outage of the database, the heartbeats of all are old; until then none is judged by its age.
    judges_from: Instant,
    /// Since when there are free buckets.
    free_since: Option<Instant>,
    takes: bool,
    /// Whether the others can know that this instance leaves.
    is_leaving: bool,
}

impl Share {
    /// Creates the share of a registered instance, which has nothing yet.
    pub(crate) fn new(instance: Instance) -> Self {
        Self { instance, judges_from: Instant::now(), free_since: None, takes: false, is_leaving: false }
    }

    /// Looks at the other instances, declares those dead that have ended, takes what is free up to the share, and
    /// learns which buckets it holds.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub(crate) async fn look(&mut self) -> Result<Look, DbError> {
        let db = self.instance.db.clone();
        let looked = db.attempt(self.look_once()).await;
        if looked.as_ref().is_err_and(DbError::is_transient) {
            self.judges_from = Instant::now() + DEAD_AFTER;
        }
        looked
    }

    async fn look_once(&mut self) -> Result<Look, DbError> {
        let others = self.living().await?;
        let Instance { db, life, .. } = &self.instance;
        let id = self.instance.id()?;
        if let Some(former) = others.iter().find(|row| row.is_former) {
            return Ok(Look { former: Some((former.id, former.name.clone())), ..Look::default() });
        }
        let is_to_leave = life.leaving.is_cancelled();
        if is_to_leave && !self.is_leaving {
            // Before the first bucket is given back, so that the others take it beyond their former share.
            instances::drains(db, id).await?;
            self.is_leaving = true;
        }
        if !self.takes && !is_to_leave {
            self.instance.succeed_former(id).await?;
            instances::takes_buckets(db, id).await?;
        }
        let takers =
            others.iter().filter(|row| row.takes_buckets && !row.draining && !is_silent(row)).count();
        // If all are stopping, each serves what it has until its end.
        let leaves = is_to_leave && takers > 0;
        let share = if leaves { 0 } else { BUCKETS.div_ceil(takers + 1) };
        let mut known = leases::of(db, id).await?;
        let spared_until = self.free_since.map(|since| since + SPARED_FOR);
        let waits_long = spared_until.is_some_and(|until| Instant::now() >= until);
        if !leaves && known.free > 0 && (known.held.len() < share || waits_long) {
            let most = share.saturating_sub(known.held.len());
            leases::take(db, id, i64::try_from(most).unwrap_or_default()).await?;
            kill_point!("takeover: after the commit");
            known = leases::of(db, id).await?;
        }
        self.takes = true;
        self.free_since = (known.free > 0).then(|| self.free_since.unwrap_or_else(Instant::now));
        self.learn(&known);
        let beyond = known.held.len().saturating_sub(share);
        let surplus = if leaves || beyond > TOLERANCE { beyond } else { 0 };
        Ok(Look { former: None, takers, surplus })
    }

    /// Returns the other instances that are alive. Declares dead those that have ended.
    async fn living(&mut self) -> Result<Vec<InstanceRow>, DbError> {
        let id = self.instance.id()?;
        let began = Instant::now();
        let known = instances::known(&self.instance.db).await?;
        if began.elapsed() > SLOW || !self.instance.life.fence.is_open() {
            self.judges_from = Instant::now() + DEAD_AFTER;
        }
        let judges = Instant::now() >= self.judges_from;
        let mut living = Vec::new();
        for row in known {
            if row.id != id && !self.instance.bury(&row, judges).await? {
                living.push(row);
            }
        }
        Ok(living)
    }

    fn learn(&self, known: &leases::Leases) {
        let Instance { life, metrics, .. } = &self.instance;
        let before = life.holdings.held().len();
        if life.holdings.hold(&known.held) {
            let (buckets, epoch) = (known.held.len(), life.holdings.highest_epoch());
            tracing::info!(buckets, before, epoch, "this instance answers {buckets} of {BUCKETS} buckets");
        }
        metrics.work_epoch.set(life.holdings.highest_epoch());
        metrics.buckets_held.set(i64::try_from(known.held.len()).unwrap_or_default());
        metrics.buckets_free.set(known.free);
    }

    /// Gives back up to `surplus` buckets in which nothing runs. The others that are to be given back are marked as
    /// leaving. `in_hand` tells whether an update was passed on here: one that was not is left to the next holder.
    /// Returns how many were given back.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub(crate) async fn give_back(
        &self,
        surplus: usize,
        in_hand: impl Fn(UpdateId) -> bool,
    ) -> Result<usize, DbError> {
        let holdings = &self.instance.life.holdings;
        if surplus == 0 {
            holdings.leave(&[]);
            return Ok(0);
        }
        let idle: Vec<Bucket> = holdings.idle().into_iter().take(surplus).collect();
        // After an error, the next look tells whether they are given back.
        let given = self.give(&holdings.close(&idle), in_hand).await?;
        let left = surplus.saturating_sub(given);
        let rest: Vec<Bucket> = holdings.held().into_iter().take(left).collect();
        holdings.leave(&rest);
        Ok(given)
    }

    /// Gives closed buckets back, unless something is unfinished in them. Returns how many.
    async fn give(&self, closed: &[Bucket], in_hand: impl Fn(UpdateId) -> bool) -> Result<usize, DbError> {
        if closed.is_empty() {
            return Ok(0);
        }
        let Instance { db, life, .. } = &self.instance;
        kill_point!("handover: closed");
        let unfinished = db.attempt(leases::unfinished(db, closed)).await?;
        let keeps = |reason: Reason| match reason {
            Reason::Update(update) => in_hand(UpdateId(update)),
            Reason::Owed => true,
        };
        let kept: HashSet<Bucket> =
            unfinished.into_iter().filter(|(_, reason)| keeps(*reason)).map(|(bucket, _)| bucket).collect();
        let (kept, given): (Vec<Bucket>, Vec<Bucket>) =
            closed.iter().partition(|bucket| kept.contains(bucket));
        life.holdings.reopen(&kept);
        if given.is_empty() {
            return Ok(0);
        }
        db.attempt(leases::give_back(db, self.instance.id()?, &given)).await?;
        kill_point!("handover: given back");
        life.holdings.release(&given);
        tracing::info!(buckets = given.len(), "{} buckets were given back", given.len());
        Ok(given.len())
    }
}
