//! A delivery that panics, and one that a dead process has left on its way.

use std::time::Duration;

use serde_json::json;

use super::calls::{CallError, Calls};
use super::ladder::{Form, Ladder};
use super::sender::send;
use super::*;

const CHAT: ChatId = ChatId(42);

fn queued(id: i64) -> (QueuedMessage, Delivery) {
    let owed = OutboxMessage::new(id.to_string(), CHAT, None, ("a message".to_owned(), json!([])));
    let (delivered, delivery) = oneshot::channel();
    (
        QueuedMessage { id: OutboxId(id), owed, origin: SendStatus::New, since: Instant::now(), delivered },
        delivery,
    )
}

#[tokio::test]
async fn a_delivery_that_panics_holds_up_none_behind_it_and_may_come_again() {
    let (queue, deliveries): (VecDeque<QueuedMessage>, Vec<Delivery>) = (1..=3).map(queued).unzip();
    let queued_ids = queue.iter().map(|queued| queued.id).collect();
    let state = Mutex::new(CourierState { queues: HashMap::from([(CHAT, queue)]), queued_ids });
    drain_queue(&state, CHAT, |queued| {
        async {
            assert_ne!(queued.id, OutboxId(2), "for the test");
            Ok(i32::try_from(queued.id.0).ok().map(MessageId))
        }
        .boxed()
    })
    .await;
    let mut arrived = Vec::new();
    for delivery in deliveries {
        arrived.push(delivery.await.ok().flatten());
    }
    assert_eq!(arrived, [Some(MessageId(1)), None, Some(MessageId(3))]);
    let state = state.lock();
    assert!(state.queues.is_empty() && state.queued_ids.is_empty());
}

/// A chat in which the message of a dead process arrives late.
struct LateArrival(Instant);

impl Calls for LateArrival {
    async fn put(&mut self, _form: &Form<'_>) -> Result<MessageId, CallError> {
        panic!("sent twice")
    }

    async fn find(&mut self, _form: &Form<'_>, _looks: i64) -> Result<Option<MessageId>, CallError> {
        Ok((Instant::now() >= self.0).then_some(MessageId(7)))
    }

    async fn cut(&mut self, _message: MessageId, _rest: &str) -> Result<(), DbError> {
        Ok(())
    }

    async fn moved(&mut self, _from: ChatId, _to: ChatId) -> Result<(), DbError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_still_on_its_way_when_its_process_died_is_found() {
    let (QueuedMessage { owed, .. }, _) = queued(1);
    let mut chat = LateArrival(Instant::now() + Duration::from_millis(900));
    let sent = send(Ladder::new(&owed, true), &mut chat).await;
    assert!(matches!(sent, Ok(MessageId(7))), "{sent:?}");
}
