//! Tables of contents of archives. Members are listed and never unpacked to disk.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::collector::Collector;
use super::container::Container;
use super::error::{DocumentError, Flow};
use super::preview::Unit;

/// The most bytes unpacked to list a compressed TAR.
const UNPACKED: u64 = 512 << 20;
/// The most members listed.
const MEMBERS: usize = 20_000;
/// The block size of TAR in bytes.
const BLOCK: usize = 512;
/// The most bytes of an extended header that are read.
const NAME: u64 = 64 << 10;

/// Lists a ZIP file.
pub(super) fn read_zip(container: &mut Container<'_>, out: &mut Collector) -> Flow {
    out.part(Unit::Listing, "", false)?;
    for index in 0..container.len() {
        let member = container.entry(index)?;
        let lock = if member.encrypted { "encrypted" } else { "" };
        out.row(&[(0, member.name), (1, format!("{} bytes", member.size)), (2, lock.to_owned())])?;
    }
    Ok(())
}

/// Lists a TAR file.
pub(super) fn read_tar(bytes: &[u8], out: &mut Collector) -> Flow {
    out.part(Unit::Listing, "", false)?;
    list(Cursor::new(bytes), out)
}

/// Lists a compressed TAR, or the one member of another GZIP file.
pub(super) fn read_gzip(bytes: &[u8], out: &mut Collector) -> Flow {
    out.part(Unit::Listing, "", false)?;
    let mut head = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes);
    decoder.by_ref().take(BLOCK as u64).read_to_end(&mut head).map_err(|_| DocumentError::Broken)?;
    if is_tar(&head) {
        let whole = Cursor::new(head).chain(decoder).take(UNPACKED);
        return list(BufReader::with_capacity(1 << 16, whole), out);
    }
    let rest =
        io::copy(&mut decoder.by_ref().take(UNPACKED), &mut io::sink()).map_err(|_| DocumentError::Broken)?;
    let more = if rest == UNPACKED { "at least " } else { "" };
    let name = MultiGzDecoder::new(bytes).header().and_then(|header| header.filename().map(<[u8]>::to_vec));
    let name =
        name.map_or_else(|| "without a name".to_owned(), |name| String::from_utf8_lossy(&name).into_owned());
    out.row(&[(0, name), (1, format!("{more}{} bytes", rest + head.len() as u64))])
}

/// Returns whether a file begins like a TAR.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

fn list(mut tar: impl Read, out: &mut Collector) -> Flow {
    let mut long = None;
    let mut block = [0; BLOCK];
    for count in 0.. {
        match tar.read_exact(&mut block) {
            Ok(()) => {}
            // Some programs omit the empty blocks at the end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && count > 0 => return Ok(()),
            Err(_) => return Err(DocumentError::Broken.into()),
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        if count > MEMBERS {
            return Err(DocumentError::TooLarge.into());
        }
        let size = number(&block[124..136]).ok_or(DocumentError::Broken)?;
        let padded = size.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64);
        if matches!(block[156], b'L' | b'x') {
            let mut name = Vec::new();
            tar.by_ref().take(padded.min(NAME)).read_to_end(&mut name).map_err(|_| DocumentError::Broken)?;
            skip(&mut tar, padded.saturating_sub(NAME))?;
            name.truncate(usize::try_from(size).unwrap_or(0));
            long = if block[156] == b'L' { Some(text(&name)) } else { extended(&name).or(long) };
            continue;
        }
        skip(&mut tar, padded)?;
        if block[156] == b'g' {
            continue;
        }
        let folder = text(&block[345..500]);
        let short = text(&block[..100]);
        let short = if folder.is_empty() || !is_tar(&block) { short } else { format!("{folder}/{short}") };
        out.row(&[(0, long.take().unwrap_or(short)), (1, format!("{size} bytes"))])?;
    }
    Ok(())
}

fn skip(tar: &mut impl Read, bytes: u64) -> Flow {
    io::copy(&mut tar.take(bytes), &mut io::sink()).map_err(|_| DocumentError::Broken)?;
    Ok(())
}

/// Returns the text before the first zero byte.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// Parses a size: octal digits, or binary if it is over 8 GiB.
fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let low: [u8; 8] = field.get(4..12)?.try_into().ok()?;
        return Some(u64::from_be_bytes(low));
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

/// Returns the path in an extended header, which has records "length key=value\n".
fn extended(bytes: &[u8]) -> Option<String> {
    let records = String::from_utf8_lossy(bytes).into_owned();
    let mut paths =
        records.lines().filter_map(|line| line.split_once(" path=").map(|(_, path)| path.to_owned()));
    paths.next()
}
