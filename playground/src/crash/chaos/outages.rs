//! Outages of the services that hear, keep and carry files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use playground::anthropic::{Anthropic, ApiError, FileFault};
use playground::openai::{self, OpenAi};
use playground::telegram::{Fault, Telegram};

use super::super::files;

/// How much longer transcription is away than a server: longer than the bot repeats a request.
const TRANSCRIPTION_AWAY: u32 = 8;
/// How many calls of one kind fail.
const CALLS: u32 = 3;
/// The methods that send files.
const SENDING: [&str; 4] = ["sendPhoto", "sendDocument", "sendVoice", "sendMediaGroup"];

/// The emulators that fail.
pub(in super::super) struct Outages {
    telegram: Telegram,
    model: Anthropic,
    /// How many outages of transcription there are at the moment.
    silent: Arc<AtomicUsize>,
}

impl Outages {
    /// Makes transcription hear the words of users' voice messages, except during an outage.
    pub(in super::super) fn of(telegram: &Telegram, model: &Anthropic, speech: &OpenAi) -> Self {
        let silent = Arc::new(AtomicUsize::new(0));
        let (away, asked) = (Arc::clone(&silent), AtomicUsize::new(0));
        speech.set_author(move |request| {
            if away.load(Ordering::Relaxed) == 0 {
                return files::words(&request.bytes).map(openai::Reply::text);
            }
            Some(match asked.fetch_add(1, Ordering::Relaxed) % 3 {
                0 => openai::Reply::error(openai::ApiError::overloaded()),
                1 => openai::Reply::cut(),
                _ => openai::Reply::cut_midway(),
            })
        });
        Self { telegram: telegram.clone(), model: model.clone(), silent }
    }

    /// Lets transcription fail for a while.
    pub(super) async fn transcription(&self, away: Duration) {
        self.silent.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(away * TRANSCRIPTION_AWAY).await;
        self.silent.fetch_sub(1, Ordering::Relaxed);
    }

    /// Lets the next uploads to the provider and deletions there fail, with and without an effect.
    pub(super) fn uploads(&self) {
        let overloaded = || FileFault::Error(ApiError::new(529, "overloaded_error", "Overloaded"));
        for fault in [FileFault::CutAfter, overloaded(), FileFault::Cut] {
            self.model.fail_uploads(CALLS, fault);
        }
        for fault in [FileFault::CutAfter, overloaded()] {
            self.model.fail_files(playground::anthropic::Endpoint::DeleteFile, 1, fault);
        }
    }

    /// Lets the next downloads from Telegram fail.
    pub(super) fn downloads(&self) {
        for fault in [Fault::DropAfter, Fault::Status(502), Fault::DropConnection] {
            self.telegram.fail_next("download", CALLS, fault);
        }
    }

    /// Lets the next files that the bot sends arrive without an answer, or not arrive.
    pub(super) fn deliveries(&self) {
        for method in SENDING {
            for fault in [Fault::DropAfter, Fault::DropConnection] {
                self.telegram.fail_next(method, 1, fault);
            }
        }
    }

    /// Lets the provider forget every copy. Returns their ids.
    pub(super) fn forget(&self) -> Vec<String> {
        self.model.forget_files()
    }
}
