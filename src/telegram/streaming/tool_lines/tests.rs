//! Where the lines about tools stand, and when they go.

use super::*;

fn shown(tools: &ToolLines, text: Option<&str>) -> String {
    tools.below(text.map(RichText::plain), Language::English).unwrap_or_default().text
}

#[test]
fn lines_stand_below_the_text_and_go_when_it_goes_on() {
    let mut tools = ToolLines::default();
    assert_eq!(shown(&tools, Some("Text")), "Text");
    tools.start("a".into(), "web_search".into(), Some("the weather".into()));
    tools.start("b".into(), "of_tomorrow".into(), None);
    assert_eq!(shown(&tools, None), "🔧 searching: the weather…\n🔧 of_tomorrow…");
    tools.end("b", true);
    assert!(tools.is_running());
    tools.end("a", false);
    assert!(!tools.is_running());
    assert_eq!(shown(&tools, Some("Text")), "Text\n\n✅ searching: the weather\n⚠️ of_tomorrow");
    tools.clear_ended();
    assert!(tools.0.is_empty());
}

#[test]
fn a_full_message_has_no_room_for_lines() {
    let mut tools = ToolLines::default();
    tools.start("a".into(), "web_search".into(), None);
    let full = "x".repeat(4_090);
    assert_eq!(shown(&tools, Some(&full)), full);
}

#[test]
fn what_a_tool_prints_stands_below_its_line_until_it_ends() {
    let mut tools = ToolLines::default();
    tools.start("a".into(), "execute_python".into(), None);
    tools.start("b".into(), "web_search".into(), None);
    assert!(!tools.progress("c", vec!["x".into()]), "no such call");
    assert!(tools.progress("a", vec!["step 1".into(), "шаг 2".into()]));
    assert!(!tools.progress("a", vec!["step 1".into(), "шаг 2".into()]), "nothing new");
    let page = tools.below(Some(RichText::plain("😀 Text")), Language::English).unwrap();
    assert_eq!(page.text, "😀 Text\n\n🔧 running Python…\nstep 1\nшаг 2\n🔧 searching the web…");
    let kind = EntityKind::Code;
    let before = "😀 Text\n\n🔧 running Python…\n".encode_utf16().count();
    assert_eq!(page.entities, [Entity { offset: before, length: 12, kind }]);
    tools.end("a", false);
    assert!(!tools.progress("a", vec!["late".into()]));
    assert_eq!(shown(&tools, None), "✅ running Python\n🔧 searching the web…");
}

#[test]
fn what_does_not_fit_is_left_out_first() {
    let mut tools = ToolLines::default();
    tools.start("a".into(), "execute_python".into(), None);
    tools.progress("a", vec!["x".repeat(80)]);
    let long = "y".repeat(4_050);
    assert!(shown(&tools, Some(&long)).ends_with("running Python…"));
    // A message that has all its entities takes no further one.
    let one = Entity { offset: 0, length: 1, kind: EntityKind::Bold };
    let full = RichText { text: "text".into(), entities: vec![one; 100] };
    let page = tools.below(Some(full), Language::English).unwrap();
    assert!(page.entities.len() == 100 && page.text.ends_with("running Python…"));
}
