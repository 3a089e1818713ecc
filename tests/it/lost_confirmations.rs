//! Messages that arrive without a confirmation are searched for, and found among many others.

use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use playground::telegram::{Fault, Person};

use crate::harness::Bot;

/// The people who ask at once.
const PEOPLE: i64 = 30;

/// All arrive and none is confirmed, so the search for one passes by the others.
#[tokio::test]
async fn thirty_answers_that_arrive_unconfirmed_are_all_found() {
    let (bot, keeper) = with_thirty_questions().await;
    bot.telegram.fail_next("sendMessage", thirty(), Fault::DropAfter);
    keeper.open();
    everybody_has_one_answer(bot).await;
}

/// The first message in the outbox is the last that arrives.
#[tokio::test]
async fn thirty_answers_that_arrive_unconfirmed_and_in_reverse_order_are_all_found() {
    let (bot, keeper) = with_thirty_questions().await;
    let hold = bot.telegram.hold("sendMessage");
    keeper.open();
    hold.waiting_for(usize::try_from(PEOPLE).unwrap()).await;
    bot.telegram.fail_next("sendMessage", thirty(), Fault::DropAfter);
    hold.release_newest_first();
    everybody_has_one_answer(bot).await;
}

fn thirty() -> u32 {
    u32::try_from(PEOPLE).unwrap()
}

/// Starts a bot that was asked by thirty people, whose answers wait for the keeper of their gate.
async fn with_thirty_questions() -> (Bot, GateKeeper) {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |_| {
        Some(Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("The answer.".to_owned())]))
    });
    for id in 1_001..=1_000 + PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
        bot.telegram.say(id, id, "hello");
    }
    bot.request(usize::try_from(PEOPLE).unwrap()).await;
    (bot, keeper)
}

async fn everybody_has_one_answer(bot: Bot) {
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", PEOPLE).await;
    for id in 1_001..=1_000 + PEOPLE {
        assert_eq!(bot.answers(id), ["The answer."], "{}", bot.screen(id));
    }
    bot.end().await;
}
