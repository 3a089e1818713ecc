//! The source of a formula, freed from what models and people put around it.

use super::error::TypesetError;

/// The longest source, in characters. It bounds the work: the longest formulas that fit a picture have some
/// hundreds.
pub(super) const LONGEST: usize = 5_000;

/// The marks that surround formulas in documents.
const MARKS: [(&str, &str); 4] = [("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")];

/// Commands and environments of documents, packages and drawings.
const FOREIGN: [&str; 26] = [
    "\\documentclass",
    "\\usepackage",
    "\\begin{document}",
    "\\begin{tikzpicture}",
    "\\begin{tikzcd}",
    "\\begin{circuitikz}",
    "\\begin{pgfpicture}",
    "\\begin{axis}",
    "\\begin{picture}",
    "\\begin{figure}",
    "\\begin{table}",
    "\\begin{tabular}",
    "\\begin{tabularx}",
    "\\begin{longtable}",
    "\\begin{itemize}",
    "\\begin{enumerate}",
    "\\begin{minipage}",
    "\\begin{verbatim}",
    "\\begin{lstlisting}",
    "\\begin{algorithm}",
    "\\tikz",
    "\\draw",
    "\\chemfig",
    "\\includegraphics",
    "\\input",
    "\\section",
];

/// Returns the formula without white space and marks around it.
///
/// # Errors
/// Returns an error if there is no formula, if it is too long or if it needs a TeX system.
pub(super) fn formula(source: &str) -> Result<&str, TypesetError> {
    if source.chars().nth(LONGEST).is_some() {
        return Err(TypesetError::TooLong(LONGEST));
    }
    if let Some(foreign) = FOREIGN.into_iter().find(|foreign| contains(source, foreign)) {
        return Err(TypesetError::NeedsTex(foreign));
    }
    let formula = unmarked(source.trim());
    if formula.is_empty() { Err(TypesetError::Empty) } else { Ok(formula) }
}

/// Returns the formula between one pair of marks. Marks that do not belong together, as in `$a$ and $b$`,
/// stay.
fn unmarked(source: &str) -> &str {
    let between = |(opening, closing): (&str, &str)| {
        let inside = source.strip_prefix(opening)?.strip_suffix(closing)?;
        let alone = !inside.ends_with('\\') && !contains(inside, opening) && !contains(inside, closing);
        alone.then_some(inside.trim())
    };
    MARKS.into_iter().find_map(between).unwrap_or(source)
}

/// Returns whether a mark or command is in the source. `\tikzset` is not `\tikz`, and `\$` no mark.
fn contains(source: &str, wanted: &str) -> bool {
    source.match_indices(wanted).any(|(at, _)| {
        let escaped = source[..at].chars().rev().take_while(|&c| c == '\\').count() % 2 == 1;
        let goes_on = wanted.ends_with(|c: char| c.is_ascii_alphabetic())
            && source[at + wanted.len()..].starts_with(|c: char| c.is_ascii_alphabetic());
        !escaped && !goes_on
    })
}

#[cfg(test)]
mod tests;
