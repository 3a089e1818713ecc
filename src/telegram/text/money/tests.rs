//! Lengths of invoices in each language.

use strum::VariantArray;

use super::*;
use crate::db::balance::Balance;

#[test]
fn invoices_fit_what_telegram_takes() {
    for &language in Language::VARIANTS {
        let credit = Usd("16.25".parse().unwrap());
        let text = invoice(language, 2_500, credit);
        let (title, description) = text.split_once('\n').unwrap();
        assert!((1..=32).contains(&title.chars().count()), "{title}");
        assert!((1..=255).contains(&description.chars().count()), "{description}");
        assert!(
            description.contains("2500") && description.contains(&usd(language, credit)),
            "{description}"
        );
    }
}

#[test]
fn operations_stand_below_their_days_with_what_they_were_for() {
    let entry = |number, at: &str, tools: &[&str]| LedgerEntry {
        number,
        kind: "usage".to_owned(),
        amount: Usd("-0.25".parse().unwrap()),
        subject: "Claude".to_owned(),
        at: at.parse().unwrap(),
        tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
        estimated: number == 1,
    };
    let entries = vec![
        entry(3, "2026-11-29T10:07:00Z", &["generate_image", "list_files", "of_tomorrow", "web_search"]),
        entry(2, "2026-11-29T00:00:00Z", &[]),
        entry(1, "2025-11-29T10:07:00Z", &[]),
    ];
    let shown = Statement { balance: Balance::default(), entries, last: 3 };
    let now = "2026-11-29T12:00:00Z".parse().unwrap();
    let text = statement(Language::English, &shown, now).replace('\u{a0}', " ");
    let (_, operations) = text.split_once("Latest operations (UTC):\n\n").unwrap();
    assert_eq!(
        operations,
        "**29 Nov**\n- -$0.25 · Claude + picture + web search · 10:07\n- -$0.25 · Claude · 00:00\n\n\
         **29 Nov 2025**\n- ≈-$0.25 · Claude, estimated · 10:07"
    );
}
