//! Tests: no label is cut on a phone, in any language.

use rust_decimal::Decimal;

use super::*;
use crate::domain::group::{GroupSettings, Sponsor};
use crate::domain::ids::UserId;
use crate::domain::preferences::{Personality, Preferences};
use crate::llm::registry::Registry;
use crate::services::books::Terms;

/// The room for a label in a row of one, two, three and four buttons, in pixels of a page of 390: measured in the
/// playground, where lists beside the chat leave less than a phone has.
const ROOM: [f32; 4] = [261.0, 125.0, 79.0, 56.0];
/// The advance widths of Noto Sans at 14 pixels, rounded to half a pixel.
const ADVANCES: [(&str, f32); 18] = [
    ("\u{fe0f}", 0.0),
    ("ijlí \u{a0}", 3.5),
    ("(),.:J", 4.0),
    ("-", 4.5),
    ("Ift", 5.0),
    ("rг", 6.0),
    ("cszст", 6.5),
    ("vyзу", 7.0),
    ("FLSkxкх", 7.5),
    ("$0123456789ETYaeáäТавделяё", 8.0),
    ("KPRbdghnopquñóöüБКРУбопрчь", 8.5),
    ("ABCÄСЭийнV", 9.0),
    ("Д", 9.5),
    ("DGUПфъ", 10.0),
    ("HNНжм", 10.5),
    ("OQwОы…", 11.0),
    ("ю", 11.5),
    ("MшщWm", 13.0),
];
/// The width of an emoji and of whatever is not in the list.
const WIDEST: f32 = 19.0;

fn width(label: &str) -> f32 {
    let advance =
        |c: char| ADVANCES.iter().find(|(chars, _)| chars.contains(c)).map_or(WIDEST, |(_, width)| *width);
    label.chars().map(advance).sum()
}

/// Returns the labels that are cut, with their width and the room.
fn cut(keyboard: &InlineKeyboard) -> Vec<(String, f32, f32)> {
    let rows = keyboard.0["inline_keyboard"].as_array().unwrap();
    let labels = rows.iter().flat_map(|row| {
        let row = row.as_array().unwrap();
        row.iter().map(|button| (button["text"].as_str().unwrap().to_owned(), ROOM[row.len() - 1]))
    });
    let measured = labels.map(|(label, room)| (width(&label), label, room));
    measured
        .filter(|(width, _, room)| width > room)
        .map(|(width, label, room)| (label, width, room))
        .collect()
}

/// Returns every keyboard of the bot with the longest of its labels.
fn keyboards(language: Language, registry: &Registry) -> Vec<InlineKeyboard> {
    let (turn, cents) = (TurnId(1), |cents: i64| Usd(Decimal::new(cents, 2)));
    let sponsor = Some(Sponsor { user: UserId(42), day_limit: cents(50) });
    let shown = Preferences {
        shows_cost: true,
        shows_thinking: false,
        announcements: false,
        ..Preferences::default()
    };
    let terms = Terms { turn_limit: cents(20_00), most_turn_limit: cents(20_00), ..Terms::default() };
    let own = Personality("Answer in rhymes.".to_owned());
    let offered = PACKAGES.map(|(stars, name)| (stars, name, cents(99_99)));
    let mut keyboards = vec![
        privacy(language),
        confirm_erasure(DataRequestId(1), language),
        stop_announcement(AnnouncementId(1), language),
        take_announcements(true, language),
        take_announcements(false, language),
        stop(turn, language),
        go_on(language),
        try_again(turn, language),
        answer_again(turn, language),
        packages(&offered, language),
        turn_pages(language, Some(1), Some(2)),
        languages(language, None),
        preferences::models(registry.offered(), &registry.default_model().id),
        preferences::settings(&Preferences::default(), &terms, language),
        preferences::settings(&shown, &Terms::default(), language),
        preferences::personality(Some(&own), language),
        groups::settings(&GroupSettings { sponsor, ..GroupSettings::default() }, language),
    ];
    for number in [1, 5, 1_000_000] {
        keyboards.push(approve(AnnouncementId(1), number, language));
        keyboards.push(delete_topics(DeletionId(1), usize::try_from(number).unwrap().min(1_000), language));
    }
    keyboards
}

#[test]
fn no_label_is_cut_on_a_phone() {
    let registry = Registry::load(None).unwrap();
    let all = Language::VARIANTS.iter().flat_map(|&language| keyboards(language, &registry));
    let cut: Vec<_> = all.flat_map(|keyboard| cut(&keyboard)).collect();
    assert!(cut.is_empty(), "label, width, room: {cut:#?}");
}

#[test]
fn the_estimate_is_as_in_a_browser() {
    // Measured with the font.
    for (label, measured) in
        [("Own conversations", 125.9), ("Только упоминания", 137.2), ("Todos los mensajes", 127.5)]
    {
        assert!((width(label) - measured).abs() < 3.0, "{label}: {}", width(label));
    }
}
