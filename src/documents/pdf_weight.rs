//! Estimates what parsing a PDF would take, before it is parsed: in memory an object of two bytes, such as a
//! digit and a blank, needs more than a hundred.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// The most words (numbers, names, keywords, strings) outside of streams and in streams of objects. A parsed
/// word takes up to about 150 bytes of memory.
const MOST_WORDS: u64 = 3_000_000;
/// The most bytes that all streams of objects unpack to.
const MOST_UNPACKED: u64 = 64_000_000;
/// How far before a stream its dictionary may begin, in bytes.
const DICTIONARY: usize = 1_000;

/// Returns whether the structure of a PDF may be parsed. Streams of objects in encrypted files cannot be seen
/// here; the parser's own limit applies to each of them.
pub(super) fn is_bearable(bytes: &[u8]) -> bool {
    let (mut words, mut unpacked) = (Words::default(), 0);
    let mut rest = bytes;
    while let Some(start) = find(rest, b"stream") {
        let (before, after) = rest.split_at(start + b"stream".len());
        words.count(before);
        let end = find(after, b"endstream").unwrap_or(after.len());
        let (content, next) = after.split_at(end);
        let dictionary = &before[before.len().saturating_sub(DICTIONARY)..];
        // An escaped name could be the name of this type.
        if find(dictionary, b"ObjStm").is_some() || dictionary.contains(&b'#') {
            let content = content.strip_prefix(b"\r").unwrap_or(content);
            unpack(content.strip_prefix(b"\n").unwrap_or(content), &mut words, &mut unpacked);
        }
        if words.number > MOST_WORDS || unpacked > MOST_UNPACKED {
            return false;
        }
        rest = next.get(b"endstream".len()..).unwrap_or_default();
    }
    words.count(rest);
    words.number <= MOST_WORDS
}

/// Counts the words of an unpacked stream without keeping it.
fn unpack(content: &[u8], words: &mut Words, unpacked: &mut u64) {
    let mut decoder = ZlibDecoder::new(content);
    let mut buffer = [0; 16_384];
    while let Ok(read @ 1..) = decoder.read(&mut buffer) {
        words.count(&buffer[..read]);
        *unpacked += read as u64;
        if words.number > MOST_WORDS || *unpacked > MOST_UNPACKED {
            return;
        }
    }
    // It may be stored as it is.
    if *unpacked == 0 {
        words.count(content);
    }
}

/// The number of words so far.
#[derive(Default)]
struct Words {
    number: u64,
    inside: bool,
}

impl Words {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b' ' | b'\r' | b'\n' | b'\t' | b'\0' | b'\x0c' | b'>' | b']' | b')' => self.inside = false,
                // Each begins a word, whatever stands before it.
                b'/' | b'[' | b'(' | b'<' => {
                    self.number += 1;
                    self.inside = matches!(byte, b'/');
                }
                _ => {
                    self.number += u64::from(!self.inside);
                    self.inside = true;
                }
            }
        }
    }
}

/// Returns where the first occurrence begins.
fn find(bytes: &[u8], searched: &[u8]) -> Option<usize> {
    let first = *searched.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(searched) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
