//! The mailbox of each thread: what a session receives, and how an input reaches a running session or starts
//! one.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::db::turns::LeftOpen;
use crate::domain::ids::{ThreadKey, TurnId, UpdateId, UserId};
use crate::domain::message::Incoming;
use crate::domain::people::Person;
use crate::services::recovery::Recovery;
use crate::telegram::inbound::{Edit, MessageHeader};
use crate::telegram::pipeline::isolation::Assembly;

/// The capacity of a mailbox. A session always reads its mailbox, so this is only reached while the database
/// is unavailable.
pub(super) const MAILBOX: usize = 256;

/// Input for a thread's session. Payloads are boxed because a channel allocates room for 32 items at once.
#[derive(Debug)]
pub(crate) enum SessionInput {
    /// A message to answer, and when its window starts.
    Message(Box<Incoming>, Instant),
    /// An edit of an earlier message.
    Edit(Box<Edit>),
    /// A request to end the running answer.
    Stop(Box<StopRequest>),
    /// A `/clear` command.
    Clear(Box<MessageHeader>),
    /// A wish to ask the last question again.
    Retry(Box<RetryRequest>),
    /// An interrupted turn to resume.
    Resume(Box<(LeftOpen, Recovery)>, Assembly),
}

impl SessionInput {
    /// Returns the update of the input, or `None` for an interrupted turn.
    pub(crate) fn update(&self) -> Option<UpdateId> {
        match self {
            Self::Message(message, _) => Some(message.update),
            Self::Edit(edit) => Some(edit.update),
            Self::Stop(stop_request) => Some(stop_request.update),
            Self::Clear(clear) => Some(clear.update),
            Self::Retry(wish) => Some(wish.header.update),
            Self::Resume(..) => None,
        }
    }
}

/// A wish to ask the last question again, by `/retry` or a button.
#[derive(Debug)]
pub(crate) struct RetryRequest {
    /// The command, or the message with the button.
    pub header: MessageHeader,
    /// The turn that the button belongs to; may be forged.
    pub turn: Option<TurnId>,
    /// The id of the callback query of a button, which has to be answered.
    pub callback: Option<String>,
}

/// A request to end the running answer.
#[derive(Debug)]
pub(crate) struct StopRequest {
    pub update: UpdateId,
    pub by: StopSource,
}

impl StopRequest {
    /// Returns who wants it. A draft has only one reader, and an erasure concerns only answers to its person.
    pub(crate) fn person(&self) -> Option<UserId> {
        match &self.by {
            StopSource::Command(header) => Some(header.sender.id),
            StopSource::Button { person, .. } => Some(person.id),
            StopSource::Draft(_) | StopSource::Erasure => None,
        }
    }

    /// Returns whether a person wants it.
    pub(crate) fn is_of(&self, user: UserId) -> bool {
        self.person().is_none_or(|person| person == user)
    }
}

/// How a stop was requested.
#[derive(Debug)]
pub(crate) enum StopSource {
    /// The `/stop` command.
    Command(Box<MessageHeader>),
    /// The button that Telegram shows below a draft, with the draft id.
    Draft(i32),
    /// The bot's button below a message in a group.
    Button {
        /// The turn that the button belongs to.
        turn: TurnId,
        /// The id of the callback query, which has to be answered.
        callback: String,
        /// The person who tapped.
        person: Person,
    },
    /// The person has everything erased; nobody is told of the stop.
    Erasure,
}

/// The receiving end of a session's mailbox.
pub(crate) type Mailbox = mpsc::Receiver<SessionInput>;

/// The mailboxes of all running sessions. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailboxes(Arc<Mutex<HashMap<ThreadKey, mpsc::Sender<SessionInput>>>>);

/// The result of posting an input.
#[derive(Debug)]
pub(crate) enum PostResult {
    /// A running session received it.
    Delivered,
    /// No session was running. The caller must start one with this mailbox, which contains the input.
    Wake(Mailbox),
    /// The mailbox is full.
    Full,
}

impl Mailboxes {
    /// Posts an input without waiting.
    pub(crate) fn post(&self, key: ThreadKey, input: SessionInput) -> PostResult {
        let mut map = self.map();
        let Some(mailbox) = map.get(&key) else { return Self::wake(&mut map, key, input) };
        match mailbox.try_send(input) {
            Ok(()) => PostResult::Delivered,
            Err(mpsc::error::TrySendError::Full(_)) => PostResult::Full,
            // The session has died: its mailbox is closed, and `try_send` returns the input.
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

    /// Removes a session's mailbox if it is empty, so that the next input starts a new session. Returns
    /// whether it did.
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
