//! Why a formula has no picture.

/// Why a formula has no picture.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum TypesetError {
    /// There is no source.
    #[error("there is no formula")]
    Empty,
    /// The source has more than this many characters.
    #[error("the source is longer than {0} characters")]
    TooLong(usize),
    /// It needs a TeX system: a document, a package or a drawing. Names the command or environment.
    #[error("{0} is not part of formulas")]
    NeedsTex(&'static str),
    /// The source has a mistake.
    #[error("{message}")]
    Syntax {
        /// What is wrong, in English.
        message: String,
        /// The source around the mistake, if its place is known.
        near: Option<String>,
    },
    /// No font has this character.
    #[error("no font has the character {0}")]
    NoGlyph(char),
    /// It has too many parts or is nested too deeply.
    #[error("the formula has too many parts")]
    TooComplex,
    /// It does not fit a picture that can be read on a phone. Lengths in em: those of the formula, and the
    /// longest side that a picture may have.
    #[error("the formula measures {width} by {height} em, at most {most}")]
    TooLarge {
        /// The width of the formula.
        width: u32,
        /// The height of the formula.
        height: u32,
        /// The longest possible side.
        most: u32,
    },
    /// Nobody wants the picture any more.
    #[error("the picture is not wanted any more")]
    Unwanted,
    /// Nothing of it would be visible.
    #[error("nothing of the formula would be visible")]
    Blank,
    /// The typesetter failed.
    #[error("the typesetter failed")]
    Internal,
}

/// Ends the work if the picture is unwanted.
///
/// # Errors
/// Returns [`TypesetError::Unwanted`].
pub(super) fn go_on(unwanted: &dyn Fn() -> bool) -> Result<(), TypesetError> {
    if unwanted() { Err(TypesetError::Unwanted) } else { Ok(()) }
}
