//! An answer that pauses in its middle until the test lets it continue.

use playground::anthropic::{Gate, GateKeeper, Reply, Step};

use super::{ANN, BOUND, Bot};

/// Scripts an answer that sends some text and then waits until the test lets it continue.
pub(crate) fn half_an_answer(bot: &Bot) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("The first half.".to_owned()),
        Step::Gate(gate),
        Step::Text(" The second half.".to_owned()),
    ]));
    keeper
}

/// Waits until Ann sees the first half of the answer.
pub(crate) async fn first_half_is_visible(bot: &Bot) {
    let seen = bot.telegram.until("the first half as a draft", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text == "The first half.").map(drop)
    });
    seen.await.unwrap();
}
