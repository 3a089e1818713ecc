//! Languages: the app's, or the one that a person chose, in everything that the bot says in its own name.

use playground::anthropic::{Reply, Step, StopReason};
use playground::telegram::Message;

use crate::harness::money::{OLGA, person};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Returns the labels and the data of the buttons of a message.
fn buttons(message: &Message) -> Vec<(String, String)> {
    let rows = message.reply_markup.as_ref().unwrap()["inline_keyboard"].as_array().unwrap().clone();
    let buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
    let text = |button: &serde_json::Value, field: &str| button[field].as_str().unwrap().to_owned();
    let mark = |button: &serde_json::Value| if button["style"] == "success" { "*" } else { "" };
    buttons
        .map(|button| (mark(button).to_owned() + &text(button, "text"), text(button, "callback_data")))
        .collect()
}

/// Sends a command and returns the message that answers it.
async fn card(bot: &Bot, chat: i64, user: i64, command: &str) -> Message {
    let said = bot.telegram.say(chat, user, command);
    bot.reply_to(said.update_id).await
}

/// Waits until a message begins with these words, and returns it.
async fn shows(bot: &Bot, chat: i64, id: i64, beginning: &str) -> Message {
    let changed = bot.telegram.until(beginning, BOUND, |view| {
        view.answers(chat).find(|message| message.id == id && message.text.starts_with(beginning)).cloned()
    });
    changed.await.unwrap()
}

#[tokio::test]
async fn the_language_follows_the_tag_of_the_app() {
    let bot = Bot::start().await;
    for (id, tag, greeting) in [
        (71, Some("de-AT"), "Hallo Kim!"),
        (72, Some("es_MX"), "¡Hola, Kim!"),
        (73, Some("ru"), "Здравствуйте, Kim!"),
        (74, Some("uk-UA"), "Здравствуйте, Kim!"),
        (75, Some("pt-BR"), "Hello Kim!"),
        (76, None, "Hello Kim!"),
    ] {
        let kim = playground::telegram::Person::new(id, "Kim");
        bot.telegram.add_user(playground::telegram::Person { language_code: tag.map(str::to_owned), ..kim });
        assert!(bot.ask_in(id, id, "/start").await.starts_with(greeting), "{tag:?}");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_chosen_language_counts_everywhere_until_it_is_given_back() {
    let mut bot = Bot::of_olga([]).await;
    let asked = card(&bot, ANN, ANN, "/language").await;
    assert!(asked.text.starts_with("I speak English to you: your Telegram is set to it"), "{}", asked.text);
    let labels: Vec<String> = buttons(&asked).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["English", "Deutsch", "Español", "Русский", "*As in Telegram"]);

    let chosen = Some("Von jetzt an spreche ich Deutsch mit dir.".to_owned());
    assert_eq!(bot.tap(ANN, ANN, asked.id, "lang:de").await, chosen);
    let german = shows(&bot, ANN, asked.id, "Ich spreche Deutsch mit dir, weil du es so gewählt hast.").await;
    assert_eq!(buttons(&german)[1].0, "*Deutsch");
    assert_eq!(buttons(&german)[4].0, "Wie in Telegram");
    assert_eq!(bot.tap(ANN, ANN, asked.id, "lang:de").await, chosen, "a second tap changes nothing");

    // Commands, also of the session; buttons; payments and what comes by itself after a restart.
    assert!(bot.tell("/help").await.starts_with("Schreib mir wie einem Menschen."));
    assert_eq!(bot.tell("/stop").await, "Gerade läuft nichts, was sich stoppen ließe.");
    assert!(bot.tell("/clear").await.starts_with("🧹 Ich habe unser Gespräch hier vergessen."));
    assert_eq!(bot.tap(ANN, ANN, asked.id, "go:off").await, None);
    let old = "Dieser Knopf ist veraltet. Bitte schick den Befehl noch einmal.";
    assert_eq!(bot.tap(ANN, ANN, asked.id, "clear_all:1").await.as_deref(), Some(old));
    let receipt = bot.buy(ANN, 100).await;
    bot.hears(ANN, "✅ 100 ⭐ erhalten und 0,65\u{a0}$ gutgeschrieben. Dein Guthaben ist jetzt 0,75\u{a0}$.")
        .await;
    bot.kill().await;
    bot.run().await;
    bot.tell(&format!("/refund {}", receipt.charge_id)).await;
    bot.hears(ANN, "✅ 100 ⭐ sind wieder bei dir. Ich habe 0,65\u{a0}$ von deinem Guthaben genommen").await;
    assert!(bot.tell("/balance").await.contains("• +0,65\u{a0}$ · 100 ⭐ bezahlt"), "{}", bot.screen(ANN));

    let back = bot.tap(ANN, ANN, asked.id, "lang:app").await;
    assert_eq!(back.as_deref(), Some("From now on I speak the language of your Telegram."));
    shows(&bot, ANN, asked.id, "I speak English to you: your Telegram").await;
    assert_eq!(bot.tell("/stop").await, "Nothing is running that could be stopped.");
    bot.end().await;
}

#[tokio::test]
async fn a_checkout_is_refused_in_the_chosen_language() {
    let bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 50).await;
    bot.command_of(BOB, "/language es").await;
    let attempt = bot.telegram.pay(ANN, BOB, invoice.id);
    assert_eq!(bot.refusal(&attempt).await, "Esta factura es de otra persona. Crea la tuya con /pay.");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_ends_in_the_chosen_language_although_the_person_is_cached() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", redis.url().as_str())]).await;
    bot.ask("hello").await;
    bot.ask("/language español").await;
    for text in ["first half, ", "second half"] {
        let steps = vec![Step::Text(text.to_owned()), Step::Stop(StopReason::MaxTokens)];
        bot.model.script(Reply::steps(steps));
    }
    let answer = bot.ask("tell me everything").await;
    assert!(answer.contains("✂️ La respuesta ha llegado a su longitud máxima."), "{answer}");
    bot.end().await;
}

#[tokio::test]
async fn a_language_is_chosen_by_code_or_name() {
    let bot = Bot::of_olga([]).await;
    for (typed, answer) in [
        ("de", "Von jetzt an spreche ich Deutsch mit dir."),
        ("РУССКИЙ", "Теперь я говорю с вами по-русски."),
        ("Español", "A partir de ahora te hablo en español."),
        ("EN", "From now on I speak English to you."),
    ] {
        assert_eq!(bot.tell(&format!("/language {typed}")).await, answer);
    }
    let unknown = card(&bot, BOB, BOB, "/language tlh").await;
    assert_eq!(unknown.text, "I do not speak “tlh”. Please choose one of these:");
    assert_eq!(buttons(&unknown).len(), 5);
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE language IS NOT NULL").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn nobody_chooses_for_another_person() {
    let bot = Bot::of_olga([]).await;
    let asked = card(&bot, GROUP, ANN, "/language@starling_bot").await;
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    let refused = bot.tap(GROUP, BOB, asked.id, "lang:de").await;
    assert_eq!(refused.as_deref(), Some("Это чужая карточка. Отправьте /language, чтобы открыть свою."));
    // Forged data, and a button below a message that has no owner any more.
    assert_eq!(bot.tap(GROUP, ANN, asked.id, "lang:xx").await, None);
    assert_eq!(bot.tap(GROUP, ANN, asked.id, "lang:de' OR 1=1").await, None);
    bot.sql("UPDATE outbox SET owner_id = NULL").await;
    let old = bot.tap(GROUP, ANN, asked.id, "lang:de").await;
    assert_eq!(old.as_deref(), Some("This button has expired. Please send the command again."));
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE language IS NOT NULL").await, 0);
    let shown = bot.telegram.messages(GROUP).into_iter().find(|message| message.id == asked.id).unwrap();
    assert_eq!(shown.text, asked.text, "nobody has changed the card");
    let again = card(&bot, GROUP, ANN, "/language@starling_bot").await;
    let chosen = bot.tap(GROUP, ANN, again.id, "lang:ru").await;
    assert_eq!(chosen.as_deref(), Some("Теперь я говорю с вами по-русски."));
    shows(&bot, GROUP, again.id, "Я говорю с вами по-русски, потому что вы так выбрали.").await;
    bot.end().await;
}

#[tokio::test]
async fn a_link_tells_once_what_brought_a_person() {
    let bot = Bot::of_olga([]).await;
    let brought = "SELECT id || ' ' || coalesce(campaign, '-') FROM users ORDER BY id";
    assert!(bot.tell("/start spring_26-B").await.starts_with("Hello Ann!"));
    assert!(bot.tell("/start autumn").await.starts_with("Welcome back, Ann!"));
    let long = format!("/start {}", "x".repeat(65));
    assert!(bot.command_of(BOB, &long).await.starts_with("Hello Bob!"));
    assert!(bot.command_of(BOB, "/start hello there!").await.starts_with("Welcome back, Bob!"));
    assert!(bot.command_of(OLGA, "/start").await.starts_with("Hello Olga!"));
    let found: Vec<String> = sqlx::query_scalar(brought).fetch_all(bot.books()).await.unwrap();
    assert_eq!(found, ["42 spring_26-B", "43 -", "44 -"]);
    assert!(bot.command_of(BOB, "/start later").await.starts_with("Welcome back, Bob!"));
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE campaign = 'later'").await, 1);
    bot.end().await;
}

/// Commands, and how their answers to a new person begin in English, German, Spanish and Russian.
const ANSWERS: [(&str, [&str; 4]); 14] = [
    ("/start", ["Hello Kim!", "Hallo Kim!", "¡Hola, Kim!", "Здравствуйте, Kim!"]),
    ("/help", ["Write to me", "Schreib mir wie", "Escríbeme como", "Пишите мне, как"]),
    ("/stop", ["Nothing is running", "Gerade läuft nichts", "Ahora no hay nada", "Сейчас нечего"]),
    ("/clear", ["🧹 I have", "🧹 Ich habe", "🧹 He olvidado", "🧹 Я забыл"]),
    ("/cancel", ["There is nothing to cancel.", "Es gibt nichts", "No hay nada que", "Отменять нечего."]),
    (
        "/balance",
        [
            "Your balance: $0.10",
            "Dein Guthaben: 0,10\u{a0}$",
            "Tu saldo: 0,10\u{a0}$",
            "Ваш баланс: 0,10\u{a0}$",
        ],
    ),
    ("/pay", ["Top up your balance", "Guthaben aufladen", "Recarga tu saldo", "Пополнение баланса"]),
    ("/refund", ["There is no payment", "Es gibt keine Zahlung", "No hay ningún pago", "Нет платежей"]),
    ("/refund x", ["I know no such", "Eine solche Zahlung", "No conozco ese pago", "Такого вашего платежа"]),
    ("/terms", ["You pay in advance", "Du zahlst im Voraus", "Pagas por adelantado", "Вы платите вперёд"]),
    (
        "/paysupport",
        ["Questions about", "Fragen zu einer Zahlung", "Preguntas sobre", "По вопросам о платежах"],
    ),
    ("/language", ["I speak English", "Ich spreche Deutsch", "Te hablo en español", "Я говорю с вами"]),
    ("/topup 1 1", ["This command is for", "Dieser Befehl ist", "Este comando es", "Эта команда только"]),
    ("/hlep", ["I do not know", "Den Befehl /hlep kenne", "No conozco el comando", "Команды /hlep я не"]),
];

#[tokio::test]
async fn every_command_answers_in_every_language() {
    let bot = Bot::of_olga([]).await;
    let bot_of = &bot;
    let talks = [(81, "en"), (82, "de"), (83, "es"), (84, "ru")].into_iter().enumerate().map(
        async |(number, (user, tag))| {
            bot_of.telegram.add_user(person(user, "Kim", &format!("kim_{tag}"), tag));
            for (command, answers) in ANSWERS {
                let answer = bot_of.command_of(user, command).await;
                assert!(answer.starts_with(answers[number]), "{tag} {command}: {answer}");
            }
        },
    );
    futures::future::join_all(talks).await;
    assert!(bot.model.requests().is_empty(), "no command asks the model");
    bot.end().await;
}
