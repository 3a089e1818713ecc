//! The tables for `latex`: commands and their Unicode signs, superscript and subscript characters.

/// Names that are printed unchanged: `\sin x` is "sin x".
pub(super) const FUNCTIONS: [&str; 26] = [
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log",
    "ln", "lg", "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "gcd", "arg", "mod",
];

/// Commands that are white space.
pub(super) const SPACES: [&str; 8] = [" ", ",", ";", ":", "quad", "qquad", "space", ">"];

/// Commands without a visible form.
pub(super) const SILENT: [&str; 8] =
    ["!", "displaystyle", "textstyle", "limits", "nolimits", "nonumber", "mathstrut", "rm"];

/// Returns the sign of a command that is written like a letter or bracket, without spaces around it.
pub(super) fn letter(name: &str) -> Option<&'static str> {
    find(&LETTERS, name)
}

/// Returns the sign of a command that is written between two terms, with spaces around it.
pub(super) fn operator(name: &str) -> Option<&'static str> {
    find(&OPERATORS, name)
}

/// Returns the combining mark of `\hat{x}` and similar commands.
pub(super) fn accent(name: &str) -> Option<char> {
    Some(match name {
        "hat" | "widehat" => '\u{302}',
        "bar" => '\u{304}',
        "vec" => '\u{20d7}',
        "tilde" | "widetilde" => '\u{303}',
        "dot" => '\u{307}',
        "ddot" => '\u{308}',
        _ => return None,
    })
}

/// Returns the double-struck form of a letter, as used for sets of numbers.
pub(super) fn double_struck(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "R" => "ℝ",
        "N" => "ℕ",
        "Z" => "ℤ",
        "Q" => "ℚ",
        "C" => "ℂ",
        "P" => "ℙ",
        "H" => "ℍ",
        "E" => "𝔼",
        "F" => "𝔽",
        "1" => "𝟙",
        _ => return None,
    })
}

const SUPERSCRIPTS: &str =
    "0⁰1¹2²3³4⁴5⁵6⁶7⁷8⁸9⁹+⁺-⁻=⁼(⁽)⁾aᵃbᵇcᶜdᵈeᵉfᶠgᵍhʰiⁱjʲkᵏlˡmᵐnⁿoᵒpᵖrʳsˢtᵗuᵘvᵛwʷxˣyʸzᶻTᵀβᵝγᵞδᵟθᶿφᵠχᵡ⊤ᵀ";
const SUBSCRIPTS: &str = "0₀1₁2₂3₃4₄5₅6₆7₇8₈9₉+₊-₋=₌(₍)₎aₐeₑhₕiᵢjⱼkₖlₗmₘnₙoₒpₚrᵣsₛtₜuᵤvᵥxₓβᵦγᵧρᵨφᵩχᵪ";

fn look_up(table: &str, wanted: char) -> Option<char> {
    let mut chars = table.chars();
    while let (Some(key), Some(value)) = (chars.next(), chars.next()) {
        if key == wanted {
            return Some(value);
        }
    }
    None
}

/// Returns the superscript form of a character, or `None` if Unicode has none.
pub(super) fn superscript(plain: char) -> Option<char> {
    look_up(SUPERSCRIPTS, plain)
}

/// Returns the subscript form of a character, or `None` if Unicode has none.
pub(super) fn subscript(plain: char) -> Option<char> {
    look_up(SUBSCRIPTS, plain)
}

/// Returns whether the character itself is a superscript or subscript form.
pub(super) fn is_script(c: char) -> bool {
    let values = |table: &str| table.chars().skip(1).step_by(2).any(|value| value == c);
    values(SUPERSCRIPTS) || values(SUBSCRIPTS)
}

#[rustfmt::skip]
const LETTERS: [(&str, &str); 89] = [
    ("alpha", "α"), ("beta", "β"), ("gamma", "γ"), ("delta", "δ"), ("epsilon", "ε"), ("varepsilon", "ε"),
    ("zeta", "ζ"), ("eta", "η"), ("theta", "θ"), ("vartheta", "ϑ"), ("iota", "ι"), ("kappa", "κ"),
    ("lambda", "λ"), ("mu", "μ"), ("nu", "ν"), ("xi", "ξ"), ("pi", "π"), ("rho", "ρ"), ("sigma", "σ"),
    ("tau", "τ"), ("upsilon", "υ"), ("phi", "ϕ"), ("varphi", "φ"), ("chi", "χ"), ("psi", "ψ"),
    ("omega", "ω"), ("Gamma", "Γ"), ("Delta", "Δ"), ("Theta", "Θ"), ("Lambda", "Λ"), ("Xi", "Ξ"),
    ("Pi", "Π"), ("Sigma", "Σ"), ("Phi", "Φ"), ("Psi", "Ψ"), ("Omega", "Ω"), ("infty", "∞"),
    ("partial", "∂"), ("nabla", "∇"), ("hbar", "ℏ"), ("ell", "ℓ"), ("Re", "ℜ"), ("Im", "ℑ"),
    ("aleph", "ℵ"), ("emptyset", "∅"), ("varnothing", "∅"), ("angle", "∠"), ("degree", "°"),
    ("circ", "∘"), ("prime", "′"), ("dagger", "†"), ("top", "⊤"), ("bot", "⊥"), ("forall", "∀"),
    ("exists", "∃"), ("nexists", "∄"), ("neg", "¬"), ("lnot", "¬"), ("ldots", "…"), ("dots", "…"),
    ("dotsc", "…"), ("cdots", "⋯"), ("dotsb", "⋯"), ("vdots", "⋮"), ("sum", "∑"), ("prod", "∏"),
    ("int", "∫"), ("iint", "∬"), ("oint", "∮"), ("{", "{"), ("lbrace", "{"), ("}", "}"), ("rbrace", "}"),
    ("langle", "⟨"), ("rangle", "⟩"), ("lfloor", "⌊"), ("rfloor", "⌋"), ("lceil", "⌈"), ("rceil", "⌉"),
    ("|", "‖"), ("Vert", "‖"), ("vert", "|"), ("lvert", "|"), ("rvert", "|"), ("%", "%"), ("$", "$"),
    ("&", "&"), ("#", "#"), ("_", "_"),
];

#[rustfmt::skip]
const OPERATORS: [(&str, &str); 65] = [
    ("pm", "±"), ("mp", "∓"), ("times", "×"), ("div", "÷"), ("cdot", "·"), ("ast", "∗"), ("star", "⋆"),
    ("oplus", "⊕"), ("otimes", "⊗"), ("leq", "≤"), ("le", "≤"), ("leqslant", "≤"), ("geq", "≥"),
    ("ge", "≥"), ("geqslant", "≥"), ("neq", "≠"), ("ne", "≠"), ("lt", "<"), ("gt", ">"), ("ll", "≪"),
    ("gg", "≫"), ("approx", "≈"), ("sim", "∼"), ("simeq", "≃"), ("cong", "≅"), ("equiv", "≡"),
    ("propto", "∝"), ("to", "→"), ("rightarrow", "→"), ("leftarrow", "←"), ("gets", "←"),
    ("leftrightarrow", "↔"), ("Rightarrow", "⇒"), ("implies", "⇒"), ("Leftarrow", "⇐"),
    ("impliedby", "⇐"), ("Leftrightarrow", "⇔"), ("iff", "⇔"), ("mapsto", "↦"), ("longrightarrow", "⟶"),
    ("uparrow", "↑"), ("downarrow", "↓"), ("in", "∈"), ("notin", "∉"), ("ni", "∋"), ("subset", "⊂"),
    ("subseteq", "⊆"), ("supset", "⊃"), ("supseteq", "⊇"), ("cup", "∪"), ("cap", "∩"), ("setminus", "∖"),
    ("land", "∧"), ("wedge", "∧"), ("lor", "∨"), ("vee", "∨"), ("perp", "⊥"), ("parallel", "∥"),
    ("mid", "∣"), ("vdash", "⊢"), ("models", "⊨"), ("therefore", "∴"), ("because", "∵"), ("colon", ":"),
    ("bmod", "mod"),
];

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(key, _)| *key == name).map(|(_, symbol)| *symbol)
}
