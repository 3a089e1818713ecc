//! Buckets: the parts into which all chats are divided, so that several instances work at once. Each bucket has
//! one holder at a time.

use crate::domain::ids::ChatId;

/// The number of buckets. A power of two, so that SQL finds the bucket of a chat by `chat_id & 1023`.
pub const BUCKETS: usize = 1_024;

/// A bucket of chats.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Bucket(u16);

impl Bucket {
    /// Returns the bucket of a chat. SQL has the same expression.
    pub fn of(chat: ChatId) -> Self {
        let low = chat.0.rem_euclid(1_024);
        Self(u16::try_from(low).unwrap_or_default())
    }

    /// Returns the bucket with a number, as instances tell it each other. `None` if there is none.
    pub fn numbered(number: u16) -> Option<Self> {
        Some(number).filter(|number| usize::from(*number) < BUCKETS).map(Self)
    }

    /// Returns the bucket of a number, as columns have it.
    pub fn from_column(number: i64) -> Option<Self> {
        u16::try_from(number).ok().and_then(Self::numbered)
    }

    /// Returns all buckets, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..BUCKETS).filter_map(|number| u16::try_from(number).ok()).map(Self)
    }

    /// Returns its number, as instances tell it each other.
    pub fn short_number(self) -> u16 {
        self.0
    }

    /// Returns its number, as columns have it.
    pub fn number(self) -> i64 {
        self.0.into()
    }

    /// Returns the numbers of buckets, as columns have them.
    pub fn numbers(buckets: &[Self]) -> Vec<i64> {
        buckets.iter().map(|bucket| bucket.number()).collect()
    }

    /// Returns its place in a list of all buckets.
    pub fn index(self) -> usize {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chat_has_the_bucket_of_its_lowest_ten_bits() {
        for chat in [0, 1, 1_023, 1_024, 5_000_000_000, -1, -1_024, -1_001_234_567_890, i64::MIN, i64::MAX] {
            let bucket = Bucket::of(ChatId(chat));
            assert_eq!(bucket.number(), chat & 1_023, "of {chat}");
            assert_eq!(Bucket::from_column(chat & 1_023), Some(bucket));
        }
        assert_eq!((Bucket::from_column(-1), Bucket::from_column(1_024)), (None, None));
        assert!(Bucket::all().map(Bucket::number).eq(0..1_024));
    }
}
