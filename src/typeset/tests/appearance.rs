//! What formulas look like: complete, in their size and colours, each different from the others.

use std::collections::HashSet;

use super::super::*;
use super::{ink, pixels, render};

fn drawn(source: &str) -> FormulaPicture {
    render(source, true).unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// Formulas with the size of what is visible of them, in pixels.
const FORMULAS: &[(&str, (u32, u32))] = &[
    ("x", (24, 22)),
    (r"x^2 + y^2 = z^2", (252, 52)),
    (r"\frac{a+b}{c}", (106, 100)),
    (r"\frac{1}{1+\frac{1}{1+\frac{1}{x}}}", (160, 131)),
    (r"\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}", (373, 113)),
    (r"\sum_{k=1}^{n} k = \frac{n(n+1)}{2}", (349, 134)),
    (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", (150, 116)),
    (r"\begin{vmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \\ 7 & 8 & 9 \end{vmatrix}", (186, 173)),
    (r"\begin{aligned} (a+b)^2 &= a^2 + 2ab + b^2 \\ (a-b)^2 &= a^2 - 2ab + b^2 \end{aligned}", (489, 128)),
    (r"f(x) = \begin{cases} x^2, & \text{если } x \ge 0 \\ -x, & \text{иначе} \end{cases}", (541, 145)),
    (r"\left\{ \begin{gathered} x + y = 1 \\ x - y = 3 \end{gathered} \right.", (229, 145)),
    (r"v_{\text{ср}} = 60\ \frac{\text{км}}{\text{ч}}", (255, 86)),
    (r"\text{Скорость света } c = 299\,792\,458\ \text{м/с}", (747, 48)),
    (r"S_{круга} = \pi r^2", (248, 58)),
    (r"m = 5\,\mathrm{kg},\quad T = 36{,}6\,^\circ\mathrm{C}", (500, 46)),
    (r"\ce{2H2 + O2 -> 2H2O}", (420, 42)),
    (r"\ce{SO4^2- + Ba^2+ -> BaSO4 v}", (564, 54)),
    (r"\hat{H}\psi = i\hbar\frac{\partial}{\partial t}\psi", (285, 101)),
    (
        r"\sqrt[3]{\frac{a}{b}} \xrightarrow[\text{низ}]{\text{верх}} \underbrace{x+\cdots+x}_{n\ \text{раз}}",
        (437, 139),
    ),
    (r"\mathbb{R} \subset \mathcal{L}, \mathfrak{g} \notin \mathscr{F}", (283, 48)),
    (r"\lim_{x\to 0}\frac{\sin x}{x}=1,\quad \tg x,\ \operatorname{rank} A", (590, 98)),
    (r"\newcommand{\norm}[1]{\left\|#1\right\|} \norm{\vec{v}} = \boxed{42}", (212, 64)),
    (r"\begin{array}{|c:c|} \hline 1 & 2 \\ \hdashline 3 & 4 \\ \hline \end{array}", (146, 118)),
    (r"\begin{CD} A @>a>> B \\ @VVbV @VVcV \\ C @>d>> D \end{CD}", (283, 233)),
    (r"\cancel{x} + \overline{AB} + \overrightarrow{CD} + \color{red}{y}", (382, 69)),
];

#[test]
fn formulas_are_drawn_in_full_and_each_differently() {
    let mut seen = HashSet::new();
    for (source, (width, height)) in FORMULAS {
        let picture = drawn(source);
        let ink = ink(&picture);
        let near = |length: u32, expected: u32| length.abs_diff(expected) <= 4;
        assert!(near(ink.width(), *width) && near(ink.height(), *height), "{source}: {ink:?}");
        // Letters cover a part of their box: neither a block nor a few dots.
        let share = ink.pixels * 100 / (ink.width() * ink.height()) as usize;
        assert!((3..60).contains(&share), "{source}: {share} % are covered");
        let free = [ink.left, ink.top, picture.width - ink.right, picture.height - ink.bottom];
        assert!(free.iter().all(|margin| *margin >= 30), "{source}: {ink:?} touches the border");
        assert!(picture.width >= 480 && picture.height >= 160 && picture.width.max(picture.height) <= 1_536);
        assert!(picture.png.len() < 100_000, "{source}: {} bytes", picture.png.len());
        assert!(!picture.small, "{source}");
        assert!(seen.insert(picture.png), "{source} looks like another formula");
    }
}

#[test]
fn every_letter_of_the_russian_alphabet_is_drawn_differently_and_takes_its_own_width() {
    let alphabet: Vec<char> = ('А'..='я').chain(['Ё', 'ё']).collect();
    let mut seen = HashSet::new();
    for letter in &alphabet {
        let picture = drawn(&format!(r"\text{{{letter}}}"));
        assert!(ink(&picture).pixels > 100, "{letter}");
        assert!(seen.insert(picture.png), "{letter} looks like another letter");
    }
    // "ш" is wider than "г": the layout knows the widths of the font, so letters neither overlap nor gape.
    let width = |text: &str| ink(&drawn(&format!(r"\text{{{text}}}"))).width();
    let (broad, slim) = (width("шшшш"), width("гггг"));
    assert!(broad > slim * 3 / 2, "{broad} and {slim}");
    assert!(width("щёлк") < width("щ") + width("ё") + width("л") + width("к") + 20);
}

#[test]
fn a_formula_in_a_line_of_text_is_lower_than_a_displayed_one() {
    let height = |display| ink(&render(r"\sum_{i=1}^n \frac{1}{i}", display).unwrap()).height();
    assert!(height(false) < height(true) * 3 / 4);
}

#[test]
fn colours_are_drawn() {
    let red = pixels(&drawn(r"\color{red} x"));
    assert!(red.pixels().iter().any(|pixel| (pixel.red(), pixel.green()) == (255, 0)));
    let yellow = pixels(&drawn(r"\colorbox{yellow}{y}"));
    let count = yellow.pixels().iter().filter(|pixel| (pixel.red(), pixel.blue()) == (255, 0)).count();
    assert!(count > 1_000, "{count}");
}

#[test]
fn wide_formulas_have_smaller_letters_down_to_a_limit() {
    let sum = |terms: usize| vec!["x"; terms].join("+");
    let usual = drawn(&sum(12));
    assert!(!usual.small && usual.width < 1_536);
    let wide = drawn(&sum(34));
    assert_eq!((wide.small, wide.width), (true, 1_536));
    let Err(TypesetError::TooLarge { width, most, .. }) = render(&sum(60), true) else { panic!("too wide") };
    assert!(width > most && most == 61, "{width}");
    let lines = format!(r"\begin{{gathered}}{}\end{{gathered}}", vec!["x"; 60].join(r"\\"));
    assert!(matches!(render(&lines, true), Err(TypesetError::TooLarge { height: 62.., .. })));
}

#[test]
fn what_sticks_out_of_its_box_is_drawn_too() {
    let box_of = |source| ink(&drawn(source));
    let (with, without) = (box_of(r"\rlap{xxxxxxxx}"), box_of(r"\text{xxxxxxxx}"));
    assert_eq!(with.width(), without.width(), "{with:?} {without:?}");
    assert!(box_of(r"\smash{\frac{\frac{a}{b}}{\frac{c}{d}}}").height() > 100);
}

#[test]
fn chemistry_and_marks_look_the_same_beside_and_within_commands_that_are_defined() {
    for (plain, defined) in [
        (r"f'(x) - g''(x)", r"\def\f{f'}\f(x) - g''(x)"),
        (r"\text{``it's -- so''} - 1", r"\newcommand{\said}[1]{\text{``#1''} - 1}\said{it's -- so}"),
        (r"x^{-1}_{a-b}\left\|-y\right\|", r"\let\n\left x^{-1}_{a-b}\n\|-y\right\|"),
        (r"\ce{SO4^2- + Ba^2+ -> BaSO4 v}", r"\def\c#1{\ce{SO4^2- + #1 -> BaSO4 v}}\c{Ba^2+}"),
        (r"\ce{A}+\ce B", r"\let\c\ce \c{A}+\c B"),
        (r"\pu{1.5e3 kg//m3}", r"\def\p{\pu{1.5e3 kg//m3}}\p"),
    ] {
        assert!(drawn(plain) == drawn(defined), "{plain}");
    }
    let long = format!(r"\ce{{{}}}", "A".repeat(1_001));
    assert_eq!(render(&long, true), Err(TypesetError::TooComplex));
}
