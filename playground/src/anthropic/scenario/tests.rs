//! The scenarios and their texts.

use std::collections::HashSet;

use super::*;

#[test]
fn every_scenario_has_one_row() {
    let names: HashSet<_> = Scenario::ALL.iter().map(|scenario| scenario.name()).collect();
    assert_eq!(names.len(), Scenario::ALL.len());
    assert_eq!(Scenario::ALL.iter().collect::<HashSet<_>>().len(), Scenario::ALL.len());
    // The last variant's number tells how many there are.
    assert_eq!(Scenario::Redraw as usize + 1, Scenario::ALL.len());
    let guide = include_str!("../mod.rs");
    for scenario in Scenario::ALL {
        assert!(guide.contains(&format!("| `!{}", scenario.name())), "{}", scenario.name());
    }
}

#[test]
fn words_choose() {
    for (text, scenario, argument) in [
        ("hello", Scenario::Echo, ""),
        ("!slow 5", Scenario::Slow, "5"),
        ("please\n  !429-spend", Scenario::SpendLimit, ""),
        ("!tool clock {\"a\": 1}", Scenario::ToolUse, "clock {\"a\": 1}"),
        ("!nonsense", Scenario::Echo, ""),
        ("Tell me a story about a cat", Scenario::Story, ""),
        ("Подумай о море", Scenario::Thinking, ""),
        ("Please transcribe this.", Scenario::Transcribe, ""),
        ("Look at the picture again!", Scenario::Look, ""),
        ("Посмотри на картинку ещё раз", Scenario::Look, ""),
        ("Read page 2 of the PDF.", Scenario::ReadPdf, ""),
        ("Прочитай в PDF страницу 2", Scenario::ReadPdf, ""),
        ("What files do you see?", Scenario::ListFiles, ""),
        ("Read the document, please", Scenario::Preview, ""),
        ("Пришли файл", Scenario::SendBack, ""),
        ("Check your answer!", Scenario::Check, ""),
        ("[audio \"a.mp3\" (audio/mpeg): file_1, transcribe_audio turns what is said]", Scenario::Echo, ""),
    ] {
        assert_eq!(
            choose(text, DefaultScenario::Usually(Scenario::Echo)),
            Directive { scenario, argument: argument.into() },
            "{text}"
        );
    }
    let long = DefaultScenario::Usually(Scenario::Long);
    assert_eq!(choose("hello", long).scenario, Scenario::Long);
    assert_eq!(choose("Tell me a story", long).scenario, Scenario::Story);
    let long = DefaultScenario::Always(Scenario::Long);
    assert_eq!(choose("Tell me a story", long).scenario, Scenario::Long);
    assert_eq!(choose("!slow", long).scenario, Scenario::Slow);
}
