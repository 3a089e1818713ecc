//! The state on request, and a stream of changes. Changes are collected for a moment, so that a fast bot does
//! not flood the browser.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde_json::{Map, Value, json};

use super::super::shared::Shared;
use super::super::types::CallOutcome;
use super::super::world::World;
use super::snapshot;

/// Changes within this time are sent to the browser together.
const GATHER: Duration = Duration::from_millis(40);

/// What one browser has received.
struct Seen {
    version: u64,
    people: Value,
    /// Number of the first call that was not sent yet.
    calls: usize,
    /// Calls that were sent while they waited for their answer.
    waiting: BTreeSet<usize>,
}

impl Seen {
    fn nothing(world: &World) -> Self {
        let total = world.calls_forgotten + world.calls.len();
        let shown = world.calls.len().min(snapshot::CALLS);
        Self { version: 0, people: Value::Null, calls: total - shown, waiting: BTreeSet::new() }
    }

    /// Returns everything that changed since the last call.
    fn update(&mut self, world: &World) -> Value {
        let mut change = Map::new();
        let people = snapshot::people(world);
        if people != self.people {
            change.insert("people".to_owned(), people.clone());
            self.people = people;
        }
        let chats: Vec<Value> = world
            .chats
            .iter()
            .filter(|(_, chat)| chat.version > self.version || self.version == 0)
            .map(|(id, chat)| {
                let content = chat.content_version > self.version || self.version == 0;
                snapshot::chat(world, *id, chat, content)
            })
            .collect();
        change.insert("chats".to_owned(), json!(chats));
        change.insert("calls".to_owned(), json!(self.new_calls(world)));
        change.insert("unconfirmed".to_owned(), json!(world.queue.pending.len()));
        self.version = world.version;
        Value::Object(change)
    }

    fn new_calls(&mut self, world: &World) -> Vec<Value> {
        let total = world.calls_forgotten + world.calls.len();
        let again = std::mem::take(&mut self.waiting);
        let fresh = self.calls.max(world.calls_forgotten)..total;
        self.calls = total;
        let mut result = Vec::new();
        for number in again.into_iter().chain(fresh) {
            let call = number.checked_sub(world.calls_forgotten).and_then(|at| world.calls.get(at));
            let Some(call) = call else { continue };
            if let Some(shown) = snapshot::call(number, call) {
                if call.answer == CallOutcome::Waiting {
                    self.waiting.insert(number);
                }
                result.push(shown);
            }
        }
        result
    }
}

/// `GET /play/state`
pub(super) async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|world| Seen::nothing(world).update(world)))
}

/// `GET /play/events`: first everything, then what changes.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = async_stream::stream! {
        let mut changed = shared.changed.subscribe();
        let mut seen = shared.look(Seen::nothing);
        loop {
            changed.borrow_and_update();
            let change = shared.look(|world| seen.update(world));
            yield Ok(Event::default().data(change.to_string()));
            tokio::select! {
                () = shared.stop.cancelled() => break,
                gone = changed.changed() => if gone.is_err() { break },
            }
            tokio::time::sleep(GATHER).await;
        }
    };
    Sse::new(stream).keep_alive(KeepAlive::default())
}
