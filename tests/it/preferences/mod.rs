//! `/settings`: costs below answers, thinking, effort, the limit of a request; right and wrong taps.

mod choices;
mod costs;
mod effort;
mod limit;

use crate::harness::Bot;

/// The effort of each request so far.
fn efforts(bot: &Bot) -> Vec<String> {
    let requests = bot.model.requests();
    requests
        .iter()
        .map(|request| request.body["output_config"]["effort"].as_str().unwrap().to_owned())
        .collect()
}
