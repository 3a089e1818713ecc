//! Taps on buttons. What a tap may do depends on the person and the chat, which Telegram guarantees; the
//! button's data may be forged.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::context::BotContext;
use super::super::inbound::{ButtonPress, MessageHeader};
use super::super::keyboards::{self, ButtonAction};
use super::super::pipeline::queue::{SessionInput, StopRequest, StopSource};
use super::super::replies::{
    amount, answer_tap, answer_tap_in_words, cards, choices, log_failure, mark_handled, remove_buttons,
    spawn, topics,
};
use super::super::sessions::post;
use super::super::{locale, text};
use super::prompt::prompt;
use super::{announce, balance, groups, language, pay, privacy, retry};
use crate::db::DbError;
use crate::domain::ids::UpdateId;
use crate::domain::people::Person;

/// Handles a tap for the person who tapped: users can stop only their own answers and buy only for
/// themselves.
pub(super) fn tapped(context: &Arc<BotContext>, tap: ButtonPress) {
    let work = |name, task| context.life.spawn(name, log(task));
    match keyboards::read(&tap.data) {
        Some(ButtonAction::DeleteTopics(id)) => {
            work("topics", topics::tapped(context.clone(), tap, id).boxed());
        }
        Some(ButtonAction::Announce(step, id)) => {
            work("announcement", announce::tapped(context.clone(), tap, step, id).boxed());
        }
        Some(ButtonAction::TakeAnnouncements(takes)) => {
            work("announcement", announce::subscribe(context.clone(), tap, takes).boxed());
        }
        Some(ButtonAction::Data(what)) => work("data", privacy::tapped(context.clone(), tap, what).boxed()),
        action => {
            if let Some(choice) = keyboards::groups::read(&tap.data) {
                work("group", groups::tapped(context.clone(), tap, choice).boxed());
            } else if let Some(choice) = keyboards::preferences::read(&tap.data) {
                work("preferences", choices::tapped(context.clone(), tap, choice).boxed());
            } else {
                act(context, tap, action);
            }
        }
    }
}

async fn log(task: BoxFuture<'static, Result<(), DbError>>) {
    log_failure(task.await);
}

/// Carries out a tap below a message that is still known.
fn act(context: &Arc<BotContext>, tap: ButtonPress, action: Option<ButtonAction>) {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let Some(header) = header else { return old(context, update, callback, person, action) };
    match action {
        Some(ButtonAction::Stop(turn)) => {
            let by = StopSource::Button { turn, callback, person };
            post(context, update, header.key, SessionInput::Stop(Box::new(StopRequest { update, by })));
        }
        Some(ButtonAction::GoOn) => {
            spawn(context, |context, header| go_on(context, header, callback), header);
        }
        Some(ButtonAction::Page(newest)) => {
            let turn = move |context, header| balance::turn_page(context, header, callback, newest);
            spawn(context, turn, header);
        }
        Some(ButtonAction::Language(choice)) => {
            let choose = move |context, header| language::choose(context, header, callback, choice);
            spawn(context, choose, header);
        }
        Some(ButtonAction::Retry(turn)) => retry::ask_again(context, header, Some(turn), Some(callback)),
        Some(ButtonAction::Buy(stars)) => {
            answer_tap(context, callback, None);
            spawn(context, move |context, header| amount::offer(context, header, stars), header);
        }
        Some(ButtonAction::BuyCustom) => {
            answer_tap(context, callback, None);
            spawn(context, pay::ask_amount, header);
        }
        other => {
            if other.is_none_or(|known| known == ButtonAction::Former) {
                let (chat, user) = (header.key.chat.0, header.sender.id.0);
                let update = update.0;
                tracing::warn!(
                    update.id = update,
                    chat.id = chat,
                    user.id = user,
                    "a tap on no button of ours"
                );
            }
            old(context, update, callback, person, other);
        }
    }
}

/// Answers a tap that has no effect any more, or never had one.
fn old(
    context: &Arc<BotContext>,
    update: UpdateId,
    callback: String,
    person: Person,
    action: Option<ButtonAction>,
) {
    match action {
        Some(_) => answer_tap_in_words(context, callback, person, text::old_button),
        None => answer_tap(context, callback, None),
    }
    mark_handled(context, update);
}

/// Asks the model to go on, as if the person whose answer it is had written that. It counts as the message with
/// the button, so however often the button is pressed, the model is asked once.
async fn go_on(context: Arc<BotContext>, header: MessageHeader, callback: String) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    if let Some(refusal) = cards::refusal(&context, &header, language, text::not_your_button).await? {
        answer_tap(&context, callback, Some(refusal));
        mark_handled(&context, header.update);
        return Ok(());
    }
    answer_tap(&context, callback, None);
    remove_buttons(&context, &header);
    let words = text::go_on_words(language);
    prompt(&context, header.saying(words, context.books.clock.now()));
    Ok(())
}
