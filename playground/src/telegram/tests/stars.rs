//! Stars from the invoice to the refund, as the bot sees it over HTTP and the person in the wallet.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Fault, PaymentAttempt, PaymentFailure, PaymentState, Settings};
use super::{ANN, BOUND, FORUM, GROUP, Rig};

pub(super) fn invoice(chat: i64, stars: i64) -> Value {
    json!({
        "chat_id": chat, "title": "Balance", "description": "Credit for answers", "payload": "p-1",
        "currency": "XTR", "prices": [{"label": "Balance", "amount": stars}],
    })
}

impl Rig {
    /// Ann with a hundred Stars and an invoice over fifty; returns its message id.
    async fn with_invoice(&self) -> i64 {
        self.telegram.say(ANN, ANN, "/pay");
        self.telegram.set_stars(ANN, 100);
        self.call("sendInvoice", invoice(ANN, 50)).await["message_id"].as_i64().unwrap()
    }

    async fn agree(&self, attempt: &PaymentAttempt) {
        self.call("answerPreCheckoutQuery", json!({"pre_checkout_query_id": attempt.query_id, "ok": true}))
            .await;
    }

    fn state(&self, attempt: &PaymentAttempt) -> PaymentState {
        self.telegram.view(|view| view.payment(attempt.number).unwrap().state.clone())
    }

    /// A payment from invoice to agreement; returns its charge id.
    async fn paid(&self) -> String {
        let message = self.with_invoice().await;
        let attempt = self.telegram.pay(ANN, ANN, message);
        self.agree(&attempt).await;
        self.telegram.payments(ANN).pop().unwrap().receipt().unwrap().charge_id.clone()
    }
}

#[tokio::test]
async fn a_payment_goes_from_invoice_to_receipt() {
    let rig = Rig::start().await;
    let message_id = rig.with_invoice().await;
    let shown = rig.telegram.view(|view| view.invoices(ANN).next().unwrap().raw.clone());
    assert_eq!(
        shown["invoice"],
        json!({"title": "Balance", "description": "Credit for answers", "start_parameter": "",
               "currency": "XTR", "total_amount": 50})
    );
    assert_eq!(shown["reply_markup"], json!({"inline_keyboard": [[{"text": "Pay ⭐50", "pay": true}]]}));

    let attempt = rig.telegram.pay(ANN, ANN, message_id);
    let updates = rig.updates(attempt.update_id).await;
    let query = &updates[0]["pre_checkout_query"];
    let from =
        json!({"id": ANN, "is_bot": false, "first_name": "Ann", "username": "ann", "language_code": "en"});
    assert_eq!(
        *query,
        json!({"id": attempt.query_id, "from": from, "currency": "XTR", "total_amount": 50,
               "invoice_payload": "p-1"})
    );
    assert_eq!((rig.state(&attempt), rig.telegram.stars(ANN)), (PaymentState::Waiting, 100));

    rig.agree(&attempt).await;
    let PaymentState::Paid(receipt) = rig.state(&attempt) else { panic!("{:?}", rig.state(&attempt)) };
    let updates = rig.updates(receipt.update_id).await;
    assert_eq!(updates[0]["message"]["message_id"], json!(receipt.message_id));
    assert_eq!(
        updates[0]["message"]["successful_payment"],
        json!({"currency": "XTR", "total_amount": 50, "invoice_payload": "p-1",
               "telegram_payment_charge_id": receipt.charge_id,
               "provider_payment_charge_id": format!("{ANN}_1")})
    );
    assert_eq!((rig.telegram.stars(ANN), rig.telegram.bot_stars()), (50, 50));
    assert_eq!(rig.call("getMyStarBalance", json!({})).await, json!({"amount": 50}));
}

#[tokio::test]
async fn a_declined_payment_and_an_empty_wallet_move_nothing() {
    let rig = Rig::start().await;
    let message_id = rig.with_invoice().await;
    let declined = rig.telegram.pay(ANN, ANN, message_id);
    let answer =
        json!({"pre_checkout_query_id": declined.query_id, "ok": false, "error_message": "Too late"});
    rig.call("answerPreCheckoutQuery", answer).await;
    let failed = |failure| PaymentState::Failed(failure);
    assert_eq!(rig.state(&declined), failed(PaymentFailure::Declined("Too late".to_owned())));
    rig.telegram.set_stars(ANN, 49);
    let poor = rig.telegram.pay(ANN, ANN, message_id);
    assert_eq!((poor.state, poor.update_id), (failed(PaymentFailure::NotEnoughStars), 0));
    let unknown = rig.telegram.pay(ANN, ANN, message_id + 9);
    assert_eq!(unknown.state, failed(PaymentFailure::NoInvoice));
    let link = rig.telegram.pay_link(ANN, "https://t.me/$nothing");
    assert_eq!(link.state, failed(PaymentFailure::NoInvoice));
    rig.call("deleteMessage", json!({"chat_id": ANN, "message_id": message_id})).await;
    assert_eq!(rig.telegram.pay(ANN, ANN, message_id).state, failed(PaymentFailure::NoInvoice));
    assert_eq!((rig.telegram.stars(ANN), rig.telegram.bot_stars()), (49, 0));
    assert_eq!(rig.telegram.payments(ANN).len(), 5);
}

#[tokio::test]
async fn a_bot_that_does_not_answer_in_time_gets_nothing() {
    let settings = Settings { checkout_limit: Duration::from_millis(30), ..Settings::default() };
    let rig = Rig::with(settings).await;
    let message_id = rig.with_invoice().await;
    let attempts = [rig.telegram.pay(ANN, ANN, message_id), rig.telegram.pay(ANN, ANN, message_id)];
    for attempt in &attempts {
        let state = rig.telegram.until("the end of the attempt", BOUND, |view| {
            let state = &view.payment(attempt.number)?.state;
            (*state != PaymentState::Waiting).then(|| state.clone())
        });
        assert_eq!(state.await.unwrap(), PaymentState::Failed(PaymentFailure::TimedOut));
        let answer = json!({"pre_checkout_query_id": attempt.query_id, "ok": true});
        let late = rig.refusal("answerPreCheckoutQuery", answer).await;
        let sentence = "Bad Request: query is too old and response timeout expired or query id is invalid";
        assert_eq!(late, (400, sentence.to_owned()));
    }
    assert_eq!((rig.telegram.stars(ANN), rig.telegram.bot_stars()), (100, 0));
}

#[tokio::test]
async fn a_double_tap_is_two_attempts() {
    let rig = Rig::start().await;
    let message_id = rig.with_invoice().await;
    rig.telegram.set_stars(ANN, 120);
    let taps: Vec<PaymentAttempt> = (0..3).map(|_| rig.telegram.pay(ANN, ANN, message_id)).collect();
    for tap in &taps {
        rig.agree(tap).await;
    }
    let states: Vec<PaymentState> = taps.iter().map(|tap| rig.state(tap)).collect();
    let (PaymentState::Paid(first), PaymentState::Paid(second)) = (&states[0], &states[1]) else {
        panic!("{states:?}")
    };
    assert_ne!(first.charge_id, second.charge_id);
    assert_eq!(states[2], PaymentState::Failed(PaymentFailure::NotEnoughStars), "spent since the question");
    assert_eq!((rig.telegram.stars(ANN), rig.telegram.bot_stars()), (20, 100));
}

#[tokio::test]
async fn a_refund_brings_the_stars_back_once() {
    let rig = Rig::start().await;
    let charge = rig.paid().await;
    let refund = json!({"user_id": ANN, "telegram_payment_charge_id": charge});
    rig.telegram.fail_next("refundStarPayment", 1, Fault::DropAfter);
    assert!(rig.try_call("refundStarPayment", &refund).await.unwrap_err().is_request());
    assert_eq!((rig.telegram.stars(ANN), rig.telegram.bot_stars()), (100, 0), "done, though nobody was told");
    let again = rig.refusal("refundStarPayment", refund).await;
    assert_eq!(again, (400, "Bad Request: CHARGE_ALREADY_REFUNDED".to_owned()));
    let updates = rig.updates(0).await;
    assert_eq!(
        updates.last().unwrap()["message"]["refunded_payment"],
        json!({"currency": "XTR", "total_amount": 50, "invoice_payload": "p-1",
               "telegram_payment_charge_id": charge})
    );
    let attempt = rig.telegram.payments(ANN).pop().unwrap();
    assert!(matches!(attempt.state, PaymentState::Refunded(_)), "{attempt:?}");
    assert_eq!(rig.telegram.refund_by_telegram(&charge), None);
}

#[tokio::test]
async fn the_transactions_tell_everything_in_order() {
    let rig = Rig::start().await;
    let charge = rig.paid().await;
    rig.telegram.set_stars(777, 30);
    let stranger = rig.telegram.pay_unasked(777, 20, "unheard of");
    let silent = rig.telegram.pay_unheard(777, 10, "lost");
    assert!(stranger.receipt().unwrap().update_id > 0);
    assert_eq!(silent.receipt().unwrap().update_id, 0);
    assert!(rig.telegram.withdraw_stars(30));
    let update = rig.telegram.refund_by_telegram(&charge).unwrap();
    assert_eq!(rig.updates(update).await.len(), 1);
    let lines = rig.call("getStarTransactions", json!({})).await["transactions"].clone();
    let seen: Vec<(&Value, &Value, &Value, &Value)> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["amount"], &line["id"], &line["source"]["type"], &line["receiver"]["type"]))
        .collect();
    let (user, nobody, fragment) = (json!("user"), Value::Null, json!("fragment"));
    let ids =
        [charge, stranger.receipt().unwrap().charge_id.clone(), silent.receipt().unwrap().charge_id.clone()];
    let ids = ids.map(|id| json!(id));
    assert_eq!(seen[0], (&json!(50), &ids[0], &user, &nobody));
    assert_eq!(seen[1], (&json!(20), &ids[1], &user, &nobody));
    assert_eq!(seen[2], (&json!(10), &ids[2], &user, &nobody));
    assert_eq!((seen[3].0, seen[3].2, seen[3].3), (&json!(30), &nobody, &fragment));
    assert_eq!(seen[4], (&json!(50), &ids[0], &nobody, &user));
    assert_eq!(lines[1]["source"]["user"]["id"], json!(777));
    assert_eq!(lines[1]["source"]["invoice_payload"], json!("unheard of"));
    for (offset, limit, count) in [(0, 2, 2), (4, 2, 1), (9, 2, 0), (-1, 0, 1), (0, 1000, 5)] {
        let page = json!({"offset": offset, "limit": limit});
        let page = rig.call("getStarTransactions", page).await["transactions"].clone();
        assert_eq!(page.as_array().unwrap().len(), count, "{offset} {limit}");
    }
    let short = json!({"user_id": 777, "telegram_payment_charge_id": ids[1]});
    assert!(!rig.telegram.withdraw_stars(1), "everything is gone");
    let refused = rig.refusal("refundStarPayment", short).await;
    assert_eq!(refused, (400, "Bad Request: BALANCE_TOO_LOW".to_owned()));
}

#[tokio::test]
async fn a_payment_shows_where_it_belongs() {
    let rig = Rig::start().await;
    let message_id = rig.with_invoice().await;
    rig.telegram.set_stars(44, 500);
    let topic = rig.telegram.create_topic(FORUM, "Shop");
    let mut in_topic = invoice(FORUM, 5);
    in_topic["message_thread_id"] = json!(topic);
    let in_topic = rig.call("sendInvoice", in_topic).await["message_id"].as_i64().unwrap();
    let in_group = rig.call("sendInvoice", invoice(GROUP, 5)).await["message_id"].as_i64().unwrap();
    let link = rig.call("createInvoiceLink", invoice(ANN, 7)).await;
    let attempts = [
        rig.telegram.pay(FORUM, 44, in_topic),
        rig.telegram.pay(GROUP, 44, in_group),
        rig.telegram.pay(ANN, 44, message_id),
        rig.telegram.pay_link(44, link.as_str().unwrap()),
        rig.telegram.forge_pre_checkout(44, "XTR", 9, "forged"),
    ];
    for attempt in &attempts {
        rig.agree(attempt).await;
    }
    let shown: Vec<(i64, i64)> = rig
        .telegram
        .payments(44)
        .iter()
        .map(|attempt| (attempt.receipt().unwrap().chat, attempt.total_amount))
        .collect();
    assert_eq!(shown, [(FORUM, 5), (GROUP, 5), (44, 50), (44, 7), (44, 9)]);
    assert_eq!(rig.telegram.messages(FORUM).last().unwrap().topic, Some(topic));
    assert_eq!(rig.telegram.messages(44).len(), 3, "the chat of somebody who never wrote is open now");
    assert_eq!(rig.telegram.stars(44), 500 - 76);
    for (currency, amount) in [("USD", 9), ("XTR", -5), ("XTR", 5_000)] {
        let forged = rig.telegram.forge_pre_checkout(44, currency, amount, "forged");
        rig.agree(&forged).await;
        assert_eq!(rig.state(&forged), PaymentState::Failed(PaymentFailure::NotEnoughStars), "{currency}");
    }
}

#[tokio::test]
async fn a_bot_that_did_not_subscribe_is_not_asked() {
    let rig = Rig::start().await;
    let message_id = rig.with_invoice().await;
    rig.call("getUpdates", json!({"allowed_updates": ["message"]})).await;
    let attempt = rig.telegram.pay(ANN, ANN, message_id);
    assert_eq!((attempt.update_id, attempt.state), (0, PaymentState::Waiting));
    rig.call("getUpdates", json!({"allowed_updates": []})).await;
    assert!(rig.telegram.pay(ANN, ANN, message_id).update_id > 0, "the default has it");
}

#[tokio::test]
async fn an_invoice_keeps_its_pay_button() {
    let rig = Rig::start().await;
    let message_id = rig.with_invoice().await;
    let edit = json!({"chat_id": ANN, "message_id": message_id});
    assert!(rig.refusal("editMessageReplyMarkup", edit.clone()).await.1.contains("message is not modified"));
    let keyboard = json!([[{"text": "Buy", "pay": true}, {"text": "Help", "callback_data": "h"}]]);
    let mut with_help = edit;
    with_help["reply_markup"] = json!({"inline_keyboard": keyboard});
    let edited = rig.call("editMessageReplyMarkup", with_help).await;
    assert_eq!(edited["reply_markup"]["inline_keyboard"], keyboard);
}
