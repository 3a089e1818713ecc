//! Holding buckets: takes this instance's share, takes up what their last holders have left, and gives back what is
//! beyond the share.

use std::time::Duration;

use super::Intake;
use super::replay::replay;
use crate::db::DbError;
use crate::domain::ids::InstanceId;
use crate::lifecycle::kill_point;
use crate::services::instances::Instance;
use crate::services::leases::{Look, Share};

/// The pause between two looks while others are alive, and alone.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));

/// What holds the buckets of this instance.
#[derive(Debug)]
pub(crate) struct Holding {
    intake: Intake,
    share: Share,
}

impl Holding {
    /// Takes the share of this instance for the first time and takes up what is left there. Waits while an instance
    /// of the former version answers all chats, and tells `waits` its id and host.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently.
    pub(crate) async fn begin(
        intake: Intake,
        instance: &Instance,
        waits: impl Fn(InstanceId, &str),
    ) -> Result<Self, DbError> {
        let mut holding = Self { intake, share: Share::new(instance.clone()) };
        let life = holding.intake.context.life.clone();
        loop {
            match holding.look().await {
                Ok(Look { former: Some((id, host)), .. }) => waits(id, &host),
                Ok(_) => return Ok(holding),
                Err(error) if error.is_transient() => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "this instance cannot see the others"
                    );
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = life.drain.cancelled() => return Err(DbError::Cancelled),
                () = tokio::time::sleep(PAUSES.0) => {}
            }
        }
    }

    /// Holds the share until the service drains.
    pub(crate) async fn run(mut self) {
        let life = self.intake.context.life.clone();
        let mut pause = PAUSES.0;
        let (mut leaves, mut failed) = (false, false);
        loop {
            tokio::select! {
                () = life.drain.cancelled() => return,
                () = life.leaving.cancelled(), if !leaves => leaves = true,
                () = life.holdings.idled() => {}
                () = self.intake.context.wake_ups.freed() => {}
                () = tokio::time::sleep(pause) => {}
            }
            let looked = self.look().await;
            let is_alone = !life.fence.has_peers() && !leaves;
            pause = if is_alone { PAUSES.1 } else { PAUSES.0 };
            match looked {
                Ok(look) => {
                    failed = false;
                    if leaves && (look.takers == 0 || life.holdings.held().is_empty()) {
                        life.parted.cancel();
                    }
                }
                Err(error) => {
                    if !failed && !life.drain.is_cancelled() {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "this instance cannot look after its share"
                        );
                    }
                    failed = true;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Look, DbError> {
        let context = self.intake.context.clone();
        let look = self.share.look().await?;
        let (flow, holdings) = (context.screen.api.flow(), &context.life.holdings);
        flow.set_share(holdings.held().len());
        let unopened = holdings.unopened();
        if !unopened.is_empty() {
            if look.takers > 0 {
                flow.took_over(unopened.iter().copied());
            }
            kill_point!("takeover: before the replay");
            replay(&self.intake, &unopened).await?;
            holdings.open(&unopened);
            // What has come meanwhile.
            for bucket in unopened {
                context.looks.ask(bucket);
            }
        }
        let in_hand = |update| context.arrivals.time(update).is_some();
        if self.share.give_back(look.surplus, in_hand).await? > 0 {
            context.wake_ups.tell_free();
        }
        Ok(look)
    }
}
