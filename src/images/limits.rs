//! Limits of the provider and of decoding.

/// The largest picture that the provider accepts, in bytes.
pub(super) const MAX_BYTES: usize = 10_000_000;
/// The longest side that the provider accepts, in pixels.
pub(super) const MAX_SIDE: u32 = 8_000;
/// The longest side of a converted picture in pixels; the provider scales down larger ones.
pub(super) const USEFUL_SIDE: u32 = 2_576;
/// The most pixels that are decoded. Phones take photos of 50 megapixels.
pub(super) const MAX_PIXELS: u64 = 50_000_000;
/// The most bytes that a decoder may allocate for its pixels.
pub(super) const MAX_DECODED_BYTES: u64 = 250_000_000;
