//! Names of files that tools make.

use proptest::prelude::*;

use super::*;

#[test]
fn names_lose_directories_and_what_no_system_takes() {
    for (name, expected) in [
        ("chart.png", "chart.png"),
        ("/tmp/outputs/отчёт за год.xlsx", "отчёт за год.xlsx"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("../../etc/passwd", "passwd"),
        (".hidden", "hidden"),
        ("a\0b\nc?.txt", "abc.txt"),
        ("", "file"),
        ("...", "file"),
        ("dir/", "file"),
    ] {
        assert_eq!(file_name(name), expected, "{name:?}");
    }
    let long = file_name(&format!("{}.tar.gz", "x".repeat(300)));
    assert_eq!((long.rsplit_once('.').map(|(_, end)| end), long.chars().count()), (Some("gz"), LONGEST_NAME));
}

proptest! {
    #[test]
    fn any_name_becomes_one_that_is_short_and_not_empty(name: String) {
        let name = file_name(&name);
        prop_assert!(!name.is_empty() && name.chars().count() <= LONGEST_NAME);
        prop_assert!(!name.contains(['/', '\\', '\0', '\n']));
    }
}
