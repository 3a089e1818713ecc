//! The table of the benchmark: one row a number of users, delays in milliseconds as median and 99th percentile.

use std::time::Duration;

use super::round::{Delays, Round};

/// Renders all rows; `window` is the batching window of the bot, which the second column leaves out.
pub fn render(rounds: &[Round], window: Duration) -> String {
    let columns = [
        "users",
        "answered",
        "update -> request",
        "... without window",
        "first delta -> draft",
        "end -> message",
        "CPU/answer",
        "memory peak/now",
    ];
    let units = ["at once", "", "p50 / p99 ms", "p50 / p99 ms", "p50 / p99 ms", "p50 / p99 ms", "ms", "MiB"];
    let mut rows: Vec<Vec<String>> = vec![owned(&columns), owned(&units)];
    rows.extend(rounds.iter().map(|round| row(round, window)));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
        format!("{}\n", cells.join("  "))
    };
    rows.iter().map(line).collect()
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn row(round: &Round, window: Duration) -> Vec<String> {
    let column = |pick: fn(&Delays) -> Option<Duration>, less: Duration| {
        let picked = round.delays.iter().filter_map(pick);
        let mut values: Vec<f64> =
            picked.map(|delay| (delay.as_secs_f64() - less.as_secs_f64()) * 1e3).collect();
        values.sort_by(f64::total_cmp);
        let cell =
            |percent| percentile(&values, percent).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
        format!("{} / {}", cell(50), cell(99))
    };
    let answers = u32::try_from(round.asked).unwrap_or(u32::MAX).max(1);
    vec![
        round.users.to_string(),
        format!("{}/{}", round.answered, round.asked),
        column(|delays| Some(delays.request), Duration::ZERO),
        column(|delays| Some(delays.request), window),
        column(|delays| delays.first_draft, Duration::ZERO),
        column(|delays| Some(delays.last_message), Duration::ZERO),
        format!("{:.2}", (round.cpu / answers).as_secs_f64() * 1e3),
        format!("{} / {}", round.memory.peak_mib, round.memory.now_mib),
    ]
}

/// The value that `percent` of all values do not exceed (nearest rank); nothing of nothing.
fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!(
            [50, 99, 100].map(|percent| percentile(&values, percent)),
            [Some(100), Some(198), Some(200)]
        );
        assert_eq!([50, 99].map(|percent| percentile(&["one"], percent)), [Some("one"); 2]);
        assert_eq!(percentile::<u8>(&[], 50), None);
    }
}
