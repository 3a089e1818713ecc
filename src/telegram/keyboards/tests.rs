//! The data of buttons, one's own and forged.

use super::*;

#[test]
fn a_tap_is_read_as_it_was_written() {
    let data = |keyboard: InlineKeyboard, row: usize| {
        let data = keyboard.0["inline_keyboard"][row][0]["callback_data"].as_str().unwrap().to_owned();
        assert!(data.len() <= 64);
        data
    };
    let stop = data(stop(TurnId(i64::MAX), Language::English), 0);
    assert_eq!(read(&stop), Some(ButtonAction::Stop(TurnId(i64::MAX))));
    assert_eq!(read(&data(go_on(Language::Russian), 0)), Some(ButtonAction::GoOn));
    let again = data(try_again(TurnId(i64::MAX), Language::English), 0);
    assert_eq!(read(&again), Some(ButtonAction::Retry(TurnId(i64::MAX))));
    assert_eq!(data(answer_again(TurnId(7), Language::Russian), 0), "retry:7");
    let offered = PACKAGES.map(|(stars, name)| (stars, name, Usd::ZERO));
    for (row, (stars, _)) in PACKAGES.into_iter().enumerate() {
        assert_eq!(read(&data(packages(&offered, Language::English), row)), Some(ButtonAction::Buy(stars)));
    }
    assert_eq!(read(&data(packages(&offered, Language::Russian), 5)), Some(ButtonAction::BuyCustom));
    let topics = data(delete_topics(DeletionId(i64::MAX), 1_000, Language::Russian), 0);
    assert_eq!(read(&topics), Some(ButtonAction::DeleteTopics(DeletionId(i64::MAX))));
    assert_eq!(read("ops:17"), Some(ButtonAction::Page(17)));
    let (everything, erase) = (data(privacy(Language::German), 0), data(privacy(Language::German), 1));
    assert_eq!(read(&everything), Some(ButtonAction::Data(DataTap::Everything)));
    assert_eq!(read(&erase), Some(ButtonAction::Data(DataTap::Erase)));
    let id = DataRequestId(i64::MAX);
    for (row, confirmed) in [(0, true), (1, false)] {
        let decided = data(confirm_erasure(id, Language::Spanish), row);
        assert_eq!(read(&decided), Some(ButtonAction::Data(DataTap::Decide(id, confirmed))));
    }
}

#[test]
fn what_no_button_has_written_means_nothing() {
    for nonsense in [
        "ops:",
        "ops:0",
        "ops:-1",
        "ops:x",
        "lang:",
        "lang:xx",
        "lang:DE",
        "",
        "topics:",
        "topics:1:2",
        "go:off",
        "stop:",
        "stop:x",
        "retry:",
        "retry:x",
        "pay:1",
        "stop:99999999999999999999",
        "buy:",
        "buy:0",
        "buy:-10",
        "buy:11",
        "buy:010",
        "buy:2501",
        "buy:999999999999",
        "data:",
        "data:everything:1",
        "erase:1",
        "erase:yes:",
        "erase:yes:x",
        "erase:maybe:1",
    ] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}

#[test]
fn each_language_has_a_button_that_chooses_it() {
    for (choice, button) in
        Language::VARIANTS.iter().map(|&each| Some(each)).chain([None]).enumerate().map(|(n, c)| (c, n))
    {
        let keyboard = languages(Language::German, choice);
        let buttons: Vec<_> = keyboard.0["inline_keyboard"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .collect();
        let green = |button: &&serde_json::Value| button["style"] == "success";
        assert!(
            green(&buttons[button]) && buttons.iter().copied().filter(|button| green(button)).count() == 1
        );
        let data = buttons[button]["callback_data"].as_str().unwrap();
        assert_eq!(read(data), Some(ButtonAction::Language(choice)));
    }
}
