//! Rolling deploys, measured: under load, each instance in turn is asked to stop and a new one is started in its
//! place. No answer may be cut, and people should hardly notice.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::books::Books;
use super::findings::Findings;
use super::launcher::Launcher;
use super::waits::{Times, Waits};
use crate::console;
use crate::fleet::Fleet;
use crate::signals::Signals;

/// How long the waits of people are measured without a deploy.
const UNDISTURBED: Duration = Duration::from_secs(20);

const CUT: &str = "answers that a deploy has cut or begun anew";

/// What the deploys did.
#[derive(Default)]
pub(super) struct Deploys {
    undisturbed: Times,
    during: Times,
    cut: Vec<String>,
    number: u32,
    longest: Duration,
    /// When each instance was stopped.
    stops: Vec<Instant>,
}

impl Deploys {
    /// Deploys so often.
    pub(super) async fn measure(
        &mut self,
        number: u32,
        (books, waits): (&Books, &Waits),
        (launcher, fleet): (&mut Launcher<'_>, &mut Fleet),
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        tokio::select! {
            failure = fleet.ended() => return Err(failure.context("nobody had stopped it")),
            () = tokio::time::sleep(UNDISTURBED) => {}
        }
        let (first, since): (Instant, DateTime<Utc>) = (Instant::now(), books.now().await?);
        self.undisturbed = waits.between(begin, first);
        let mut signals = Signals::listen()?;
        for deploy in 1..=number {
            let from = Instant::now();
            for place in 0..fleet.len() {
                fleet.stop(place, &mut signals).await?;
                self.stops.push(Instant::now());
                launcher.start(fleet, place)?;
                fleet.up(place).await?;
            }
            self.number = deploy;
            self.longest = self.longest.max(from.elapsed());
            console::remark(&format!("deploy {deploy}: {} ms", from.elapsed().as_millis()));
        }
        self.during = waits.between(first, Instant::now());
        self.cut = books.cut_since(since).await?;
        Ok(())
    }

    /// Returns when instances were stopped.
    pub(super) fn stops(&self) -> &[Instant] {
        &self.stops
    }

    /// Adds the times to the findings, and each answer that was cut as a fault.
    pub(super) fn judge(self, findings: &mut Findings) {
        findings.expect_none(&[CUT]);
        if self.number == 0 {
            return;
        }
        findings.count("deploys", self.number);
        findings.count("  the longest, ms", self.longest.as_millis());
        findings.line(self.undisturbed.line("question to first draft, undisturbed"));
        findings.line(self.during.line("question to first draft, during deploys"));
        let added = |percent| {
            self.during.percentile(percent).saturating_sub(self.undisturbed.percentile(percent)).as_millis()
        };
        findings.line(format!(
            "added by deploys: p50 {} ms, p99 {} ms, max {} ms",
            added(50),
            added(99),
            added(100)
        ));
        for which in self.cut {
            findings.fault(CUT, which);
        }
    }
}
