//! Tests: what code has made.

use super::*;

fn entry(path: &str, size: u64, modified: &str) -> Entry {
    Entry { path: format!("{HOME}/{path}"), size, modified: modified.to_owned() }
}

#[test]
fn new_and_changed_files_are_results_and_scratch_is_not() {
    let before = [entry("old.csv", 3, "1"), entry("inputs/a.txt", 3, "1"), entry("gone", 1, "1")];
    let after = vec![
        entry("old.csv", 3, "1"),
        entry("inputs/a.txt", 3, "2"),
        entry("out/deep/chart.png", 9, "3"),
        entry(".cache/x", 9, "3"),
        entry("out/.hidden", 9, "3"),
        entry("__pycache__/m.pyc", 9, "3"),
    ];
    let paths: Vec<String> = changed(&before, after).into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["/home/user/out/deep/chart.png", "/home/user/inputs/a.txt"]);
}

#[test]
fn extensions_name_types() {
    for (name, expected) in [
        ("a.PNG", "image/png"),
        ("отчёт.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ] {
        assert_eq!(mime(name), expected);
    }
    for name in ["", "png", "a.", "a.unknown"] {
        assert_eq!(mime(name), "application/octet-stream", "{name}");
    }
}
