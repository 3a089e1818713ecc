//! Formats the numbers of workbooks: dates, times, percentages, and other numbers with 15 digits.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

/// The first day of a workbook's calendar.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calendar {
    /// Whether day 0 is 1 January 1904, as in old workbooks made on a Mac.
    pub(super) from_1904: bool,
}

/// The meaning of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NumberFormat {
    /// A plain number; currencies and digit groups are dropped.
    #[default]
    Number,
    /// A fraction of 1.
    Percent,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// A length of time in hours, minutes and seconds.
    Duration,
}

impl NumberFormat {
    /// Returns Excel's built-in format with this id.
    pub(super) fn built_in(id: u32) -> Self {
        match id {
            9 | 10 => Self::Percent,
            14..=17 | 27..=31 | 34..=36 | 50..=58 => Self::Date,
            18..=21 | 32 | 33 | 45 | 47 => Self::Time,
            22 => Self::DateTime,
            46 => Self::Duration,
            _ => Self::Number,
        }
    }

    /// Returns the meaning of a format code such as "dd.mm.yyyy".
    pub(super) fn of_code(code: &str) -> Self {
        let (mut day, mut time, mut month, mut percent) = (false, false, false, false);
        let mut characters = code.split(';').next().unwrap_or_default().chars();
        while let Some(c) = characters.next() {
            match c.to_ascii_lowercase() {
                '"' => drop(characters.by_ref().find(|c| *c == '"')),
                '\\' | '_' | '*' => drop(characters.next()),
                '[' => {
                    let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                    let inside = inside.to_ascii_lowercase();
                    if !inside.is_empty() && inside.chars().all(|c| matches!(c, 'h' | 'm' | 's')) {
                        return Self::Duration;
                    }
                }
                'd' | 'y' => day = true,
                'h' | 's' => time = true,
                'm' => month = true,
                '%' => percent = true,
                'g' => return Self::Number,
                _ => {}
            }
        }
        match (day, time) {
            (true, true) => Self::DateTime,
            (true, false) => Self::Date,
            (false, true) => Self::Time,
            (false, false) if month => Self::Date,
            (false, false) if percent => Self::Percent,
            (false, false) => Self::Number,
        }
    }

    /// Formats a stored number. Text that is not a number stays unchanged.
    pub(super) fn show(self, stored: &str, calendar: Calendar) -> String {
        let Ok(value) = stored.parse::<f64>() else { return stored.to_owned() };
        let shown = match self {
            Self::Number => None,
            Self::Percent => Some(number(value * 100.0) + "%"),
            Self::Duration => duration(value),
            Self::Date => moment(value, calendar).map(|at| at.format("%Y-%m-%d").to_string()),
            Self::Time if value < 1.0 => moment(value, calendar).map(|at| at.format("%H:%M:%S").to_string()),
            Self::Time | Self::DateTime => {
                moment(value, calendar).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
            }
        };
        shown.unwrap_or_else(|| if stored.len() <= 15 { stored.to_owned() } else { number(value) })
    }
}

/// Formats a number with the 15 significant digits of Excel, so that 0.1 + 0.2 is 0.3.
pub(super) fn number(value: f64) -> String {
    let rounded = format!("{value:.14e}").parse().unwrap_or(value);
    if rounded != 0.0 && !(1e-9..1e21).contains(&f64::abs(rounded)) {
        return format!("{rounded:e}");
    }
    format!("{rounded}")
}

#[expect(clippy::cast_possible_truncation, reason = "days of years 1900 to 9999, checked before")]
fn moment(value: f64, calendar: Calendar) -> Option<NaiveDateTime> {
    if !(0.0..2_958_466.0).contains(&value) {
        return None;
    }
    let (year, month, day) = if calendar.from_1904 { (1904, 1, 1) } else { (1899, 12, 30) };
    let start = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?;
    // Excel treats 1900 as a leap year, so its day numbers before March 1900 are one less.
    let shift = if !calendar.from_1904 && (1.0..60.0).contains(&value) { 86_400 } else { 0 };
    start.checked_add_signed(TimeDelta::try_seconds((value * 86_400.0).round() as i64 + shift)?)
}

#[expect(clippy::cast_possible_truncation, reason = "checked before")]
fn duration(value: f64) -> Option<String> {
    if !(-1e6..1e6).contains(&value) {
        return None;
    }
    let seconds = (value * 86_400.0).round() as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.abs();
    Some(format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}
