//! The work on one file: claims it, loads it, asks the service, and stores and charges what has come of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use rust_decimal::Decimal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use super::outcome::{FileTranscript, TRANSCRIPT_LIMIT, TranscriptError};
use crate::db::known_transcripts::KnownTranscript;
use crate::domain::ids::ThreadKey;
use crate::domain::money::Usd;
use crate::domain::speech::TranscriptionId;
use crate::domain::turn::TurnPayer;
use crate::lifecycle::{Lifecycle, kill_point};
use crate::llm::speech::{self, Client, Recording, Transcript};
use crate::llm::{LlmError, Unreadable};
use crate::services::books::Books;
use crate::services::file_contents::{FileContents, FoundFile, LoadedFile};
use crate::services::metering::Reservation;
use crate::services::transcription::{self, Claim, Funding, Request};
use crate::telemetry::metrics::Metrics;

/// What the work needs.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub(super) contents: FileContents,
    pub(super) books: Arc<Books>,
    pub(super) client: Client,
    pub(super) life: Lifecycle,
    pub(super) metrics: Metrics,
    pub(super) places: Arc<Semaphore>,
}

/// Returns the id of a file's transcription. A recording has that of its message, as when it is heard at
/// once.
pub(super) fn id_of(file: &FoundFile) -> TranscriptionId {
    file.recording.map_or(TranscriptionId::File(file.id), TranscriptionId::Recording)
}

/// One file that is being transcribed.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) means: Means,
    pub(super) key: ThreadKey,
    pub(super) payer: TurnPayer,
    pub(super) file: FoundFile,
    pub(super) language: Option<String>,
    /// The estimated duration in seconds, for the hold.
    pub(super) duration: u32,
    pub(super) lease: i64,
}

/// The words of a file.
enum Words {
    /// Another worker has stored them meanwhile.
    Known(KnownTranscript),
    /// Still to be stored; free of charge if the user has paid for the same content under another id.
    New { transcript: Transcript, paid_before: bool },
    /// None: the turn was stopped while the service was asked to transcribe this many seconds, to be paid.
    Stopped(Decimal),
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
    pub(super) fn begin(
        self,
        reservation: Reservation,
    ) -> oneshot::Receiver<Result<FileTranscript, TranscriptError>> {
        let (done, answer) = oneshot::channel();
        let life = self.means.life.clone();
        life.spawn("transcript", self.work(done, reservation));
        answer
    }

    async fn work(self, mut done: Done, reservation: Reservation) {
        let asking = AtomicBool::new(false);
        let result = match self.hear(&mut done, reservation, &asking).await {
            Ok(Words::Known(known)) => Ok(self.transcript(known, Usd::ZERO, true)),
            Ok(Words::New { transcript, paid_before }) => self.settle(&transcript, paid_before).await,
            Ok(Words::Stopped(seconds)) => Err(self.pay_stopped(seconds).await),
            Err(error) => Err(error),
        };
        if let Err(error) = &result
            && !matches!(error, TranscriptError::Stopped)
        {
            // A request that was cut may have cost something.
            self.release(error.name(), asking.load(Ordering::Relaxed)).await;
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

    /// Gets the words. `asking` is set while the service is asked.
    async fn hear(
        &self,
        done: &mut Done,
        reservation: Reservation,
        asking: &AtomicBool,
    ) -> Result<Words, TranscriptError> {
        let Means { books, life, .. } = &self.means;
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
        if done.is_closed() {
            return Err(TranscriptError::Cancelled);
        }
        let answer = tokio::select! {
            biased;
            () = life.abort.cancelled() => return Err(TranscriptError::Cancelled),
            // An answer that comes at the moment of a stop is kept.
            answer = timeout_at(deadline, self.ask(&recording, asking)) => Some(answer),
            () = done.closed() => None,
            never = transcription::keep(books, self.request()) => match never {},
        };
        let Some(answer) = answer else { return self.stopped(&recording, asking).await };
        let answer = answer.unwrap_or(Err(TranscriptError::Slow))?;
        kill_point!("transcription: answered");
        // An answer that tells no duration must not be free of charge by accident.
        let seconds = match answer.seconds {
            Some(seconds) => seconds,
            None => seconds(&recording).await,
        };
        let transcript = Transcript { seconds: Some(seconds), ..answer };
        Ok(Words::New { transcript, paid_before: false })
    }

    /// Returns what is due after a stop, which has dropped the request. The turns of an instance that ends are
    /// dropped in the same way, and nobody has stopped them.
    async fn stopped(&self, recording: &Recording, asking: &AtomicBool) -> Result<Words, TranscriptError> {
        if self.means.life.drain.is_cancelled() || !asking.load(Ordering::Relaxed) {
            return Err(TranscriptError::Cancelled);
        }
        kill_point!("transcription: stopped");
        Ok(Words::Stopped(seconds(recording).await))
    }

    /// Claims the file and loads it; renews the lease meanwhile.
    async fn prepare(&self, reservation: Reservation) -> Result<Prepared, TranscriptError> {
        let (books, request) = (&self.means.books, self.request());
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
            let place = self.means.places.clone().acquire_owned().await.ok();
            let LoadedFile { bytes, room } = self.means.contents.load(&self.file).await?;
            let FoundFile { name, mime, .. } = self.file.clone();
            let (bytes, language) = (Bytes::from(bytes), self.language.clone());
            Ok(Prepared::Loaded(Recording { name, mime, bytes, language }, [place, room]))
        };
        tokio::select! {
            loaded = load => loaded,
            never = transcription::keep(books, request) => match never {},
        }
    }

    /// Asks the service.
    async fn ask(&self, recording: &Recording, asking: &AtomicBool) -> Result<Transcript, TranscriptError> {
        let Means { client, metrics, .. } = &self.means;
        let began = Instant::now();
        let transcript = client.transcribe(recording, asking).await.map_err(|error| match error {
            LlmError::Unreadable(Unreadable::TooLarge { limit }) => TranscriptError::TooLarge(limit),
            error => TranscriptError::Service(error),
        })?;
        metrics.transcription.observe(began.elapsed().as_secs_f64());
        Ok(transcript)
    }

    /// Stores and charges new words.
    async fn settle(
        &self,
        transcript: &Transcript,
        paid_before: bool,
    ) -> Result<FileTranscript, TranscriptError> {
        let (books, request) = (&self.means.books, self.request());
        let settle = || transcription::settle(books, request, transcript, paid_before, |_| Vec::new());
        let settled = books.db.persist(settle).await?;
        transcription::count(&self.means.metrics, settled.seconds, settled.cost);
        Ok(self.transcript(settled.transcript, settled.cost, paid_before))
    }

    /// Charges a request that was stopped and gives the claim up. Returns the error that the job ends with.
    async fn pay_stopped(&self, seconds: Decimal) -> TranscriptError {
        let (books, request) = (&self.means.books, self.request());
        match books.db.persist(|| transcription::pay_stopped(books, request, seconds)).await {
            Ok(cost) => {
                transcription::count(&self.means.metrics, seconds, cost);
                TranscriptError::Stopped
            }
            Err(error) => error.into(),
        }
    }

    async fn release(&self, failure: &'static str, lost: bool) {
        let books = &self.means.books;
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
            Err(TranscriptError::Cancelled | TranscriptError::Stopped) => "stopped",
            Err(_) => "failed",
        };
        self.means.metrics.transcriptions.with_label_values(&[label]).inc();
        if let Err(error) = result {
            let error = error as &dyn std::error::Error;
            tracing::warn!(chat.id = self.key.chat.0, file.id = %self.file.id, error, "a file was not transcribed");
        }
    }
}

/// Returns how many seconds a recording plays, as its headers tell, else by its size.
async fn seconds(recording: &Recording) -> Decimal {
    let by_size = || speech::estimated_duration(recording.bytes.len() as u64, &recording.mime).into();
    speech::duration(recording.bytes.clone()).await.unwrap_or_else(by_size)
}
