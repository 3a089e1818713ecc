//! Everything about invoices, payments and refunds that the real service refuses, one by one.

use serde_json::{Value, json};

use super::stars::invoice;
use super::{ANN, GROUP, Rig};

/// A good invoice with one field changed; null takes the field away.
fn with(key: &str, value: Value) -> Value {
    let mut params = invoice(ANN, 50);
    params[key] = value;
    params
}

fn prices(price: &Value) -> Value {
    with("prices", json!([price]))
}

#[tokio::test]
async fn invoices_that_are_wrong() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "/pay");
    let amount = |amount: Value| prices(&json!({"label": "Balance", "amount": amount}));
    let two = json!([{"label": "a", "amount": 1}, {"label": "b", "amount": 1}]);
    let table = [
        (with("title", Value::Null), "parameter \"title\" is required"),
        (with("title", json!("")), "parameter \"title\" is required"),
        (with("title", json!("x".repeat(33))), "TITLE_INVALID"),
        (with("description", Value::Null), "parameter \"description\" is required"),
        (with("description", json!("x".repeat(256))), "DESCRIPTION_INVALID"),
        (with("payload", Value::Null), "parameter \"payload\" is required"),
        (with("payload", json!("x".repeat(129))), "INVOICE_PAYLOAD_INVALID"),
        (with("payload", json!("я".repeat(65))), "INVOICE_PAYLOAD_INVALID"),
        (with("currency", Value::Null), "parameter \"currency\" is required"),
        (with("currency", json!("USD")), "PAYMENT_PROVIDER_INVALID"),
        (with("currency", json!("xtr")), "PAYMENT_PROVIDER_INVALID"),
        (with("prices", Value::Null), "can't parse prices JSON object"),
        (with("prices", json!("{")), "can't parse prices JSON object"),
        (with("prices", json!([])), "STARS_INVOICE_INVALID"),
        (with("prices", two), "STARS_INVOICE_INVALID"),
        (with("provider_token", json!("1:LIVE:2")), "STARS_INVOICE_INVALID"),
        (with("max_tip_amount", json!(5)), "STARS_INVOICE_INVALID"),
        (with("suggested_tip_amounts", json!([5])), "STARS_INVOICE_INVALID"),
        (with("start_parameter", json!("a b")), "START_PARAM_INVALID"),
        (prices(&json!("50")), "LabeledPrice must be an Object"),
        (prices(&json!({"amount": 50})), "LabeledPrice label must be non-empty"),
        (prices(&json!({"label": "", "amount": 50})), "LabeledPrice label must be non-empty"),
        (amount(Value::Null), "Can't parse \"amount\" as Number"),
        (amount(json!(1.5)), "Can't parse \"amount\" as Number"),
        (amount(json!("many")), "Can't parse \"amount\" as Number"),
        (amount(json!(0)), "CURRENCY_TOTAL_AMOUNT_INVALID"),
        (amount(json!(-1)), "CURRENCY_TOTAL_AMOUNT_INVALID"),
        (amount(json!(10_001)), "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ];
    for (params, sentence) in table {
        for method in ["sendInvoice", "createInvoiceLink"] {
            let (code, seen) = rig.refusal(method, params.clone()).await;
            assert!(code == 400 && seen.ends_with(sentence), "{method} {params}: {code} {seen}");
        }
    }
    let period = rig.refusal("createInvoiceLink", with("subscription_period", json!(2_592_000))).await;
    assert_eq!(period, (400, "Bad Request: SUBSCRIPTION_PERIOD_INVALID".to_owned()));
    assert_eq!(rig.telegram.messages(ANN).len(), 1, "nothing was sent");
}

#[tokio::test]
async fn invoices_at_their_limits() {
    let rig = Rig::start().await;
    rig.telegram.say(ANN, ANN, "/pay");
    let good = [
        with("title", json!("я".repeat(32))),
        with("description", json!("я".repeat(255))),
        with("payload", json!("я".repeat(64))),
        with("provider_token", json!("")),
        with("need_name", json!(true)),
        prices(&json!({"label": "Balance", "amount": "1"})),
        prices(&json!({"label": "Balance", "amount": 10_000})),
    ];
    for params in good {
        rig.call("sendInvoice", params.clone()).await;
        let link = rig.call("createInvoiceLink", params).await;
        assert!(link.as_str().unwrap().starts_with("https://t.me/$"), "{link}");
    }
    let encoded = [
        ("chat_id", "42"),
        ("title", "12"),
        ("description", "d"),
        ("payload", "{\"user\":1}"),
        ("currency", "XTR"),
        ("prices", "[{\"label\":\"x\",\"amount\":5}]"),
    ];
    let sent = rig.client.post(rig.address("sendInvoice")).form(&encoded).send().await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    assert_eq!(sent["result"]["invoice"]["title"], json!("12"), "{sent}");
    rig.telegram.set_stars(ANN, 5);
    let attempt = rig.telegram.pay(ANN, ANN, sent["result"]["message_id"].as_i64().unwrap());
    assert_eq!(attempt.payload, "{\"user\":1}", "a form keeps the payload as text");
}

#[tokio::test]
async fn invoices_go_where_messages_go() {
    let rig = Rig::start().await;
    rig.telegram.say(45, 45, "hi");
    rig.telegram.block(45);
    rig.telegram.kick_bot(GROUP);
    rig.telegram.say(ANN, ANN, "/pay");
    let markup = |keyboard: Value| with("reply_markup", json!({"inline_keyboard": keyboard}));
    let pay = json!({"text": "Pay", "pay": true});
    let other = json!({"text": "Help", "callback_data": "h"});
    for (params, code, sentence) in [
        (with("chat_id", Value::Null), 400, "Bad Request: chat_id is empty"),
        (with("chat_id", json!(77)), 400, "Bad Request: chat not found"),
        (with("chat_id", json!(43)), 403, "Forbidden: bot can't initiate conversation with a user"),
        (with("chat_id", json!(45)), 403, "Forbidden: bot was blocked by the user"),
        (with("chat_id", json!(GROUP)), 403, "Forbidden: bot was kicked from the supergroup chat"),
        (with("message_thread_id", json!(9)), 400, "Bad Request: message thread not found"),
        (
            with("reply_parameters", json!({"message_id": 99})),
            400,
            "Bad Request: message to be replied not found",
        ),
        (markup(json!([[other]])), 400, "Bad Request: REPLY_MARKUP_BUY_EMPTY"),
        (markup(json!([[other, pay]])), 400, "Bad Request: REPLY_MARKUP_BUY_EMPTY"),
        (markup(json!([[pay], [pay]])), 400, "Bad Request: BUTTON_TYPE_INVALID"),
    ] {
        assert_eq!(rig.refusal("sendInvoice", params.clone()).await, (code, sentence.to_owned()), "{params}");
    }
    let text = json!({"chat_id": ANN, "text": "x", "reply_markup": {"inline_keyboard": [[pay]]}});
    let plain = rig.refusal("sendMessage", text).await;
    assert_eq!(plain, (400, "Bad Request: BUTTON_TYPE_INVALID".to_owned()));
}

#[tokio::test]
async fn answers_and_refunds_that_are_wrong() {
    let rig = Rig::start().await;
    rig.telegram.set_stars(ANN, 100);
    let attempt = rig.telegram.forge_pre_checkout(ANN, "XTR", 50, "p");
    let id = &attempt.query_id;
    let charge = rig.telegram.pay_unasked(ANN, 10, "q").receipt().unwrap().charge_id.clone();
    let old = "Bad Request: query is too old and response timeout expired or query id is invalid";
    let silent = "Bad Request: parameter \"error_message\" is required";
    let (answer, refund) = ("answerPreCheckoutQuery", "refundStarPayment");
    for (method, params, sentence) in [
        (answer, json!({"ok": true}), old),
        (answer, json!({"pre_checkout_query_id": "1", "ok": true}), old),
        (answer, json!({"pre_checkout_query_id": id}), silent),
        (answer, json!({"pre_checkout_query_id": id, "ok": false}), silent),
        (answer, json!({"pre_checkout_query_id": id, "ok": false, "error_message": ""}), silent),
        (refund, json!({"telegram_payment_charge_id": charge}), "Bad Request: invalid user_id specified"),
        (
            refund,
            json!({"user_id": 999, "telegram_payment_charge_id": charge}),
            "Bad Request: user not found",
        ),
        (refund, json!({"user_id": ANN}), "Bad Request: CHARGE_ID_EMPTY"),
        (refund, json!({"user_id": ANN, "telegram_payment_charge_id": "x"}), "Bad Request: CHARGE_NOT_FOUND"),
        (
            refund,
            json!({"user_id": 44, "telegram_payment_charge_id": charge}),
            "Bad Request: CHARGE_NOT_FOUND",
        ),
    ] {
        let seen = rig.refusal(method, params.clone()).await;
        assert_eq!(seen, (400, sentence.to_owned()), "{method} {params}");
    }
    let agree = json!({"pre_checkout_query_id": id, "ok": true});
    rig.call(answer, agree.clone()).await;
    assert_eq!(rig.refusal(answer, agree).await, (400, old.to_owned()), "only once");
    let back = json!({"user_id": ANN, "telegram_payment_charge_id": charge});
    rig.call(refund, back.clone()).await;
    assert_eq!(rig.refusal(refund, back).await, (400, "Bad Request: CHARGE_ALREADY_REFUNDED".to_owned()));
    assert_eq!((rig.telegram.stars(ANN), rig.telegram.bot_stars()), (50, 50));
}
