//! How many tokens a text makes, as far as that can be told without asking the provider.

/// Bytes of a prompt's text that make at most one token, in any script; a guess on the safe side.
pub(crate) const BYTES_PER_TOKEN: u64 = 2;

/// Bytes of text that are taken for one token where the provider does not report how many there were. Its
/// rule of thumb is 3.5 characters of English, and the tokenizer of the current models makes 30 % more tokens
/// of a text than the one for which that was said: 2.7, rounded in favour of the user. In scripts with more
/// bytes a character, fewer characters are a token.
pub(crate) const BYTES_PER_ESTIMATED_TOKEN: u64 = 3;
