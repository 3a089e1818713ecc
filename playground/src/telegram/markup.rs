//! Checks of `reply_markup`, as the service makes them.

use serde_json::{Map, Value};

use super::params::Params;
use super::refusal::Refusal;

/// Limit of buttons per inline keyboard.
const BUTTON_LIMIT: usize = 100;
/// Fields that give an inline button its action; a button has exactly one.
const ACTIONS: [&str; 10] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "pay",
    "callback_game",
];

/// The colours of a button.
const STYLES: [&str; 3] = ["danger", "success", "primary"];

/// Returns the checked keyboard that is stored with the message; only inline keyboards are.
pub(super) fn reply_markup(params: &Params) -> Result<Option<Value>, Refusal> {
    let markup = any_markup(params)?;
    if buttons(markup.as_ref()).any(is_pay) {
        return Err(Refusal::bad("BUTTON_TYPE_INVALID"));
    }
    Ok(markup)
}

/// Returns the keyboard of an invoice. Its first button must be the pay button, which is added if there is no
/// keyboard.
pub(super) fn invoice_markup(params: &Params, stars: u32) -> Result<Value, Refusal> {
    let Some(markup) = any_markup(params)? else {
        return Ok(
            serde_json::json!({"inline_keyboard": [[{"text": format!("Pay ⭐{stars}"), "pay": true}]]}),
        );
    };
    if !buttons(Some(&markup)).next().is_some_and(is_pay) {
        return Err(Refusal::bad("REPLY_MARKUP_BUY_EMPTY"));
    }
    if buttons(Some(&markup)).skip(1).any(is_pay) {
        return Err(Refusal::bad("BUTTON_TYPE_INVALID"));
    }
    Ok(markup)
}

fn is_pay(button: &Value) -> bool {
    button["pay"] == Value::Bool(true)
}

/// Returns the buttons of a checked keyboard by row.
fn buttons(markup: Option<&Value>) -> impl Iterator<Item = &Value> {
    let rows = markup.and_then(|markup| markup["inline_keyboard"].as_array());
    rows.into_iter().flatten().filter_map(Value::as_array).flatten()
}

fn any_markup(params: &Params) -> Result<Option<Value>, Refusal> {
    let Some(markup) = params.object("reply_markup")? else { return Ok(None) };
    if let Some(rows) = markup.get("inline_keyboard") {
        return inline(rows);
    }
    if let Some(rows) = markup.get("keyboard") {
        check_rows(rows, |button| {
            button.is_string() || button["text"].as_str().is_some_and(|text| !text.is_empty())
        })?;
        return Ok(None);
    }
    let plain =
        markup.is_empty() || markup.contains_key("remove_keyboard") || markup.contains_key("force_reply");
    if plain { Ok(None) } else { Err(Refusal::bad("object expected as reply markup")) }
}

fn inline(rows: &Value) -> Result<Option<Value>, Refusal> {
    check_rows(rows, Value::is_object)?;
    let buttons: Vec<&Map<String, Value>> = rows
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    if buttons.len() > BUTTON_LIMIT {
        return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
    }
    for button in &buttons {
        check_button(button)?;
    }
    if buttons.is_empty() {
        return Ok(None);
    }
    let kept: Vec<&Value> = rows
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row.as_array().is_some_and(|row| !row.is_empty()))
        .collect();
    Ok(Some(serde_json::json!({"inline_keyboard": kept})))
}

fn check_rows(rows: &Value, good: impl Fn(&Value) -> bool) -> Result<(), Refusal> {
    let Some(rows) = rows.as_array() else {
        return Err(Refusal::bad("object expected as reply markup: field of keyboard must be an Array"));
    };
    for row in rows {
        let Some(row) = row.as_array() else {
            return Err(Refusal::bad("can't parse keyboard button row: expected an Array"));
        };
        if !row.iter().all(&good) {
            return Err(Refusal::bad("can't parse keyboard button: Button text must be non-empty"));
        }
    }
    Ok(())
}

fn check_button(button: &Map<String, Value>) -> Result<(), Refusal> {
    let text = button.get("text").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::bad("can't parse inline keyboard button: Text must be non-empty"));
    }
    let style = button.get("style").filter(|style| !style.is_null());
    if style.is_some_and(|style| !style.as_str().is_some_and(|name| STYLES.contains(&name))) {
        return Err(Refusal::bad("can't parse inline keyboard button: invalid button style specified"));
    }
    let disabled = button.get("disabled").and_then(Value::as_bool) == Some(true);
    let actions =
        ACTIONS.iter().filter(|action| button.get(**action).is_some_and(|value| !value.is_null())).count();
    if actions == 0 && !disabled {
        return Err(Refusal::bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ));
    }
    if let Some(data) = button.get("callback_data").filter(|data| !data.is_null()) {
        let bytes = data.as_str().map_or(0, str::len);
        if !(1..=64).contains(&bytes) {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
    }
    if let Some(url) = button.get("url").and_then(Value::as_str) {
        let good = ["http://", "https://", "tg://"]
            .iter()
            .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
        if !good {
            return Err(Refusal::bad(
                "inline keyboard button URL '".to_owned() + url + "' is invalid: Wrong HTTP URL",
            ));
        }
    }
    Ok(())
}
