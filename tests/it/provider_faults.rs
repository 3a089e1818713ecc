//! Failures of the model API of every known kind: the person gets the answer or the reason.

use playground::anthropic::{ApiError, Reply, Step, StopReason};
use playground::telegram::Person;

use crate::harness::{ANN, Bot, conversation, exact, prompt};

#[tokio::test]
async fn passing_faults_before_the_first_word_are_not_seen() {
    let bot = Bot::start().await;
    for (number, fault) in ["!529 1", "!500 1", "!429 1", "!error-first 1"].into_iter().enumerate() {
        let answer = bot.ask(fault).await;
        assert!(answer.starts_with("You said"), "{fault}: {answer}");
        assert_eq!(bot.model.requests().len(), 2 * (number + 1), "one retry for each");
    }
    let ended: Vec<String> = sqlx::query_scalar("SELECT ended FROM model_calls ORDER BY turn_id, call")
        .fetch_all(bot.books())
        .await
        .unwrap();
    let expected = [
        "overloaded",
        "end_turn",
        "provider_error",
        "end_turn",
        "rate_limited",
        "end_turn",
        "overloaded",
        "end_turn",
    ];
    assert_eq!(ended, expected);
    bot.end().await;
}

#[tokio::test]
async fn a_stream_that_breaks_after_nothing_but_blanks_is_asked_for_again() {
    let bot = Bot::start().await;
    for blank in ["\n", " \n\n", "\u{200b}"] {
        bot.model.script(Reply::steps(vec![Step::Text(blank.to_owned()), Step::Cut]));
        bot.model.script(Reply::text("The answer."));
        assert_eq!(bot.ask("question").await, "The answer.");
    }
    assert_eq!(bot.model.requests().len(), 6);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_continued_once() {
    let bot = Bot::start().await;
    bot.model.script(Reply::steps(vec![Step::Text("Half of the".to_owned()), Step::Cut]));
    bot.model.script(Reply::text(" answer."));
    assert_eq!(bot.ask("question").await, "Half of the answer.");
    let said = conversation(&bot.request(2).await);
    assert_eq!(said[1], "assistant: Half of the");
    assert!(said[2].starts_with("user: The connection broke in the middle of your answer."), "{}", said[2]);
    // The history has the answer in one piece.
    bot.ask("next").await;
    assert_eq!(
        conversation(&bot.request(3).await),
        ["user: question", "assistant: Half of the answer.", "user: next"]
    );
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_twice_is_kept_with_a_remark() {
    let bot = Bot::start().await;
    for half in ["One", " two"] {
        bot.model.script(Reply::steps(vec![Step::Text(half.to_owned()), Step::Cut]));
    }
    insta::assert_snapshot!(exact(bot.ask("count").await), @r"
    One two

    ⚠️ The connection to the model failed. Please try again.
    ");
    bot.ask("go on").await;
    insta::assert_snapshot!(prompt(&bot.request(3).await), @r"
    user: count
    assistant: One two

    [this answer was cut off here]
    user: go on
    ");
    bot.end().await;
}

#[tokio::test]
async fn the_length_limit_is_continued_once_and_then_said() {
    let bot = Bot::start().await;
    for text in ["a", "b"] {
        let steps = vec![Step::Text(text.to_owned()), Step::Stop(StopReason::MaxTokens)];
        bot.model.script(Reply::steps(steps));
    }
    insta::assert_snapshot!(exact(bot.ask("alphabet").await), @r"
    ab

    ✂️ The answer reached its length limit. Write “go on” for the rest.
    ");
    bot.end().await;
}

#[tokio::test]
async fn the_person_is_told_why_there_is_no_answer() {
    let bot = Bot::start().await;
    let rejected = ApiError {
        status: 401,
        kind: "authentication_error".to_owned(),
        message: "invalid x-api-key".to_owned(),
        retry_after: None,
        code: None,
    };
    bot.model.script(Reply::error(rejected));
    assert!(bot.ask("hello").await.starts_with("⚠️ The model service does not accept my request."));
    let cases = [
        ("!refuse", "⚠️ The model declined to answer this."),
        ("!empty", "⚠️ The model gave no answer."),
        ("!too-long", "⚠️ This conversation is too long for the model."),
        ("!429-spend", "⚠️ The model service does not accept my request."),
    ];
    for (person, (text, sentence)) in (1_001..).zip(cases) {
        bot.telegram.add_user(Person::new(person, "Somebody"));
        let answer = bot.ask_in(person, person, text).await;
        assert!(answer.starts_with(sentence), "{text}: {answer}");
    }
    let answers = bot.database.count("SELECT count(*) FROM messages WHERE role = 'assistant'").await;
    assert_eq!(answers, 0, "none of these sentences is the model's");
    bot.end().await;
}

#[tokio::test]
async fn what_the_model_refused_or_could_not_hold_does_not_spoil_the_rest_of_the_conversation() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    for text in ["!refuse", "!refuse midway", "!too-long"] {
        bot.ask(text).await;
        assert_eq!(bot.ask("next").await, "You said: next");
    }
    let said = conversation(bot.model.requests().last().unwrap());
    assert!(!said.iter().any(|line| line.contains("!refuse") || line.contains("!too-long")), "{said:?}");
    assert_eq!(said.len(), 7, "{said:?}");
    bot.end().await;
}

#[tokio::test]
async fn a_silent_stream_is_given_up() {
    let bot = Bot::with([("ANTHROPIC_IDLE_SECONDS", "1")]).await;
    bot.model.script(Reply::steps(vec![Step::Text("I was about to".to_owned()), Step::Hang]));
    bot.model.script(Reply::text(" say this."));
    assert_eq!(bot.ask("say it").await, "I was about to say this.");
    let ended: Vec<String> = sqlx::query_scalar("SELECT ended FROM model_calls ORDER BY call")
        .fetch_all(bot.books())
        .await
        .unwrap();
    assert_eq!(ended, ["silent", "end_turn"]);
    bot.end().await;
}

#[tokio::test]
async fn pauses_are_resumed_and_unknown_events_ignored() {
    let bot = Bot::start().await;
    let paused = bot.ask("!pause").await;
    assert_eq!(bot.model.requests().len(), 2, "{paused}");
    assert!(bot.ask("!unknown").await.starts_with("You said"));
    assert_eq!(bot.answers(ANN).len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn a_character_that_no_database_can_store_is_dropped() {
    let bot = Bot::start().await;
    let input = serde_json::json!({"\0": "a\0b"});
    let call = Step::ToolUse { name: "cost_\0estimator".to_owned(), input };
    bot.model.script(Reply::steps(vec![Step::Text("Be\0fore.".to_owned()), call]));
    bot.model.script(Reply::text("\0Af\0ter.\0"));
    insta::assert_snapshot!(exact(bot.ask("hello").await), @r"
    Before.

    After.
    ");
    assert_eq!(bot.ask("next").await, "You said: next");
    // The history has the text that was shown.
    insta::assert_snapshot!(prompt(&bot.request(3).await), @r"
    user: hello
    assistant: Before.
    user: 
    assistant: After.
    user: next
    ");
    bot.end().await;
}
