//! Events of all kinds at random, on many connections: turns, payments, refunds and corrections.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::Utc;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use starling::db::holds::Gate;
use starling::db::turns::opening::{self, ExpectedThread, HoldRequest, OpenOutcome};
use starling::db::{call_notes, holds, turns};
use starling::domain::file::Retrieval;
use starling::domain::ids::{MessageId, ThreadKey, TurnId, UpdateId, UserId};
use starling::domain::message::{Incoming, MessageContext};
use starling::domain::model::ModelId;
use starling::domain::money::Usd;
use starling::domain::turn::{Interruption, ModelCall, Outcome, TurnFailure, TurnRef, TurnReport};
use starling::domain::usage::Usage;
use starling::services::adjustments::{self, Target};
use starling::services::books::Books;
use starling::services::intake::Caller;
use starling::services::payments::{self, IncomingPayment};
use starling::services::recovery::Company;
use starling::services::refunds::{self, RefundReply, Returned};
use starling::services::settlement::{self, Ending};
use starling::services::{people, pricing};

use super::{LedgerFixture, owed, person, world};
use crate::harness::database::Database;

const WORKERS: u64 = 8;
const STEPS: u64 = 300;
const USERS: i64 = 3;
/// Few enough charge ids that the same payment is often reported twice and concurrently.
const CHARGES: u32 = 120;

/// Opens a turn, perhaps loses an attempt, really or apparently, and settles it twice concurrently, with any
/// outcome.
async fn a_turn(world: &LedgerFixture, user: i64, number: i32, chance: &mut StdRng) {
    let books = &world.books;
    let (sender, chat, key) = person(user);
    let user = UserId(key.chat.0);
    let entered = people::enter(books, key, &sender, &chat).await.unwrap();
    let incoming = Incoming {
        update: UpdateId(i64::from(number)),
        key,
        message: MessageId(number),
        sender,
        chat,
        text: "hello".to_owned(),
        date: Utc::now(),
        context: MessageContext::default(),
        attachment: None,
        fetched: Retrieval::Untried,
        replied_attachment: None,
        replied_fetched: Retrieval::Untried,
        album: None,
    };
    let place = ExpectedThread { thread: entered.thread, key, versions: None };
    let (asker, model) = (UserId(key.chat.0), ModelId("claude-sonnet-5-5".to_owned()));
    let reserve = HoldRequest { amount: Usd(Decimal::new(1, 2)), free: chance.random_bool(0.1) };
    let opened = opening::open(&books.db, place, asker, &model, &[incoming], reserve).await.unwrap();
    let OpenOutcome::Turn { turn, attempt: first, held, .. } = opened else {
        panic!("a new message opens a turn")
    };
    let admitted =
        held || holds::take(&books.db, turn, user, reserve.amount, reserve.free).await.unwrap() == Gate::Held;
    let mut attempt = first;
    if chance.random_bool(0.2) {
        attempt = restart(books, turn, key).await;
    }
    let current = |attempt| TurnRef { id: turn, attempt, epoch: 0, user, sponsored_in: None };
    if admitted && chance.random_bool(0.5) {
        let mut amount = |from| Usd(Decimal::new(chance.random_range(from..50), 3));
        let (more, least) = (amount(0), amount(-50));
        let (limits, free) = ((Usd::ZERO, more, least), chance.random_bool(0.5));
        holds::claim(&books.db, current(attempt), limits, free).await.unwrap();
    }
    let report = report(admitted, chance);
    let mut expected: Usd =
        report.calls.iter().map(|call| pricing::price(&books.registry, call, books.today()).cost).sum();
    if note_calls(world, current(attempt), first, &report, chance).await {
        (attempt, expected) = (first, expected + expected);
    }
    let begun = chance.random_bool(0.5);
    let settle = async |books: &Books| {
        let key = format!("turn:{turn}:0");
        let messages = [owed(&key)];
        let ending =
            Ending { report: &report, calls_complete: held, subject: "Claude", messages: &messages, begun };
        settlement::settle(books, current(attempt), ending).await.unwrap()
    };
    // Two instances race.
    let (first, second) = tokio::join!(settle(books), settle(&world.twin));
    let [first, second] = [first, second].map(|settled| matches!(settled, settlement::Settled::Closed(_)));
    assert_ne!(first, second, "one of the two has closed the turn");
    acknowledge_turn(world, turn, report.outcome, expected);
}

/// Starts another attempt of a turn, and returns its number.
async fn restart(books: &Books, turn: TurnId, key: ThreadKey) -> i32 {
    let open = turns::left_open(&books.db, 0.0, &[key.chat.0 & 1_023]).await.unwrap();
    let left = open.iter().find(|left| left.turn == turn).unwrap();
    settlement::restart(&books.db, left, Company::Others).await.unwrap().unwrap().attempt
}

/// Records the calls of an attempt as they come. If it is the second attempt, a note of the first arrives
/// late; or the first was not really lost, which the result reports: it will settle the turn while another
/// instance works on the second.
async fn note_calls(
    world: &LedgerFixture,
    turn: TurnRef,
    first: i32,
    report: &TurnReport,
    chance: &mut StdRng,
) -> bool {
    let calls = world.books.entries(&report.calls);
    let overlap = turn.attempt > first && chance.random_bool(0.5);
    if overlap || chance.random_bool(0.5) {
        call_notes::note(&world.books.db, turn, &calls).await.unwrap();
    }
    if turn.attempt > first && !overlap {
        call_notes::note(&world.twin.db, TurnRef { attempt: first, ..turn }, &calls).await.unwrap();
    }
    overlap
}

fn acknowledge_turn(world: &LedgerFixture, turn: TurnId, outcome: Outcome, cost: Usd) {
    if outcome != Outcome::Failed(TurnFailure::Internal) && cost > Usd::ZERO {
        world.acknowledge(format!("turn:{turn}"), -cost.0);
    }
}

fn report(admitted: bool, chance: &mut StdRng) -> TurnReport {
    let outcome = match chance.random_range(0..5) {
        _ if !admitted => Outcome::Failed(TurnFailure::NoFunds),
        0 => Outcome::Failed(TurnFailure::Internal),
        1 => Outcome::Interrupted(Interruption::Stopped),
        2 => Outcome::Failed(TurnFailure::Overloaded),
        _ => Outcome::Answered,
    };
    let calls = if admitted { chance.random_range(0..4) } else { 0 };
    let call = |number| ModelCall {
        number,
        model: ModelId("claude-sonnet-5-5".to_owned()),
        request_id: None,
        ended: "end_turn".to_owned(),
        usage: Usage {
            input: chance.random_range(0..2_000),
            cache_read: chance.random_range(0..2_000),
            cache_write_5m: chance.random_range(0..100),
            output: chance.random_range(0..1_000),
            ..Usage::default()
        },
        estimated: chance.random_bool(0.1),
        first_text_ms: None,
        duration_ms: 1,
    };
    let (text, calls) = ("An answer".to_owned(), (0..calls).map(call).collect());
    TurnReport { calls, ..TurnReport::without_work(text, outcome) }
}

async fn a_payment(world: &LedgerFixture, charge: u32) {
    let (person, chat, key) = person(i64::from(charge) % USERS + 1);
    let received = IncomingPayment {
        update: None,
        person,
        chat,
        key,
        message: None,
        stars: charge % 50 + 1,
        payload: "of no invoice".to_owned(),
        charge_id: format!("charge{charge}"),
        paid_at: Utc::now(),
    };
    let key = format!("receipt:{charge}");
    let told = payments::credit(&world.books, &received, |_| owed(&key)).await.unwrap();
    if !told.is_empty() {
        let credit = Decimal::from(received.stars) * Decimal::new(65, 4);
        world.acknowledge(format!("payment:charge{charge}"), credit);
    }
}

async fn a_refund(world: &LedgerFixture, charge: u32, number: i32, chance: &mut StdRng) {
    let charge_id = format!("charge{charge}");
    let (person, chat, key) = person(i64::from(charge) % USERS + 1);
    if chance.random_bool(0.7) {
        let caller = Caller { update: UpdateId(i64::from(number)), key, person: &person, chat: &chat };
        let reply = format!("update:{number}");
        refunds::ask(&world.books, caller, &charge_id, |_| owed(&reply)).await.unwrap();
    }
    let answer = if chance.random_bool(0.6) { RefundReply::Given } else { RefundReply::Refused };
    let returned = Returned { update: None, charge_id: &charge_id, payer: None };
    let taken = Mutex::new(None);
    let told = refunds::settle(&world.books, &returned, answer, |payment, end| {
        *taken.lock().unwrap() = Some((payment.credit, end));
        owed(&format!("refund:{number}"))
    });
    told.await.unwrap();
    if let Some((credit, refunds::RefundOutcome::Given(_) | refunds::RefundOutcome::ByTelegram(_))) =
        taken.into_inner().unwrap()
    {
        world.acknowledge(format!("refund:{charge_id}"), -credit.0);
    }
}

async fn a_correction(world: &LedgerFixture, user: i64, number: i32, chance: &mut StdRng) {
    let (person, chat, key) = person(USERS);
    let caller = Caller { update: UpdateId(i64::from(number)), key, person: &person, chat: &chat };
    let amount = Usd(Decimal::new(chance.random_range(1..10_000_000), 9));
    let amount = if chance.random_bool(0.3) { -amount } else { amount };
    let reply = format!("update:{number}");
    // The response to the first call was lost.
    for _ in 0..2 {
        let target = Target::Id(UserId(user));
        adjustments::top_up(&world.books, caller, &target, amount, |_| owed(&reply)).await.unwrap();
    }
    world.acknowledge(format!("adjustment:{number}"), amount.0);
}

async fn worker(world: Arc<LedgerFixture>, number: u64, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed ^ number);
    for step in 0..STEPS {
        let unique = i32::try_from(number * STEPS + step + 1).unwrap();
        let user = chance.random_range(1..=USERS);
        let charge = chance.random_range(0..CHARGES);
        match chance.random_range(0..6) {
            0 | 1 => a_turn(&world, user, unique, &mut chance).await,
            2 | 3 => a_payment(&world, charge).await,
            4 => a_refund(&world, charge, unique, &mut chance).await,
            _ => a_correction(&world, user, unique, &mut chance).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_happens_at_once_every_event_is_booked_once_and_the_books_are_right() {
    let database = Database::create().await;
    let world = Arc::new(world(&database).await);
    for user in 1..=USERS {
        let (somebody, chat, key) = person(user);
        people::enter(&world.books, key, &somebody, &chat).await.unwrap();
    }
    let seed = rand::random();
    #[expect(clippy::print_stdout, reason = "a run that fails is repeated with its seed")]
    {
        println!("seed {seed}");
    }
    let workers = (0..WORKERS).map(|number| tokio::spawn(worker(world.clone(), number, seed)));
    for done in futures::future::join_all(workers).await {
        done.unwrap();
    }
    database.assert_audited().await;
    let mut booked: BTreeMap<String, Decimal> =
        sqlx::query_as("SELECT key, amount FROM balance_operations WHERE kind <> 'starter'")
            .fetch_all(database.pool())
            .await
            .unwrap()
            .into_iter()
            .collect();
    for (key, amount) in world.booked.lock().unwrap().iter() {
        assert_eq!(booked.remove(key), Some(*amount), "{key}");
    }
    assert!(booked.is_empty(), "booked without having happened: {booked:?}");
    world.close().await;
    database.drop().await;
}
