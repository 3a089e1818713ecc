//! Chat actions ("typing"): one loop a turn, inside the same budget as drafts, beside everything else.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::super::api::flow::Class;
use super::super::api::methods::SendChatAction;
use super::super::api::{Api, Postponed};
use crate::domain::ids::{ChatId, TopicId};

/// An action is seen for five seconds.
const REFRESH: Duration = Duration::from_millis(4_500);

/// Keeps an action visible while it is ticked.
pub(super) struct Actions {
    api: Api,
    chat: ChatId,
    topic: Option<TopicId>,
    due: Instant,
    call: Option<BoxFuture<'static, Option<Instant>>>,
}

impl Actions {
    pub(super) fn new(api: Api, chat: ChatId, topic: Option<TopicId>) -> Self {
        Self { api, chat, topic, due: Instant::now(), call: None }
    }

    /// Ends after each call; being dropped in between loses nothing.
    pub(super) async fn tick(&mut self) {
        if self.call.is_none() {
            tokio::time::sleep_until(self.due).await;
            let (api, chat, topic) = (self.api.clone(), self.chat, self.topic);
            self.call = Some(Box::pin(async move { call(&api, chat, topic).await }));
        }
        if let Some(call) = &mut self.call {
            let postponed = call.await;
            self.call = None;
            self.due = postponed.unwrap_or_else(Instant::now).max(Instant::now() + REFRESH);
        }
    }
}

/// The time before which no further action makes sense, if there is one.
async fn call(api: &Api, chat: ChatId, topic: Option<TopicId>) -> Option<Instant> {
    let method = SendChatAction { chat_id: chat, message_thread_id: topic, action: "typing" };
    match api.attempt(chat, Class::Action, &method).await {
        Ok(_) => None,
        Err(Postponed::NotBefore(time)) => Some(time),
        Err(Postponed::Failed(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a chat action was not shown");
            None
        }
    }
}
