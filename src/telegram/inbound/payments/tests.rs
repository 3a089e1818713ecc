//! Updates about payments, with odd and unknown fields.

use serde_json::json;

use super::*;
use crate::domain::ids::OwnerId;

fn payment(fields: &serde_json::Value) -> Option<PaymentEvent> {
    let mut message = json!({
        "message_id": 5, "date": 1_795_000_000,
        "chat": {"id": 42, "type": "private", "first_name": "Ann", "of_tomorrow": {"x": [1]}},
        "from": {"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "ru", "new": 1},
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    read(
        &Update::read(&json!({"update_id": 9, "message": message}).to_string()).unwrap(),
        DateTime::UNIX_EPOCH,
    )
}

fn stars_paid(amount: i64, currency: &str) -> serde_json::Value {
    json!({"successful_payment": {"currency": currency, "total_amount": amount, "invoice_payload": "p",
        "telegram_payment_charge_id": "c", "provider_payment_charge_id": "", "later": null}})
}

#[test]
fn a_payment_is_read_whatever_else_the_message_holds() {
    let Some(PaymentEvent::Paid(received)) = payment(&stars_paid(100, "XTR")) else { panic!("no payment") };
    assert_eq!((received.stars, received.payload.as_str(), received.charge_id.as_str()), (100, "p", "c"));
    assert_eq!(received.key, ThreadKey { chat: ChatId(42), owner: OwnerId(42), topic: None });
    assert_eq!(received.update, Some(UpdateId(9)));
    assert_eq!(received.person.language_code.as_deref(), Some("ru"));
}

#[test]
fn other_currencies_and_senseless_amounts_are_no_payments() {
    for fields in [
        stars_paid(100, "USD"),
        stars_paid(0, "XTR"),
        stars_paid(-1, "XTR"),
        stars_paid(i64::from(u32::MAX), "XTR"),
        json!({"text": "successful_payment"}),
    ] {
        assert_eq!(payment(&fields), None, "{fields}");
    }
}

#[test]
fn a_refund_in_the_name_of_the_bot_belongs_to_the_chats_user() {
    let refund = json!({"from": {"id": 7, "is_bot": true, "first_name": "Bot"}, "refunded_payment":
        {"currency": "XTR", "total_amount": 5, "invoice_payload": "p", "telegram_payment_charge_id": "c"}});
    let Some(PaymentEvent::Returned { charge_id, key, stars, .. }) = payment(&refund) else {
        panic!("no refund")
    };
    assert_eq!((charge_id.as_str(), key.map(|key| key.owner), stars), ("c", Some(OwnerId(42)), 5));
}

#[test]
fn the_list_tells_of_payments_and_refunds_only() {
    let user = json!({"type": "user", "transaction_type": "invoice_payment",
        "user": {"id": 42, "is_bot": false, "first_name": "Ann"}, "invoice_payload": "p"});
    let paid = json!({"id": "c", "amount": 10, "date": 1_795_000_000, "source": user});
    assert!(
        matches!(read_line(&paid.to_string()), Some(TransactionLine::Paid(received)) if received.charge_id == "c")
    );
    let returned = json!({"id": "c", "amount": 10, "date": 1_795_000_000, "receiver": user});
    assert!(matches!(read_line(&returned.to_string()), Some(TransactionLine::Returned { stars: 10, .. })));
    let withdrawn = json!({"id": "w", "amount": 10, "date": 1_795_000_000, "receiver": {"type": "fragment"}});
    assert_eq!(read_line(&withdrawn.to_string()), None);
    let gift = json!({"type": "user", "transaction_type": "gift_purchase",
        "user": {"id": 42, "is_bot": false, "first_name": "Ann"}});
    let given = json!({"id": "g", "amount": 10, "date": 1_795_000_000, "receiver": gift});
    assert_eq!(read_line(&given.to_string()), None);
}
