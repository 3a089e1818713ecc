//! Estimates of the number of tokens in a text, without asking the provider.

/// The fewest bytes of a prompt's text that are assumed per token, in any script; a conservative estimate.
pub(crate) const BYTES_PER_TOKEN: u64 = 2;

/// Bytes of text per token where the provider does not report the number of tokens. Its rule of thumb is 3.5
/// characters of English, and the tokenizer of the current models makes 30 % more tokens than the one for
/// which that rule was published: 2.7, rounded in favour of the user. In scripts with more bytes per
/// character, a token has fewer characters.
pub(crate) const BYTES_PER_ESTIMATED_TOKEN: u64 = 3;

/// Bytes per token of what the provider's own tools return, where it does not report the number of tokens.
/// Most of it is encrypted and in Base64, four characters for three bytes of a web page; rounded in favour of
/// the user.
pub(crate) const BYTES_PER_RESULT_TOKEN: u64 = 6;
