//! Mailboxes and windows, on a clock that the test moves.

use std::time::Duration;

use chrono::DateTime;
use tokio::time::Instant;

use super::mailbox::MAILBOX;
use super::*;
use crate::domain::file::{Attachment, FileKind, KnownFile, Loaded, ProviderCopy, Retrieval};
use crate::domain::ids::{ChatId, MessageId, OwnerId, ThreadKey, UpdateId, UserId};
use crate::domain::message::{Incoming, MessageContext};
use crate::domain::people::{Chat, ChatKind, Person};
use crate::telegram::inbound::Edit;
use crate::telegram::pipeline::fetches::{FetchFuture, FetchOutcome};

const KEY: ThreadKey = ThreadKey { chat: ChatId(1), owner: OwnerId(1), topic: None };
const WINDOW: Duration = Duration::from_millis(200);

fn message(number: i32) -> Incoming {
    let sender = Person {
        id: UserId(1),
        first_name: "Ann".into(),
        last_name: None,
        username: None,
        language_code: None,
        is_bot: false,
        is_premium: false,
    };
    Incoming {
        update: UpdateId(number.into()),
        key: KEY,
        message: MessageId(number),
        sender,
        chat: Chat { id: KEY.chat, kind: ChatKind::Private, title: None, username: None, is_forum: false },
        text: format!("message {number}"),
        date: DateTime::UNIX_EPOCH,
        context: MessageContext::default(),
        attachment: None,
        fetched: Retrieval::Untried,
        replied_attachment: None,
        replied_fetched: Retrieval::Untried,
        album: None,
    }
}

#[tokio::test(start_paused = true)]
async fn each_message_opens_the_window_anew_within_a_second() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let mut batch = Batch::default();
    assert_eq!(batch.closes(), None);
    for (came, closes) in [(0, 200), (150, 350), (700, 900), (880, 1_000), (990, 1_000)] {
        batch.add(message(1), at(came), WINDOW, None);
        assert_eq!(batch.closes(), Some(at(closes)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_behind_a_part_of_an_album_does_not_shorten_the_window_of_the_next_part() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let mut batch = Batch::default();
    let part = |number| Incoming { album: Some("album".into()), ..message(number) };
    for (message, came, closes) in
        [(part(1), 0, 300), (message(2), 20, 300), (message(3), 150, 350), (part(4), 250, 550)]
    {
        batch.add(message, at(came), WINDOW, None);
        assert_eq!(batch.closes(), Some(at(closes)), "{came} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_begins_with_the_arrival_and_half_of_it_is_left() {
    tokio::time::advance(Duration::from_secs(60)).await;
    let now = Instant::now();
    let before = |millis| now - Duration::from_millis(millis);
    for (arrived, begins) in [(None, 0), (Some(0), 0), (Some(3), 3), (Some(100), 100), (Some(5_000), 100)] {
        assert_eq!(window_begins(arrived.map(before), WINDOW), before(begins), "{arrived:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_in_the_order_of_writing_and_knows_edits() {
    let mut batch = Batch::default();
    for number in [7, 5, 6, 5] {
        batch.add(message(number), Instant::now(), WINDOW, None);
    }
    let edit = |update, number, text: &str| Edit {
        update: UpdateId(update),
        key: KEY,
        editor: UserId(1),
        message: MessageId(number),
        text: text.into(),
        attachment: None,
        fetched: Retrieval::Untried,
        date: DateTime::UNIX_EPOCH,
    };
    let mut apply = |edit| batch.edit(Box::new(edit), |_| None);
    assert_eq!(apply(edit(9, 6, "first change")), Ok(None));
    assert_eq!(apply(edit(12, 6, "changed")), Ok(Some(UpdateId(9))), "the first has no effect any more");
    assert_eq!(apply(edit(11, 6, "late")), Ok(Some(UpdateId(11))));
    assert_eq!(apply(edit(12, 6, "changed")), Ok(None), "the same again");
    assert_eq!(apply(edit(13, 8, "unknown")), Err(Box::new(edit(13, 8, "unknown"))));
    assert_eq!(batch.take_edits(), [edit(12, 6, "changed")]);
    let texts: Vec<String> = batch.take().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["message 5", "changed", "message 7"]);
    assert_eq!(batch.closes(), None);
}

fn stop() -> SessionInput {
    SessionInput::Stop(Box::new(StopRequest { update: UpdateId(1), by: StopSource::Draft(1) }))
}

#[tokio::test]
async fn a_letter_wakes_a_session_only_once_and_none_is_lost_when_it_sleeps() {
    let mailboxes = Mailboxes::default();
    let PostResult::Wake(mut mailbox) = mailboxes.post(KEY, stop()) else { panic!("nobody was awake") };
    assert!(matches!(mailboxes.post(KEY, stop()), PostResult::Delivered));
    assert!(!mailboxes.sleep(KEY, &mailbox), "two letters wait");
    mailbox.recv().await.unwrap();
    mailbox.recv().await.unwrap();
    assert!(mailboxes.sleep(KEY, &mailbox));
    assert!(matches!(mailboxes.post(KEY, stop()), PostResult::Wake(_)));
}

#[tokio::test]
async fn a_full_mailbox_says_so_and_a_dead_session_is_replaced() {
    let mailboxes = Mailboxes::default();
    let PostResult::Wake(mailbox) = mailboxes.post(KEY, stop()) else { panic!("nobody was awake") };
    let full = (0..MAILBOX).filter(|_| matches!(mailboxes.post(KEY, stop()), PostResult::Full)).count();
    assert_eq!(full, 1);
    drop(mailbox);
    assert!(matches!(mailboxes.post(KEY, stop()), PostResult::Wake(_)));
}

fn file(id: &str) -> Attachment {
    Attachment {
        duration_s: None,
        kind: FileKind::Photo,
        telegram_id: id.into(),
        unique_id: id.into(),
        name: format!("{id}.jpg"),
        mime: "image/jpeg".into(),
        size: None,
        digest: None,
    }
}

fn loaded(size: u64) -> Loaded {
    Loaded { size, digest: None }
}

#[tokio::test]
async fn files_arrive_where_they_belong() {
    let both =
        Incoming { attachment: Some(file("own")), replied_attachment: Some(file("theirs")), ..message(1) };
    let arrive = |replied, outcome| FetchFuture::new(MessageId(1), replied, std::future::ready(outcome));
    let mut batch = Batch::default();
    assert!(!batch.brings(&both));
    let files = [arrive(true, FetchOutcome::Failed), arrive(false, FetchOutcome::Unreadable(loaded(0)))];
    batch.add(both, Instant::now(), WINDOW, files);
    let again = Incoming { replied_attachment: Some(file("theirs")), ..message(2) };
    assert!(batch.brings(&again));
    let nameless = Attachment { unique_id: String::new(), ..file("x") };
    let twice =
        Incoming { attachment: Some(nameless.clone()), replied_attachment: Some(nameless), ..message(3) };
    assert!(!batch.brings(&twice), "what has no name is nothing that is known");
    batch.arrive().await;
    batch.arrive().await;
    let told = |file: &KnownFile| (file.replied, file.size, file.not_fetched);
    let files = batch.take().remove(0).remembered().files;
    assert_eq!(files.iter().map(told).collect::<Vec<_>>(), [(true, None, true), (false, Some(0), false)]);
}

/// Three messages: one whose file has arrived, one whose file has arrived but was not looked at, and one
/// whose file never arrives.
#[tokio::test]
async fn an_edit_replaces_the_file_that_waits_and_drops_its_fetch() {
    let copy = |id: &str| ProviderCopy { id: id.into(), expires_at: DateTime::UNIX_EPOCH };
    let copied = |id: &str| std::future::ready(FetchOutcome::Copied(copy(id), loaded(1)));
    let with_file = |number| Incoming { attachment: Some(file("old")), ..message(number) };
    let mut batch = Batch::default();
    batch.add(with_file(1), Instant::now(), WINDOW, [FetchFuture::new(MessageId(1), false, copied("first"))]);
    batch.arrive().await;
    batch.add(
        with_file(2),
        Instant::now(),
        WINDOW,
        [FetchFuture::new(MessageId(2), false, copied("second"))],
    );
    let never = FetchFuture::new(MessageId(3), false, std::future::pending());
    batch.add(with_file(3), Instant::now(), WINDOW, [never]);
    let edit = |number: i32, attachment| Edit {
        update: UpdateId(10 + i64::from(number)),
        key: KEY,
        editor: UserId(1),
        message: MessageId(number),
        text: "edited".into(),
        attachment,
        fetched: Retrieval::Untried,
        date: DateTime::UNIX_EPOCH,
    };
    for number in 1..=3 {
        let same =
            batch.edit(Box::new(edit(number, Some(file("old")))), |_| panic!("the same file is not fetched"));
        assert_eq!(same, Ok(None));
        let fetch = |new: &Attachment| {
            assert_eq!(new.unique_id, "new");
            Some(FetchFuture::new(MessageId(number), false, copied("newest")))
        };
        assert_eq!(batch.edit(Box::new(edit(number, Some(file("new")))), fetch), Ok(None));
    }
    assert_eq!(batch.take_replaced(), [copy("first"), copy("second")]);
    while batch.is_fetching() {
        batch.arrive().await;
    }
    for incoming in batch.take() {
        let names = incoming.attachment.map(|file| file.name);
        let known = (names.as_deref(), incoming.fetched, &*incoming.text);
        assert_eq!(known, (Some("new.jpg"), Retrieval::Copied(copy("newest")), "edited"));
    }
}

#[tokio::test]
async fn a_batch_that_is_discarded_leaves_all_its_copies() {
    let copy = |id: &str| ProviderCopy { id: id.into(), expires_at: DateTime::UNIX_EPOCH };
    let fetch = |number, replied, id: &str| {
        let copied = FetchOutcome::Copied(copy(id), loaded(1));
        FetchFuture::new(MessageId(number), replied, std::future::ready(copied))
    };
    let both =
        Incoming { attachment: Some(file("own")), replied_attachment: Some(file("theirs")), ..message(1) };
    let mut batch = Batch::default();
    batch.add(both, Instant::now(), WINDOW, [fetch(1, false, "own"), fetch(1, true, "theirs")]);
    batch.arrive().await;
    batch.arrive().await;
    let waiting = Incoming { attachment: Some(file("waiting")), ..message(2) };
    let never = FetchFuture::new(MessageId(2), true, std::future::pending());
    batch.add(waiting, Instant::now(), WINDOW, [fetch(2, false, "arrived"), never]);
    let mut copies: Vec<String> = batch.discard().into_iter().map(|copy| copy.id).collect();
    copies.sort();
    assert_eq!(copies, ["arrived", "own", "theirs"]);
}

#[tokio::test(start_paused = true)]
async fn messages_that_are_put_back_are_the_next_batch() {
    let mut batch = Batch::default();
    for number in 1..=4 {
        batch.add(message(number), Instant::now(), WINDOW, None);
    }
    let edit = |number: i32| Edit {
        update: UpdateId(10 + i64::from(number)),
        key: KEY,
        editor: UserId(1),
        message: MessageId(number),
        text: "edited".into(),
        attachment: None,
        fetched: Retrieval::Untried,
        date: DateTime::UNIX_EPOCH,
    };
    for number in [1, 3] {
        assert_eq!(batch.edit(Box::new(edit(number)), |_| None), Ok(None));
    }
    let (mut messages, mut edits, mut held) = (batch.take(), batch.take_edits(), batch.take_held());
    batch.put_back(messages.split_off(2), &mut edits, &mut held);
    let updates = |edits: Vec<Edit>| edits.into_iter().map(|edit| edit.update.0).collect::<Vec<_>>();
    assert_eq!(updates(edits), [11]);
    assert_eq!(updates(batch.take_edits()), [13]);
    assert_eq!(batch.closes(), Some(Instant::now()), "the window is closed");
    assert_eq!(batch.take().iter().map(|message| message.message.0).collect::<Vec<_>>(), [3, 4]);
    batch.put_back(Vec::new(), &mut Vec::new(), &mut Vec::new());
    assert_eq!(batch.closes(), None, "nothing was left");
}

#[test]
fn a_recording_that_an_edit_brings_is_not_heard() {
    let mut batch = Batch::default();
    batch.add(message(1), Instant::now(), WINDOW, None);
    let voice = Attachment { kind: FileKind::Voice, ..file("voice") };
    let edit = Edit {
        update: UpdateId(2),
        key: KEY,
        editor: UserId(1),
        message: MessageId(1),
        text: String::new(),
        attachment: Some(voice),
        fetched: Retrieval::Failed,
        date: DateTime::UNIX_EPOCH,
    };
    assert_eq!(batch.edit(Box::new(edit), |_| None), Ok(None));
    assert_eq!(batch.take().remove(0).fetched, Retrieval::Failed);
}
