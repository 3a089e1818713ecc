//! The dispatcher: teloxide keeps updates of one chat in order and handles different chats concurrently. Its
//! one endpoint passes every update to `handlers::handle`, which waits for the database at most: a handler that
//! waited for a model would block `/stop`.

mod carried;
mod get_me;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, poll_fn};
use get_me::GetMeServer;
use teloxide::dispatching::Dispatcher;
use teloxide::error_handlers::IgnoringErrorHandlerSafe;
use teloxide::prelude::dptree;
use teloxide::stop::{StopToken, mk_stop_token};
use teloxide::types::Update;
use teloxide::update_listeners::{AsUpdateStream, UpdateListener};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio_util::sync::CancellationToken;

use super::context::BotContext;
use super::handlers;
use super::inbound::raw;
use crate::telemetry::readiness::Health;
use crate::telemetry::server::serve_until;
use carried::Carried;

/// The pause before the framework is started again.
const PAUSE: Duration = Duration::from_secs(2);
/// How long the framework may take to request the next update; it only queues it for its chat.
const STUCK: Duration = Duration::from_secs(10);
/// How long the port that answers `getMe` may take to close.
const CLOSE_LIMIT: Duration = Duration::ZERO;

/// Routes updates until their channel ends.
pub(crate) async fn run(context: Arc<BotContext>, updates: mpsc::Receiver<raw::Update>) {
    let drain = context.life.drain.clone();
    let updates = Arc::new(Mutex::new(updates));
    loop {
        let dispatched = dispatch(&context, updates.clone().lock_owned().await).await;
        let Err(error) = dispatched else { return };
        tracing::warn!(error = &error as &dyn std::error::Error, "the dispatcher cannot begin, trying again");
        context
            .readiness
            .dispatcher
            .fails_after(Duration::ZERO, &format!("the dispatcher cannot begin: {error}"));
        tokio::select! {
            () = drain.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn dispatch(
    context: &Arc<BotContext>,
    updates: OwnedMutexGuard<mpsc::Receiver<raw::Update>>,
) -> io::Result<()> {
    let GetMeServer { bot, listener, app } = GetMeServer::open(&context.me).await?;
    let begun = CancellationToken::new();
    let end = begun.clone().drop_guard();
    context.life.spawn("getMe", {
        let begun = begun.clone();
        async move { serve_until("getMe", listener, app, &begun, CLOSE_LIMIT).await }
    });
    let endpoint =
        dptree::endpoint(|stand_in: Update, context: Arc<BotContext>, carried: Carried| async move {
            if let Some(update) = carried.take(&stand_in) {
                handlers::handle(&context, update).await;
            }
            Ok::<(), Infallible>(())
        });
    let carried = Carried::default();
    let dependencies = dptree::deps![context.clone(), carried.clone()];
    let mut dispatcher = Dispatcher::builder(bot, endpoint).dependencies(dependencies).build();
    let health = context.readiness.dispatcher.clone();
    let feed = Feed { updates, stop: mk_stop_token().0, begun, health, carried };
    let dispatched = dispatcher.try_dispatch_with_listener(feed, IgnoringErrorHandlerSafe::new()).await;
    drop(end);
    dispatched.map_err(io::Error::other)
}

/// The updates from the intake, which are stored already. One feed at a time owns the channel.
struct Feed {
    updates: OwnedMutexGuard<mpsc::Receiver<raw::Update>>,
    stop: StopToken,
    /// Cancelled when the framework has requested the first update.
    begun: CancellationToken,
    health: Health,
    carried: Carried,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.health.fails_after(Duration::ZERO, "the dispatcher has ended");
    }
}

impl<'a> AsUpdateStream<'a> for Feed {
    type StreamErr = Infallible;
    type Stream = BoxStream<'a, Result<Update, Infallible>>;

    fn as_stream(&'a mut self) -> Self::Stream {
        let Self { updates, begun, health, carried, .. } = self;
        poll_fn(move |context| {
            begun.cancel();
            let update = updates.poll_recv(context);
            if update.is_ready() {
                health.works_for(STUCK, "the dispatcher does not take the next update");
            } else {
                health.works();
            }
            update.map(|update| update.map(|it| Ok(carried.put(it))))
        })
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

#[cfg(test)]
mod tests;
