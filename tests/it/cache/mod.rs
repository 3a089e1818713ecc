//! The cache in the whole bot: with Redis, without it, and with a Redis that fails in every way, people get
//! the same answers and the model gets the same prompts.

mod faults;
mod prompts;

use crate::harness::Bot;

async fn bot_with(redis_url: &str) -> Bot {
    Bot::with([("REDIS_URL", redis_url)]).await
}
