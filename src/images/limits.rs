//! Limits of those who take pictures, and of decoding.

/// What a picture has to be for whoever takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// The most bytes.
    pub bytes: usize,
    /// The longest side of a picture that stays as it is, in pixels.
    pub accepted_side: u32,
    /// The longest side of a converted picture, in pixels.
    pub side: u32,
    /// Whether GIF is taken.
    pub takes_gif: bool,
}

/// What the provider of the chat models takes. It scales down what is larger than a converted picture.
pub(super) const CHAT: Target =
    Target { bytes: 10_000_000, accepted_side: 8_000, side: 2_576, takes_gif: true };
/// The most pixels that are decoded. Phones take photos of 50 megapixels.
pub(super) const MAX_PIXELS: u64 = 50_000_000;
/// The most bytes that a decoder may allocate for its pixels.
pub(super) const MAX_DECODED_BYTES: u64 = 250_000_000;
