//! Small files for tests: pictures of a chosen size, PDFs with a chosen number of pages, spreadsheets and
//! sounds of a chosen duration, readable by any program. Equal arguments give equal bytes.

mod crc;
mod sheets;
mod sounds;

use std::fmt::Write as _;

pub use sheets::xlsx;
pub use sounds::{mp3, mp4, ogg, silent_mp4, wav};

/// Returns a grey JPEG of this size in pixels.
pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    file.extend(b"\xff\xdb\x00\x43\x00");
    file.extend([1; 64]);
    file.extend(b"\xff\xc0\x00\x0b\x08");
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.extend(b"\x01\x01\x11\x00");
    // Both Huffman tables know one symbol, the bit 0: "as bright as the block before" and "nothing more".
    for table in [0x00, 0x10] {
        file.extend([0xff, 0xc4, 0x00, 0x14, table, 1]);
        file.extend([0; 16]);
    }
    file.extend(b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00");
    let bits = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8)) * 2;
    file.extend(vec![0; bits / 8]);
    if bits % 8 > 0 {
        file.push(0xff >> (bits % 8));
    }
    file.extend(b"\xff\xd9");
    file
}

/// Returns a black PNG of this size in pixels.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([1, 0, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    let row = 1 + width.div_ceil(8) as usize;
    chunk(&mut file, *b"IDAT", &stored(&vec![0; row * height as usize]));
    chunk(&mut file, *b"IEND", &[]);
    file
}

/// Returns a black GIF of this size in pixels.
pub fn gif(width: u16, height: u16) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    file.extend(b"\x80\x00\x00\x00\x00\x00\xff\xff\xff");
    file.extend(b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;");
    file
}

/// Returns a PDF whose pages show their number.
pub fn pdf(pages: usize) -> Vec<u8> {
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects = vec![
        "<</Type /Catalog /Pages 2 0 R>>".to_owned(),
        format!("<</Type /Pages /Kids [{}] /Count {pages}>>", kids.join(" ")),
        "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>".to_owned(),
    ];
    for page in 0..pages {
        let content = format!("BT /F1 24 Tf 72 720 Td (Page {}) Tj ET", page + 1);
        objects.push(format!(
            "<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources <</Font <</F1 3 0 R>>>>>>",
            5 + page * 2
        ));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (at, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = writeln!(file, "{} 0 obj\n{object}\nendobj", at + 1);
    }
    let (count, start) = (objects.len() + 1, file.len());
    let _ = writeln!(
        file,
        "xref\n0 {count}\n{table}trailer\n<</Size {count} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF"
    );
    file.into_bytes()
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let body = [&kind, data].concat();
    file.extend(&body);
    file.extend(crc::png(&body).to_be_bytes());
}

/// Wraps bytes in a zlib stream without compression.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend(((high << 16) | low).to_be_bytes());
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_standard_ones() {
        assert_eq!(stored(b"Wikipedia")[16..], [0x11, 0xe6, 0x03, 0x98]);
    }
}
