//! Transcripts of files on demand: audio and video of a conversation, and recordings that were not heard when
//! they came.
//!
//! The charge is the transcription's own, in the transaction that stores the transcript, as with recordings,
//! and no part of the turn's. A charge of the turn (`metering::PaidCall`) would be the owner's loss whenever
//! the attempt is lost, and could be taken again for the next one; here a transcript that is stored is paid,
//! and one that is paid is stored, so whoever asks next gets it free of charge.

mod outcome;

use std::sync::Arc;

use bytes::Bytes;
use rust_decimal::Decimal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use super::books::Books;
use super::file_contents::{FileContents, FoundFile, LoadedFile};
use super::metering::{PaidWork, Reservation, ReserveError, TurnMeter};
use super::transcription::{self, Claim, Funding, Request};
use crate::db::DbError;
use crate::db::known_transcripts::{self, KnownTranscript};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;
use crate::domain::money::Usd;
use crate::domain::speech::TranscriptionId;
use crate::domain::turn::TurnPayer;
use crate::lifecycle::{Lifecycle, kill_point};
use crate::llm::speech::{self, Client, FILE_LIMIT, Recording, Transcript};
use crate::llm::{LlmError, Unreadable};
use crate::telemetry::metrics::Metrics;
pub(crate) use outcome::{FileTranscript, TRANSCRIPT_LIMIT, TranscriptError};

/// Files that are loaded and transcribed at once, over all conversations: each is in memory meanwhile.
const MAX_AT_ONCE: usize = 4;

/// Transcribes files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileTranscripts {
    contents: FileContents,
    books: Arc<Books>,
    client: Client,
    life: Lifecycle,
    metrics: Metrics,
    places: Arc<Semaphore>,
}

impl FileTranscripts {
    pub(crate) fn new(
        contents: FileContents,
        books: Books,
        client: Client,
        life: Lifecycle,
        metrics: Metrics,
    ) -> Self {
        let places = Arc::new(Semaphore::new(MAX_AT_ONCE));
        Self { contents, books: Arc::new(books), client, life, metrics, places }
    }

    /// Returns the transcript of a file of the conversation, for the user who pays. One that is stored is
    /// free of charge at any balance; otherwise the file is transcribed, if the meter of the turn grants its
    /// price.
    ///
    /// Dropping the future gives the file up only until the service is asked: from then on the work goes on,
    /// and the transcript is stored and paid.
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
        let file = self.contents.find(key, id).await?.ok_or(TranscriptError::NotFound)?;
        if let Some(known) = self.stored(payer, &file).await? {
            return Ok(FileTranscript { name: file.name, known, cost: Usd::ZERO, stored: true });
        }
        check(&file)?;
        self.contents.check(&file).await?;
        let duration = speech::estimated_duration(file.size, &file.mime);
        let price = transcription::price(&self.books, Decimal::from(duration));
        let work = PaidWork { least: Usd::ZERO, most: price };
        let reservation = meter.reserve(work).await.map_err(|error| match error {
            ReserveError::Short(left) => TranscriptError::Short { left, least: work.least },
            ReserveError::Unknown => TranscriptError::NoBooks,
        })?;
        let job = Job { service: self.clone(), key, payer, file, language, duration, lease: rand::random() };
        job.begin(reservation).await.unwrap_or(Err(TranscriptError::Cancelled))
    }

    /// Returns the transcript that is stored for a file, or for the same content under another id.
    async fn stored(&self, payer: TurnPayer, file: &FoundFile) -> Result<Option<KnownTranscript>, DbError> {
        known_transcripts::known(&self.books.db, id_of(file), payer.user, &file.unique_id).await
    }
}

/// Returns the id of a file's transcription. A recording has that of its message, as when it is heard at
/// once.
fn id_of(file: &FoundFile) -> TranscriptionId {
    file.recording.map_or(TranscriptionId::File(file.id), TranscriptionId::Recording)
}

/// Refuses what need not be loaded.
fn check(file: &FoundFile) -> Result<(), TranscriptError> {
    if !speech::is_heard(file.kind, &file.mime, &file.name) {
        let is_media = speech::is_media(file.kind, &file.mime);
        return Err(if is_media { TranscriptError::Format } else { TranscriptError::Silent });
    }
    if file.size > FILE_LIMIT { Err(TranscriptError::TooLarge(FILE_LIMIT)) } else { Ok(()) }
}

/// One file that is being transcribed.
#[derive(Debug)]
struct Job {
    service: FileTranscripts,
    key: ThreadKey,
    payer: TurnPayer,
    file: FoundFile,
    language: Option<String>,
    /// The estimated duration in seconds, for the hold.
    duration: u32,
    lease: i64,
}

/// The words of a file.
enum Words {
    /// Another worker has stored them meanwhile.
    Known(KnownTranscript),
    /// Still to be stored; free of charge if the user has paid for the same content under another id.
    New { transcript: Transcript, paid_before: bool },
}

/// What is known before the service is asked.
enum Prepared {
    /// The words.
    Words(Words),
    /// The file is loaded; its place among those in memory and its room there are taken.
    Loaded(Recording, [Option<OwnedSemaphorePermit>; 2]),
}

type Done = oneshot::Sender<Result<FileTranscript, TranscriptError>>;

impl Job {
    /// Starts the work in a task of its own, because the tool's future is dropped when the turn is cut or its
    /// time is over.
    fn begin(self, reservation: Reservation) -> oneshot::Receiver<Result<FileTranscript, TranscriptError>> {
        let (done, answer) = oneshot::channel();
        let life = self.service.life.clone();
        life.spawn("transcript", self.work(done, reservation));
        answer
    }

    async fn work(self, mut done: Done, reservation: Reservation) {
        let mut asked = false;
        let result = match self.hear(&mut done, reservation, &mut asked).await {
            Ok(Words::Known(known)) => Ok(self.transcript(known, Usd::ZERO, true)),
            Ok(Words::New { transcript, paid_before }) => self.settle(&transcript, paid_before).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            let lost = asked && matches!(error, TranscriptError::Cancelled | TranscriptError::Slow);
            self.release(error.name(), lost).await;
        }
        self.report(&result);
        if done.send(result).is_err() {
            tracing::debug!("nobody waits for the transcript any more");
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            id: id_of(&self.file),
            key: self.key,
            payer: self.payer,
            funding: Funding::Turn,
            unique_id: &self.file.unique_id,
            duration: self.duration,
            lease: self.lease,
        }
    }

    fn transcript(&self, known: KnownTranscript, cost: Usd, stored: bool) -> FileTranscript {
        FileTranscript { name: self.file.name.clone(), known, cost, stored }
    }

    /// Gets the words. Notes when the service is asked.
    async fn hear(
        &self,
        done: &mut Done,
        reservation: Reservation,
        asked: &mut bool,
    ) -> Result<Words, TranscriptError> {
        let FileTranscripts { books, life, .. } = &self.service;
        let deadline = Instant::now() + TRANSCRIPT_LIMIT;
        let prepare = timeout_at(deadline, self.prepare(reservation));
        let prepared = tokio::select! {
            biased;
            () = done.closed() => return Err(TranscriptError::Cancelled),
            () = life.abort.cancelled() => return Err(TranscriptError::Cancelled),
            prepared = prepare => prepared.unwrap_or(Err(TranscriptError::Slow))?,
        };
        let (recording, _place) = match prepared {
            Prepared::Words(words) => return Ok(words),
            Prepared::Loaded(recording, place) => (recording, place),
        };
        *asked = true;
        let transcript = tokio::select! {
            biased;
            () = life.abort.cancelled() => return Err(TranscriptError::Cancelled),
            answer = timeout_at(deadline, self.ask(&recording)) => answer.unwrap_or(Err(TranscriptError::Slow))?,
            never = transcription::keep(books, self.request()) => match never {},
        };
        kill_point!("transcription: answered");
        Ok(Words::New { transcript, paid_before: false })
    }

    /// Claims the file and loads it; renews the lease meanwhile.
    async fn prepare(&self, reservation: Reservation) -> Result<Prepared, TranscriptError> {
        let (books, request) = (&self.service.books, self.request());
        match transcription::wait(books, request).await? {
            Claim::Begun => {}
            Claim::Known(known) => return Ok(Prepared::Words(Words::Known(known))),
            Claim::Paid(transcript) => {
                return Ok(Prepared::Words(Words::New { transcript, paid_before: true }));
            }
            Claim::Expired => return Err(TranscriptError::Expired),
            Claim::Refused | Claim::Busy | Claim::Reserved => return Err(TranscriptError::Refused),
        }
        // From here on the transcription has a hold of its own.
        drop(reservation);
        let load = async {
            // The semaphore is never closed, so this always returns a permit.
            let place = self.service.places.clone().acquire_owned().await.ok();
            let LoadedFile { bytes, room } = self.service.contents.load(&self.file).await?;
            let FoundFile { name, mime, .. } = self.file.clone();
            let (bytes, language) = (Bytes::from(bytes), self.language.clone());
            Ok(Prepared::Loaded(Recording { name, mime, bytes, language }, [place, room]))
        };
        tokio::select! {
            loaded = load => loaded,
            never = transcription::keep(books, request) => match never {},
        }
    }

    /// Asks the service. An answer that tells no duration gets that of the headers, else one by size: a
    /// transcript is never free of charge by accident.
    async fn ask(&self, recording: &Recording) -> Result<Transcript, TranscriptError> {
        let FileTranscripts { client, metrics, .. } = &self.service;
        let began = Instant::now();
        let transcript = client.transcribe(recording).await.map_err(|error| match error {
            LlmError::Unreadable(Unreadable::TooLarge { limit }) => TranscriptError::TooLarge(limit),
            error => TranscriptError::Service(error),
        })?;
        metrics.transcription.observe(began.elapsed().as_secs_f64());
        if transcript.seconds.is_some() {
            return Ok(transcript);
        }
        let size = recording.bytes.len() as u64;
        let by_size = || Decimal::from(speech::estimated_duration(size, &recording.mime));
        let seconds = speech::duration(recording.bytes.clone()).await.unwrap_or_else(by_size);
        Ok(Transcript { seconds: Some(seconds), ..transcript })
    }

    /// Stores and charges new words.
    async fn settle(
        &self,
        transcript: &Transcript,
        paid_before: bool,
    ) -> Result<FileTranscript, TranscriptError> {
        let (books, request) = (&self.service.books, self.request());
        let settle = || transcription::settle(books, request, transcript, paid_before, |_| Vec::new());
        let settled = books.db.persist(settle).await?;
        settled.count(&self.service.metrics);
        Ok(self.transcript(settled.transcript, settled.cost, paid_before))
    }

    async fn release(&self, failure: &'static str, lost: bool) {
        let books = &self.service.books;
        let release = || transcription::release(books, id_of(&self.file), self.lease, (failure, lost));
        if let Err(error) = books.db.persist(release).await {
            // The hold ends with the lease.
            tracing::warn!(error = &error as &dyn std::error::Error, "a transcription is still claimed");
        }
    }

    fn report(&self, result: &Result<FileTranscript, TranscriptError>) {
        let label = match result {
            Ok(transcript) if transcript.known.text.is_empty() => "empty",
            Ok(_) => "ok",
            Err(TranscriptError::Refused) => "withheld",
            Err(_) => "failed",
        };
        self.service.metrics.transcriptions.with_label_values(&[label]).inc();
        if let Err(error) = result {
            let error = error as &dyn std::error::Error;
            tracing::warn!(chat.id = self.key.chat.0, file.id = %self.file.id, error, "a file was not transcribed");
        }
    }
}
