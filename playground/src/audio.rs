//! Recognises sound files by their first bytes and reads their duration from the headers. Nothing is decoded.

/// A sound, as its headers describe it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sound {
    /// The container: `ogg`, `wav`, `mp3`, `mp4`, `flac` or `webm`.
    pub format: &'static str,
    /// Duration in seconds; `None` when the headers do not tell it.
    pub seconds: Option<f64>,
}

/// Sample rate in which Opus counts positions.
const OPUS_RATE: u32 = 48_000;

/// Recognises OGG (Opus, Vorbis), WAV, MP3, MP4, FLAC and WebM. Returns `None` if the bytes are none of these
/// or have no sound in them.
pub(crate) fn sound(bytes: &[u8]) -> Option<Sound> {
    let (format, seconds) = if bytes.starts_with(b"OggS") {
        ("ogg", Some(ogg(bytes)?))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        ("wav", Some(wav(bytes)?))
    } else if bytes.get(4..8) == Some(b"ftyp") {
        ("mp4", Some(mp4(bytes)?))
    } else if bytes.starts_with(b"fLaC") {
        ("flac", Some(flac(bytes)?))
    } else if bytes.starts_with(b"\x1a\x45\xdf\xa3") {
        ("webm", None)
    } else {
        ("mp3", Some(mp3(bytes)?))
    };
    Some(Sound { format, seconds })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(array(bytes, at)?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(array(bytes, at)?))
}

/// Returns a number of units as a `f64`. Sounds have fewer units than a `f64` can count.
fn real(units: u64) -> f64 {
    let [high, low] = [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(u32::MAX));
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// Reads pages up to the end or to the first damaged one; the position of the last page is the duration.
fn ogg(bytes: &[u8]) -> Option<f64> {
    let (mut at, mut start, mut last) = (0, None, 0);
    while bytes.get(at..at + 4) == Some(b"OggS") {
        let position = u64::from_le_bytes(array(bytes, at + 6)?);
        let segments = usize::from(*bytes.get(at + 26)?);
        let Some(lengths) = bytes.get(at + 27..at + 27 + segments) else { break };
        let body = at + 27 + segments;
        let length: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        if start.is_none() {
            start = Some(ogg_start(bytes.get(body..)?)?);
        }
        if bytes.len() < body + length {
            break;
        }
        // A page on which no packet ends has the position -1.
        if position != u64::MAX {
            last = position;
        }
        at = body + length;
    }
    let (rate, skipped) = start?;
    Some(real(last.saturating_sub(skipped)) / f64::from(rate))
}

/// Returns sample rate and samples to skip from the identification header.
fn ogg_start(header: &[u8]) -> Option<(u32, u64)> {
    if header.starts_with(b"OpusHead") {
        return Some((OPUS_RATE, u16::from_le_bytes(array(header, 10)?).into()));
    }
    let vorbis = header.starts_with(b"\x01vorbis").then(|| le32(header, 12))?;
    vorbis.filter(|rate| *rate > 0).map(|rate| (rate, 0))
}

fn wav(bytes: &[u8]) -> Option<f64> {
    let (mut at, mut rate) = (12, None);
    loop {
        let length = usize::try_from(le32(bytes, at + 4)?).ok()?;
        match bytes.get(at..at + 4)? {
            b"fmt " => rate = le32(bytes, at + 16).filter(|rate| *rate > 0),
            b"data" => {
                let whole = length.min(bytes.len().saturating_sub(at + 8));
                return Some(real(whole.try_into().ok()?) / f64::from(rate?));
            }
            _ => {}
        }
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
    }
}

/// Reads the header of the movie. A movie without a sound track is no sound.
fn mp4(bytes: &[u8]) -> Option<f64> {
    let movie = find_box(bytes, *b"moov")?;
    if !movie.windows(4).any(|window| window == b"soun") {
        return None;
    }
    let header = find_box(movie, *b"mvhd")?;
    let (scale, units) = match header.first()? {
        1 => (be32(header, 20)?, u64::from_be_bytes(array(header, 24)?)),
        _ => (be32(header, 12)?, be32(header, 16)?.into()),
    };
    (scale > 0).then(|| real(units) / f64::from(scale))
}

fn find_box(bytes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let length = usize::try_from(be32(bytes, at)?).ok()?.max(8);
        let body = bytes.get(at + 8..bytes.len().min(at.checked_add(length)?))?;
        if bytes.get(at + 4..at + 8) == Some(&kind) {
            return Some(body);
        }
        at += length;
    }
}

fn flac(bytes: &[u8]) -> Option<f64> {
    let rate = be32(bytes, 18)? >> 12;
    let samples = u64::from_be_bytes(array(bytes, 18)?) & 0x000f_ffff_ffff;
    (rate > 0).then(|| real(samples) / f64::from(rate))
}

/// Counts frames of layer III, after the tag if there is one.
fn mp3(bytes: &[u8]) -> Option<f64> {
    let mut at = 0;
    if bytes.starts_with(b"ID3") {
        let size: [u8; 4] = array(bytes, 6)?;
        at = 10 + size.iter().fold(0, |size, byte| (size << 7) | usize::from(byte & 0x7f));
    }
    let (mut seconds, mut frames) = (0.0, 0_u32);
    while let Some((length, samples, rate)) = mp3_frame(bytes, at) {
        seconds += f64::from(samples) / f64::from(rate);
        frames += 1;
        at += length;
    }
    (frames > 0).then_some(seconds)
}

/// Returns length in bytes, samples and sample rate of a frame.
fn mp3_frame(bytes: &[u8], at: usize) -> Option<(usize, u32, u32)> {
    const RATES: [u32; 3] = [44_100, 48_000, 32_000];
    const KILOBITS_V1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const KILOBITS_V2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [sync, kind, rates, _] = array(bytes, at)?;
    if sync != 0xff || kind & 0xe6 != 0xe2 {
        return None;
    }
    let rate = *RATES.get(usize::from(rates >> 2 & 3))?;
    let (table, samples, rate) = match kind >> 3 & 3 {
        3 => (KILOBITS_V1, 1152, rate),
        2 => (KILOBITS_V2, 576, rate / 2),
        0 => (KILOBITS_V2, 576, rate / 4),
        _ => return None,
    };
    let kilobits = *table.get(usize::from(rates >> 4)).filter(|kilobits| **kilobits > 0)?;
    let padding = usize::from(rates >> 1 & 1);
    let length = (samples as usize / 8) * kilobits * 1000 / usize::try_from(rate).ok()? + padding;
    Some((length, samples, rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn sounds_tell_their_duration() {
        for (bytes, format, seconds) in [
            (samples::ogg(0), "ogg", 0.0),
            (samples::ogg(3), "ogg", 3.0),
            (samples::ogg(1200), "ogg", 1200.0),
            (samples::wav(3), "wav", 3.0),
            (samples::mp3(3), "mp3", 3.0),
            (samples::mp4(7), "mp4", 7.0),
        ] {
            let found = sound(&bytes).unwrap();
            assert_eq!(found.format, format);
            let seen = found.seconds.unwrap();
            // Frames of an MP3 last 36 ms.
            assert!((seen - seconds).abs() < 0.037, "{format}: {seen} instead of {seconds}");
            for end in 0..bytes.len().min(2000) {
                let cut = sound(&bytes[..end]).and_then(|cut| cut.seconds).unwrap_or_default();
                assert!(cut <= seconds + 0.037, "{format} cut at {end}: {cut}");
            }
        }
    }

    #[test]
    fn other_bytes_are_no_sound() {
        for bytes in [
            b"".as_slice(),
            b"hello, this is a text",
            b"OggS but not really an ogg file, which has pages",
            b"RIFF\0\0\0\0WAVEdata",
            b"\xff\xfb",
            &samples::jpeg(9, 9),
            &samples::silent_mp4(3),
        ] {
            assert_eq!(sound(bytes), None, "{bytes:?}");
        }
    }
}
