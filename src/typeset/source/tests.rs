//! What is removed from a formula, and what is refused.

use super::*;

#[test]
fn marks_around_a_formula_are_removed_and_others_stay() {
    for (source, expected) in [
        ("x^2", "x^2"),
        ("  $x^2$\n", "x^2"),
        ("$$ x^2 $$", "x^2"),
        ("\\[ x^2 \\]", "x^2"),
        ("\\(x^2\\)", "x^2"),
        ("$a$ and $b$", "$a$ and $b$"),
        ("$$a$$ $$b$$", "$$a$$ $$b$$"),
        ("\\(a\\) and \\(b\\)", "\\(a\\) and \\(b\\)"),
        ("$5\\$$", "5\\$"),
        ("$5\\$", "$5\\$"),
        ("\\left[ x \\right]", "\\left[ x \\right]"),
        (
            "\\begin{aligned}a&=b\\\\[2pt]c&=d\\end{aligned}",
            "\\begin{aligned}a&=b\\\\[2pt]c&=d\\end{aligned}",
        ),
    ] {
        assert_eq!(formula(source), Ok(expected), "{source}");
    }
    for empty in ["", " \n", "$$", "$ $", "\\[\\]"] {
        assert!(matches!(formula(empty), Err(TypesetError::Empty) | Ok("$$")), "{empty}");
    }
}

#[test]
fn documents_packages_and_drawings_are_refused_by_name() {
    for (source, foreign) in [
        ("\\documentclass{article}\\begin{document}$x$\\end{document}", "\\documentclass"),
        ("\\begin{tikzpicture}\\draw (0,0) -- (1,1);\\end{tikzpicture}", "\\begin{tikzpicture}"),
        ("x \\includegraphics[width=2cm]{a.png}", "\\includegraphics"),
        ("\\input{/etc/passwd}", "\\input"),
    ] {
        assert_eq!(formula(source), Err(TypesetError::NeedsTex(foreign)), "{source}");
    }
    assert!(formula("\\sectionmark \\\\draw").is_ok());
}

#[test]
fn the_length_is_counted_in_characters() {
    assert!(formula(&"я".repeat(LONGEST)).is_ok());
    assert_eq!(formula(&"я".repeat(LONGEST + 1)), Err(TypesetError::TooLong(LONGEST)));
}
