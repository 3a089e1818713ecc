//! Resuming a turn that a crash or a fault has left open.

use std::iter;

use tracing::Instrument;

use super::Session;
use crate::db::DbError;
use crate::db::model_calls::Payer;
use crate::db::turns::LeftOpen;
use crate::services::recovery::{self, Company, Recovery};
use crate::services::settlement::{self, Restarted};
use crate::telegram::pipeline::isolation::{Mode, Permit, Suspect};
use crate::telegram::pipeline::reopening;
use crate::telegram::turn;

impl Session<'_> {
    /// Resumes a turn once it may run. If the service is to stop before, the turn waits for the next holder.
    pub(super) async fn resume(&mut self, left: &LeftOpen, recovery: Recovery) -> Result<(), DbError> {
        let (Recovery::Again(company) | Recovery::Close(company, _)) = recovery;
        let context = self.context;
        // The sweep skips running turns.
        context.running.insert(left.turn);
        let mode = mode(left, company);
        let entering = async {
            // While it searches, within the budget of the chat, others may run.
            let left = turn::find_live_message(context, left).await?;
            if company == Company::Nobody {
                tokio::time::sleep(recovery::pause(left.crashes_alone)).await;
            }
            Ok((left, context.isolation.enter(mode).await))
        };
        let entered = context.life.leaving.run_until_cancelled(entering).await;
        let resumed = match entered {
            Some(Ok((left, permit))) => self.resume_admitted(&left, recovery, permit).await,
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        context.running.remove(left.turn);
        resumed
    }

    async fn resume_admitted(
        &mut self,
        left: &LeftOpen,
        recovery: Recovery,
        permit: Permit,
    ) -> Result<(), DbError> {
        let context = self.context;
        let db = &context.db;
        match recovery {
            Recovery::Again(company) => {
                let restart = || settlement::restart(db, left, company);
                let restarted = db.persist(restart).await?;
                let Some(Restarted { attempt, epoch, lost }) = restarted else { return Ok(()) };
                context.metrics.costs.with_label_values(&[Payer::Owner.name()]).inc_by(lost.nano());
                let request = reopening::resume(context, left, (attempt, epoch)).await?;
                let (turn, crashes) = (left.turn, left.crashes);
                let alone = company == Company::Nobody;
                tracing::info!(turn.id = turn.0, attempt, crashes, alone, "the turn {turn} is run again");
                self.answer(request, permit, None).await;
            }
            Recovery::Close(company, rest) => {
                let finish = || recovery::finish(db, left, company);
                let Some(epoch) = db.persist(finish).await? else { return Ok(()) };
                let request = reopening::resume(context, left, (left.attempt, epoch)).await?;
                let span = turn::span(&request, iter::empty());
                turn::close_cut(context, &request, *rest).instrument(span).await;
            }
        }
        Ok(())
    }
}

fn mode(left: &LeftOpen, company: Company) -> Mode {
    match company {
        Company::Others => Mode::Shared,
        Company::Nobody => {
            Mode::Exclusive { crashes_alone: left.crashes_alone, suspect: Suspect::Turn(left.turn) }
        }
    }
}
