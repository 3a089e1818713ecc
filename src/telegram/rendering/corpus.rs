//! Corpus
pub(super) const SAMPLES: [(&str, &str, &str, &str); 2] =
    [("bold", "**bold**", "bold", "bold 0+4"), ("q", "a\n> b", "a\nb", "quote 2+1")];
