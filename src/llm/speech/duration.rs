//! How long a recording plays: read from its headers, or estimated from its size.

use std::io::Cursor;

use bytes::Bytes;
use lofty::config::ParseOptions;
use lofty::file::AudioFile;
use lofty::probe::Probe;
use rust_decimal::Decimal;

use crate::llm::files;

/// Bytes of speech per second: what messengers record, 32 kbit/s. Music takes up to ten times as much, so an
/// estimate is rather too long than too short.
const AUDIO_BYTES_PER_SECOND: u64 = 4_000;
/// Bytes of video per second: small and strongly compressed, 400 kbit/s.
const VIDEO_BYTES_PER_SECOND: u64 = 50_000;

/// Returns the duration in seconds that the headers of a recording tell; `None` if they tell none, or if the
/// container is WebM. Reads on a thread for blocking work.
pub(crate) async fn read(recording: Bytes) -> Option<Decimal> {
    let read = tokio::task::spawn_blocking(move || duration(&recording)).await;
    read.unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "reading the headers of a recording failed"
        );
        None
    })
}

fn duration(recording: &[u8]) -> Option<Decimal> {
    let mut options = ParseOptions::new();
    options.read_tags(false).read_cover_art(false);
    let probe = Probe::new(Cursor::new(recording)).options(options).guess_file_type().ok()?;
    let milliseconds = probe.read().ok()?.properties().duration().as_millis();
    let seconds = Decimal::new(i64::try_from(milliseconds).ok()?, 3);
    (seconds > Decimal::ZERO).then(|| seconds.normalize())
}

/// Returns a duration in full seconds, at least one, for a file of which only the size in bytes is known.
pub(crate) fn estimate(size: u64, mime: &str) -> u32 {
    let is_video = files::essence(mime).starts_with("video/");
    let each = if is_video { VIDEO_BYTES_PER_SECOND } else { AUDIO_BYTES_PER_SECOND };
    u32::try_from(size.div_ceil(each)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
