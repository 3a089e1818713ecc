//! A delivery that panics.

use serde_json::json;

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
