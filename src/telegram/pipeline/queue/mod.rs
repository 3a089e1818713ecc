//! Queue: one mailbox a thread and the window in which several messages become one prompt. The durable queue is the
//! inbox table; a mailbox only holds what is on its way, so it may be lost at any moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::db::turns::LeftOpen;
use crate::domain::file::{Attachment, Retrieval};
use crate::domain::ids::{MessageId, ThreadKey, TurnId, UpdateId};
use crate::domain::message::Incoming;
use crate::domain::people::Language;
use crate::domain::speech::Spoken;
use crate::services::recovery::Recovery;
use crate::telegram::inbound::{Edit, MessageHeader};
use crate::telegram::pipeline::fetches::{FetchFuture, FetchOutcome, FetchResult};
use crate::telegram::pipeline::in_flight::InFlightGuard;
use crate::telegram::pipeline::isolation::Assembly;

/// Letters that a mailbox holds. A session empties its mailbox at all times, so this is only reached while the
/// database is away.
const MAILBOX: usize = 256;
/// The longest that a batch stays open, however fast the messages come.
const LONGEST_WINDOW: Duration = Duration::from_secs(1);

/// How long a batch stays open for the next part of an album.
const ALBUM_WINDOW: Duration = Duration::from_millis(300);
/// Messages that make a batch full; further ones wait in the mailbox.
const FULL: usize = 50;
/// The type of a file that is not what Telegram told; of no kind that a model reads.
const UNKNOWN: &str = "unknown/unknown";

/// Something for the session of a thread. What it brings is boxed: a mailbox has room for 32 letters from the beginning.
#[derive(Debug)]
pub(crate) enum SessionInput {
    /// A message that wants an answer, and when its window begins.
    Message(Box<Incoming>, Instant),
    /// A changed message.
    Edit(Box<Edit>),
    /// The running answer shall end.
    Stop(Box<StopRequest>),
    /// What was said before shall be forgotten.
    Clear(Box<MessageHeader>),
    /// A turn that a crash left open.
    Resume(Box<(LeftOpen, Recovery)>, Assembly),
}

impl SessionInput {
    /// The update that brought it; none for a turn that was left open.
    pub(crate) fn update(&self) -> Option<UpdateId> {
        match self {
            Self::Message(message, _) => Some(message.update),
            Self::Edit(edit) => Some(edit.update),
            Self::Stop(stop_request) => Some(stop_request.update),
            Self::Clear(clear) => Some(clear.update),
            Self::Resume(..) => None,
        }
    }
}

/// A wish to end the running answer.
#[derive(Debug)]
pub(crate) struct StopRequest {
    /// The update that brought it.
    pub update: UpdateId,
    /// How it was made.
    pub by: StopSource,
}

/// The ways to wish for a stop.
#[derive(Debug)]
pub(crate) enum StopSource {
    /// The command.
    Command(Box<MessageHeader>),
    /// The button that Telegram shows below a draft.
    Draft(i32),
    /// Our button below a message in a group.
    Button {
        /// The turn that it belongs to.
        turn: TurnId,
        /// The tap, which wants an answer.
        callback: String,
        /// The language of the person who tapped.
        language: Language,
    },
}

/// The session's end of its mailbox.
pub(crate) type Mailbox = mpsc::Receiver<SessionInput>;

/// The mailboxes of all threads that are awake. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailboxes(Arc<Mutex<HashMap<ThreadKey, mpsc::Sender<SessionInput>>>>);

/// What posting a letter came to.
#[derive(Debug)]
pub(crate) enum PostResult {
    /// A session that is awake has it.
    Delivered,
    /// Nobody was awake; this mailbox has it and wants a session.
    Wake(Mailbox),
    /// The mailbox is full.
    Full,
}

impl Mailboxes {
    /// Posts a letter without waiting.
    pub(crate) fn post(&self, key: ThreadKey, input: SessionInput) -> PostResult {
        let mut map = self.map();
        let Some(mailbox) = map.get(&key) else { return Self::wake(&mut map, key, input) };
        match mailbox.try_send(input) {
            Ok(()) => PostResult::Delivered,
            Err(mpsc::error::TrySendError::Full(_)) => PostResult::Full,
            // The session is dead: its mailbox is closed, and the letter comes back.
            Err(mpsc::error::TrySendError::Closed(input)) => Self::wake(&mut map, key, input),
        }
    }

    fn wake(
        map: &mut HashMap<ThreadKey, mpsc::Sender<SessionInput>>,
        key: ThreadKey,
        input: SessionInput,
    ) -> PostResult {
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        if sender.try_send(input).is_err() {
            return PostResult::Full;
        }
        map.insert(key, sender);
        PostResult::Wake(mailbox)
    }

    /// Ends a session if nothing is in its mailbox. From then on the next letter wakes a new one.
    pub(crate) fn sleep(&self, key: ThreadKey, mailbox: &Mailbox) -> bool {
        let mut map = self.map();
        if !mailbox.is_empty() {
            return false;
        }
        map.remove(&key);
        true
    }

    fn map(&self) -> MutexGuard<'_, HashMap<ThreadKey, mpsc::Sender<SessionInput>>> {
        self.0.lock()
    }
}

/// When the window of a message begins that is put into its mailbox now: when it arrived, so that nobody waits for the
/// storing, too. Half of the window is left in any case, for messages that arrived together with this one.
pub(crate) fn window_begins(arrived: Option<Instant>, window: Duration) -> Instant {
    let now = Instant::now();
    let used = now - arrived.unwrap_or(now);
    now.checked_sub(used.min(window / 2)).unwrap_or(now)
}

/// Messages that will be one prompt, once the window is closed and their files have arrived.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    messages: Vec<Incoming>,
    /// Files of these messages that are on their way.
    fetching: FuturesUnordered<FetchFuture>,
    /// Messages whose files were not tried.
    withheld: Vec<MessageId>,
    /// The newest change of each message that was changed here.
    edits: Vec<Edit>,
    /// The updates of all that waits here or behind it.
    held: Vec<InFlightGuard>,
    closes: Option<(Instant, Instant)>,
}

impl Batch {
    /// Adds a message, whose files may be on their way, and opens the window anew, within its longest time.
    pub(crate) fn add(
        &mut self,
        message: Incoming,
        came: Instant,
        window: Duration,
        files: impl IntoIterator<Item = FetchFuture>,
    ) {
        self.fetching.extend(files);
        let window = if message.album.is_some() { window.max(ALBUM_WINDOW) } else { window };
        let (_, latest) = self.closes.unwrap_or((came, came + LONGEST_WINDOW));
        self.closes = Some(((came + window).min(latest), latest));
        self.messages.push(message);
    }

    /// Keeps an update in hand for as long as the batch waits, if it does.
    pub(crate) fn hold(&mut self, held: InFlightGuard) {
        if self.closes.is_some() {
            self.held.push(held);
        }
    }

    /// What is in hand for the batch; to be kept until its messages are stored.
    pub(crate) fn take_held(&mut self) -> Vec<InFlightGuard> {
        std::mem::take(&mut self.held)
    }

    /// Takes over a change of a message that waits here; tells which update has no effect any more, because a newer
    /// one of the same message is here as well.
    ///
    /// # Errors
    /// The change itself, if its message does not wait here.
    pub(crate) fn edit(&mut self, edit: Edit) -> Result<Option<UpdateId>, Edit> {
        let mut waiting =
            self.messages.iter_mut().filter(|message| message.message == edit.message).peekable();
        if waiting.peek().is_none() {
            return Err(edit);
        }
        let known = self.edits.iter_mut().find(|known| known.message == edit.message);
        if let Some(newer) = known.as_ref().filter(|known| known.is_newer_than(&edit)) {
            return Ok((newer.update != edit.update).then_some(edit.update));
        }
        waiting.for_each(|message| message.text.clone_from(&edit.text));
        let Some(known) = known else {
            self.edits.push(edit);
            return Ok(None);
        };
        let older = std::mem::replace(known, edit);
        Ok((older.update != known.update).then_some(older.update))
    }

    /// The changes that the messages contain; their updates are to be finished once the messages are stored.
    pub(crate) fn take_edits(&mut self) -> Vec<Edit> {
        std::mem::take(&mut self.edits)
    }

    /// Whether a message waits here.
    pub(crate) fn contains(&self, message: MessageId) -> bool {
        self.messages.iter().any(|waiting| waiting.message == message)
    }

    /// Whether the file of the message that this one replies to comes with this message itself or one that waits here.
    pub(crate) fn brings(&self, message: &Incoming) -> bool {
        let same = |wanted: &Attachment| {
            let waiting = self.messages.iter().flat_map(Incoming::files).map(|(_, file, _)| file);
            let mut files = waiting.chain(&message.attachment);
            files.any(|file| file.is_content_of(wanted))
        };
        message.replied_attachment.as_ref().is_some_and(same)
    }

    /// Whether files are on their way.
    pub(crate) fn is_fetching(&self) -> bool {
        !self.fetching.is_empty()
    }

    /// Whether it takes no more messages.
    pub(crate) fn is_full(&self) -> bool {
        self.messages.len() >= FULL
    }

    /// Waits for the next file to arrive; for ever if none is on its way.
    pub(crate) async fn arrive(&mut self) {
        let Some(FetchResult { message, replied, outcome }) = self.fetching.next().await else {
            return std::future::pending().await;
        };
        let is_foreign = matches!(outcome, FetchOutcome::Foreign(_));
        let (retrieval, size) = match outcome {
            FetchOutcome::Copied(copy, size) => (Retrieval::Copied(copy), Some(size)),
            FetchOutcome::Unreadable(size) | FetchOutcome::Foreign(size) => {
                (Retrieval::Unreadable, Some(size))
            }
            FetchOutcome::Withheld if replied => return,
            FetchOutcome::Withheld => return self.withheld.push(message),
            FetchOutcome::Failed => (Retrieval::Failed, None),
            FetchOutcome::Heard(spoken) if replied => return self.quote(message, &spoken),
            FetchOutcome::Heard(spoken) => (Retrieval::Heard(spoken), None),
            FetchOutcome::Off => (Retrieval::Off, None),
        };
        for waiting in self.messages.iter_mut().filter(|waiting| waiting.message == message) {
            let (attachment, fetched) = if replied {
                (&mut waiting.replied_attachment, &mut waiting.replied_fetched)
            } else {
                (&mut waiting.attachment, &mut waiting.fetched)
            };
            fetched.clone_from(&retrieval);
            let Some(attachment) = attachment else { continue };
            attachment.size = size.or(attachment.size);
            if is_foreign {
                // Nobody knows what it is; what was told is wrong.
                UNKNOWN.clone_into(&mut attachment.mime);
            }
        }
    }

    /// Puts what was said in the recording that a message replies to in its place.
    fn quote(&mut self, message: MessageId, spoken: &Spoken) {
        for waiting in self.messages.iter_mut().filter(|waiting| waiting.message == message) {
            let Some(reply) = &mut waiting.context.reply else { continue };
            let caption = std::mem::replace(&mut reply.text, spoken.text.clone());
            if !caption.trim().is_empty() {
                reply.text = format!("{}\n\n{caption}", reply.text);
            }
            reply.cut_middle();
            waiting.replied_attachment = None;
        }
    }

    /// The messages whose files were not tried.
    pub(crate) fn take_withheld(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.withheld)
    }

    /// When the window closes; none while nothing waits.
    pub(crate) fn closes(&self) -> Option<Instant> {
        self.closes.map(|(closes, _)| closes)
    }

    /// The first message that waits.
    pub(crate) fn first(&self) -> Option<&Incoming> {
        self.messages.first()
    }

    /// Whether a message waits that was written before this one.
    pub(crate) fn has_before(&self, message: MessageId) -> bool {
        self.messages.iter().any(|waiting| waiting.message < message)
    }

    /// The updates that brought the messages.
    pub(crate) fn updates(&self) -> Vec<UpdateId> {
        self.messages.iter().map(|message| message.update).collect()
    }

    /// The updates of all messages, which are forgotten.
    pub(crate) fn take_updates(&mut self) -> Vec<UpdateId> {
        self.closes = None;
        std::mem::take(&mut self.messages).into_iter().map(|message| message.update).collect()
    }

    /// The messages in the order in which the person wrote them.
    pub(crate) fn take(&mut self) -> Vec<Incoming> {
        self.closes = None;
        let mut messages = std::mem::take(&mut self.messages);
        messages.sort_by_key(|message| message.message);
        messages.dedup_by_key(|message| message.message);
        messages
    }
}

#[cfg(test)]
mod tests;
