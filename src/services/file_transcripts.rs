//! Transcripts of files on demand: audio and video of a conversation, and recordings that were not heard when
//! they came.
//!
//! The charge is the transcription's own, in the transaction that stores the transcript, as with recordings,
//! and no part of the turn's. A charge of the turn (`metering::PaidCall`) would be the operator's loss whenever
//! the attempt is lost, and could be taken again for the next one; here a transcript that is stored is paid,
//! and one that is paid is stored, so whoever asks next gets it free of charge. Only a stop of the turn while the
//! service is asked is paid without a transcript.

mod job;
mod outcome;

use std::sync::Arc;

use rust_decimal::Decimal;
use tokio::sync::Semaphore;

use self::job::{Job, Means, id_of};
use super::books::Books;
use super::file_contents::{FileContents, FoundFile};
use super::metering::{PaidWork, ReserveError, TurnMeter};
use super::transcription;
use crate::db::DbError;
use crate::db::known_transcripts::{self, KnownTranscript};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;
use crate::domain::money::Usd;
use crate::domain::turn::TurnPayer;
use crate::lifecycle::Lifecycle;
use crate::llm::speech::{self, Client, FILE_LIMIT};
use crate::telemetry::metrics::Metrics;
pub(crate) use outcome::{FileTranscript, TRANSCRIPT_LIMIT, TranscriptError};

/// Files that are loaded and transcribed at once, over all conversations: each is in memory meanwhile.
const MAX_AT_ONCE: usize = 4;

/// Transcribes files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileTranscripts(Means);

impl FileTranscripts {
    pub(crate) fn new(
        contents: FileContents,
        books: Books,
        client: Client,
        life: Lifecycle,
        metrics: Metrics,
    ) -> Self {
        let places = Arc::new(Semaphore::new(MAX_AT_ONCE));
        Self(Means { contents, books: Arc::new(books), client, life, metrics, places })
    }

    /// Returns the transcript of a file of the conversation, for the user who pays. One that is stored is
    /// free of charge at any balance; otherwise the file is transcribed, if the meter of the turn grants its
    /// price.
    ///
    /// Dropping the future gives the file up. If the service is asked at that moment, the request is cut and paid
    /// by the duration of the file, because the service may have done the work; before that nothing is paid.
    ///
    /// # Errors
    /// Returns [`TranscriptError`].
    pub(crate) async fn of_file(
        &self,
        (key, payer): (ThreadKey, TurnPayer),
        id: PublicFileId,
        language: Option<String>,
        meter: &TurnMeter,
    ) -> Result<FileTranscript, TranscriptError> {
        let file = self.0.contents.find(key, id).await?.ok_or(TranscriptError::NotFound)?;
        if let Some(known) = self.stored(payer, &file).await? {
            return Ok(FileTranscript { name: file.name, known, cost: Usd::ZERO, stored: true });
        }
        check(&file)?;
        self.0.contents.check(&file).await?;
        let duration = speech::estimated_duration(file.size, &file.mime);
        let price = transcription::price(&self.0.books, Decimal::from(duration));
        let work = PaidWork { least: Usd::ZERO, most: price };
        let reservation = meter.reserve(work).await.map_err(|error| match error {
            ReserveError::Short(left) => TranscriptError::Short { left, least: work.least },
            ReserveError::Unknown => TranscriptError::NoBooks,
        })?;
        let job = Job { means: self.0.clone(), key, payer, file, language, duration, lease: rand::random() };
        job.begin(reservation).await.unwrap_or(Err(TranscriptError::Cancelled))
    }

    /// Returns the transcript that is stored for a file, or for the same content under another id.
    async fn stored(&self, payer: TurnPayer, file: &FoundFile) -> Result<Option<KnownTranscript>, DbError> {
        known_transcripts::known(&self.0.books.db, id_of(file), payer.user, &file.unique_id).await
    }
}

/// Refuses what need not be loaded.
fn check(file: &FoundFile) -> Result<(), TranscriptError> {
    if !speech::is_heard(file.kind, &file.mime, &file.name) {
        let is_media = speech::is_media(file.kind, &file.mime);
        return Err(if is_media { TranscriptError::Format } else { TranscriptError::Silent });
    }
    if file.size > FILE_LIMIT { Err(TranscriptError::TooLarge(FILE_LIMIT)) } else { Ok(()) }
}
