//! The table of the benchmark: one row per load, delays in milliseconds as median and 99th percentile.

use std::time::Duration;

use super::load::Delays;
use super::row::Row;

/// Renders all rows. `window` is the bot's batching window, which is subtracted from the delay of the
/// request.
pub(super) fn render(rows: &[Row], window: Duration) -> String {
    let columns = [
        "load",
        "chars",
        "people",
        "answered",
        "per s",
        "window -> request",
        "delta -> draft",
        "end -> message",
        "noise",
        "CPU/answer",
        "CPU/event",
        "memory",
    ];
    let units = [
        "",
        "",
        "",
        "",
        "",
        "p50 / p99 ms",
        "p50 / p99 ms",
        "p50 / p99 ms",
        "p50s, ms",
        "ms",
        "us",
        "peak / now MiB",
    ];
    let mut cells: Vec<Vec<String>> = vec![owned(&columns), owned(&units)];
    cells.extend(rows.iter().map(|row| line(row, window)));
    let width = |at: usize| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let aligned = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
        format!("{}\n", cells.join("  "))
    };
    cells.iter().map(aligned).collect()
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn line(row: &Row, window: Duration) -> Vec<String> {
    let column = |pick: fn(&Delays) -> Option<Duration>, less: Duration| {
        let values = sorted_ms(row.runs.iter().flat_map(|run| &run.delays).filter_map(pick), less);
        let cell =
            |percent| percentile(&values, percent).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
        format!("{} / {}", cell(50), cell(99))
    };
    let asked: usize = row.runs.iter().map(|run| run.asked).sum();
    let answered: usize = row.runs.iter().map(|run| run.delays.len()).sum();
    let took: Duration = row.runs.iter().map(|run| run.took).sum();
    let cpu_ms = row.cpu.as_secs_f64() * 1e3 / count(asked);
    vec![
        row.load.clone(),
        row.chars.to_string(),
        row.people.to_owned(),
        format!("{answered}/{asked}"),
        format!("{:.0}", count(answered) / took.as_secs_f64().max(1e-3)),
        column(|delays| Some(delays.request), window),
        column(|delays| delays.first_draft, Duration::ZERO),
        column(|delays| Some(delays.last_message), Duration::ZERO),
        noise(row),
        format!("{cpu_ms:.2}"),
        format!("{:.1}", cpu_ms * 1e3 / count(row.events)),
        format!("{} / {}", row.memory.peak_mib, row.memory.now_mib),
    ]
}

/// Returns the smallest and the largest median per run of the delay from the end of the stream to the
/// message.
fn noise(row: &Row) -> String {
    let median = |delays: &[Delays]| {
        percentile(&sorted_ms(delays.iter().map(|delays| delays.last_message), Duration::ZERO), 50)
    };
    let mut medians: Vec<f64> = row.runs.iter().filter_map(|run| median(&run.delays)).collect();
    medians.sort_by(f64::total_cmp);
    match (medians.first(), medians.last()) {
        (Some(low), Some(high)) if medians.len() > 1 => format!("{low:.1}-{high:.1}"),
        _ => "-".to_owned(),
    }
}

fn sorted_ms(delays: impl Iterator<Item = Duration>, less: Duration) -> Vec<f64> {
    let mut values: Vec<f64> = delays.map(|delay| (delay.as_secs_f64() - less.as_secs_f64()) * 1e3).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Returns a divisor; zero becomes one.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX).max(1))
}

/// Returns the value that `percent` of all values do not exceed (nearest rank); `None` without values.
fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::super::load::Run;
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

    #[test]
    fn a_row_says_what_was_measured() {
        let run = |ms| Run {
            asked: 2,
            delays: vec![Delays {
                request: Duration::from_millis(203),
                first_draft: None,
                last_message: Duration::from_millis(ms),
            }],
            took: Duration::from_secs(1),
        };
        let row = Row {
            load: "2 at once".to_owned(),
            people: "new",
            chars: 40,
            events: 8,
            runs: vec![run(5), run(9)],
            cpu: Duration::from_millis(16),
            memory: crate::bench::process::Memory::default(),
        };
        let cells = line(&row, Duration::from_millis(200));
        assert_eq!(
            cells,
            [
                "2 at once",
                "40",
                "new",
                "2/4",
                "1",
                "3.0 / 3.0",
                "- / -",
                "5.0 / 9.0",
                "5.0-9.0",
                "4.00",
                "500.0",
                "0 / 0"
            ]
        );
    }
}
