//! The cards of the preferences: model, settings, personality. A tap chooses something and changes the card.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::{ButtonPress, MessageHeader};
use super::super::keyboards::preferences::{self as keyboards, CardTap};
use super::super::locale;
use super::super::text::{self as texts, preferences as text};
use super::{answer_tap, answer_to, cards, mark_handled};
use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::db::people::KnownUser;
use crate::domain::people::{ChatKind, Language};
use crate::domain::preferences::{Choice, Personality};
use crate::domain::usage::Usage;
use crate::rendering::{Entity, EntityKind, RichText, render};
use crate::services::books::Books;
use crate::services::preferences::{self, Tapped};
use crate::services::pricing;

/// The longest personality that is shown unfolded, in code points.
const UNFOLDED: usize = 300;

/// The cards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Card {
    Models,
    Settings,
    Personality,
}

impl Card {
    /// Returns the card on which a choice is made.
    fn of(choice: &Choice) -> Self {
        match choice {
            Choice::Model(_) => Self::Models,
            Choice::Personality(_) => Self::Personality,
            Choice::Effort(_)
            | Choice::TurnLimit(_)
            | Choice::ShowsCost(_)
            | Choice::ShowsThinking(_)
            | Choice::Announcements(_) => Self::Settings,
        }
    }

    /// Returns the command that shows it.
    fn command(self) -> &'static str {
        match self {
            Self::Models => "/model",
            Self::Settings => "/settings",
            Self::Personality => "/personality",
        }
    }
}

/// Composes the card that answers an update, for its person.
pub(crate) fn compose(books: &Books, header: &MessageHeader, card: Card, known: &KnownUser) -> OutboxMessage {
    let KnownUser { language, preferences, .. } = known;
    let (language, today) = (*language, books.today());
    let model = books.registry.chosen(preferences.model.as_ref(), today);
    let (text, keyboard) = match card {
        Card::Models => {
            let usage = Usage { input: text::TYPICAL.0, output: text::TYPICAL.1, ..Usage::default() };
            let offered = || books.registry.offered_on(today);
            let priced = offered().map(|model| (model, pricing::estimate(model, &usage, today)));
            (render(&text::models(language, priced, model)), keyboards::models(offered(), &model.id))
        }
        Card::Settings => {
            let limit = books.terms.turn_limit_of(preferences.turn_limit);
            let private = header.chat.kind == ChatKind::Private;
            let text = text::settings(language, preferences, (model, limit), private);
            (render(&text), keyboards::settings(preferences, &books.terms, language))
        }
        Card::Personality => {
            let current = preferences.personality.as_ref();
            (personality(language, current), keyboards::personality(current, language))
        }
    };
    OutboxMessage { keyboard: Some(keyboard.0), owner: Some(header.sender.id), ..answer_to(header, text) }
}

/// Returns the text of the card with the personality as a quote: it is the person's own, without Markdown.
fn personality(language: Language, current: Option<&Personality>) -> RichText {
    let mut rich = render(&text::personality(language, current));
    let Some(Personality(words)) = current else { return rich };
    rich.text.push('\n');
    let (offset, length) = (rich.text.encode_utf16().count(), words.encode_utf16().count());
    let folds = words.chars().nth(UNFOLDED).is_some();
    let kind = if folds { EntityKind::ExpandableBlockquote } else { EntityKind::Blockquote };
    rich.text.push_str(words);
    rich.entities.push(Entity { offset, length, kind });
    rich
}

/// Handles a tap on a card, which may be somebody else's, old or forged.
pub(crate) async fn tapped(context: Arc<BotContext>, tap: ButtonPress, what: CardTap) -> Result<(), DbError> {
    let ButtonPress { update, callback, header, person, .. } = tap;
    let language = locale::soon(&context, &person).await;
    let refuse = |sentence: String, why: &'static str| {
        tracing::warn!(update.id = update.0, "a tap on a card has no effect: {why}");
        answer_tap(&context, callback.clone(), Some(sentence));
        Ok(())
    };
    let Some(header) = header else {
        mark_handled(&context, update);
        return refuse(texts::old_button(language), "its message is too old");
    };
    let asks = what == CardTap::AskPersonality;
    let is_personal = asks || matches!(what, CardTap::Preset(_) | CardTap::Choose(Choice::Personality(_)));
    if is_personal && header.chat.kind != ChatKind::Private {
        mark_handled(&context, update);
        return refuse(text::personality_is_private(language), "others would read it");
    }
    let choice = |language: Language| match &what {
        CardTap::Choose(choice) => choice.clone(),
        CardTap::Preset(preset) => Choice::Personality(Some(Personality(text::preset(language, *preset)))),
        CardTap::AskPersonality => Choice::Personality(None),
    };
    if asks {
        return ask(&context, &header, callback).await;
    }
    let (books, cache, message) = (&context.books, &context.cache, header.message);
    let card = Card::of(&choice(language));
    let not_yours = |language| text::not_your_card(language, card.command());
    if let Some(refusal) = cards::refusal(&context, &header, language, not_yours).await? {
        mark_handled(&context, update);
        return refuse(refusal, "somebody else's, or old");
    }
    let redrawn = |known: &KnownUser| OutboxMessage {
        replaces: Some(message),
        reply_to: None,
        ..compose(books, &header, card, known)
    };
    let choose = || preferences::choose(books, cache, header.caller(), choice, redrawn);
    let (language, tapped) = context.db.persist(choose).await?;
    match tapped {
        Tapped::Done(owed) => {
            let name = match choice(language) {
                Choice::Model(id) => books.registry.get(&id).map(|model| model.name.as_str()),
                _ => None,
            };
            answer_tap(&context, callback, name.map(|name| text::model_chosen(language, name)));
            context.courier().deliver(owed);
            Ok(())
        }
        Tapped::Old => refuse(texts::old_button(language), "not offered"),
    }
}

/// Asks for a personality in the person's own words.
async fn ask(context: &BotContext, header: &MessageHeader, callback: String) -> Result<(), DbError> {
    let question = |language| answer_to(header, RichText::plain(text::ask_personality(language)));
    let ask = || preferences::ask_personality(&context.books, header.caller(), question);
    let (language, owed) = context.db.persist(ask).await?;
    answer_tap(context, callback, owed.is_empty().then(|| text::personality_awaited(language)));
    context.courier().deliver(owed);
    Ok(())
}
