//! The dispatcher: teloxide keeps updates of one chat in order and runs different chats side by side. Its one endpoint
//! hands every update to `handlers::route`, which never waits: a handler that waited for a model would block `/stop`.

mod carried;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, poll_fn};
use secrecy::{ExposeSecret, SecretString};
use teloxide::Bot;
use teloxide::dispatching::Dispatcher;
use teloxide::error_handlers::IgnoringErrorHandlerSafe;
use teloxide::prelude::dptree;
use teloxide::stop::{StopToken, mk_stop_token};
use teloxide::types::Update;
use teloxide::update_listeners::{AsUpdateStream, UpdateListener};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use super::context::Context;
use super::handlers;
use super::inbound::raw;
use carried::Carried;

/// The pause before the framework is begun again.
const PAUSE: Duration = Duration::from_secs(2);

/// The framework's handle of the Bot API. It is asked who the bot is, once; everything else goes through `api`.
///
/// # Errors
/// When the address cannot be understood.
pub fn bot(token: &SecretString, api_url: &str) -> Result<Bot, url::ParseError> {
    Ok(Bot::new(token.expose_secret()).set_api_url(api_url.parse()?))
}

/// Routes updates until their channel ends. The framework asks Telegram who the bot is before it begins; while it gets
/// no answer, it is begun again.
pub async fn run(context: Arc<Context>, bot: Bot, updates: mpsc::Receiver<raw::Update>) {
    let drain = context.life.drain.clone();
    let endpoint = dptree::endpoint(|stand_in: Update, context: Arc<Context>, carried: Carried| async move {
        if let Some(update) = carried.take(&stand_in) {
            handlers::route(&context, update);
        }
        Ok::<(), Infallible>(())
    });
    let carried = Carried::default();
    let updates = Arc::new(Mutex::new(updates));
    let mut dispatcher =
        Dispatcher::builder(bot, endpoint).dependencies(dptree::deps![context, carried.clone()]).build();
    loop {
        let feed = Feed {
            updates: updates.clone().lock_owned().await,
            stop: mk_stop_token().0,
            carried: carried.clone(),
        };
        let dispatched = dispatcher.try_dispatch_with_listener(feed, IgnoringErrorHandlerSafe::new()).await;
        let Err(error) = dispatched else { return };
        tracing::warn!(%error, "the dispatcher has to wait for Telegram");
        tokio::select! {
            () = drain.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Updates from our own intake, which has stored them already. One feed at a time has the channel.
struct Feed {
    updates: OwnedMutexGuard<mpsc::Receiver<raw::Update>>,
    stop: StopToken,
    carried: Carried,
}

impl<'a> AsUpdateStream<'a> for Feed {
    type StreamErr = Infallible;
    type Stream = BoxStream<'a, Result<Update, Infallible>>;

    fn as_stream(&'a mut self) -> Self::Stream {
        let Self { updates, carried, .. } = self;
        poll_fn(move |context| updates.poll_recv(context).map(|update| update.map(|it| Ok(carried.put(it)))))
            .boxed()
    }
}

impl UpdateListener for Feed {
    type Err = Infallible;

    /// The feed ends by itself when the intake does.
    fn stop_token(&mut self) -> StopToken {
        self.stop.clone()
    }
}
