//! The database cost of an answer does not depend on the amount of stored data: every statement finds its
//! rows by their keys, even with a plan made when the tables were empty.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::Person;

use crate::harness::{BOUND, Bot};

const PEOPLE: i64 = 200;
/// The most rows of one index that an answer may read, including dead ones.
const MOST: i64 = 15;

#[tokio::test]
async fn no_answer_reads_the_rows_of_others() {
    let mut bot = Bot::start().await;
    // The audit reads everything and is no part of an answer.
    bot.log("the books were audited").await;
    let people = 1_001..=1_000 + PEOPLE;
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |_| {
        Some(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]))
    });
    for id in people.clone() {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    // All turns are open at the same time, with their holds.
    bot.request(people.clone().count()).await;
    keeper.open();
    for id in people {
        bot.answer(id, 1).await;
    }
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    // A connection reports its statistics when it ends.
    let connected = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'starling'";
    bot.database.until_within(BOUND, connected, 0).await;
    // The 1,024 leases are as many with any number of rows elsewhere, and are read as a whole.
    let scanned = "SELECT relname::text, seq_tup_read FROM pg_stat_user_tables
                   WHERE seq_tup_read > $1 AND relname <> 'leases' ORDER BY 1";
    assert_eq!(more_than(&bot, PEOPLE, scanned).await, [], "tables that were read from one end to the other");
    let searched = "SELECT indexrelname::text, idx_tup_read FROM pg_stat_user_indexes
                    WHERE idx_tup_read > $1 AND relname NOT IN ('leases', 'instances') ORDER BY 1";
    assert_eq!(more_than(&bot, PEOPLE * MOST, searched).await, [], "indexes in which much was read");
    bot.end().await;
}

/// Returns the indexes of which more rows than this were read, with the number of rows.
async fn more_than(bot: &Bot, rows: i64, query: &'static str) -> Vec<(String, i64)> {
    sqlx::query_as(query).bind(rows).fetch_all(bot.books()).await.unwrap()
}
