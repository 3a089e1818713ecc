//! Each table that tells something of a person is in the export: found in the catalogue of the database.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::{ask_for_everything, file, unpacked};
use crate::harness::{ANN, BOB, Bot};
use crate::upgrades::samples;

/// Columns that name a person, beside those that refer to `users`.
const PERSONS: [&str; 9] = [
    "user_id",
    "owner_id",
    "admin_id",
    "payer_id",
    "actor_id",
    "changed_by",
    "asker_id",
    "author_id",
    "sponsor_id",
];
/// Tables that name persons in no such column.
const NAMELESS: [&str; 3] = ["inbox", "dead_letters", "chats"];
/// Tables that are left out, with the reason.
const LEFT_OUT: [(&str, &str); 1] = [("made_file_contents", "contents are files of their own")];

/// Returns the tables that may tell something of a person: they name one, or refer to a table that does.
async fn personal_tables(bot: &Bot) -> BTreeSet<String> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let references: Vec<(String, String)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let mut personal: BTreeSet<String> =
        ["users"].iter().chain(&NAMELESS).map(|&table| table.to_owned()).collect();
    let named = columns.into_iter().filter(|(_, column)| PERSONS.contains(&column.as_str()));
    personal.extend(named.map(|(table, _)| table));
    loop {
        let before = personal.len();
        let found = references.iter().filter(|(_, to)| personal.contains(to)).map(|(from, _)| from.clone());
        let found: Vec<String> = found.collect();
        personal.extend(found);
        if personal.len() == before {
            return personal;
        }
    }
}

/// What makes a row one of the person 43 or 42, by the first column that the table has.
const OWN: [(&str, &str); 8] = [
    ("user_id", "user_id = $1"),
    ("author_id", "id IN (SELECT message_row FROM messages_of_people WHERE person_id = $1)"),
    ("asker_id", "id IN (SELECT turn_id FROM turns_of_people WHERE person_id = $1)"),
    (
        "owner_id",
        "(owner_id = $1 OR chat_id = $1 OR turn_id IN (SELECT turn_id FROM turns_of_people WHERE person_id = $1))",
    ),
    ("admin_id", "admin_id = $1"),
    ("changed_by", "changed_by = $1"),
    ("thread_id", "thread_id IN (SELECT id FROM threads WHERE user_id = $1)"),
    ("turn_id", "turn_id IN (SELECT turn_id FROM turns_of_people WHERE person_id = $1)"),
];

/// Counts the rows of a person in a table, by its columns; `None` if these do not tell.
async fn own_rows(bot: &Bot, table: &str, user: i64) -> Option<i64> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
    )
    .bind(table)
    .fetch_all(bot.books())
    .await
    .unwrap();
    let (_, condition) = OWN.iter().find(|(column, _)| columns.iter().any(|known| known == column))?;
    let query = format!("SELECT count(*) FROM {table} WHERE {condition}");
    sqlx::query_scalar(AssertSqlSafe(query)).bind(user).fetch_one(bot.books()).await.unwrap()
}

#[tokio::test]
async fn every_table_that_tells_something_of_a_person_is_exported() {
    let mut bot = Bot::prepare_empty([]).await;
    samples::fill(&bot).await;
    let mut exported = BTreeSet::new();
    for user in [ANN, BOB] {
        bot.telegram.open_chat(user);
    }
    bot.run().await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    // Bob is no administrator any more, so the menu goes. Ann's stays, if she has chosen a language.
    bot.database.until("SELECT count(*) FROM personal_menus WHERE user_id = 43", 0).await;
    bot.sql(
        "UPDATE users SET language = 'en' WHERE id = 42;
         INSERT INTO bans (update_id, user_id, changed_by) VALUES (900000095, 42, 43);
         INSERT INTO checkpoints (turn_id, attempt, sequence, text) VALUES (1, 1, 1, 'Lim');
         INSERT INTO dead_letters (item_id, payload, error) VALUES ('user_stats:1', '{\"type\":\"user_stats\",\"turn\":1}', 'x');",
    )
    .await;
    for user in [ANN, BOB] {
        let before = bot.telegram.sent_media(user).len();
        ask_for_everything(&bot, user).await;
        let members = unpacked(&file(&bot, user, before + 1).await);
        for table in personal_tables(&bot).await {
            if LEFT_OUT.iter().any(|(left_out, _)| *left_out == table) {
                continue;
            }
            let Some(rows) = members.get(&format!("data/{table}.json")) else {
                panic!(
                    "{table} is not exported: it needs a variant of PersonalTable, and its rows a place in an erasure"
                )
            };
            let rows: Vec<Value> = serde_json::from_slice(rows).unwrap();
            // What the export itself adds comes after it.
            let new = ["outbox", "made_files", "data_requests", "inbox"].contains(&table.as_str());
            if let Some(own) = own_rows(&bot, &table, user).await.filter(|_| !new) {
                assert_eq!(i64::try_from(rows.len()).unwrap(), own, "{table} of {user}");
            }
            if !rows.is_empty() {
                exported.insert(table);
            }
        }
    }
    let empty: Vec<String> =
        personal_tables(&bot).await.into_iter().filter(|table| !exported.contains(table)).collect();
    assert_eq!(empty, ["made_file_contents"], "nothing was exported of these");
    bot.end().await;
}
