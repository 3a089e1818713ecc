//! The result of reading a file's structure before its pixels are decoded.

use image::metadata::Orientation;

/// What is known of a picture before its pixels are decoded.
#[derive(Debug)]
pub(super) struct Inspected {
    /// Width and height in pixels of the largest buffer that a decoder would allocate; zeros if only the
    /// decoder knows the size.
    pub size: (u32, u32),
    /// Bytes per pixel that the decoder allocates besides the decoded pixels.
    pub extra_bytes: u64,
    /// The rotation to apply. The TIFF decoder applies it by itself.
    pub orientation: Orientation,
    /// The number of frames, at least 1.
    pub frames: u32,
    /// Whether the provider accepts pixels of this kind and the file is complete.
    pub is_plain: bool,
    /// The file without metadata; unchanged if only the decoder reads the structure.
    pub clean: Vec<u8>,
}

impl Inspected {
    /// Returns a picture whose structure only the decoder reads. Its metadata is dropped with its format.
    pub(super) fn of_pixels_only(bytes: Vec<u8>) -> Self {
        Self {
            size: (0, 0),
            extra_bytes: 0,
            orientation: Orientation::NoTransforms,
            frames: 1,
            is_plain: false,
            clean: bytes,
        }
    }
}

/// Returns the orientation in EXIF data, with or without the prefix that JPEG has before it.
pub(super) fn orientation_of(exif: &[u8]) -> Option<Orientation> {
    Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
}

/// Reads a big-endian number of two bytes.
pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

/// Reads a little-endian number of two bytes.
pub(super) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

/// Reads a big-endian number of four bytes.
pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

/// Reads a little-endian number of four bytes.
pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}
