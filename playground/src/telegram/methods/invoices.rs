//! Methods that offer something for Stars: invoice messages and invoice links.

use serde_json::{Map, Value, json};

use super::super::markup;
use super::super::params::Params;
use super::super::posts::Post;
use super::super::refusal::{Outcome, Refusal};
use super::super::stars::{CURRENCY, Invoice};
use super::super::world::World;
use super::target;

/// Limits of a title and of a description, in characters; the minimum is one.
const TITLE_LIMIT: usize = 32;
const DESCRIPTION_LIMIT: usize = 255;
/// Limit of a payload, in bytes; the minimum is one.
const PAYLOAD_LIMIT: usize = 128;
/// Highest price of an invoice, in Stars.
const MOST_STARS: i64 = 10_000;
/// Limit of a start parameter, in characters.
const START_LIMIT: usize = 64;

/// `sendInvoice`.
pub(super) fn send(world: &mut World, params: &Params) -> Outcome {
    let invoice = invoice(params)?;
    let chat = target::writable_chat(world, params)?;
    check(&invoice, params)?;
    let reply_to = target::reply_to(world, chat, params)?;
    let topic = target::topic(world, chat, params, reply_to)?;
    let reply_markup = Some(markup::invoice_markup(params, invoice.stars)?);
    let shown = json!({
        "title": invoice.title,
        "description": invoice.description,
        "start_parameter": params.text("start_parameter").unwrap_or_default(),
        "currency": CURRENCY,
        "total_amount": invoice.stars,
    });
    let body = Map::from_iter([("invoice".to_owned(), shown)]);
    let from = world.settings.bot_id;
    let message = world.post(chat, Post { from, topic, reply_to, body, reply_markup });
    world.stars.invoices.insert((chat, message.id), invoice);
    Ok(message.raw)
}

/// `createInvoiceLink`. Subscriptions are not supported.
pub(super) fn create_link(world: &mut World, params: &Params) -> Outcome {
    let invoice = invoice(params)?;
    check(&invoice, params)?;
    if params.int("subscription_period").is_some_and(|period| period != 0) {
        return Err(Refusal::bad("SUBSCRIPTION_PERIOD_INVALID"));
    }
    let link = world.stars.next_link();
    world.stars.links.insert(link.clone(), invoice);
    Ok(json!(link))
}

/// Reads an invoice with the checks that the Bot API server makes before it contacts Telegram.
fn invoice(params: &Params) -> Result<Invoice, Refusal> {
    let title = required(params, "title")?;
    let description = required(params, "description")?;
    let payload = required(params, "payload")?;
    let currency = required(params, "currency")?;
    let unreadable = || Refusal::bad("can't parse prices JSON object");
    let prices = params.list("prices")?.ok_or_else(unreadable)?;
    let prices = prices.iter().map(price).collect::<Result<Vec<i64>, Refusal>>()?;
    if currency != CURRENCY {
        // Any other money needs a payment provider, and there is none.
        return Err(Refusal::bad("PAYMENT_PROVIDER_INVALID"));
    }
    let [amount] = prices.as_slice() else { return Err(Refusal::bad("STARS_INVOICE_INVALID")) };
    let stars = u32::try_from(*amount).ok().filter(|_| (1..=MOST_STARS).contains(amount));
    let stars = stars.ok_or_else(|| Refusal::bad("CURRENCY_TOTAL_AMOUNT_INVALID"))?;
    Ok(Invoice { title, description, payload, stars })
}

fn required(params: &Params, key: &str) -> Result<String, Refusal> {
    let text = params.text(key).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Refusal::bad(format!("parameter \"{key}\" is required")))
}

/// Returns the amount of one labelled price.
fn price(price: &Value) -> Result<i64, Refusal> {
    let Some(price) = price.as_object() else {
        return Err(Refusal::bad("can't parse labeled price: LabeledPrice must be an Object"));
    };
    if price.get("label").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Refusal::bad("can't parse labeled price: LabeledPrice label must be non-empty"));
    }
    let amount = match price.get("amount") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    amount.ok_or_else(|| Refusal::bad("can't parse labeled price: Can't parse \"amount\" as Number"))
}

/// Applies the checks of Telegram's servers. Their sentences for a title or a description that is too long
/// are not documented; the limits are.
fn check(invoice: &Invoice, params: &Params) -> Result<(), Refusal> {
    let refuse = |reason: &str| Err(Refusal::bad(reason));
    if invoice.title.chars().count() > TITLE_LIMIT {
        return refuse("TITLE_INVALID");
    }
    if invoice.description.chars().count() > DESCRIPTION_LIMIT {
        return refuse("DESCRIPTION_INVALID");
    }
    if invoice.payload.len() > PAYLOAD_LIMIT {
        return refuse("INVOICE_PAYLOAD_INVALID");
    }
    let provider = params.text("provider_token").is_some_and(|token| !token.is_empty());
    let tips = params.int("max_tip_amount").is_some_and(|most| most != 0)
        || params.list("suggested_tip_amounts")?.is_some_and(|tips| !tips.is_empty());
    if provider || tips {
        return refuse("STARS_INVOICE_INVALID");
    }
    let start = params.text("start_parameter").unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if start.len() > START_LIMIT || !start.chars().all(allowed) {
        return refuse("START_PARAM_INVALID");
    }
    Ok(())
}
