//! Formulas with and without a form in plain text.

use super::*;

#[test]
fn plain_formulas_become_text() {
    for (source, expected) in [
        ("E = mc^2", "E = mc²"),
        (r"\frac{a}{b} + \frac{x+1}{2y}", "a/b + (x+1)/2y"),
        (r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}", "x = (-b ± √(b² - 4ac))/2a"),
        (r"\sum_{i=1}^{n} i = \frac{n(n+1)}{2}", "∑ᵢ₌₁ⁿ i = (n(n+1))/2"),
        (r"\int_0^\infty e^{-x^2} dx", "∫₀^∞ e^(-x²) dx"),
        (r"\alpha\leq\beta \Rightarrow x \in \mathbb{R}", "α ≤ β ⇒ x ∈ ℝ"),
        (r"\lim_{x \to 0} \frac{\sin x}{x} = 1", "lim_(x → 0) (sin x)/x = 1"),
        (r"90^\circ, f'(x), a_{ij}, T_{env}, x_{i,j}", "90°, f′(x), aᵢⱼ, Tₑₙᵥ, x_(i,j)"),
        (r"\left( \vec{v} \cdot \hat{n} \right)", "( v⃗ · n̂ )"),
        (r"\sqrt[3]{x} \sqrt[n]{2}", "∛x ⁿ√2"),
        (r"\text{speed} = 50\%", "speed = 50%"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\nc = d"),
    ] {
        assert_eq!(to_unicode(source).as_deref(), Some(expected), "{source}");
    }
}

#[test]
fn formulas_without_a_plain_form_are_refused() {
    for source in
        [r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\unknown{x}", "a_", "}{", "{a", r"\frac{a}", ""]
    {
        assert_eq!(to_unicode(source), None, "{source}");
    }
}
