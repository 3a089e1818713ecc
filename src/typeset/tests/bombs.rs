//! Formulas that would take very long, or that nobody waits for any more.

use super::super::*;
use super::{ink, soon};

/// Sources that are small and ask for much, or for something impossible.
fn bombs() -> Vec<String> {
    let nested = |opening: &str, closing: &str, times: usize| {
        format!("{}x{}", opening.repeat(times), closing.repeat(times))
    };
    let doubled: Vec<String> = ('b'..='y')
        .map(|name| {
            let before = char::from(name as u8 - 1);
            format!(r"\def\{name}{{\{before}\{before}}}")
        })
        .collect();
    let doubled = doubled.concat();
    let row = vec!["1"; 1_000].join("&");
    let mut bombs = vec![
        nested("{", "}", 2_400),
        r"\def\a{\a\a}\a".to_owned(),
        r"\def\a{\a}\a".to_owned(),
        r"\newcommand{\a}{x\a}\a".to_owned(),
        format!(r"\def\a{{xx}}{doubled}\y"),
        r"\rule{100000em}{100000em}".to_owned(),
        r"\rule{1em}{-100000em}x".to_owned(),
        r"\hspace{99999999em}x".to_owned(),
        r"\raisebox{99999999em}{x}y".to_owned(),
        r"\kern-99999999em x".to_owned(),
        format!(r"\begin{{matrix}}{row}\\{row}\end{{matrix}}"),
        format!(r"\begin{{matrix}}{}\end{{matrix}}", vec![row.as_str(); 1_000].join(r"\\")),
        format!(r"\begin{{matrix}}{}\end{{matrix}}", r"\\".repeat(2_000)),
        r"\begin{array}{:c:}\rule{1em}{100000000em}\end{array}".to_owned(),
        r"\htmlStyle{font-size:1e30em;}{x}".to_owned(),
        format!(r"\ce{{{}}}", "H2O + ".repeat(800)),
        format!(r"\ce{{{}}}", "(".repeat(4_900)),
        format!("x{}", "'".repeat(4_900)),
        format!(r"\text{{{}}}", "я".repeat(4_900)),
    ];
    for opening in
        [r"\sqrt{", r"\frac{1}{", r"\hat{", "x^{", r"\overbrace{", r"\pmb{", r"\text{", r"\mathrm{", r"\ce{"]
    {
        bombs.push(nested(opening, "}", 12));
        bombs.push(nested(opening, "}", 30));
        bombs.push(nested(opening, "}", 400));
    }
    let multiplied = |command: &str, argument: &str| {
        format!(r"\def\x#1{{{command}{{{}}}}}\x{{{argument}}}", "#1".repeat(30))
    };
    for command in [r"\ce", r"\pu", r"\text", r"\operatorname"] {
        for argument in ["(", "'", "`", "-", "{}"] {
            bombs.push(multiplied(command, &argument.repeat(2_000 / argument.len())));
            bombs.push(format!(r"{command}{{{}}}", argument.repeat(4_900 / argument.len())));
        }
    }
    bombs.push(format!(r"\let\x\ce \def\y{{\x{{{}}}}}{}", "{}".repeat(500), r"\y".repeat(1_900)));
    bombs.push(nested(r"\left(x\middle|", r"\right)", 30));
    bombs.push(nested(r"\mathchoice{x}{x}{x}{", "}", 30));
    bombs.push(nested(r"\begin{matrix}1&", r"\end{matrix}", 30));
    bombs
}

#[test]
fn a_bomb_ends_soon_without_harm() {
    for bomb in bombs() {
        let shown: String = bomb.chars().take(60).collect();
        match soon(&bomb) {
            Ok(picture) => assert!(ink(&picture).pixels > 0, "{shown}"),
            Err(TypesetError::Internal) => panic!("{shown} failed"),
            Err(_) => {}
        }
    }
    assert_eq!(soon(&bombs()[0]), Err(TypesetError::TooComplex));
    assert_eq!(soon(&bombs()[1]), Err(TypesetError::TooComplex));
}

#[test]
fn what_nobody_wants_is_not_drawn_to_its_end() {
    let heavy = format!("{}x{}", r"\pmb{".repeat(10), "}".repeat(10));
    let asked = std::cell::Cell::new(0);
    let wanted = |times: u32| {
        asked.set(0);
        let unwanted = || {
            asked.set(asked.get() + 1);
            asked.get() > times
        };
        super::super::render(&heavy, true, &unwanted)
    };
    let whole = wanted(u32::MAX);
    assert!(whole.is_ok() && asked.get() > 1_024, "it is asked for each of the parts: {}", asked.get());
    for times in [0, 1, 2, 3, 500] {
        assert_eq!(wanted(times), Err(TypesetError::Unwanted));
        assert_eq!(asked.get(), times + 1, "nothing is done after the answer");
    }
}
