//! `/topup`, `/set_margin`, `/user` and `/stats`, for configured administrators.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::locale;
use super::super::replies::{answer_to, carry_out, reply};
use super::super::text::{accounts as text, money};
use crate::db::DbError;
use crate::db::people::KnownUser;
use crate::domain::ids::UserId;
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::stars::Margin;
use crate::rendering::{RichText, render};
use crate::services::accounts::{self, AccountReply, AccountRequest};
use crate::services::adjustments::{self, Adjusted, MarginState, Target};
use crate::services::{intake, statistics};

/// The longest reason of a ban, in code points.
const REASON: usize = 200;

/// Corrects a balance.
pub(super) async fn top_up(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let Some((target, amount)) = read(&header.arguments) else {
        return explain(&context, &header, money::top_up_usage).await;
    };
    let language = locale::of(&context, &header.sender).await?;
    let message =
        |adjusted: &Adjusted| answer_to(&header, render(&money::adjusted(language, adjusted, amount)));
    let adjust = || adjustments::top_up(&context.books, header.caller(), &target, amount, message);
    carry_out(&context, adjust).await
}

/// Shows or sets the margin of new invoices.
pub(super) async fn set_margin(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let margin = match header.arguments.as_str() {
        "" => None,
        typed => match Margin::read(typed) {
            Some(margin) => Some(margin),
            None => {
                return reply(&context, &header, |language, _| money::wrong_margin(language)).await;
            }
        },
    };
    let language = locale::of(&context, &header.sender).await?;
    let message = |state: &MarginState| {
        answer_to(&header, render(&money::margin(language, state, context.books.clock.now())))
    };
    let set = || adjustments::set_margin(&context.books, header.caller(), margin, message);
    carry_out(&context, set).await
}

/// Shows an account, closes it or opens it again.
pub(super) async fn user(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let Some((target, wish)) = read_account(&header.arguments) else {
        return explain(&context, &header, |language| text::user_usage(language, REASON)).await;
    };
    let language = locale::of(&context, &header.sender).await?;
    let message = |shown: &AccountReply| {
        answer_to(&header, RichText::plain(text::account(language, shown, context.books.clock.now())))
    };
    let request = || accounts::request(&context.books, header.caller(), &target, &wish, message);
    carry_out(&context, request).await
}

/// Shows figures of the whole bot.
pub(super) async fn stats(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let read = statistics::read(&context.books, &context.life.drain).await?;
    reply(&context, &header, |language, _| text::statistics(language, read)).await
}

/// Replies with an explanation, which may contain Markdown.
async fn explain(
    context: &BotContext,
    header: &MessageHeader,
    explanation: impl Fn(Language) -> String,
) -> Result<(), DbError> {
    let message = |known: &KnownUser| answer_to(header, render(&explanation(known.language)));
    carry_out(context, || intake::answer_command(&context.books, header.caller(), message)).await
}

/// `<id or @name> <amount>`.
fn read(arguments: &str) -> Option<(Target, Usd)> {
    let mut words = arguments.split_whitespace();
    let (target, amount) = (words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    Some((target_of(target)?, Usd::typed(amount)?))
}

/// `<id or @name>`, and then nothing, `ban <reason>` or `unban`.
fn read_account(arguments: &str) -> Option<(Target, AccountRequest)> {
    let (target, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    let (verb, reason) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    // A reason is one line.
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let has_reason = (1..=REASON).contains(&reason.chars().count());
    let wish = match verb.to_ascii_lowercase().as_str() {
        "" => AccountRequest::Show,
        "ban" if has_reason => AccountRequest::Ban(reason),
        "unban" if reason.is_empty() => AccountRequest::Unban,
        _ => return None,
    };
    Some((target_of(target)?, wish))
}

/// Reads `<id or @name>`.
pub(super) fn target_of(word: &str) -> Option<Target> {
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match word.strip_prefix('@') {
        Some(name) => is_name(name).then(|| Target::Name(name.to_owned())),
        None => word.parse().ok().filter(|&id: &i64| id > 0).map(|id| Target::Id(UserId(id))),
    }
}

#[cfg(test)]
mod tests;
