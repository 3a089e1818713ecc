//! Fonts and their glyphs.

use super::*;

#[test]
fn every_font_is_there() {
    assert!((FACES.len(), TEXT.is_some()) == (KATEX.len(), true));
}

#[test]
fn cyrillic_and_accented_letters_have_a_glyph_in_every_font() {
    let letters = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюяҐґЄєІіЇїЎўӘәҒғҚқҢңӨөҰұҮүҺһ\
                   éüñçøßšłąęőğ«»„“№—…§°€‰";
    for font in KATEX {
        for letter in letters.chars() {
            let glyph = Glyph::find(font, letter.into()).unwrap_or_else(|| panic!("{letter} in {font}"));
            assert!(glyph.metrics().width > 0.1, "{letter} in {font}");
        }
    }
    for foreign in ['漢', '😀', '\u{10ffff}'] {
        assert!(Glyph::find(REGULAR, foreign.into()).is_none(), "{foreign}");
    }
}
