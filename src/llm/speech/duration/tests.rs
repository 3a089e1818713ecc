//! Durations from headers and from sizes.

use playground::samples;

use super::*;

#[test]
fn headers_tell_how_long_a_recording_plays() {
    for (name, bytes, seconds) in [
        ("ogg", samples::ogg(12), 12),
        ("wav", samples::wav(3), 3),
        ("mp3", samples::mp3(30), 30),
        ("mp4", samples::mp4(7), 7),
    ] {
        let read = duration(&bytes).unwrap_or_default();
        // Frames of an MP3 last 36 ms.
        assert!((read - Decimal::from(seconds)).abs() < Decimal::new(50, 3), "{name}: {read}");
    }
    for bytes in [&b""[..], b"OggS", b"\x1a\x45\xdf\xa3 a film", b"RIFF\0\0\0\0WAVE", b"hello"] {
        assert_eq!(duration(bytes), None, "{bytes:?}");
    }
}

#[test]
fn an_estimate_is_never_nothing() {
    for (size, mime, seconds) in [
        (0, "", 1),
        (4_001, "audio/mpeg", 2),
        (20 << 20, "audio/mpeg", 5_243),
        (20 << 20, "video/mp4; codecs=avc1", 420),
        (u64::MAX, "audio/ogg", u32::MAX),
    ] {
        assert_eq!(estimate(size, mime), seconds, "{size} {mime}");
    }
}
