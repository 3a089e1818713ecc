//! The program that installs packages.

use super::*;

#[test]
fn requirements_are_texts_of_the_program_and_nothing_else() {
    let program = installer(&["a\"; import os #".to_owned(), "b'c".to_owned()]);
    assert!(program.contains(r#"*["a\"; import os #","b'c"]]"#), "{program}");
}
