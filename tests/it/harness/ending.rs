//! The end of a test: asserts that the bot leaves nothing behind, neither in its books nor in its log.

use playground::anthropic::Outcome;

use super::Bot;

/// The most texts of chats that are looked for in the log of a test.
const TEXTS: usize = 500;

impl Bot {
    /// Asserts that nothing is left: stops the bot, then checks its books, its log and the calls that the
    /// emulators refused.
    pub(crate) async fn end(mut self) {
        if self.instances.runs() {
            // Messages in flight get there now; what is not delivered by then never will be.
            self.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
            self.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
            self.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
            self.terminate();
            assert_eq!(self.exit_code().await, 0, "the bot ends well");
        }
        self.database.assert_settled().await;
        let refusals: Vec<Outcome> =
            self.model.refusals().into_iter().map(|refused| refused.outcome).collect();
        assert!(refusals.is_empty(), "the model refused requests: {refusals:?}");
        let violations = self.telegram.violations();
        assert!(violations.is_empty(), "Telegram saw violations: {violations:?}");
        // Its connections would be broken.
        drop(self.pooler);
        self.database.drop().await;
    }

    /// Asserts that the log has no error that the test does not expect, no key and no text of a chat.
    pub(super) fn judge_log(&self, log: &[String]) {
        let unexpected = |line: &&String| {
            let bad = line.contains("ERROR") || line.contains("panicked");
            bad && !self.expected_errors.iter().any(|part| line.contains(part))
        };
        let errors: Vec<&String> = log.iter().filter(unexpected).collect();
        assert!(errors.is_empty(), "the log has errors:\n{errors:#?}");
        self.assert_discreet(log);
    }

    /// Asserts that the log has no key and no text of a chat.
    fn assert_discreet(&self, log: &[String]) {
        let is_secret =
            |name: &str| name.ends_with("_KEY") || name.ends_with("_TOKEN") || name.ends_with("_SECRET");
        let secrets = self.settings.iter().filter(|(name, value)| is_secret(name) && value.len() > 5);
        let texts = self.telegram.view(|view| {
            let chats: Vec<i64> = view.chats().collect();
            let texts = chats.into_iter().flat_map(|chat| view.messages(chat)).take(TEXTS);
            texts.map(|message| message.text.chars().take(60).collect()).collect::<Vec<String>>()
        });
        // Shorter ones may well be words of the log.
        let telling = texts.into_iter().filter(|text| text.chars().count() > 20 && text.contains(' '));
        let log = log.join("\n");
        for said in secrets.map(|(_, value)| value.clone()).chain(telling) {
            let line = log.lines().find(|line| line.contains(&said));
            assert!(line.is_none(), "the log tells '{said}': {line:?}");
        }
    }
}
