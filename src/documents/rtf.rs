//! RTF: the text without fonts, pictures and other destinations.

use encoding_rs::Encoding;

use super::collector::Collector;
use super::error::{DocumentError, Flow};
use super::paragraphs::Paragraphs;
use super::preview::Unit;

/// The deepest nesting of groups.
const DEPTH: usize = 1_000;

/// Destinations whose content is not part of the text.
const DESTINATIONS: [&str; 17] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "listtable",
    "listoverridetable",
    "themedata",
    "generator",
    "header",
    "footer",
    "headerf",
    "footerf",
    "fldinst",
    "xmlnstbl",
    "rsidtbl",
];

#[derive(Clone, Copy)]
struct Group {
    skipped: bool,
    /// The number of characters for old readers that follow a `\u`.
    fallback: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    group: Group,
    groups: Vec<Group>,
    encoding: &'static Encoding,
    pending: Vec<u8>,
    units: Vec<u16>,
    paragraphs: Paragraphs,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], out: &mut Collector) -> Flow {
    out.part(Unit::Text, "", false)?;
    let mut reader = Reader {
        bytes,
        at: 0,
        group: Group { skipped: false, fallback: 1 },
        groups: Vec::new(),
        encoding: encoding_rs::WINDOWS_1252,
        pending: Vec::new(),
        units: Vec::new(),
        paragraphs: Paragraphs::default(),
    };
    while let Some(&byte) = bytes.get(reader.at) {
        reader.at += 1;
        match byte {
            b'{' => {
                if reader.groups.len() >= DEPTH {
                    return Err(DocumentError::Broken.into());
                }
                reader.groups.push(reader.group);
            }
            b'}' => {
                reader.flush(out)?;
                let Some(group) = reader.groups.pop() else { break };
                reader.group = group;
            }
            b'\\' => reader.control(out)?,
            b'\r' | b'\n' => {}
            byte => reader.byte(byte, out)?,
        }
    }
    reader.flush(out)?;
    reader.paragraphs.end(out)
}

impl Reader<'_> {
    fn byte(&mut self, byte: u8, out: &mut Collector) -> Flow {
        if !self.group.skipped {
            self.flush_units(out)?;
            self.pending.push(byte);
            if self.pending.len() > 64 << 10 {
                self.flush(out)?;
            }
        }
        Ok(())
    }

    fn control(&mut self, out: &mut Collector) -> Flow {
        let rest = &self.bytes[self.at..];
        let letters = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters == 0 {
            let Some(&symbol) = rest.first() else { return Ok(()) };
            self.at += 1;
            return match symbol {
                b'\'' => {
                    let digits = rest.get(1..3).and_then(|digits| std::str::from_utf8(digits).ok());
                    self.at += 2;
                    match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                        Some(byte) => self.byte(byte, out),
                        None => Ok(()),
                    }
                }
                b'*' => {
                    self.group.skipped = true;
                    Ok(())
                }
                b'~' => self.text("\u{a0}", out),
                b'\\' | b'{' | b'}' => self.byte(symbol, out),
                b'\n' | b'\r' => self.end(out),
                _ => Ok(()),
            };
        }
        let word = String::from_utf8_lossy(&rest[..letters]).into_owned();
        let digits = &rest[letters..];
        let sign = usize::from(digits.first() == Some(&b'-'));
        let length = sign + digits[sign..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number =
            std::str::from_utf8(&digits[..length]).ok().and_then(|number| number.parse::<i32>().ok());
        let space = usize::from(digits.get(length) == Some(&b' '));
        self.at += letters + length + space;
        self.word(&word, number, out)
    }

    fn word(&mut self, word: &str, number: Option<i32>, out: &mut Collector) -> Flow {
        match word {
            "par" | "sect" | "page" | "line" | "row" | "nestrow" => self.end(out),
            "tab" => self.text("\t", out),
            "cell" | "nestcell" => self.text(" | ", out),
            "emdash" => self.text("—", out),
            "endash" => self.text("–", out),
            "bullet" => self.text("•", out),
            "lquote" | "rquote" => self.text("'", out),
            "ldblquote" | "rdblquote" => self.text("\"", out),
            "ansicpg" => {
                let label = format!("windows-{}", number.unwrap_or(1252));
                self.encoding = Encoding::for_label(label.as_bytes()).unwrap_or(self.encoding);
                Ok(())
            }
            "uc" => {
                self.group.fallback =
                    number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(16);
                Ok(())
            }
            "u" => self.unicode(number.unwrap_or(0), out),
            "bin" => {
                let count = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
                self.at = self.at.saturating_add(count).min(self.bytes.len());
                Ok(())
            }
            word => {
                self.group.skipped |= DESTINATIONS.contains(&word);
                Ok(())
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "negative numbers are units minus 65536"
    )]
    fn unicode(&mut self, number: i32, out: &mut Collector) -> Flow {
        if !self.group.skipped {
            self.flush_bytes(out)?;
            self.units.push(number as u16);
        }
        for _ in 0..self.group.fallback {
            match self.bytes.get(self.at) {
                Some(b'\\') if self.bytes.get(self.at + 1) == Some(&b'\'') => self.at += 4,
                Some(b'\\' | b'{' | b'}') | None => break,
                Some(_) => self.at += 1,
            }
        }
        self.at = self.at.min(self.bytes.len());
        Ok(())
    }

    fn end(&mut self, out: &mut Collector) -> Flow {
        self.flush(out)?;
        if self.group.skipped { Ok(()) } else { self.paragraphs.end(out) }
    }

    fn text(&mut self, text: &str, out: &mut Collector) -> Flow {
        self.flush(out)?;
        if self.group.skipped { Ok(()) } else { self.paragraphs.push(text, out) }
    }

    fn flush(&mut self, out: &mut Collector) -> Flow {
        self.flush_bytes(out)?;
        self.flush_units(out)
    }

    fn flush_bytes(&mut self, out: &mut Collector) -> Flow {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.paragraphs.push(&self.encoding.decode_without_bom_handling(&pending).0, out)
    }

    fn flush_units(&mut self, out: &mut Collector) -> Flow {
        if self.units.is_empty() {
            return Ok(());
        }
        let units = std::mem::take(&mut self.units);
        self.paragraphs.push(&String::from_utf16_lossy(&units), out)
    }
}
