//! Reads the few metrics that the playground needs from `/metrics` of the running bot: the outcomes of its
//! turns, and the number of running turns.

use std::collections::BTreeMap;

/// The turns of a bot, running and ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Turns {
    /// Number of running turns.
    pub active: u64,
    /// Number of ended turns by outcome, without outcomes that never occurred.
    pub ended: BTreeMap<String, u64>,
}

impl Turns {
    /// Reads the figures from the text format of Prometheus.
    pub(crate) fn parse(text: &str) -> Self {
        let active =
            text.lines().find_map(|line| line.strip_prefix("bot_turns_active ")?.trim().parse().ok());
        let ended = text.lines().filter_map(outcome).filter(|(_, count)| *count > 0).collect();
        Self { active: active.unwrap_or(0), ended }
    }

    /// Returns the outcomes that occurred since `before`.
    pub(crate) fn since(&self, before: &Self) -> Vec<String> {
        let more = |(name, count): &(&String, &u64)| *count > before.ended.get(*name).unwrap_or(&0);
        self.ended.iter().filter(more).map(|(name, _)| name.clone()).collect()
    }
}

fn outcome(line: &str) -> Option<(String, u64)> {
    let rest = line.strip_prefix("bot_turns_total{")?;
    let (labels, count) = rest.split_once("} ")?;
    let (_, value) = labels.split_once("outcome=\"")?;
    let (name, _) = value.split_once('"')?;
    Some((name.to_owned(), count.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outcomes_that_occurred_are_read() {
        let text = "# TYPE bot_turns_total counter\nbot_turns_total{outcome=\"complete\"} 2\n\
            bot_turns_total{outcome=\"internal\"} 0\nbot_turns_active 1\n";
        let turns = Turns::parse(text);
        assert_eq!(turns.active, 1);
        assert_eq!(turns.ended, BTreeMap::from([("complete".to_owned(), 2)]));
        assert_eq!(turns.since(&Turns::default()), ["complete"]);
        assert!(turns.since(&turns).is_empty());
    }
}
