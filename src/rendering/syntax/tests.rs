//! List markers and fences.

use super::*;

#[test]
fn list_markers_need_a_space_and_are_no_rules() {
    let marker = |number, width, empty| Some(Marker { number, width, empty });
    assert_eq!(Marker::of("- a"), marker(None, 2, false));
    assert_eq!(Marker::of("12. a"), marker(Some(12), 4, false));
    assert_eq!(Marker::of("3)"), marker(Some(3), 2, true));
    for line in ["-a", "- - -", "***", "1.5 m", "1234567890. x", ""] {
        assert_eq!(Marker::of(line), None, "{line}");
    }
}

#[test]
fn fences_open_and_close_by_sign_and_length() {
    let fence = Fence::open("  ````rust,ignore").unwrap();
    assert_eq!((fence.indent, fence.language.as_deref()), (2, Some("rust")));
    assert!(!fence.is_closed_by("```") && !fence.is_closed_by("````x") && fence.is_closed_by(" ````` "));
    assert_eq!(Fence::open("``` a`b"), None);
    assert!(Fence::open_anywhere("1. - ~~~ py").is_some());
}
