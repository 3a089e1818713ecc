//! The fonts of formulas. All are part of the binary, so a formula looks the same on every machine: the fonts
//! of KaTeX, and for letters that they lack, above all the Cyrillic ones, the font in `fonts/`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use ratex_font::{FontId, katex_ttf_glyph_char};
use ratex_layout::FallbackGlyphMetrics;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// The fonts of KaTeX by the names that the layout uses.
const KATEX: [&str; 19] = [
    "AMS-Regular",
    "Caligraphic-Regular",
    "Fraktur-Bold",
    "Fraktur-Regular",
    "Main-Bold",
    "Main-BoldItalic",
    "Main-Italic",
    REGULAR,
    "Math-BoldItalic",
    "Math-Italic",
    "SansSerif-Bold",
    "SansSerif-Italic",
    "SansSerif-Regular",
    "Script-Regular",
    "Size1-Regular",
    "Size2-Regular",
    "Size3-Regular",
    "Size4-Regular",
    "Typewriter-Regular",
];
const REGULAR: &str = "Main-Regular";

/// The name and content of a font of KaTeX.
type File = (&'static str, Cow<'static, [u8]>);

/// The files of the fonts of KaTeX, to which the faces refer.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let file = |name: &'static str| Some((name, ratex_katex_fonts::ttf_bytes(&format!("KaTeX_{name}.ttf"))?));
    KATEX.into_iter().filter_map(file).collect()
});

static FACES: LazyLock<HashMap<&'static str, Face<'static>>> = LazyLock::new(|| {
    FILES.iter().filter_map(|(name, bytes)| Some((*name, Face::parse(bytes, 0).ok()?))).collect()
});

/// The font for letters that those of KaTeX lack.
static TEXT: LazyLock<Option<Face<'static>>> =
    LazyLock::new(|| Face::parse(include_bytes!("fonts/text.ttf"), 0).ok());

/// A glyph in one of the fonts.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    face: &'static Face<'static>,
    id: GlyphId,
}

impl Glyph {
    /// Finds the glyph of a character in a font, or in another if that one lacks it. Returns `None` if no
    /// font has it.
    pub(super) fn find(font: &str, code: u32) -> Option<Self> {
        let id = FontId::parse(font).unwrap_or(FontId::MainRegular);
        let character = katex_ttf_glyph_char(id, code);
        let mut faces = [FACES.get(font), FACES.get(REGULAR), TEXT.as_ref()].into_iter().flatten();
        faces.find_map(|face| Some(Self { face, id: face.glyph_index(character)? }))
    }

    /// Returns the size of the glyph in em.
    pub(super) fn metrics(&self) -> FallbackGlyphMetrics {
        let em = f64::from(self.face.units_per_em());
        let bounds = self.face.glyph_bounding_box(self.id);
        let (top, bottom) = bounds.map_or((0, 0), |bounds| (bounds.y_max, bounds.y_min));
        FallbackGlyphMetrics {
            width: f64::from(self.face.glyph_hor_advance(self.id).unwrap_or(0)) / em,
            height: f64::from(top.max(0)) / em,
            depth: f64::from(bottom.min(0).saturating_neg()) / em,
        }
    }

    /// Draws the outline in units of the font, upwards from the baseline.
    pub(super) fn outline(&self, builder: &mut dyn OutlineBuilder) {
        self.face.outline_glyph(self.id, builder);
    }

    /// Returns how many units of the font make an em.
    pub(super) fn units_per_em(&self) -> f32 {
        f32::from(self.face.units_per_em())
    }
}

#[cfg(test)]
mod tests;
