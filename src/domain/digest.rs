//! SHA-256 digests, by which equal contents are recognised.

use std::fmt;

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

/// The SHA-256 digest of a content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest([u8; SHA256_OUTPUT_LEN]);

impl ContentDigest {
    /// Reads a stored digest. Returns `None` if it has not 32 bytes.
    pub fn read(stored: &[u8]) -> Option<Self> {
        stored.try_into().ok().map(Self)
    }

    /// Returns the bytes as they are stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Computes the digest of a content that comes in pieces; 1 MB takes about a millisecond.
pub struct DigestBuilder(Context);

impl Default for DigestBuilder {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl DigestBuilder {
    /// Adds the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Returns the digest of all pieces.
    pub fn finish(self) -> ContentDigest {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(self.0.finish().as_ref());
        ContentDigest(bytes)
    }
}

/// Hexadecimal digits.
impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_known_content_is_the_published_one() {
        let mut builder = DigestBuilder::default();
        for piece in ["a", "bc"] {
            builder.add(piece.as_bytes());
        }
        let digest = builder.finish();
        let published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), published);
        assert_eq!(ContentDigest::read(digest.bytes()), Some(digest));
        assert_eq!(ContentDigest::read(b"short"), None);
    }
}
