//! A second instance of the bot on the same database.

use playground::telegram::{self, Telegram};

use super::Bot;
use super::process::Process;

/// The first update and the first message of the Telegram of a second instance: those of the first are below.
const FIRST: (i64, i64) = (800_000_001, 1_000_001);

/// A second process with the settings and the database of a bot. Its Telegram is another one: the same would refuse a
/// second receiver of updates.
pub(crate) struct Twin {
    pub telegram: Telegram,
    process: Process,
}

impl Bot {
    /// Starts a second instance in a Telegram that is prepared first, and waits until it polls for updates.
    pub(crate) async fn twin(&self, prepare: impl FnOnce(&Telegram)) -> Twin {
        let (first_update, first_message) = FIRST;
        let settings = telegram::Settings { first_update, first_message, ..telegram::Settings::default() };
        let telegram = Telegram::start(settings).await.unwrap();
        prepare(&telegram);
        let mut settings = self.settings.clone();
        settings.insert("TELEGRAM_API_URL".to_owned(), telegram.url());
        let process = Process::start(&settings);
        process.line(" ready").await;
        Twin { telegram, process }
    }

    /// Ends a second instance; fails on errors in its log.
    pub(crate) async fn end_twin(&self, twin: Twin) {
        twin.process.terminate();
        let (code, log) = twin.process.end().await;
        assert_eq!(code, 0, "the second instance ends well");
        self.judge_log(&log);
        let violations = twin.telegram.violations();
        assert!(violations.is_empty(), "Telegram saw violations: {violations:?}");
    }
}

impl Twin {
    /// Waits for a log line.
    pub(crate) async fn log(&self, part: &str) {
        self.process.line(part).await;
    }
}
