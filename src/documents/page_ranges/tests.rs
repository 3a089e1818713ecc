//! Tests: selections of pages.

use super::*;

#[test]
fn selections_are_read_and_displayed() {
    for (text, pages) in [
        ("1-3, 7", "1-3, 7"),
        ("7;1 – 3,2", "1-3, 7"),
        ("8-", "8-10"),
        ("all", "1-10"),
        (" ALL ", "1-10"),
        ("", "1-10"),
        ("10", "10"),
        ("2,", "2"),
        ("1-10,1-10", "1-10"),
    ] {
        let selected = PageRanges::parse(text).unwrap().of(10).unwrap();
        assert_eq!(PageList(&selected).to_string(), pages, "{text}");
    }
}

#[test]
fn what_is_no_selection_is_refused() {
    for text in ["0", "3-1", "a", "1-2-3", "-3", "1.5", "+1", "99999999999", ",", "1 2", &"1,".repeat(101)] {
        assert_eq!(PageRanges::parse(text), None, "{text}");
    }
    for text in ["11", "9-11", "11-", "1, 4294967295"] {
        assert_eq!(PageRanges::parse(text).unwrap().of(10), Err(BeyondTheEnd), "{text}");
    }
}
