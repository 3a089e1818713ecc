//! Recordings made in a chat: each is loaded, transcribed and quoted before its message becomes a question.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::fetches::{FETCH_LIMIT, FetchFuture, FetchOutcome};
use super::loading::{LoadError, Source, load};
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::domain::file::Attachment;
use crate::domain::message::Incoming;
use crate::domain::speech::{RecordingId, Spoken, TranscriptionId};
use crate::lifecycle::kill_point;
use crate::llm::LlmError;
use crate::llm::speech::{Client, Recording, Transcript};
use crate::rendering::{Entity, EntityKind, Limits, RichText, split};
use crate::services::transcription::{self, Claim, Funding, Request};
use crate::telegram::context::BotContext;

/// The most messages that quote one recording.
const MOST_QUOTES: usize = 5;

/// Why a recording was not transcribed.
#[derive(Debug, thiserror::Error)]
enum HearError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the recording is not transcribed")]
    Service(#[from] LlmError),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("its sender is banned or has nothing to spend")]
    Withheld,
    #[error("its words are kept no longer")]
    Expired,
    #[error("it took longer than {} s", FETCH_LIMIT.as_secs())]
    Slow,
}

impl HearError {
    /// A word for rows and labels.
    fn name(&self) -> &'static str {
        match self {
            Self::Load(LoadError::Refused(_)) => "refused",
            Self::Load(_) => "not_loaded",
            Self::Service(error) => error.name(),
            Self::Database(_) => "database",
            Self::Withheld => "withheld",
            Self::Expired => "expired",
            Self::Slow => "slow",
        }
    }
}

impl From<Result<Spoken, HearError>> for FetchOutcome {
    fn from(heard: Result<Spoken, HearError>) -> Self {
        match heard {
            Ok(spoken) => Self::Heard(spoken),
            Err(HearError::Withheld) => Self::Withheld,
            Err(HearError::Load(LoadError::Refused(refusal))) => Self::Refused(refusal),
            Err(_) => Self::Failed,
        }
    }
}

/// Begins to transcribe the recording of a message, or that of the message that it replies to (`replied`).
pub(super) fn begin(
    context: &Arc<BotContext>,
    incoming: &Incoming,
    replied: bool,
    attachment: Attachment,
) -> FetchFuture {
    let message = incoming.message;
    let Some(client) = context.speech.clone() else {
        return FetchFuture::new(message, replied, std::future::ready(FetchOutcome::Off));
    };
    let (mut done, heard) = oneshot::channel();
    let listener =
        Listener { context: context.clone(), client, incoming: incoming.clone(), replied, attachment };
    context.life.spawn("transcription", async move {
        let lease = rand::random();
        let id = listener.request(lease).id;
        let context = &listener.context;
        let heard = tokio::select! {
            biased;
            // What is given up or left undone is transcribed again with its update.
            () = done.closed() => None,
            () = context.life.drain.cancelled() => None,
            heard = listener.hear(lease) => Some(heard),
        };
        // What the service has answered is stored and paid in any case.
        let heard = match heard {
            Some(Ok(heard)) => Some(listener.settle(lease, heard).await),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        };
        let failure = match &heard {
            None => Some(("cancelled", true)),
            Some(Err(error)) => Some((error.name(), matches!(error, HearError::Slow))),
            Some(Ok(_)) => None,
        };
        if let Some(failure) = failure {
            let release = || transcription::release(&context.books, id, lease, failure);
            if let Err(error) = context.db.persist(release).await {
                // The hold ends with the lease.
                tracing::warn!(error = &error as &dyn std::error::Error, "a transcription is still claimed");
            }
        }
        let Some(heard) = heard else { return };
        listener.report(&heard);
        if done.send(heard.into()).is_err() {
            tracing::debug!("nobody waits for the recording any more");
        }
    });
    FetchFuture::new(message, replied, heard.map(|heard| heard.unwrap_or(FetchOutcome::Failed)))
}

/// What was said in a recording.
enum Heard {
    /// Stored and paid already.
    Known(Spoken),
    /// Still to be stored; free of charge if the user has paid for the same recording in another message.
    New { transcript: Transcript, paid_before: bool },
}

/// Transcribes one recording.
struct Listener {
    context: Arc<BotContext>,
    client: Client,
    incoming: Incoming,
    replied: bool,
    attachment: Attachment,
}

impl Listener {
    /// The message with the recording. One of another chat has no number here.
    fn recording(&self) -> RecordingId {
        let Incoming { key, message, context, .. } = &self.incoming;
        let answered = context.reply.as_ref().filter(|reply| self.replied && reply.chat.is_none());
        match answered.and_then(|reply| reply.message) {
            Some(answered) => RecordingId { chat: key.chat, message: answered, replied: false },
            None => RecordingId { chat: key.chat, message: *message, replied: self.replied },
        }
    }

    fn request(&self, lease: i64) -> Request<'_> {
        Request {
            id: TranscriptionId::Recording(self.recording()),
            key: self.incoming.key,
            payer: self.incoming.sender.id.into(),
            funding: Funding::Gate { person: &self.incoming.sender, chat: &self.incoming.chat },
            unique_id: &self.attachment.unique_id,
            duration: self.attachment.duration_s.unwrap_or_default(),
            lease,
        }
    }

    /// Gets the words: those that are known, or those that the service hears.
    async fn hear(&self, lease: i64) -> Result<Heard, HearError> {
        let request = self.request(lease);
        let deadline = Instant::now() + FETCH_LIMIT;
        let claim = tokio::time::timeout_at(deadline, self.claim(request)).await;
        if let Some(heard) = claim.unwrap_or(Err(HearError::Slow))? {
            return Ok(heard);
        }
        let _action = self.context.screen.actions.show(self.incoming.key, self.incoming.message);
        let asked = tokio::time::timeout_at(deadline, self.ask(request, deadline)).await;
        let transcript = asked.unwrap_or(Err(HearError::Slow))?;
        kill_point!("transcription: answered");
        Ok(Heard::New { transcript, paid_before: false })
    }

    /// Waits until the words are known or this worker may ask the service (`None`).
    async fn claim(&self, request: Request<'_>) -> Result<Option<Heard>, HearError> {
        match transcription::wait(&self.context.books, request).await? {
            Claim::Known(known) => Ok(Some(Heard::Known(self.spoken(known.text)))),
            Claim::Begun => Ok(None),
            Claim::Paid(transcript) => Ok(Some(Heard::New { transcript, paid_before: true })),
            Claim::Expired => Err(HearError::Expired),
            Claim::Refused | Claim::Busy | Claim::Reserved => Err(HearError::Withheld),
        }
    }

    fn spoken(&self, text: String) -> Spoken {
        Spoken { seconds: self.attachment.duration_s.unwrap_or_default(), text }
    }

    /// Loads the recording and asks the service; renews the lease meanwhile.
    async fn ask(&self, request: Request<'_>, deadline: Instant) -> Result<Transcript, HearError> {
        let work = async {
            let (context, incoming) = (&self.context, &self.incoming);
            // The service may be slow, and other files need not wait for it.
            let _place = context.hearings.take(incoming.sender.id, &context.screen.api, Some(0)).await;
            let Self { replied, attachment, .. } = self;
            let (key, user, message) = (incoming.key, incoming.sender.id, incoming.message);
            let source = Source { key, user, message, replied: *replied, attachment };
            let (bytes, _) = load(context, source, deadline).await?;
            let Attachment { name, mime, .. } = self.attachment.clone();
            let recording = Recording { name, mime, bytes: Bytes::from(bytes), language: None };
            let began = Instant::now();
            let transcript = self.client.transcribe(&recording, &AtomicBool::new(false)).await?;
            context.metrics.transcription.observe(began.elapsed().as_secs_f64());
            Ok(transcript)
        };
        tokio::select! {
            transcript = work => transcript,
            never = transcription::keep(&self.context.books, request) => match never {},
        }
    }

    /// Stores and charges new words, and quotes them.
    async fn settle(&self, lease: i64, heard: Heard) -> Result<Spoken, HearError> {
        let (transcript, paid_before) = match heard {
            Heard::Known(spoken) => return Ok(spoken),
            Heard::New { ref transcript, paid_before } => (transcript, paid_before),
        };
        let (context, books, request) = (&self.context, &self.context.books, self.request(lease));
        let quotes = |words: &str| self.quotes(words);
        let settle = || transcription::settle(books, request, transcript, paid_before, quotes);
        let settled = context.db.persist(settle).await?;
        transcription::count(&context.metrics, settled.seconds, settled.cost);
        context.courier().deliver(settled.owed);
        Ok(self.spoken(settled.transcript.text))
    }

    /// The messages that show the words: a quote below the recording, without a sound.
    fn quotes(&self, words: &str) -> Vec<OutboxMessage> {
        let recording = self.recording();
        let whole = RichText::plain(words.to_owned());
        let parts = split(&whole, Limits::MESSAGE.code_points, Limits::MESSAGE.entities);
        let message = |(number, part): (usize, RichText)| OutboxMessage {
            reply_to: Some(recording.message),
            after: Some(self.incoming.message),
            silent: true,
            ..OutboxMessage::new(
                format!("transcript:{recording}:{number}"),
                recording.chat,
                self.incoming.key.topic,
                quoted(part).into_wire(),
            )
        };
        parts.into_iter().take(MOST_QUOTES).enumerate().map(message).collect()
    }

    fn report(&self, heard: &Result<Spoken, HearError>) {
        let result = match heard {
            Ok(spoken) if spoken.is_silence() => "empty",
            Ok(_) => "ok",
            Err(HearError::Withheld | HearError::Load(LoadError::Refused(_))) => "withheld",
            Err(_) => "failed",
        };
        self.context.metrics.transcriptions.with_label_values(&[result]).inc();
        if let Err(error) = heard {
            let (chat, message) = (self.incoming.key.chat.0, self.incoming.message.0);
            let error = error as &dyn std::error::Error;
            tracing::warn!(chat.id = chat, message.id = message, error, "a recording was not transcribed");
        }
    }
}

/// Makes a text a quote that is folded if it is long.
fn quoted(part: RichText) -> RichText {
    let length = part.text.encode_utf16().count();
    let quote = Entity { kind: EntityKind::ExpandableBlockquote, offset: 0, length };
    RichText { entities: vec![quote], ..part }
}
