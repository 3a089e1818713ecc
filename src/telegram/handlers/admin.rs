//! `/topup` and `/set_margin`, for configured administrators.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::locale;
use super::super::replies::{answer_to, carry_out, reply};
use super::super::text::money;
use crate::db::DbError;
use crate::domain::ids::UserId;
use crate::domain::money::Usd;
use crate::domain::stars::Margin;
use crate::rendering::render;
use crate::services::adjustments::{self, Adjusted, Target};

/// Corrects a balance.
pub(super) async fn top_up(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let Some((target, amount)) = read(&header.arguments) else {
        return reply(&context, &header, |language, _| money::top_up_usage(language)).await;
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
    let message = |before, after| answer_to(&header, render(&money::margin(language, before, after)));
    let set = || adjustments::set_margin(&context.books, header.caller(), margin, message);
    carry_out(&context, set).await
}

/// `<id or @name> <amount>`.
fn read(arguments: &str) -> Option<(Target, Usd)> {
    let mut words = arguments.split_whitespace();
    let (target, amount) = (words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let target = match target.strip_prefix('@') {
        Some(name) if is_name(name) => Target::Name(name.to_owned()),
        Some(_) => return None,
        None => Target::Id(UserId(target.parse().ok().filter(|&id: &i64| id > 0)?)),
    };
    Some((target, Usd::typed(amount)?))
}

#[cfg(test)]
mod tests;
