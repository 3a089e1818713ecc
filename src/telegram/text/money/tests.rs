//! Lengths of invoices in each language.

use strum::VariantArray;

use super::*;

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
