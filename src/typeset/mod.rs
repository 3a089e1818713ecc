//! Typesets formulas in LaTeX as pictures. Pure and synchronous: no TeX system, no files, no network.
//!
//! The formulas are those of KaTeX, with chemistry (`\ce`). The crates of RaTeX parse them and compute where
//! everything stands. `fonts` finds the outlines of the letters and `canvas` draws them. The renderer of
//! RaTeX is not used: it takes letters that KaTeX lacks, such as the Cyrillic ones, from whatever fonts the
//! machine has, and writes to standard error which.
//!
//! A run ends early if nobody wants the picture any more, but only between its steps and while it draws: neither
//! the parser nor the layout can be interrupted. Their work is bounded by the length of the source (`source.rs`),
//! the limits of the parser (32 levels, 100,000 tokens of macros, 65,536 parts) and those of the commands that take
//! long (`commands.rs`), the drawing by the size of the picture (`canvas.rs`, checked before anything is drawn). It
//! takes about 10 MB for the picture.

mod arrange;
mod canvas;
mod commands;
mod error;
mod fonts;
mod shapes;
mod source;

#[cfg(test)]
mod tests;

pub(crate) use canvas::FormulaPicture;
pub(crate) use error::TypesetError;

/// Draws a formula as a PNG, as a displayed formula or as it would stand in a line of text. Asks again and again
/// whether the picture is `unwanted`.
///
/// # Errors
/// Returns why there is no picture.
pub(crate) fn render(
    source: &str,
    display: bool,
    unwanted: &dyn Fn() -> bool,
) -> Result<FormulaPicture, TypesetError> {
    let formula = source::formula(source)?;
    let list = arrange::arrange(formula, display, unwanted)?;
    let (width, height) = (list.width, list.total_height());
    canvas::check(width, height)?;
    error::go_on(unwanted)?;
    canvas::draw(&shapes::shapes(&list), width, height, unwanted)
}
