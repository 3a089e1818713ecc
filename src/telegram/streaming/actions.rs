//! Chat actions ("typing", "sending a photo"): what the bot is doing, by phase and kind, in one loop for each place,
//! inside the same budget as drafts and beside everything else.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::super::api::flow::Class;
use super::super::api::methods::SendChatAction;
use super::super::api::{Api, Postponed};
use crate::domain::ids::{ChatId, TopicId};

/// An action is seen for five seconds.
const REFRESH: Duration = Duration::from_millis(4_500);

/// What the chat says that the bot is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    /// Thinking and writing.
    #[default]
    Typing,
    /// Making a picture.
    Photo,
    /// Making a file.
    Document,
}

impl Kind {
    /// What a tool's work looks like from outside.
    pub(super) fn of_tool(name: &str) -> Self {
        match name {
            "generate_image" | "render_latex" => Self::Photo,
            "execute_python" | "deliver_file" => Self::Document,
            _ => Self::Typing,
        }
    }

    /// Telegram's word.
    fn name(self) -> &'static str {
        match self {
            Self::Typing => "typing",
            Self::Photo => "upload_photo",
            Self::Document => "upload_document",
        }
    }
}

/// Keeps an action visible while it is ticked.
pub(super) struct Actions {
    api: Api,
    chat: ChatId,
    topic: Option<TopicId>,
    kind: Kind,
    due: Instant,
    call: Option<BoxFuture<'static, Option<Instant>>>,
}

impl Actions {
    pub(super) fn new(api: Api, chat: ChatId, topic: Option<TopicId>) -> Self {
        Self { api, chat, topic, kind: Kind::default(), due: Instant::now(), call: None }
    }

    /// The phase has changed; a new kind is shown at once.
    pub(super) fn set(&mut self, kind: Kind) {
        if self.kind != kind {
            self.kind = kind;
            self.due = Instant::now();
        }
    }

    /// Ends after each call; being dropped in between loses nothing.
    pub(super) async fn tick(&mut self) {
        if self.call.is_none() {
            tokio::time::sleep_until(self.due).await;
            let (api, chat, topic, kind) = (self.api.clone(), self.chat, self.topic, self.kind);
            self.call = Some(Box::pin(async move { call(&api, chat, topic, kind).await }));
        }
        if let Some(call) = &mut self.call {
            let postponed = call.await;
            self.call = None;
            self.due = postponed.unwrap_or_else(Instant::now).max(Instant::now() + REFRESH);
        }
    }
}

/// The time before which no further action makes sense, if there is one.
async fn call(api: &Api, chat: ChatId, topic: Option<TopicId>, kind: Kind) -> Option<Instant> {
    let method = SendChatAction { chat_id: chat, message_thread_id: topic, action: kind.name() };
    match api.attempt(chat, Class::Action, &method).await {
        Ok(_) => None,
        Err(Postponed::NotBefore(time)) => Some(time),
        Err(Postponed::Failed(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a chat action was not shown");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_does_is_said_in_telegrams_words() {
        for (tool, action) in [
            ("generate_image", "upload_photo"),
            ("execute_python", "upload_document"),
            ("web_search", "typing"),
            ("a tool of tomorrow", "typing"),
        ] {
            assert_eq!(Kind::of_tool(tool).name(), action);
        }
    }
}
