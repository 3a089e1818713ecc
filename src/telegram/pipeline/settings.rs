//! The settings of a turn, from what its person has chosen.

use crate::db::DbError;
use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{ThreadKey, UserId};
use crate::domain::people::Language;
use crate::domain::preferences::Preferences;
use crate::domain::turn::TurnSettings;
use crate::rendering::RichText;
use crate::services::books::Books;
use crate::services::preferences;
use crate::telegram::context::BotContext;
use crate::telegram::text;

/// Returns the settings of a turn that is opened or resumed now.
pub(super) fn of(books: &Books, preferences: &Preferences, language: Language) -> TurnSettings {
    TurnSettings {
        model: books.registry.chosen(preferences.model.as_ref(), books.today()).clone(),
        effort: preferences.effort,
        language,
        turn_limit: books.terms.turn_limit_of(preferences.turn_limit),
        shows_cost: preferences.shows_cost,
        shows_thinking: preferences.shows_thinking,
        personality: preferences.personality.clone(),
    }
}

/// Replaces a chosen model that is not offered any more by the default, and tells the person, once. Returns
/// whether the preferences have to be read again.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(super) async fn forget_retired_model(
    context: &BotContext,
    key: ThreadKey,
    user: UserId,
    preferences: &Preferences,
    language: Language,
) -> Result<bool, DbError> {
    let (registry, today) = (&context.books.registry, context.books.today());
    let Some(former) = &preferences.model else { return Ok(false) };
    if registry.choosable(former, today).is_some() {
        return Ok(false);
    }
    let name = registry.get(former).map_or(former.0.as_str(), |model| model.name.as_str());
    let sentence = text::preferences::model_retired(language, name, &registry.default_model().name);
    // A model may come back, be chosen again and retire again. Each choice has a version of its own.
    let notice = |version: i64| {
        let text = RichText::plain(sentence.clone()).into_wire();
        OutboxMessage::new(format!("model retired:{user}:{version}"), key.chat, key.topic, text)
    };
    let db = &context.db;
    let owed = db.persist(|| preferences::forget_model(db, user, former, notice)).await?;
    context.courier().deliver_again(owed);
    Ok(true)
}
