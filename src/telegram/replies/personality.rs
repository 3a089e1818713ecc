//! The personality in a person's own words: the text that answers the question for it.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::text::preferences as text;
use super::choices::{self, Card};
use super::{carry_out, reply};
use crate::db::DbError;
use crate::db::people::KnownUser;
use crate::domain::message::Incoming;
use crate::domain::preferences::Personality;
use crate::services::preferences;

/// Takes a text as the personality and shows what is set now. After an unusable text, the bot goes on waiting.
pub(crate) async fn take(context: Arc<BotContext>, incoming: Incoming) -> Result<(), DbError> {
    let read = Personality::read(&incoming.text);
    let header = MessageHeader::from(incoming);
    let personality = match read {
        Ok(personality) => personality,
        Err(fault) => {
            return reply(&context, &header, |language, _| text::wrong_personality(language, fault)).await;
        }
    };
    let (books, cache) = (&context.books, &context.cache);
    let card = |known: &KnownUser| choices::compose(books, &header, Card::Personality, known);
    let set = || preferences::set_personality(books, cache, header.caller(), &personality, card);
    carry_out(&context, set).await
}
