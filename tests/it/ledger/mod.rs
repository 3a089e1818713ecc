//! The ledger under load: charges, payments, refunds, corrections and stops, interleaved on many connections
//! and repeated as after lost responses. Afterwards the books are right and contain every acknowledged
//! operation once.

mod late_hold;
mod random_events;
mod rounding;

use std::collections::BTreeMap;
use std::sync::Mutex;

use playground::telegram::Person as Somebody;
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::json;
use starling::db::Db;
use starling::db::outbox::OutboxMessage;
use starling::domain::clock::Clock;
use starling::domain::ids::{ChatId, OwnerId, ThreadKey, UserId};
use starling::domain::money::Usd;
use starling::domain::people::{Chat, ChatKind, Person};
use starling::llm::registry::Registry;
use starling::services::books::{Books, Terms};
use starling::telemetry::metrics::Metrics;

use crate::harness::database::Database;

const CONNECTIONS: u32 = 10;

struct LedgerFixture {
    books: Books,
    /// The books of another instance on the same database.
    twin: Books,
    /// The acknowledged operations, by key.
    booked: Mutex<BTreeMap<String, Decimal>>,
}

impl LedgerFixture {
    fn acknowledge(&self, key: String, amount: Decimal) {
        self.booked.lock().unwrap().insert(key, amount);
    }

    async fn close(&self) {
        tokio::join!(self.books.db.close(), self.twin.db.close());
    }
}

fn person(user: i64) -> (Person, Chat, ThreadKey) {
    let Somebody { first_name, .. } = Somebody::new(user, "Somebody");
    let person = Person {
        id: UserId(user),
        first_name,
        last_name: None,
        username: None,
        language_code: None,
        is_bot: false,
        is_premium: false,
    };
    let chat =
        Chat { id: ChatId(user), kind: ChatKind::Private, title: None, username: None, is_forum: false };
    (person, chat, ThreadKey { chat: ChatId(user), owner: OwnerId(user), topic: None })
}

fn owed(key: &str) -> OutboxMessage {
    OutboxMessage::new(key.to_owned(), ChatId(1), None, ("told".to_owned(), json!([])))
}

async fn world(database: &Database) -> LedgerFixture {
    let metrics = Metrics::new().unwrap();
    let url = SecretString::from(database.url());
    let instance = || {
        let db = Db::open(&url, CONNECTIONS, metrics.clone()).unwrap();
        let registry = Registry::load(None).unwrap();
        let terms = Terms { starter_balance: Usd(Decimal::new(10, 2)), ..Terms::default() };
        Books { db, registry, clock: Clock::System, terms }
    };
    let (books, twin) = (instance(), instance());
    starling::db::migrate::run(&books.db).await.unwrap();
    LedgerFixture { books, twin, booked: Mutex::default() }
}
