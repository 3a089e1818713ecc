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
    assert_eq!(shown(&tools, None), "🔧 searching: the weather …\n🔧 of_tomorrow …");
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
