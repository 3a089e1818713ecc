//! SHA-256 digests, by which equal contents are recognised.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 digest of a content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// Computes the digest; takes about 2 ms for 1 MB, so larger contents belong on a thread for blocking work.
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }

    /// Reads a stored digest. Returns `None` if it has not 32 bytes.
    pub fn read(stored: &[u8]) -> Option<Self> {
        stored.try_into().ok().map(Self)
    }

    /// Returns the bytes as they are stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
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
        let digest = ContentDigest::of(b"abc");
        let published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), published);
        assert_eq!(ContentDigest::read(digest.bytes()), Some(digest));
        assert_eq!(ContentDigest::read(b"short"), None);
    }
}
