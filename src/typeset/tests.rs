//! Checks drawn formulas by their pixels: what is drawn is visible, complete and different for different
//! sources; what cannot be drawn is refused quickly.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use tiny_skia::Pixmap;

use super::*;

/// The most processor time that a formula may take, in a build without optimisation. It bounds how
/// long a thread is lost to a formula that nobody waits for any more.
const BOUND: Duration = Duration::from_secs(5);

fn render(source: &str, display: bool) -> Result<FormulaPicture, TypesetError> {
    super::render(source, display, &|| false)
}

/// What is not white in a picture: how many pixels, and the box around them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ink {
    pixels: usize,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Ink {
    fn width(self) -> u32 {
        self.right - self.left
    }

    fn height(self) -> u32 {
        self.bottom - self.top
    }
}

fn drawn(source: &str) -> FormulaPicture {
    render(source, true).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn pixels(picture: &FormulaPicture) -> Pixmap {
    let pixels = Pixmap::decode_png(&picture.png).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (picture.width, picture.height));
    assert!(pixels.pixels().iter().all(|pixel| pixel.alpha() == 255), "a picture is opaque");
    pixels
}

fn ink(picture: &FormulaPicture) -> Ink {
    let pixels = pixels(picture);
    let mut ink = Ink { pixels: 0, left: u32::MAX, top: u32::MAX, right: 0, bottom: 0 };
    for y in 0..pixels.height() {
        for x in 0..pixels.width() {
            let pixel = pixels.pixel(x, y).unwrap();
            if (pixel.red(), pixel.green(), pixel.blue()) != (255, 255, 255) {
                ink.pixels += 1;
                (ink.left, ink.right) = (ink.left.min(x), ink.right.max(x + 1));
                (ink.top, ink.bottom) = (ink.top.min(y), ink.bottom.max(y + 1));
            }
        }
    }
    assert!(ink.pixels > 0, "an empty picture");
    ink
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

/// Returns the processor time that this thread has used: other work on the machine does not count.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// Renders on a thread with the stack of those for blocking work, and soon.
fn soon(source: &str) -> Result<FormulaPicture, TypesetError> {
    let owned = source.to_owned();
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let work = move || (render(&owned, true), processor_time());
    let (result, took) = thread.spawn(work).unwrap().join().unwrap();
    let shown: String = source.chars().take(100).collect();
    assert!(took < BOUND, "{shown} took {took:?}");
    result
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
        super::render(&heavy, true, &unwanted)
    };
    let whole = wanted(u32::MAX);
    assert!(whole.is_ok() && asked.get() > 1_024, "it is asked for each of the parts: {}", asked.get());
    for times in [0, 1, 2, 3, 500] {
        assert_eq!(wanted(times), Err(TypesetError::Unwanted));
        assert_eq!(asked.get(), times + 1, "nothing is done after the answer");
    }
}

/// Words of formulas, separated by white space.
const WORDS: &str = r"x 1 + = & \\ ^ _ { } ' я #1 % ~ $ \frac \sqrt \left( \right) \middle| \sum \int \limits \over
    \def\a{ \a \not \hline \tag{1} \ce{H2O} \color{red} \rule{1em}{2em} \kern-2em \displaystyle \verb|x| \char65
    \begin{matrix} \end{matrix} \genfrac \big( 漢 é";
/// Commands with an argument.
const COMMANDS: &str = r"\text \sqrt \hat \overbrace \boxed \ce \pmb \phantom \cancel \operatorname \substack \smash
    \mathbb \raisebox{1em} \xrightarrow \frac{1}";
const ENVIRONMENTS: &str = "matrix aligned cases gathered CD pmatrix";

fn one_of(words: &'static str) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words.split_whitespace().collect::<Vec<_>>())
}

/// Pieces of formulas, balanced or not.
fn piece() -> impl Strategy<Value = String> {
    one_of(WORDS).prop_map(|word| format!("{word} ")).prop_recursive(6, 60, 6, |inner| {
        let body = prop::collection::vec(inner, 0..6).prop_map(|parts| parts.concat());
        prop_oneof![
            3 => (one_of(COMMANDS), body.clone()).prop_map(|(command, body)| format!("{command}{{{body}}}")),
            1 => (one_of(ENVIRONMENTS), body.clone())
                .prop_map(|(name, body)| format!("\\begin{{{name}}}{body}\\end{{{name}}}")),
            1 => body.prop_map(|body| format!("\\left({body}\\right)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(5_000), ..ProptestConfig::default() })]

    #[test]
    fn any_source_gives_a_picture_or_a_reason(parts in prop::collection::vec(piece(), 1..8)) {
        let source = parts.concat();
        match soon(&source) {
            Ok(picture) => prop_assert!(ink(&picture).pixels > 0),
            Err(error) => prop_assert_ne!(error, TypesetError::Internal),
        }
    }

    #[test]
    fn any_text_gives_a_picture_or_a_reason(source: String) {
        if let Err(error) = soon(&source) {
            prop_assert_ne!(error, TypesetError::Internal);
        }
    }
}
