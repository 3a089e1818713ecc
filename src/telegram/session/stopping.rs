//! Stops of answers to others, in a conversation that the members of a group share: administrators of the group may.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::{Session, log_failure};
use crate::domain::ids::ChatId;
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::queue::{StopRequest, StopSource};
use crate::telegram::replies::{self, rights};
use crate::telegram::text;

/// A stop, and whether its person may stop the answers to others; `None` if Telegram does not tell.
pub(super) type Judged = (StopRequest, Option<bool>);

/// Asks whether the person may stop the answers to others.
pub(super) fn judge(
    context: Arc<BotContext>,
    chat: ChatId,
    stop_request: StopRequest,
) -> BoxFuture<'static, Judged> {
    Box::pin(async move {
        let may = match stop_request.person() {
            Some(person) => rights::administers(&context, chat, person).await,
            None => None,
        };
        (stop_request, may)
    })
}

/// Answers stops that were still being judged when the answer ended, in the background.
pub(super) fn too_late(context: &Arc<BotContext>, mut judging: FuturesUnordered<BoxFuture<'static, Judged>>) {
    if judging.is_empty() {
        return;
    }
    let task = context.clone();
    context.life.spawn("stop", async move {
        while let Some((stop_request, may)) = judging.next().await {
            refuse(&task, stop_request, may);
        }
    });
}

/// Tells the person why nothing is stopped, in the background.
pub(super) fn refuse(context: &Arc<BotContext>, stop_request: StopRequest, may: Option<bool>) {
    let StopRequest { update, by } = stop_request;
    let is_command = matches!(by, StopSource::Command(_));
    let why = move |language| match may {
        // The answer has ended meanwhile.
        Some(true) if is_command => text::nothing_to_stop(language),
        Some(true) => text::not_yours_to_stop(language),
        Some(false) => text::groups::stop_not_allowed(language),
        None => text::clear::later(language),
    };
    let task = context.clone();
    match by {
        StopSource::Command(header) => context.life.spawn("stop", async move {
            log_failure(replies::reply(&task, &header, |language, _| why(language)).await);
        }),
        StopSource::Button { callback, person, .. } => {
            replies::answer_tap_in_words(context, callback, person, why);
            replies::mark_handled(context, update);
        }
        StopSource::Draft(_) => replies::mark_handled(context, update),
        StopSource::Erasure => {}
    }
}

impl Session<'_> {
    /// Returns whether a stop is for the messages that are being collected.
    pub(super) fn is_for_next(&self, stop_request: &StopRequest) -> bool {
        let next = self.batch.first();
        matches!(stop_request.by, StopSource::Command(_))
            && next.is_some_and(|first| stop_request.is_of(first.sender.id))
    }
}
