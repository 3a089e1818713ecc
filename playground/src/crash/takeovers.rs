//! Takeovers, measured: an instance is killed while the others are well, and each of its chats waits for the
//! next sign of the bot. The bot was killed on the host of the others, who see that its process is gone, or, as
//! far as they know, elsewhere, so that they only miss its heartbeat.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::bail;
use playground::telegram::{Call, CallOutcome, Telegram};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::books::Books;
use super::findings::Findings;
use super::launcher::Launcher;
use super::waits::{Times, Waits};
use crate::console;
use crate::fleet::Fleet;

/// The limit of a takeover, in seconds: ten without a heartbeat, and the start of the work.
const LIMIT: Duration = Duration::from_secs(12);
/// Time limit until each chat of a killed instance shows something.
const WITHIN: Duration = Duration::from_secs(90);
/// Time limit until the work is shared out again after a start, and nothing is left of a crash.
const SETTLED_WITHIN: Duration = Duration::from_secs(240);
/// Interval between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the work runs undisturbed before a kill.
const CALM: Duration = Duration::from_secs(1);
/// The methods that show something of an answer.
const SHOWING: [&str; 3] = ["sendMessage", "sendMessageDraft", "editMessageText"];

const LATE: &str = "takeovers whose p99 is over 12 s";

/// From a kill, or from a question after it, until each chat of the killed instance showed something.
#[derive(Default)]
pub(super) struct Takeovers {
    seen: Vec<Duration>,
    missed: Vec<Duration>,
    /// When each instance was killed.
    kills: Vec<Instant>,
}

/// The bot and what is around it.
pub(super) struct Scene<'a> {
    pub telegram: &'a Telegram,
    pub books: &'a Books,
    /// The chats of those who only ask.
    pub chats: &'a [i64],
    /// When they have asked.
    pub waits: &'a Waits,
}

impl Takeovers {
    /// Kills an instance so often, every second time as if it were on another host.
    pub(super) async fn measure(
        &mut self,
        kills: u32,
        seed: u64,
        scene: &Scene<'_>,
        (launcher, fleet): (&mut Launcher<'_>, &mut Fleet),
    ) -> anyhow::Result<()> {
        let mut choice = StdRng::seed_from_u64(seed);
        for kill in 1..=kills {
            settled(scene.books, fleet).await?;
            let is_elsewhere = kill % 2 == 0;
            let (victim, chats) = choose(&mut choice, scene, fleet).await?;
            scene.books.move_hosts(is_elsewhere).await?;
            let killed_name = fleet.name(victim).to_owned();
            fleet.kill(victim).await?;
            let killed = Instant::now();
            self.kills.push(killed);
            let times = taken_over(scene, &chats, (killed, &killed_name)).await?;
            let what = if is_elsewhere { "missed" } else { "seen" };
            console::remark(
                &Times::of(times.clone()).line(&format!("takeover {kill} of {}, {what}", victim + 1)),
            );
            let kind = if is_elsewhere { &mut self.missed } else { &mut self.seen };
            kind.extend(times);
            launcher.start(fleet, victim)?;
            fleet.up(victim).await?;
        }
        settled(scene.books, fleet).await
    }

    /// Returns when instances were killed.
    pub(super) fn kills(&self) -> &[Instant] {
        &self.kills
    }

    /// Adds the times to the findings. Of too long ones, each is a fault.
    pub(super) fn judge(self, findings: &mut Findings) {
        findings.expect_none(&[LATE]);
        let kinds =
            [("takeover from a process that is gone", self.seen), ("takeover after silence", self.missed)];
        for (what, times) in kinds {
            let times = Times::of(times);
            if times.len() > 0 {
                findings.line(times.line(what));
            }
            if times.percentile(99) > LIMIT {
                findings.fault(LATE, times.line(what));
            }
        }
    }
}

/// Waits until all instances are alive, each has its share of the work, and nothing is left of a crash.
async fn settled(books: &Books, fleet: &mut Fleet) -> anyhow::Result<()> {
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        tokio::select! {
            failure = fleet.ended() => return Err(failure.context("nobody had killed it")),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let Some(problem) = books.unsettled(fleet.len()).await? else { break };
        if Instant::now() >= deadline {
            bail!(fleet.report(&format!("after {} s still {problem}", SETTLED_WITHIN.as_secs())));
        }
    }
    tokio::time::sleep(CALM).await;
    Ok(())
}

/// Chooses an instance that has chats of those who ask. Returns its place and those chats.
async fn choose(choice: &mut StdRng, scene: &Scene<'_>, fleet: &Fleet) -> anyhow::Result<(usize, Vec<i64>)> {
    let mut candidates = Vec::new();
    for (place, pid) in fleet.pids() {
        let chats = scene.books.chats_of(pid, scene.chats).await?;
        if !chats.is_empty() {
            candidates.push((place, chats));
        }
    }
    if candidates.is_empty() {
        bail!(fleet.report("no instance has any chat"));
    }
    Ok(candidates.swap_remove(choice.random_range(0..candidates.len())))
}

/// Waits until each of these chats has shown something that the killed instance did not send. Returns the
/// times since the kill, or since the question if nobody was waiting there.
async fn taken_over(
    Scene { telegram, waits, .. }: &Scene<'_>,
    chats: &[i64],
    (killed, killed_name): (Instant, &str),
) -> anyhow::Result<Vec<Duration>> {
    let deadline = killed + WITHIN;
    loop {
        let shown = telegram.view(|view| {
            let new = view.calls().iter().rev().take_while(|call| call.at >= killed);
            let of_others = new.filter(|call| shows(call) && call.caller.as_deref() != Some(killed_name));
            // The oldest one of each chat is inserted last.
            of_others.filter_map(|call| Some((call.chat?, call.at))).collect::<BTreeMap<i64, Instant>>()
        });
        let missing: BTreeSet<i64> = chats.iter().copied().filter(|chat| !shown.contains_key(chat)).collect();
        if missing.is_empty() {
            let waited = |chat: &i64| {
                let at = shown[chat];
                let since = waits.asked_before(*chat, at).map_or(killed, |asked| asked.max(killed));
                at.saturating_duration_since(since)
            };
            return Ok(chats.iter().map(waited).collect());
        }
        if Instant::now() >= deadline {
            bail!("{} s after a kill, chats are not taken over: {missing:?}", WITHIN.as_secs());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Returns whether people see something of a call. The search for a message that may have been sent is refused.
fn shows(call: &Call) -> bool {
    SHOWING.contains(&call.method.as_str()) && call.answer == CallOutcome::Ok
}
