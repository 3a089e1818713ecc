//! The batch of a thread: messages that arrive within one window, their files and their edits, until they are
//! stored as one prompt.

use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::time::Instant;

use crate::config::LONGEST_BATCH_WINDOW_MS;
use crate::domain::file::{Attachment, ProviderCopy, Retrieval};
use crate::domain::ids::{MessageId, UpdateId, UserId};
use crate::domain::message::Incoming;
use crate::domain::speech::Spoken;
use crate::telegram::inbound::Edit;
use crate::telegram::pipeline::fetches::{FetchFuture, FetchOutcome, FetchResult};
use crate::telegram::pipeline::in_flight::InFlightGuard;

/// The longest time that a batch stays open, however many messages arrive.
const LONGEST_WINDOW: Duration = Duration::from_millis(LONGEST_BATCH_WINDOW_MS);
/// How long a batch stays open for the next part of an album.
const ALBUM_WINDOW: Duration = Duration::from_millis(300);
/// The most messages in a batch; further ones wait in the mailbox.
const FULL: usize = 50;

/// Returns when the window of a message starts: at its arrival, so the time to store it is not added. At
/// least half of the window remains, for messages that arrived together.
pub(crate) fn window_begins(arrived: Option<Instant>, window: Duration) -> Instant {
    let now = Instant::now();
    let used = now - arrived.unwrap_or(now);
    now.checked_sub(used.min(window / 2)).unwrap_or(now)
}

/// Returns the copies that messages have brought, of their own files and of those that they reply to.
pub(crate) fn copies_of(messages: &[Incoming]) -> impl Iterator<Item = ProviderCopy> {
    messages.iter().flat_map(Incoming::files).filter_map(|(_, _, fetched)| fetched.copy().cloned())
}

/// Messages that become one prompt once the window is closed and their files have arrived.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    messages: Vec<Incoming>,
    /// Fetches of the messages' files.
    fetching: FuturesUnordered<FetchFuture>,
    /// Messages whose files were withheld.
    withheld: Vec<MessageId>,
    /// Copies of files that edits have replaced.
    replaced: Vec<ProviderCopy>,
    /// The newest edit of each message that was edited in the batch.
    edits: Vec<Edit>,
    /// Keeps the updates of the batch, and those waiting for it, in flight.
    held: Vec<InFlightGuard>,
    pub(super) closes: Option<(Instant, Instant)>,
}

impl Batch {
    /// Adds a message with its fetches and extends the window, up to its longest time.
    pub(crate) fn add(
        &mut self,
        message: Incoming,
        came: Instant,
        window: Duration,
        files: impl IntoIterator<Item = FetchFuture>,
    ) {
        self.fetching.extend(files);
        let window = if message.album.is_some() { window.max(ALBUM_WINDOW) } else { window };
        let (closes, latest) = self.closes.unwrap_or((came, came + LONGEST_WINDOW));
        self.closes = Some(((came + window).max(closes).min(latest), latest));
        self.messages.push(message);
    }

    /// Keeps an update in flight until the batch is stored, if there is a batch.
    pub(crate) fn hold(&mut self, held: InFlightGuard) {
        if self.closes.is_some() {
            self.held.push(held);
        }
    }

    /// Takes the in-flight guards of the batch. The caller keeps them until the messages are stored.
    pub(crate) fn take_held(&mut self) -> Vec<InFlightGuard> {
        std::mem::take(&mut self.held)
    }

    /// Applies an edit to a waiting message; `fetch` starts fetching the file that it brings. Returns the
    /// update that became obsolete because of a newer edit of the same message, if any.
    ///
    /// # Errors
    /// Returns the edit if its message is not in the batch.
    pub(crate) fn edit(
        &mut self,
        edit: Box<Edit>,
        fetch: impl FnOnce(&Attachment) -> Option<FetchFuture>,
    ) -> Result<Option<UpdateId>, Box<Edit>> {
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
        let new = edit.attachment.clone().map(|file| (file, edit.fetched.clone()));
        let message = edit.message;
        let older = if let Some(known) = known {
            Some(std::mem::replace(known, *edit)).filter(|older| older.update != known.update)
        } else {
            self.edits.push(*edit);
            None
        };
        if let Some((new, before)) = new {
            self.replace_file(message, &new, &before, fetch);
        }
        Ok(older.map(|older| older.update))
    }

    /// Puts a file in the place of the one that a waiting message has, unless it is the same one. The former
    /// file is not waited for any more.
    fn replace_file(
        &mut self,
        message: MessageId,
        new: &Attachment,
        before: &Retrieval,
        fetch: impl FnOnce(&Attachment) -> Option<FetchFuture>,
    ) {
        let has_other = |waiting: &Incoming| {
            waiting.message == message
                && waiting.attachment.as_ref().is_none_or(|old| !old.is_content_of(new))
        };
        if !self.messages.iter().any(has_other) {
            return;
        }
        for waiting in self.messages.iter_mut().filter(|waiting| waiting.message == message) {
            if let Retrieval::Copied(copy) = std::mem::replace(&mut waiting.fetched, before.clone()) {
                self.replaced.push(copy);
            }
            waiting.attachment = Some(new.clone());
        }
        self.withheld.retain(|withheld| *withheld != message);
        for fetching in std::mem::take(&mut self.fetching) {
            if !fetching.is_own_of(message) {
                self.fetching.push(fetching);
            } else if let Some(FetchResult { outcome: FetchOutcome::Copied(copy, _), .. }) =
                fetching.now_or_never()
            {
                self.replaced.push(copy);
            }
        }
        self.fetching.extend(fetch(new));
    }

    /// Takes the copies of files that edits have replaced.
    pub(crate) fn take_replaced(&mut self) -> Vec<ProviderCopy> {
        std::mem::take(&mut self.replaced)
    }

    /// Discards the batch, which is to open no turn. Returns its copies, also those that arrive at this moment.
    pub(crate) fn discard(self) -> Vec<ProviderCopy> {
        let arrived =
            self.fetching.into_iter().filter_map(FutureExt::now_or_never).map(|result| result.outcome);
        let copies = self.replaced.into_iter().chain(arrived.filter_map(|outcome| match outcome {
            FetchOutcome::Copied(copy, _) => Some(copy),
            _ => None,
        }));
        copies.chain(copies_of(&self.messages)).collect()
    }

    /// Takes the edits applied to the messages. Their updates are handled once the messages are stored.
    pub(crate) fn take_edits(&mut self) -> Vec<Edit> {
        std::mem::take(&mut self.edits)
    }

    /// Returns the update that brought this message into the batch, or `None` if the message is not in it.
    pub(crate) fn update_of(&self, message: MessageId) -> Option<UpdateId> {
        self.messages.iter().find(|waiting| waiting.message == message).map(|waiting| waiting.update)
    }

    /// Returns whether the file of the replied message also comes with this message or with one in the batch.
    pub(crate) fn brings(&self, message: &Incoming) -> bool {
        let same = |wanted: &Attachment| {
            let waiting = self.messages.iter().flat_map(Incoming::files).map(|(_, file, _)| file);
            let mut files = waiting.chain(&message.attachment);
            files.any(|file| file.is_content_of(wanted))
        };
        message.replied_attachment.as_ref().is_some_and(same)
    }

    /// Returns whether files are being fetched.
    pub(crate) fn is_fetching(&self) -> bool {
        !self.fetching.is_empty()
    }

    /// Returns whether the batch takes no more messages.
    pub(crate) fn is_full(&self) -> bool {
        self.messages.len() >= FULL
    }

    /// Waits for the next file to arrive, forever if none is being fetched.
    pub(crate) async fn arrive(&mut self) {
        let Some(FetchResult { message, replied, outcome }) = self.fetching.next().await else {
            return std::future::pending().await;
        };
        match &outcome {
            FetchOutcome::Withheld if replied => return,
            FetchOutcome::Withheld => return self.withheld.push(message),
            FetchOutcome::Heard(spoken) if replied => return self.quote(message, spoken),
            _ => {}
        }
        for waiting in self.messages.iter_mut().filter(|waiting| waiting.message == message) {
            let (attachment, fetched) = if replied {
                (&mut waiting.replied_attachment, &mut waiting.replied_fetched)
            } else {
                (&mut waiting.attachment, &mut waiting.fetched)
            };
            if let Some(attachment) = attachment {
                *fetched = outcome.clone().settle(attachment);
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

    /// Returns the messages whose files were withheld.
    pub(crate) fn withheld(&self) -> &[MessageId] {
        &self.withheld
    }

    /// Returns when the window closes, or `None` while the batch is empty.
    pub(crate) fn closes(&self) -> Option<Instant> {
        self.closes.map(|(closes, _)| closes)
    }

    /// Returns the first message of the batch.
    pub(crate) fn first(&self) -> Option<&Incoming> {
        self.messages.first()
    }

    /// Returns whether all messages are of a person.
    pub(crate) fn is_of(&self, person: impl Fn(UserId) -> bool) -> bool {
        self.messages.iter().all(|message| person(message.sender.id))
    }

    /// Returns whether the batch contains a message written before this one.
    pub(crate) fn has_before(&self, message: MessageId) -> bool {
        self.messages.iter().any(|waiting| waiting.message < message)
    }

    /// Returns the updates of the messages.
    pub(crate) fn updates(&self) -> Vec<UpdateId> {
        self.messages.iter().map(|message| message.update).collect()
    }

    /// Takes the messages in the order in which they were written.
    pub(crate) fn take(&mut self) -> Vec<Incoming> {
        self.closes = None;
        let mut messages = std::mem::take(&mut self.messages);
        messages.sort_by_key(|message| message.message);
        messages.dedup_by_key(|message| message.message);
        messages
    }

    /// Puts back those of the taken messages that were not stored, with their share of the edits and with what
    /// keeps updates in flight. Their window stays closed, so that the next turn is theirs.
    pub(crate) fn put_back(
        &mut self,
        messages: Vec<Incoming>,
        edits: &mut Vec<Edit>,
        held: &mut Vec<InFlightGuard>,
    ) {
        let is_back = |message: MessageId| messages.iter().any(|back| back.message == message);
        self.withheld.retain(|withheld| is_back(*withheld));
        self.edits.extend(edits.extract_if(.., |edit| is_back(edit.message)));
        if !messages.is_empty() {
            let now = Instant::now();
            self.closes = Some((now, now));
            self.held.append(held);
        }
        self.messages = messages;
    }
}
