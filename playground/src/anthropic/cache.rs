//! The simulated prompt cache: entries by exact prefix, created by cache marks. An entry lives five minutes
//! or an hour after its last use. Prefixes below the model's minimum are silently not cached.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::transcript::{Lifetime, Transcript, Unit};

/// How many blocks before a mark are searched for an older entry.
const LOOK_BACK: usize = 20;

/// Input tokens of one request by how they are billed; the sum is the whole prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InputUsage {
    pub(super) plain: u64,
    pub(super) written_5m: u64,
    pub(super) written_1h: u64,
    pub(super) read: u64,
}

#[derive(Debug, Default)]
pub(super) struct PromptCache {
    entries: HashMap<u64, CachedPrefix>,
    /// Simulated age of all entries in addition to the clock.
    ahead: Duration,
}

#[derive(Debug)]
struct CachedPrefix {
    lifetime: Lifetime,
    used: Instant,
}

impl PromptCache {
    /// Charges a prompt. Returns its tokens read from the cache, written to the cache, and neither.
    pub(super) fn charge(&mut self, prompt: &Transcript, min_cacheable: u64) -> InputUsage {
        let now = Instant::now() + self.ahead;
        self.entries.retain(|_, entry| entry.alive(now));
        let units = &prompt.units;
        let marks: Vec<usize> = (0..units.len()).filter(|&at| units[at].mark.is_some()).collect();
        let hit = marks.iter().rev().find_map(|&mark| self.hit_before(units, mark, now));
        let mut usage = InputUsage { read: hit.map_or(0, |at| units[at].tokens), ..InputUsage::default() };
        let mut booked = usage.read;
        for mark in marks {
            let Unit { tokens, cache_key, mark: Some(lifetime) } = units[mark] else { continue };
            if tokens < min_cacheable {
                continue;
            }
            let fresh = tokens.saturating_sub(booked);
            match lifetime {
                Lifetime::Minutes5 => usage.written_5m += fresh,
                Lifetime::Hour1 => usage.written_1h += fresh,
            }
            booked = booked.max(tokens);
            let entry = self.entries.entry(cache_key).or_insert(CachedPrefix { lifetime, used: now });
            *entry = CachedPrefix { lifetime: entry.lifetime.max(lifetime), used: now };
        }
        usage.plain = prompt.tokens.saturating_sub(booked);
        usage
    }

    /// Makes all entries older.
    pub(super) fn age(&mut self, by: Duration) {
        self.ahead += by;
    }

    fn hit_before(&mut self, units: &[Unit], mark: usize, now: Instant) -> Option<usize> {
        let first = mark.saturating_sub(LOOK_BACK);
        let found = (first..=mark).rev().find(|&at| self.entries.contains_key(&units[at].cache_key))?;
        if let Some(entry) = self.entries.get_mut(&units[found].cache_key) {
            entry.used = now;
        }
        Some(found)
    }
}

impl CachedPrefix {
    fn alive(&self, now: Instant) -> bool {
        let lifetime = match self.lifetime {
            Lifetime::Minutes5 => Duration::from_mins(5),
            Lifetime::Hour1 => Duration::from_hours(1),
        };
        now.saturating_duration_since(self.used) < lifetime
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A prompt of two blocks of 1,000 tokens; the first is marked.
    fn prompt(ttl: &str, second: char) -> Transcript {
        let text = |letter: char| letter.to_string().repeat(4000);
        Transcript::of(&json!({"model":"m","messages":[{"role":"user","content":[
            {"type":"text","text":text('a'),"cache_control":{"type":"ephemeral","ttl":ttl}},
            {"type":"text","text":text(second)}]}]}))
    }

    fn usage(plain: u64, short: u64, long: u64, read: u64) -> InputUsage {
        InputUsage { plain, written_5m: short, written_1h: long, read }
    }

    #[test]
    fn writes_then_reads_then_expires() {
        for (ttl, minutes, first) in [("5m", 5, usage(1000, 1012, 0, 0)), ("1h", 60, usage(1000, 0, 1012, 0))]
        {
            let mut cache = PromptCache::default();
            let hit = usage(1000, 0, 0, 1012);
            assert_eq!(cache.charge(&prompt(ttl, 'b'), 512), first);
            assert_eq!(cache.charge(&prompt(ttl, 'c'), 512), hit);
            cache.age(Duration::from_secs(minutes * 60 - 9));
            assert_eq!(cache.charge(&prompt(ttl, 'd'), 512), hit, "use renews");
            cache.age(Duration::from_mins(minutes));
            assert_eq!(cache.charge(&prompt(ttl, 'e'), 512), first);
        }
    }

    #[test]
    fn short_prefixes_are_not_cached() {
        let mut cache = PromptCache::default();
        for _ in 0..2 {
            assert_eq!(cache.charge(&prompt("5m", 'b'), 2048), usage(2012, 0, 0, 0));
        }
    }

    #[test]
    fn a_growing_conversation_reads_what_the_last_mark_wrote() {
        let turn = |texts: &[&str]| -> Transcript {
            let last = texts.len() - 1;
            let messages: Vec<Value> = texts
                .iter()
                .enumerate()
                .map(|(at, text)| {
                    let mut block = json!({"type":"text","text":text.repeat(4000)});
                    if at == last {
                        block["cache_control"] = json!({"type":"ephemeral"});
                    }
                    json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content":[block]})
                })
                .collect();
            Transcript::of(&json!({"model":"m","messages":messages}))
        };
        let mut cache = PromptCache::default();
        assert_eq!(cache.charge(&turn(&["a"]), 512), usage(0, 1012, 0, 0));
        assert_eq!(cache.charge(&turn(&["a", "b", "c"]), 512), usage(0, 2008, 0, 1012));
    }
}
