//! Very many very small charges: their sum is exact, without rounding.

use rust_decimal::Decimal;
use serde_json::json;
use sqlx::AssertSqlSafe;
use starling::services::people;

use super::{person, world};
use crate::harness::database::Database;
use crate::harness::scaled;

/// Runs the statement that closes a turn on one user again and again (a million times in the night run): a
/// sum of floats or of rounded rows would deviate.
#[tokio::test]
async fn charges_of_forty_millionths_take_exactly_their_sum() {
    let charges = scaled(20_000, 1_000_000);
    let database = Database::create().await;
    let world = world(&database).await;
    let (somebody, chat, key) = person(1);
    people::enter(&world.books, key, &somebody, &chat).await.unwrap();
    world.close().await;
    let close = include_str!("../../../src/db/turns/close.sql");
    let closing = json!([{
        "turn_id": "%s", "state": "answered", "detail": "complete", "interrupted": false, "left_out": false, "attempt": 1, "epoch": 0,
        "payer": "user", "subject": "the model", "decided": 0, "owed": [], "calls": [{
            "call": 0, "model_id": "m", "ended": "end_turn", "input": 1, "cache_write_5m": 0, "cache_write_1h": 0,
            "cache_read": 0, "output": 1, "thinking": 0, "web_searches": 0, "duration_ms": 1, "cost": "0.00004",
            "prices": {}, "estimated": false,
        }],
    }]);
    let statements = [
        // Like the product's connections, but without waiting for the disk.
        "SET synchronous_commit = off; SET jit = off; SET plan_cache_mode = force_generic_plan;
         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
            .to_owned(),
        format!(
            "INSERT INTO turns (thread_id, question_id, model_id)
             SELECT threads.id, n, 'm' FROM threads, generate_series(1, {charges}) n"
        ),
        "VACUUM ANALYZE turns".to_owned(),
        format!("PREPARE close (jsonb) AS {close}"),
        format!(
            "DO $$ DECLARE first bigint; BEGIN
               SELECT min(id) INTO first FROM turns;
               FOR n IN 0..{charges} - 1 LOOP
                 EXECUTE format($close$EXECUTE close('{closing}')$close$, first + n);
                 IF n % 500 = 0 THEN COMMIT; END IF;
               END LOOP;
             END $$"
        ),
    ];
    let mut connection = database.pool().acquire().await.unwrap();
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await.unwrap();
    }
    let (balance, operations): (Decimal, i64) = sqlx::query_as("SELECT balance, last_operation FROM users")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    drop(connection);
    assert_eq!(balance, Decimal::new(10, 2) - Decimal::new(4, 5) * Decimal::from(charges));
    assert_eq!(operations, charges + 1);
    database.drop().await;
}
