//! Messages that arrive without a confirmation are searched for, and found among many others.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{Fault, Person};

use crate::harness::Bot;

/// All arrive and none is confirmed, so the search for one passes by the others.
#[tokio::test]
async fn thirty_answers_that_arrive_unconfirmed_are_all_found() {
    const PEOPLE: i64 = 30;
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
    bot.telegram.fail_next("sendMessage", u32::try_from(PEOPLE).unwrap(), Fault::DropAfter);
    keeper.open();
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", PEOPLE).await;
    for id in 1_001..=1_000 + PEOPLE {
        assert_eq!(bot.answers(id), ["The answer."], "{}", bot.screen(id));
    }
    bot.end().await;
}
