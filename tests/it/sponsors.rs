//! Sponsors: one person pays for all members of a group, up to a limit a day.

use playground::anthropic::{Gate, Reply, Step};
use playground::openai::Usage;
use playground::telegram::NewFile;
use rust_decimal::Decimal;

use crate::group_settings::group_card;
use crate::harness::{ANN, BOB, Bot, GROUP};
use crate::models_command::{card, chosen};
use crate::voice::Phone;

const USED_UP: &str = "ℹ️ What Ann pays for this group in a day is used up. Until midnight (UTC), everybody pays for \
    their own answers: /balance shows what you have, /pay tops it up.";

/// A group for which Ann pays.
async fn sponsored(starter: &str) -> Bot {
    let bot = Bot::with([("STARTER_BALANCE_USD", starter)]).await;
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:pays:me").await;
    chosen(&bot, &group, "I pay").await;
    bot
}

/// Asks as Bob; returns what Ann and Bob have paid for the answer.
async fn costs(bot: &Bot, text: &str) -> [Decimal; 2] {
    let before = [paid(bot, ANN).await, paid(bot, BOB).await];
    let turns = bot.model.requests().len() + 1;
    bot.telegram.say(GROUP, BOB, &format!("@starling_bot {text}"));
    bot.request_end(turns).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    let after = [paid(bot, ANN).await, paid(bot, BOB).await];
    [after[0] - before[0], after[1] - before[1]]
}

/// What a person has paid for answers.
async fn paid(bot: &Bot, user: i64) -> Decimal {
    let paid =
        "SELECT coalesce(-sum(amount), 0) FROM balance_operations WHERE user_id = $1 AND kind = 'usage'";
    sqlx::query_scalar(paid).bind(user).fetch_one(bot.books()).await.unwrap()
}

async fn set_limit(bot: &Bot, limit: Decimal) {
    sqlx::query("UPDATE group_settings SET day_limit = $1").bind(limit).execute(bot.books()).await.unwrap();
}

fn notices(bot: &Bot) -> usize {
    bot.answers(GROUP).iter().filter(|text| *text == USED_UP).count()
}

#[tokio::test]
async fn a_sponsor_pays_for_all_up_to_the_limit_of_the_day_to_the_ninth_digit() {
    let bot = sponsored("1000").await;
    let zero = Decimal::ZERO;
    let [first, own] = costs(&bot, "one").await;
    assert!(first > zero && own == zero, "{first} {own}");
    let shown = group_card(&bot).await;
    assert!(shown.text.contains("up to $1.00 a day (UTC); $0.0"), "{}", shown.text);
    assert!(!shown.text.contains("$0.00 today"), "{}", shown.text);
    // A billionth of a dollar is left: that is enough to begin.
    let billionth = Decimal::new(1, 9);
    set_limit(&bot, first + billionth).await;
    let [second, own] = costs(&bot, "two").await;
    assert!(second > zero && own == zero);
    assert_eq!(notices(&bot), 0);
    // Nothing is left: members pay for themselves, and are told so once.
    set_limit(&bot, first + second).await;
    for question in ["three", "four"] {
        let [sponsor, own] = costs(&bot, question).await;
        assert!(sponsor == zero && own > zero, "{question}: {sponsor} {own}");
    }
    bot.hears(GROUP, USED_UP).await;
    assert_eq!(notices(&bot), 1, "once an hour");
    bot.sql("UPDATE group_notices SET told_at = told_at - interval '1 hour'").await;
    costs(&bot, "five").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(notices(&bot), 2);
    // The next day begins by the clock of the database, and so does the limit.
    bot.sql("UPDATE turns SET closed_at = closed_at - interval '1 day' WHERE sponsored_in IS NOT NULL").await;
    let [sponsor, own] = costs(&bot, "six").await;
    assert!(sponsor > zero && own == zero);
    bot.end().await;
}

#[tokio::test]
async fn answers_side_by_side_do_not_take_the_limit_twice() {
    let bot = sponsored("1000").await;
    let [one, _] = costs(&bot, "one").await;
    set_limit(&bot, one + Decimal::new(1, 9)).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(GROUP, BOB, "@starling_bot two");
    bot.request(2).await;
    // The rest of the day is reserved for that answer. The owner of the group asks meanwhile, and waits.
    bot.telegram.say(GROUP, ANN, "@starling_bot three");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 2).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open' AND held IS NULL", 1).await;
    assert_eq!(bot.model.requests().len(), 2);
    keeper.open();
    bot.request_end(3).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE sponsored_in IS NOT NULL").await, 2);
    bot.hears(GROUP, USED_UP).await;
    bot.end().await;
}

#[tokio::test]
async fn a_sponsor_without_money_does_not_pay() {
    let bot = sponsored("0.000000001").await;
    let zero = Decimal::ZERO;
    let [sponsor, own] = costs(&bot, "one").await;
    assert!(sponsor > zero && own == zero, "what has begun is not cut for money");
    let [sponsor, own] = costs(&bot, "two").await;
    assert!(sponsor == zero && own > zero);
    bot.hears(GROUP, "ℹ️ Ann, who pays for this group, has nothing left to spend.").await;
    // Now neither has anything.
    bot.telegram.say(GROUP, BOB, "@starling_bot three");
    bot.hears(GROUP, "💳 You have nothing left to spend.").await;
    assert_eq!(bot.model.requests().len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn transcripts_of_files_count_for_the_day_of_the_sponsor() {
    let phone = Phone::with([]).await;
    let bot = &phone.bot;
    let group = group_card(bot).await;
    bot.tap(GROUP, ANN, group.id, "group:pays:me").await;
    chosen(bot, &group, "I pay").await;
    phone.openai.script(playground::openai::Reply::text("Good morning.").usage(Usage::Seconds(13.0)));
    let film = NewFile::video("film.mp4", 13).captioned("@starling_bot Please transcribe it.");
    bot.telegram.send(GROUP, BOB, film);
    bot.hears(GROUP, "The tool transcribe_audio says:").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database
        .until("SELECT count(*) FROM transcriptions WHERE cost > 0 AND sponsored_in = -1000042", 1)
        .await;
    let all = "SELECT -sum(amount) FROM balance_operations WHERE user_id = 42 AND kind IN ('usage', 'transcription')";
    let all: Decimal = sqlx::query_scalar(all).fetch_one(bot.books()).await.unwrap();
    assert!(all > paid(bot, ANN).await, "the transcript is hers, too");
    set_limit(bot, all + Decimal::new(1, 9)).await;
    let [sponsor, own] = costs(bot, "one").await;
    assert!(sponsor > Decimal::ZERO && own == Decimal::ZERO);
    set_limit(bot, all + sponsor).await;
    let [sponsor, own] = costs(bot, "two").await;
    assert!(sponsor == Decimal::ZERO && own > Decimal::ZERO);
    phone.end().await;
}

#[tokio::test]
async fn a_sponsor_may_stop_paying_at_any_time_and_pays_no_more_after_leaving() {
    let bot = Bot::start().await;
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:hears:all").await;
    // Bob pays as an administrator, and is none any more.
    bot.telegram.promote(GROUP, BOB);
    let own = card(&bot, GROUP, BOB, "/group").await;
    bot.tap(GROUP, BOB, own.id, "group:pays:me").await;
    chosen(&bot, &own, "I pay").await;
    bot.telegram.demote(GROUP, BOB);
    let mut bot = bot;
    bot.kill().await;
    bot.run().await;
    let not_allowed = "Only administrators of this group can change how I work here.";
    for tap in ["group:limit:20", "group:hears:mentions", "group:pays:me"] {
        assert_eq!(bot.tap(GROUP, BOB, own.id, tap).await.as_deref(), Some(not_allowed), "{tap}");
    }
    let again = card(&bot, GROUP, BOB, "/group").await;
    assert_eq!(bot.tap(GROUP, BOB, again.id, "group:pays:members").await, None);
    chosen(&bot, &again, "Each pays").await;
    assert_eq!(bot.ask_in(GROUP, BOB, "/group").await, not_allowed, "he is no sponsor any more");
    // Ann pays, and leaves.
    bot.tap(GROUP, ANN, group.id, "group:pays:me").await;
    chosen(&bot, &group, "I pay").await;
    bot.telegram.leave_group(GROUP, ANN);
    bot.hears(GROUP, "ℹ️ Ann has left this group and does not pay for it any more.").await;
    assert_eq!(
        bot.database
            .count("SELECT count(*) FROM group_settings WHERE hears_all AND sponsor_id IS NULL")
            .await,
        1
    );
    bot.end().await;
}

#[tokio::test]
async fn a_sponsor_pays_an_answer_once_that_a_crash_has_interrupted() {
    for point in
        ["turn: sponsored", "turn: admitted", "settle: before the commit", "settle: after the commit"]
    {
        let mut bot = Bot::prepare([]).await;
        bot.run().await;
        let group = group_card(&bot).await;
        bot.tap(GROUP, ANN, group.id, "group:pays:me").await;
        chosen(&bot, &group, "I pay").await;
        bot.kill().await;
        bot.set("KILL_AT", point);
        bot.run().await;
        bot.telegram.say(GROUP, BOB, "@starling_bot one");
        bot.died().await;
        bot.set("KILL_AT", "");
        bot.run().await;
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
        assert!(paid(&bot, ANN).await > Decimal::ZERO, "{point}");
        assert_eq!(paid(&bot, BOB).await, Decimal::ZERO, "{point}");
        assert_eq!(
            bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'usage'").await,
            1
        );
        bot.end().await;
    }
}

#[tokio::test]
async fn a_member_may_cut_an_answer_that_waits_for_the_sponsor() {
    let bot = sponsored("1000").await;
    let [one, _] = costs(&bot, "one").await;
    set_limit(&bot, one + Decimal::new(1, 9)).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(GROUP, ANN, "@starling_bot two");
    bot.request(2).await;
    bot.telegram.say(GROUP, BOB, "@starling_bot three");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 2).await;
    bot.telegram.say(GROUP, BOB, "/stop@starling_bot");
    bot.hears(GROUP, "⏹ Stopped.").await;
    keeper.open();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.model.requests().len(), 2);
    assert_eq!(paid(&bot, BOB).await, Decimal::ZERO);
    bot.end().await;
}

#[tokio::test]
async fn settings_and_sponsor_follow_a_group_that_becomes_a_supergroup() {
    const OLD: i64 = -4_242;
    const NEW: i64 = -1_000_777;
    let bot = Bot::start().await;
    bot.telegram.add_basic_group(OLD, "Old friends", &[ANN, BOB]);
    let group = card(&bot, OLD, ANN, "/group").await;
    for tap in ["group:hears:all", "group:talks:shared", "group:pays:me", "group:limit:5"] {
        bot.tap(OLD, ANN, group.id, tap).await;
    }
    chosen(&bot, &group, "$5.00 a day").await;
    bot.ask_in(OLD, BOB, "my number is 7").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let before = paid(&bot, ANN).await;
    assert!(before > Decimal::ZERO);
    bot.telegram.upgrade_group(OLD, NEW);
    bot.telegram.tell_upgrade(OLD).unwrap();
    bot.telegram.tell_upgrade(NEW).unwrap();
    bot.database.until("SELECT count(*) FROM group_settings WHERE chat_id = -1000777", 1).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    // Every message is answered, in the conversation of all, and Ann pays within the same day.
    bot.ask_in(NEW, ANN, "what is Bob's number?").await;
    let said = crate::harness::conversation(bot.model.requests().last().unwrap());
    assert!(said[0].ends_with("my number is 7"), "{said:?}");
    bot.ask_in(NEW, BOB, "and mine?").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert!(paid(&bot, ANN).await > before);
    assert_eq!(paid(&bot, BOB).await, Decimal::ZERO);
    assert_eq!(bot.database.count("SELECT count(*) FROM threads").await, 1);
    let sponsored = "SELECT count(*) FROM turns WHERE sponsored_in = -1000777";
    assert_eq!(bot.database.count(sponsored).await, 3);
    assert_eq!(bot.database.count("SELECT count(*) FROM group_settings WHERE chat_id = -4242").await, 0);
    let moved = card(&bot, NEW, ANN, "/group").await;
    assert!(moved.text.contains("Ann pays for all members, up to $5.00 a day (UTC)"), "{}", moved.text);
    bot.end().await;
}
