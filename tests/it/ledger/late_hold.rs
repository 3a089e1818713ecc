//! A hold that is made when its turn is closed already.

use std::sync::Arc;

use chrono::Utc;
use rust_decimal::Decimal;
use starling::db::holds;
use starling::db::holds::Gate;
use starling::db::turns::opening::{self, ExpectedThread, HoldRequest, OpenOutcome};
use starling::domain::file::Retrieval;
use starling::domain::ids::{MessageId, TurnId, UpdateId, UserId};
use starling::domain::message::{Incoming, MessageContext};
use starling::domain::model::ModelId;
use starling::domain::money::Usd;
use starling::domain::turn::{Interruption, Outcome, TurnRef, TurnReport};
use starling::services::adjustments::{self, Target};
use starling::services::intake::Caller;
use starling::services::people;
use starling::services::settlement::{self, Ending};

use super::{LedgerFixture, owed, person, world};
use crate::harness::database::Database;

/// Statements that wait for a lock.
const LOCKED_OUT: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Opens a turn of user 1, who has no balance.
async fn an_uncovered_turn(world: &LedgerFixture) -> (TurnId, i32, UserId) {
    let books = &world.books;
    let (sender, chat, key) = person(1);
    let entered = people::enter(books, key, &sender, &chat).await.unwrap();
    let caller = Caller { update: UpdateId(0), key, person: &sender, chat: &chat };
    let all = Usd(-Decimal::new(10, 2));
    adjustments::top_up(books, caller, &Target::Id(UserId(key.chat.0)), all, |_| owed("spent"))
        .await
        .unwrap();
    let (update, message, context) = (UpdateId(1), MessageId(1), MessageContext::default());
    let (text, date) = ("hello".to_owned(), Utc::now());
    let incoming = Incoming {
        update,
        key,
        message,
        sender,
        chat,
        text,
        date,
        context,
        attachment: None,
        fetched: Retrieval::Untried,
        replied_attachment: None,
        replied_fetched: Retrieval::Untried,
        album: None,
    };
    let place = ExpectedThread { thread: entered.thread, key, versions: None };
    let reserve = HoldRequest { amount: Usd(Decimal::ONE), free: false };
    let model = ModelId("claude-sonnet-5-5".to_owned());
    let opened =
        opening::open(&books.db, place, UserId(key.chat.0), &model, &[incoming], reserve).await.unwrap();
    let OpenOutcome::Turn { turn, attempt, held: false, .. } = opened else {
        panic!("{opened:?} is covered")
    };
    (turn, attempt, UserId(key.chat.0))
}

/// A stop closes a turn while its gate waits for the user's row lock. The hold that the gate then makes, for
/// which nobody waits any more, is released with the end of the turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_that_is_closed_while_its_gate_waits_leaves_nothing_reserved() {
    for known in [true, false] {
        let database = Database::create().await;
        let world = Arc::new(world(&database).await);
        let (turn, attempt, user) = an_uncovered_turn(&world).await;
        let mut lock = database.pool().begin().await.unwrap();
        sqlx::query("SELECT FROM users FOR UPDATE").execute(&mut *lock).await.unwrap();
        let waiting = {
            let world = world.clone();
            tokio::spawn(
                async move { holds::take(&world.books.db, turn, user, Usd(Decimal::ONE), true).await },
            )
        };
        database.until(LOCKED_OUT, 1).await;
        let settling = {
            let world = world.clone();
            tokio::spawn(async move {
                let outcome = Outcome::Interrupted(Interruption::Stopped);
                let report = TurnReport::without_work(String::new(), outcome);
                let ending = Ending {
                    report: &report,
                    calls_complete: known,
                    subject: "Claude",
                    messages: &[],
                    begun: false,
                };
                settlement::settle(
                    &world.books,
                    TurnRef { id: turn, attempt, epoch: 0, user, sponsored_in: None },
                    ending,
                )
                .await
                .map(drop)
            })
        };
        database.until(LOCKED_OUT, 2).await;
        lock.rollback().await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), Gate::Held);
        settling.await.unwrap().unwrap();
        let (reserved, held): (Decimal, Decimal) =
            sqlx::query_as("SELECT turns.held, users.held FROM turns, users")
                .fetch_one(database.pool())
                .await
                .unwrap();
        assert_eq!((reserved, held), (Decimal::ONE, Decimal::ZERO));
        database.assert_audited().await;
        world.close().await;
        database.drop().await;
    }
}
