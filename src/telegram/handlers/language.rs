//! `/language`: the language in which the bot speaks to a person, as a card with buttons or by its code or name.

use std::sync::Arc;

use strum::VariantArray;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::{answer_tap, answer_to, cards, carry_out, mark_handled};
use super::super::text::languages;
use super::super::text::preferences::not_your_card;
use super::super::{keyboards, locale};
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::db::people::KnownUser;
use crate::domain::people::Language;
use crate::rendering::RichText;
use crate::services::intake;

/// The longest unknown word that is repeated to the person, in code points.
const LONGEST_WORD: usize = 32;

/// Shows the card, or sets the language that stands behind the command.
pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    match named(&header.arguments) {
        Some(language) => {
            let message =
                |language| Some(answer_to(&header, RichText::plain(languages::set(language, true))));
            let (books, cache) = (&context.books, &context.cache);
            let set = || intake::set_language(books, cache, header.caller(), Some(language), message);
            carry_out(&context, set).await?;
            context.menu_checks.look_again(header.sender.id);
            Ok(())
        }
        None => show(&context, &header).await,
    }
}

async fn show(context: &BotContext, header: &MessageHeader) -> Result<(), DbError> {
    let chosen = locale::chosen(context, header.sender.id).await?;
    let typed: String = header.arguments.chars().take(LONGEST_WORD).collect();
    let message = |known: &KnownUser| {
        let language = known.language;
        let text = if typed.is_empty() {
            languages::card(language, chosen.is_some())
        } else {
            languages::unknown(language, &typed)
        };
        OutboxMessage {
            keyboard: Some(keyboards::languages(language, chosen).0),
            ..answer_to(header, RichText::plain(text))
        }
    };
    carry_out(context, || intake::answer_command(&context.books, header.caller(), message)).await
}

/// Sets the language that a button names; `None` for that of the person's app.
pub(super) async fn choose(
    context: Arc<BotContext>,
    header: MessageHeader,
    callback: String,
    choice: Option<Language>,
) -> Result<(), DbError> {
    let before = locale::of(&context, &header.sender).await?;
    let not_yours = |language| not_your_card(language, "/language");
    if let Some(refusal) = cards::refusal(&context, &header, before, not_yours).await? {
        answer_tap(&context, callback, Some(refusal));
        mark_handled(&context, header.update);
        return Ok(());
    }
    let (books, cache) = (&context.books, &context.cache);
    let set = || intake::set_language(books, cache, header.caller(), choice, |_| None);
    carry_out(&context, set).await?;
    let (language, is_chosen) = (choice.unwrap_or_else(|| locale::of_app(&header.sender)), choice.is_some());
    answer_tap(&context, callback, Some(languages::set(language, is_chosen)));
    let card = RichText::plain(languages::card(language, is_chosen));
    cards::redraw(&context, &header, card, Some(keyboards::languages(language, choice))).await;
    context.menu_checks.look_again(header.sender.id);
    Ok(())
}

/// Reads a code such as `de`, or the name of a language in itself.
fn named(typed: &str) -> Option<Language> {
    let typed = typed.to_lowercase();
    let is_meant =
        |language: &Language| language.code() == typed || language.own_name().to_lowercase() == typed;
    Language::VARIANTS.iter().copied().find(is_meant)
}
