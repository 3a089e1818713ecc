//! Passes the penalties that Telegram imposes on to the other instances, and theirs to this one: several chats at
//! once mean that the whole bot is limited.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::bot_api::Api;
use crate::cache::wake::WakeUps;
use crate::domain::ids::ChatId;
use crate::lifecycle::Lifecycle;

/// The most penalties that wait to be passed on.
pub(super) const WAITING: usize = 64;

/// Passes penalties on until the service drains.
pub(super) async fn pass_on(
    api: Api,
    mut own: mpsc::Receiver<(ChatId, Duration)>,
    wake_ups: WakeUps,
    life: Lifecycle,
) {
    loop {
        tokio::select! {
            () = life.drain.cancelled() => return,
            Some((chat, wait)) = own.recv() => wake_ups.tell_penalty(chat, wait),
            others = wake_ups.penalties() => {
                for (chat, wait) in others {
                    api.hear_penalty(chat, wait);
                }
            }
        }
    }
}
