//! Parses a formula and computes where its parts stand. The work is bounded: the parser limits nesting,
//! expansion of macros and the number of parts, and the size is checked before anything is drawn.

use std::collections::HashMap;
use std::sync::Arc;

use ratex_font::{FontId, get_char_metrics};
use ratex_layout::{
    FallbackGlyphMetrics, LayoutOptions, layout_with_fallback_metrics, to_display_list, validate_layout,
};
use ratex_parser::{ParseError, ParseNode};
use ratex_types::display_item::{DisplayItem, DisplayList};
use ratex_types::math_style::MathStyle;

use super::commands;
use super::error::{TypesetError, go_on};
use super::fonts::Glyph;

/// The characters of the source that an error quotes before and behind the mistake.
const QUOTED: usize = 20;
/// What the parser says when its limits are exceeded.
const LIMITS: [&str; 3] = ["resource limit", "recursion limit", "too many expansions"];

/// Parses a formula and places its parts, in display style or as it would stand in a line of text. Lengths
/// are in em.
///
/// # Errors
/// Returns an error if the source has a mistake, if the formula is too complex or unwanted, or if a character
/// has no glyph.
pub(super) fn arrange(
    formula: &str,
    display: bool,
    unwanted: &dyn Fn() -> bool,
) -> Result<DisplayList, TypesetError> {
    let nodes = commands::parse(formula).map_err(|error| told(&error, formula))?;
    go_on(unwanted)?;
    let style = if display { MathStyle::Display } else { MathStyle::Text };
    let options = LayoutOptions::default().with_style(style);
    let list = place(&nodes, &options, HashMap::new())?;
    go_on(unwanted)?;
    let unknown = unknown(&list)?;
    if unknown.is_empty() { Ok(list) } else { place(&nodes, &options, unknown) }
}

/// Computes the places of the parts, with the sizes of characters that the layout does not know.
fn place(
    nodes: &[ParseNode],
    options: &LayoutOptions,
    sizes: HashMap<char, FallbackGlyphMetrics>,
) -> Result<DisplayList, TypesetError> {
    let tree = layout_with_fallback_metrics(nodes, options, Arc::new(sizes));
    validate_layout(&tree).map_err(|_| TypesetError::TooComplex)?;
    Ok(to_display_list(&tree))
}

/// Returns the sizes of the characters that the layout does not know: those that the fonts of KaTeX lack.
fn unknown(list: &DisplayList) -> Result<HashMap<char, FallbackGlyphMetrics>, TypesetError> {
    let mut sizes = HashMap::new();
    for item in &list.items {
        let DisplayItem::GlyphPath { font, char_code, .. } = item else { continue };
        if FontId::parse(font).is_some_and(|id| get_char_metrics(id, *char_code).is_some()) {
            continue;
        }
        let character = char::from_u32(*char_code).unwrap_or(char::REPLACEMENT_CHARACTER);
        match Glyph::find(font, *char_code) {
            Some(glyph) => {
                sizes.insert(character, glyph.metrics());
            }
            None if character.is_whitespace() => {}
            None => return Err(TypesetError::NoGlyph(character)),
        }
    }
    Ok(sizes)
}

fn told(error: &ParseError, formula: &str) -> TypesetError {
    let message = &error.message;
    let lower = message.to_lowercase();
    if LIMITS.iter().any(|limit| lower.contains(limit)) {
        return TypesetError::TooComplex;
    }
    let near = error.loc.as_ref().map(|place| around(formula, place.start));
    TypesetError::Syntax { message: message.clone(), near }
}

/// Returns the part of the formula around a place, given in bytes.
fn around(formula: &str, at: usize) -> String {
    let (before, behind) = formula.split_at(formula.floor_char_boundary(at));
    let start = before.char_indices().rev().nth(QUOTED - 1).map_or(0, |(start, _)| start);
    let behind: String = behind.chars().take(QUOTED).collect();
    format!("{}{behind}", &before[start..])
}
