//! Answers the framework's `getMe`. Its dispatcher calls it at the start and requires fields that not every
//! server of the Bot API sends. So the framework calls a port on the loopback interface, where this process
//! answers with the account that it has read already. The port serves nothing else and is closed when
//! dispatching starts.

use std::io;
use std::net::Ipv4Addr;

use axum::{Json, Router};
use serde_json::{Value, json};
use teloxide::Bot;
use teloxide::net::default_reqwest_settings;
use tokio::net::TcpListener;

use crate::bot_api::methods::Me;

/// A local server that answers every call with the bot's account.
pub(super) struct GetMeServer {
    /// The framework's client for this server. It has no token, because it must not call anything else.
    pub bot: Bot,
    pub listener: TcpListener,
    pub app: Router,
}

impl GetMeServer {
    /// Opens the port.
    ///
    /// # Errors
    /// Returns an error if no port is free or no HTTP client can be created.
    pub(super) async fn open(me: &Me) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let url = url.parse().map_err(io::Error::other)?;
        // A proxy from the environment may not reach local ports.
        let client = default_reqwest_settings().no_proxy().build().map_err(io::Error::other)?;
        let answer = json!({"ok": true, "result": account(me)});
        let app = Router::new().fallback(async move || Json(answer.clone()));
        Ok(Self { bot: Bot::with_client("0:none", client).set_api_url(url), listener, app })
    }
}

/// Returns the account with all fields that the framework requires. The bot does not use the invented ones.
fn account(me: &Me) -> Value {
    let username = if me.username.is_empty() { "bot" } else { &me.username };
    json!({
        "id": me.id,
        "is_bot": true,
        "first_name": username,
        "username": username,
        "can_join_groups": false,
        "can_read_all_group_messages": false,
        "supports_inline_queries": false,
        "can_connect_to_business": false,
        "has_main_web_app": false,
    })
}
