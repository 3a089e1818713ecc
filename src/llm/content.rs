//! Checks a file's content before a copy is sent, whatever its type and name say: the provider rejects a
//! whole request for one file that it cannot read. No side effects.

use std::borrow::Cow;

use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, IBM866, ISO_8859_5, KOI8_U, WINDOWS_1251, WINDOWS_1252};

use super::files::{Readable, Unreadable};

/// The number of bytes at the beginning of a file within which a PDF must have its signature.
const PDF_HEAD: usize = 1_024;
/// The number of valid characters beyond ASCII per invalid sequence from which a text still counts as UTF-8.
const WHOLE_PER_BROKEN: usize = 10;
/// With fewer bytes beyond ASCII than this, a guess of `chardetng` counts only if it is a Cyrillic or a
/// multi-byte encoding; else the shape of the words decides. Of 75 short Russian words in windows-1251 the
/// crate alone misreads 31 ("нет" as Greek, "год" as Hebrew, "мама" as Western), the shape 5, both together
/// 5; of 63 Western words 5, 1 and 1 ("naïve" as Baltic). The shape alone reads no word in KOI8-R, both
/// together read 58 of the 75.
const FEW: usize = 16;
/// The Cyrillic encodings that `chardetng` knows.
const CYRILLIC: [&Encoding; 4] = [WINDOWS_1251, KOI8_U, IBM866, ISO_8859_5];
/// The number of bytes from which an encoding is guessed, so that a large file costs no more than a small
/// one.
const SAMPLE: usize = 65_536;
/// The number of bytes before the first one beyond ASCII that belong to the sample, as its context.
const LEAD: usize = 16;

/// Returns a file's content in the form in which it is sent, and its MIME type. Text becomes UTF-8.
///
/// # Errors
/// Returns [`Unreadable::Kind`] if the content is not of this kind, and [`Unreadable::Empty`] for a blank
/// text.
pub(super) fn checked(readable: Readable, bytes: Bytes) -> Result<(Bytes, &'static str), Unreadable> {
    match readable {
        Readable::Image => match image_type(&bytes) {
            Some(mime) => Ok((bytes, mime)),
            None => Err(Unreadable::Kind),
        },
        Readable::Pdf if is_pdf(&bytes) => Ok((bytes, "application/pdf")),
        Readable::Pdf => Err(Unreadable::Kind),
        Readable::Text => Ok((text(bytes)?, "text/plain")),
    }
}

/// Returns an image's MIME type by its first bytes, or `None` if no model reads the format.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn is_pdf(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(PDF_HEAD)];
    head.windows(5).any(|window| window == b"%PDF-")
}

/// Converts a text to UTF-8 without a byte order mark.
fn text(bytes: Bytes) -> Result<Bytes, Unreadable> {
    let text = match Encoding::for_bom(&bytes) {
        Some((encoding, mark)) => {
            let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
            (!broken && !text.contains('\0')).then(|| Bytes::from(text.into_owned()))
        }
        None if std::str::from_utf8(&bytes).is_ok() => Some(bytes),
        None => {
            let text = broken_utf8(&bytes).map(Cow::Owned).or_else(|| legacy(&bytes));
            text.map(|text| Bytes::from(text.into_owned()))
        }
    };
    let text = text.ok_or(Unreadable::Kind)?;
    if text.trim_ascii().is_empty() { Err(Unreadable::Empty) } else { Ok(text) }
}

/// Decodes a text that is UTF-8 except in a few places, such as the end of a log that was cut.
fn broken_utf8(bytes: &[u8]) -> Option<String> {
    let (mut whole, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    let is_text = whole >= broken * WHOLE_PER_BROKEN && !bytes.contains(&0);
    is_text.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Decodes a text in an encoding from before Unicode. Returns `None` if it has bytes that no text has.
fn legacy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0B | 0x0E..=0x19 | 0x1C..=0x1F | 0x7F)) {
        return None;
    }
    let (text, _) = encoding(bytes).decode_without_bom_handling(bytes);
    (!text.contains(|c| matches!(c, '\u{80}'..='\u{9F}'))).then_some(text)
}

/// Guesses the encoding of a text that is not UTF-8.
fn encoding(bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
    let sample = &bytes[first.saturating_sub(LEAD)..];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample[..sample.len().min(SAMPLE)], sample.len() <= SAMPLE);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let is_clear = CYRILLIC.contains(&guess) || !guess.is_single_byte();
    if is_clear || bytes[first..].iter().filter(|byte| !byte.is_ascii()).take(FEW).count() == FEW {
        return guess;
    }
    if is_cyrillic(bytes) { WINDOWS_1251 } else { WINDOWS_1252 }
}

/// Returns whether pairs of adjacent letters beyond ASCII are more than half as many as such letters, as in Cyrillic
/// words of three letters or more and unlike in Western ones.
fn is_cyrillic(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| *byte >= 0xC0;
    let letters = bytes.iter().filter(|byte| is_letter(byte)).count();
    let pairs = bytes.windows(2).filter(|pair| pair.iter().all(is_letter)).count();
    pairs * 2 > letters
}

#[cfg(test)]
mod tests;
