//! The usage of a call, from reports in which any figure may be missing or unreadable.

use serde::Deserialize;

use super::super::event::Reported;
use super::lenient::{Count, Raw, count, fields};
use crate::domain::usage::Usage;

/// The largest number of tokens that is accepted: ten times the window of the largest model, because the
/// provider adds up the prompts of its own tools' rounds.
const MOST_TOKENS: u32 = 10_000_000;
/// The largest number of searches that is accepted.
const MOST_SEARCHES: u32 = 1_000;

/// Token counts as received. Later events contain only changes, so every field may be missing.
#[derive(Deserialize, Debug, Default)]
struct Report<'a> {
    #[serde(borrow)]
    input_tokens: Raw<'a>,
    #[serde(borrow)]
    cache_creation_input_tokens: Raw<'a>,
    #[serde(borrow)]
    cache_read_input_tokens: Raw<'a>,
    #[serde(borrow)]
    cache_creation: Raw<'a>,
    #[serde(borrow)]
    output_tokens: Raw<'a>,
    #[serde(borrow)]
    output_tokens_details: Raw<'a>,
    #[serde(borrow)]
    server_tool_use: Raw<'a>,
}

#[derive(Deserialize, Debug, Default)]
struct CacheCreation<'a> {
    #[serde(borrow)]
    ephemeral_5m_input_tokens: Raw<'a>,
    #[serde(borrow)]
    ephemeral_1h_input_tokens: Raw<'a>,
}

#[derive(Deserialize, Debug, Default)]
struct OutputDetails<'a> {
    #[serde(borrow)]
    thinking_tokens: Raw<'a>,
}

#[derive(Deserialize, Debug, Default)]
struct ServerTools<'a> {
    #[serde(borrow)]
    web_search_requests: Raw<'a>,
}

/// The origin of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// The start of the answer, with the output counted so far.
    Start,
    /// A repeated start: the larger of two figures is used.
    Restart,
    /// The end of the answer, with the totals.
    End,
}

/// Combines the reports of one call.
#[derive(Debug, Default)]
pub(super) struct Meter {
    usage: Usage,
    input: FigureState,
    cache_read: FigureState,
    cache_write_5m: FigureState,
    cache_write_1h: FigureState,
    output: FigureState,
}

/// Whether a figure was reported, and could be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum FigureState {
    #[default]
    Missing,
    Unreadable,
    Known,
}

impl Meter {
    /// Reads a report. Later reports replace earlier ones field by field, because the figures are cumulative.
    pub(super) fn read(&mut self, raw: Raw<'_>, origin: Origin) -> Reported {
        let report: Report<'_> = fields(raw);
        let tokens = |raw| count(raw, MOST_TOKENS);
        let mut earlier = self.usage;
        let usage = &mut self.usage;
        take(tokens(report.input_tokens), &mut usage.input, &mut self.input);
        take(tokens(report.cache_read_input_tokens), &mut usage.cache_read, &mut self.cache_read);
        let mut output = FigureState::Missing;
        take(tokens(report.output_tokens), &mut usage.output, &mut output);
        if origin == Origin::End && output != FigureState::Missing {
            self.output = output;
        }
        self.cache_writes(&report);
        let details: OutputDetails<'_> = fields(report.output_tokens_details);
        let tools: ServerTools<'_> = fields(report.server_tool_use);
        let (usage, mut ignored) = (&mut self.usage, FigureState::Missing);
        take(tokens(details.thinking_tokens), &mut usage.thinking, &mut ignored);
        take(count(tools.web_search_requests, MOST_SEARCHES), &mut usage.web_searches, &mut ignored);
        if origin == Origin::Restart {
            for (now, before) in figures(usage).into_iter().zip(figures(&mut earlier)) {
                *now = (*now).max(*before);
            }
        }
        self.reported()
    }

    fn cache_writes(&mut self, report: &Report<'_>) {
        let tokens = |raw| count(raw, MOST_TOKENS);
        let split: CacheCreation<'_> = fields(report.cache_creation);
        let usage = &mut self.usage;
        let short = tokens(split.ephemeral_5m_input_tokens);
        let long = tokens(split.ephemeral_1h_input_tokens);
        let total = tokens(report.cache_creation_input_tokens);
        // Two of the three figures give the third. Without the split, everything beyond the known one-hour
        // part counts as five minutes.
        let (short, long) = match (short, long, total) {
            (Count::Known(short), Count::Absent | Count::Unreadable, Count::Known(total)) => {
                (Count::Known(short), Count::Known(total.saturating_sub(short)))
            }
            (Count::Absent | Count::Unreadable, _, Count::Known(total)) => {
                let known = if let Count::Known(long) = long { long } else { usage.cache_write_1h };
                (Count::Known(total.saturating_sub(known)), Count::Known(known))
            }
            (Count::Absent, Count::Absent, Count::Unreadable) => (Count::Unreadable, Count::Absent),
            (short, long, _) => (short, long),
        };
        take(long, &mut usage.cache_write_1h, &mut self.cache_write_1h);
        take(short, &mut usage.cache_write_5m, &mut self.cache_write_5m);
    }

    fn reported(&self) -> Reported {
        Reported {
            usage: self.usage,
            // A model or a proxy without a prompt cache does not report it.
            prompt: self.input == FigureState::Known
                && [self.cache_read, self.cache_write_5m, self.cache_write_1h]
                    .iter()
                    .all(|&state| state != FigureState::Unreadable),
            output: self.output == FigureState::Known,
        }
    }
}

fn take(count: Count, figure: &mut u64, state: &mut FigureState) {
    match count {
        Count::Known(number) => (*figure, *state) = (number, FigureState::Known),
        Count::Unreadable if *state == FigureState::Missing => *state = FigureState::Unreadable,
        Count::Unreadable | Count::Absent => {}
    }
}

fn figures(usage: &mut Usage) -> [&mut u64; 7] {
    let Usage { input, cache_write_5m, cache_write_1h, cache_read, output, thinking, web_searches, .. } =
        usage;
    [input, cache_write_5m, cache_write_1h, cache_read, output, thinking, web_searches]
}
