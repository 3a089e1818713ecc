//! What an instance knows of each duty: a plain state machine.

use std::collections::BTreeMap;

use crate::db::duties::DutyRow;
use crate::domain::duty::Duty;
use crate::domain::ids::InstanceId;

/// What is known of a duty. The numbers are epochs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Standing {
    /// Nothing yet, or nobody has it.
    #[default]
    Free,
    /// Another instance has it, which is alive.
    Elsewhere,
    /// This instance has it, and its job does not run.
    Taken(i64),
    /// This instance has it, and its job runs.
    Busy(i64),
    /// This instance has it, and its job has ended for good.
    Ended(i64),
}

impl Standing {
    pub(super) fn epoch(self) -> Option<i64> {
        match self {
            Self::Free | Self::Elsewhere => None,
            Self::Taken(epoch) | Self::Busy(epoch) | Self::Ended(epoch) => Some(epoch),
        }
    }

    pub(super) fn is_own(self) -> bool {
        self.epoch().is_some()
    }
}

/// What is known of all duties.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Standings(BTreeMap<Duty, Standing>);

impl Standings {
    pub(super) fn of(&self, duty: Duty) -> Standing {
        self.0.get(&duty).copied().unwrap_or_default()
    }

    /// Records one duty row as the instance `id`, this one, has read it. Returns whether the standing changed.
    /// If this instance holds the duty under a different epoch than known, it lost and regained it, so the
    /// standing is `Taken`.
    pub(super) fn note(&mut self, row: &DutyRow, id: InstanceId) -> bool {
        let known = self.of(row.duty);
        let found = match row.holder {
            Some(holder) if holder == id && known.epoch() == Some(row.epoch) => known,
            Some(holder) if holder == id => Standing::Taken(row.epoch),
            Some(_) => Standing::Elsewhere,
            None => Standing::Free,
        };
        self.set(row.duty, found)
    }

    /// Marks a job as running, if its duty was taken under this epoch and no other job of it runs.
    pub(super) fn begin(&mut self, duty: Duty, epoch: i64) -> bool {
        self.of(duty) == Standing::Taken(epoch) && self.set(duty, Standing::Busy(epoch))
    }

    /// Marks a job as ended, unless its duty was lost meanwhile.
    pub(super) fn end(&mut self, duty: Duty, epoch: i64) {
        if self.of(duty) == Standing::Busy(epoch) {
            self.set(duty, Standing::Ended(epoch));
        }
    }

    /// Forgets the duties whose jobs do not run. Returns those that have to be given back.
    pub(super) fn give_up(&mut self) -> Vec<(Duty, i64)> {
        let idle = |standing: &Standing| match standing {
            Standing::Taken(epoch) | Standing::Ended(epoch) => Some(*epoch),
            Standing::Free | Standing::Elsewhere | Standing::Busy(_) => None,
        };
        let idle: Vec<_> =
            self.0.iter().filter_map(|(duty, standing)| Some((*duty, idle(standing)?))).collect();
        for (duty, _) in &idle {
            self.set(*duty, Standing::Free);
        }
        idle
    }

    /// Returns whether some jobs run, and there is nothing else to give back.
    pub(super) fn has_busy_only(&self) -> bool {
        let mut own = self.0.values().filter(|standing| standing.is_own()).peekable();
        own.peek().is_some() && own.all(|standing| matches!(standing, Standing::Busy(_)))
    }

    /// Returns whether this instance has no duty.
    pub(super) fn is_empty_handed(&self) -> bool {
        !self.0.values().any(|standing| standing.is_own())
    }

    fn set(&mut self, duty: Duty, standing: Standing) -> bool {
        self.0.insert(duty, standing).unwrap_or_default() != standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: InstanceId = InstanceId(1);
    const OTHER: InstanceId = InstanceId(2);

    fn row(epoch: i64, holder: Option<InstanceId>) -> DutyRow {
        DutyRow { duty: Duty::Janitor, epoch, holder, since: None }
    }

    #[test]
    fn a_job_runs_under_the_epoch_under_which_its_duty_was_taken() {
        let mut standings = Standings::default();
        assert!(!standings.begin(Duty::Janitor, 1), "nobody has it");
        assert!(standings.note(&row(1, Some(OWN)), OWN));
        assert!(standings.begin(Duty::Janitor, 1) && !standings.begin(Duty::Janitor, 1), "once");
        assert!(!standings.note(&row(1, Some(OWN)), OWN), "nothing new");
        assert_eq!(standings.of(Duty::Janitor), Standing::Busy(1));
    }

    #[test]
    fn a_duty_that_another_instance_has_is_lost() {
        for lost in [row(2, Some(OTHER)), row(2, None), row(3, Some(OWN))] {
            let mut standings = Standings::default();
            standings.note(&row(1, Some(OWN)), OWN);
            standings.begin(Duty::Janitor, 1);
            assert!(standings.note(&lost, OWN));
            assert_ne!(standings.of(Duty::Janitor), Standing::Busy(1));
            // The job that is being dropped changes nothing any more.
            let found = standings.of(Duty::Janitor);
            standings.end(Duty::Janitor, 1);
            assert_eq!(standings.of(Duty::Janitor), found);
        }
    }

    #[test]
    fn what_is_given_up_is_what_does_not_run() {
        let mut standings = Standings::default();
        assert!(standings.is_empty_handed() && !standings.has_busy_only());
        for duty in [Duty::Janitor, Duty::Poller, Duty::Recount] {
            standings.note(&DutyRow { duty, ..row(4, Some(OWN)) }, OWN);
        }
        standings.note(&DutyRow { duty: Duty::Refunds, ..row(9, Some(OTHER)) }, OWN);
        standings.begin(Duty::Janitor, 4);
        standings.begin(Duty::Poller, 4);
        standings.end(Duty::Poller, 4);
        assert_eq!(standings.give_up(), [(Duty::Poller, 4), (Duty::Recount, 4)]);
        assert!(standings.has_busy_only() && !standings.is_empty_handed());
        standings.end(Duty::Janitor, 4);
        assert_eq!(standings.give_up(), [(Duty::Janitor, 4)]);
        assert!(standings.is_empty_handed());
    }
}
