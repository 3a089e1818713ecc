//! `/set_margin`: the share that stays with the operator is shown, set, kept, and has a history.

use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, Bot};

const HISTORY: &str = "SELECT count(*) FROM settings WHERE name = 'margin' AND changed_by = 44";

#[tokio::test]
async fn the_margin_is_shown_set_and_kept() {
    let mut bot = Bot::of_olga([]).await;
    let shown = bot.command_of(OLGA, "/set_margin").await;
    assert!(shown.contains("0.35 goes to withdrawal (k1), 0.15 to topics (k2) and 0 to you (k3)"), "{shown}");
    for wrong in ["0.5", "-1", "NaN", "1e-1", "0,1"] {
        let answer = bot.command_of(OLGA, &format!("/set_margin {wrong}")).await;
        assert!(answer.starts_with("The margin is a number from 0 to 0.49"), "{wrong}: {answer}");
    }
    assert_eq!(bot.database.count(HISTORY).await, 0);
    let set = bot.command_of(OLGA, "/set_margin 0.1").await;
    assert!(set.starts_with("✅ k3 is now 0.1 (it was 0)."), "{set}");
    bot.command_of(OLGA, "/set_margin 0.1").await;
    assert_eq!(bot.database.count(HISTORY).await, 1, "what changes nothing is no history");
    bot.command_of(OLGA, "/set_margin 0.49").await;
    assert_eq!(bot.database.count(HISTORY).await, 2);
    bot.kill().await;
    bot.run().await;
    assert!(bot.command_of(OLGA, "/set_margin").await.contains("and 0.49 to you (k3)"));
    let invoice = bot.invoice(ANN, 100).await;
    assert!(invoice.raw["invoice"]["description"].as_str().unwrap().contains("$0.013"));
    bot.pay(ANN, ANN, &invoice).await;
    assert_eq!(bot.has(ANN).await, "0.113");
    bot.end().await;
}

#[tokio::test]
async fn the_latest_changes_of_the_margin_are_shown() {
    let bot = Bot::of_olga([("PRIVILEGED_USERS", "43,44")]).await;
    assert!(!bot.command_of(OLGA, "/set_margin").await.contains("Latest changes"));
    for margin in ["0.1", "0.2", "0.3", "0.4", "0.41", "0.42"] {
        bot.command_of(BOB, &format!("/set_margin {margin}")).await;
    }
    let shown = bot.command_of(OLGA, "/set_margin").await;
    let (_, changes) = shown.split_once("Latest changes:").unwrap();
    let changes: Vec<&str> = changes.lines().filter(|line| !line.is_empty()).collect();
    let margins: Vec<&str> = changes.iter().map(|line| line.split(" · ").next().unwrap()).collect();
    assert_eq!(margins, ["• 0.42", "• 0.41", "• 0.4", "• 0.3", "• 0.2"], "{shown}");
    assert!(
        changes.iter().all(|line| line.contains(" · by 43 · ") && line.ends_with("\u{a0}UTC")),
        "{shown}"
    );
    bot.end().await;
}
