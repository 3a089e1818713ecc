//! The normal case: a person writes, the bot answers, nothing is forgotten.

use futures::FutureExt;
use playground::anthropic::{Gate, Reply, Step};

use crate::harness::{ANN, BOUND, Bot, conversation, exact, prompt};

#[tokio::test]
async fn start_greets_new_and_returning_people() {
    let bot = Bot::start().await;
    assert!(bot.ask("/start").await.starts_with("Hello Ann! I am an AI assistant."));
    assert!(bot.ask("/start@starling_bot").await.starts_with("Welcome back, Ann!"));
    assert!(bot.ask("/help").await.contains("/stop"));
    assert!(bot.model.requests().is_empty(), "a command does not ask the model");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_is_shown_stored_and_counted() {
    let bot = Bot::start().await;
    bot.ask("hello there").await;
    insta::assert_snapshot!(exact(bot.screen(ANN)), @r"
    person: hello there
    bot: You said: hello there
    ");
    let stored: Vec<(String, String)> =
        sqlx::query_as("SELECT role, text FROM messages ORDER BY id").fetch_all(bot.books()).await.unwrap();
    let stored: Vec<String> = stored.into_iter().map(|(role, text)| format!("{role}: {text}")).collect();
    assert_eq!(stored, ["user: hello there", "assistant: You said: hello there"]);
    let (state, ended, input, output): (String, String, i64, i64) = sqlx::query_as(
        "SELECT turns.state, ended, input + cache_write_5m + cache_write_1h, output
         FROM turns JOIN model_calls ON turn_id = turns.id",
    )
    .fetch_one(bot.books())
    .await
    .unwrap();
    assert_eq!((state.as_str(), ended.as_str()), ("answered", "end_turn"));
    assert!(input > 0 && output > 0, "{input} tokens in, {output} out");
    bot.end().await;
}

#[tokio::test]
async fn twenty_messages_in_a_row_each_see_the_answer_before() {
    let bot = Bot::start().await;
    for number in 1..=20 {
        bot.ask(&format!("question {number}")).await;
        let said = conversation(&bot.request(number).await);
        let mut expected: Vec<String> = (1..number)
            .flat_map(|n| [format!("user: question {n}"), format!("assistant: You said: question {n}")])
            .collect();
        expected.push(format!("user: question {number}"));
        assert_eq!(said, expected);
    }
    bot.end().await;
}

#[tokio::test]
async fn a_message_sent_while_the_answer_is_on_its_way_still_sees_it() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("sendMessage");
    bot.ann("first");
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("the answer is being sent");
    bot.ann("second");
    let second = bot.request(2).await;
    assert_eq!(conversation(&second), ["user: first", "assistant: You said: first", "user: second"]);
    hold.release();
    bot.answer(ANN, 2).await;
    assert_eq!(bot.answers(ANN), ["You said: first", "You said: second"]);
    bot.end().await;
}

#[tokio::test]
async fn drafts_grow_and_the_final_message_begins_like_the_last_one() {
    let bot = Bot::start().await;
    let (gates, keepers): (Vec<_>, Vec<_>) = (0..3).map(|_| Gate::new()).unzip();
    let words = ["One", " two", " three"];
    let said =
        words.iter().zip(gates).flat_map(|(word, gate)| [Step::Text((*word).to_owned()), Step::Gate(gate)]);
    bot.model.script(Reply::steps(said.chain([Step::Text(" four.".to_owned())]).collect()));
    bot.ann("count");
    let mut shown = String::new();
    for (word, keeper) in words.iter().zip(keepers) {
        shown.push_str(word);
        let seen = bot.telegram.until(&shown, BOUND, |view| {
            view.live_draft(ANN).filter(|draft| draft.text == shown && draft.can_stop).map(drop)
        });
        seen.await.unwrap();
        keeper.open();
    }
    assert_eq!(bot.answer(ANN, 1).await, "One two three four.");
    let drafts = bot.telegram.drafts(ANN);
    for pair in drafts.windows(2) {
        assert!(pair[1].text.starts_with(&pair[0].text), "{:?} then {:?}", pair[0].text, pair[1].text);
        let gap = pair[1].at.duration_since(pair[0].at);
        assert!(gap.as_millis() >= 900, "a draft came {gap:?} after the one before");
    }
    assert!(bot.telegram.live_draft(ANN).is_none(), "no draft comes after the final message");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_is_settled_while_its_last_draft_is_on_its_way() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    let steps = vec![Step::Text("One".to_owned()), Step::Gate(gate), Step::Text(" two.".to_owned())];
    bot.model.script(Reply::steps(steps));
    let hold = bot.telegram.hold("sendMessageDraft");
    bot.ann("count");
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("a draft is being sent");
    let next = bot.telegram.hold("sendMessage");
    keeper.open();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    assert!(next.waiting().now_or_never().is_none(), "the answer does not overtake the draft");
    hold.release();
    tokio::time::timeout(BOUND, next.waiting()).await.expect("the answer is being sent");
    assert_eq!(bot.telegram.drafts(ANN).len(), 1, "the draft came first");
    next.release();
    assert_eq!(bot.answer(ANN, 1).await, "One two.");
    assert!(bot.telegram.live_draft(ANN).is_none());
    bot.end().await;
}

#[tokio::test]
async fn thoughts_are_shown_until_the_answer_begins() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Thinking("Is it four?".to_owned()),
        Step::Gate(gate),
        Step::Text("It is four.".to_owned()),
    ]));
    bot.ann("what is two and two?");
    let thoughts =
        bot.telegram.until("the thoughts", BOUND, |view| view.live_draft(ANN).cloned()).await.unwrap();
    assert_eq!(thoughts.text, "🧠 Is it four?");
    assert_eq!(thoughts.entities[0]["type"], "expandable_blockquote");
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "It is four.");
    let last = bot.telegram.drafts(ANN).pop().unwrap();
    assert!(
        "It is four.".starts_with(&last.text),
        "the last draft is in line with the final message: {last:?}"
    );
    bot.end().await;
}

#[tokio::test]
async fn a_draft_that_does_not_change_is_shown_again_before_it_fades() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    let steps = vec![Step::Text("Wait for it".to_owned()), Step::Gate(gate), Step::Text(".".to_owned())];
    bot.model.script(Reply::steps(steps));
    bot.ann("what?");
    let again = bot.telegram.until("the same draft again", BOUND, |view| {
        let shown: Vec<_> = view.drafts(ANN).iter().filter(|draft| draft.text == "Wait for it").collect();
        (shown.len() >= 2).then(|| shown[1].at.duration_since(shown[0].at))
    });
    let gap = again.await.unwrap();
    assert!((10..=20).contains(&gap.as_secs()), "after {gap:?}; a draft lives for 30 s");
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "Wait for it.");
    bot.end().await;
}

#[tokio::test]
async fn replies_forwards_and_edits_are_told_to_the_model() {
    let bot = Bot::start().await;
    let first = bot.ann("the sky is green");
    bot.answer(ANN, 1).await;
    bot.telegram.reply(ANN, ANN, first.message_id, "is this right?");
    bot.answer(ANN, 2).await;
    bot.telegram.edit(ANN, first.message_id, "the sky is blue").unwrap();
    bot.ask("and now?").await;
    insta::assert_snapshot!(prompt(&bot.request(3).await), @r"
    user: **Ann** (edited):

    the sky is blue
    assistant: You said: the sky is green
    user: **Ann**:

    > In reply to Ann: the sky is green

    is this right?
    assistant: You said: **Ann**:

    > In reply to Ann: the sky is green

    is this right?
    user: and now?
    ");
    bot.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_what_is_not_for_us_is_ignored() {
    use playground::telegram::Attachment;
    let bot = Bot::start().await;
    bot.telegram.send_file(ANN, ANN, Attachment::Video, "film.mp4", "video/mp4", b"film".to_vec(), "");
    assert!(bot.answer(ANN, 1).await.starts_with("I cannot read this."));
    bot.telegram.block(ANN);
    bot.telegram.unblock(ANN);
    assert_eq!(bot.ask("still there?").await, "You said: still there?");
    assert_eq!(bot.database.count("SELECT count(*) FROM inbox WHERE kind = 'my_chat_member'").await, 2);
    bot.end().await;
}

#[tokio::test]
async fn the_bot_speaks_russian_to_those_who_do() {
    let bot = Bot::start().await;
    let mut vera = playground::telegram::Person::new(77, "Вера");
    vera.language_code = Some("ru".to_owned());
    bot.telegram.add_user(vera);
    assert!(bot.ask_in(77, 77, "/start").await.starts_with("Здравствуйте, Вера!"));
    bot.end().await;
}

#[tokio::test]
async fn a_very_long_conversation_keeps_its_beginning_for_many_turns() {
    // A cache would not know of the rows that are inserted below.
    let bot = Bot::with([("REDIS_URL", "")]).await;
    bot.ask("the first question").await;
    // 701 messages are stored before the next question.
    sqlx::query(
        "INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sent_at)
         SELECT 1, 1, $1, 10000 + n, 'user', 'remark ' || n, now() FROM generate_series(1, 699) n",
    )
    .bind(ANN)
    .execute(bot.books())
    .await
    .unwrap();
    let mut beginnings = Vec::new();
    for question in ["one", "two", "three"] {
        bot.ask(question).await;
        let request = bot.model.requests().pop().unwrap();
        let messages = request.body["messages"].as_array().unwrap().clone();
        let blocks: usize = messages.iter().map(|message| message["content"].as_array().unwrap().len()).sum();
        assert!((400..=501).contains(&blocks), "{blocks} messages in the prompt");
        beginnings.push(messages[0]["content"][0]["text"].clone());
    }
    assert_eq!(beginnings, ["remark 299", "remark 299", "remark 299"], "the cached prefix stays");
    bot.end().await;
}

#[tokio::test]
async fn a_debug_log_names_the_statements_of_a_turn_inside_its_span() {
    let bot = Bot::start().await;
    bot.ann("hello");
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    let closing =
        "turn: starling::db::operation: a database operation returned operation=\"closing::close\" turn.id=1";
    bot.log(closing).await;
    bot.end().await;
}
