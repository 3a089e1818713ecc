//! Spellings of file ids.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn an_id_survives_its_text_and_its_column(value: u128) {
        let id = PublicFileId(value);
        let text = id.to_string();
        prop_assert_eq!(text.len(), PREFIX.len() + LENGTH);
        prop_assert_eq!(PublicFileId::parse(&text), Some(id));
        prop_assert_eq!(PublicFileId::from_column(&id.column()), Some(id));
    }

    #[test]
    fn no_text_from_the_model_panics(text: String) {
        let _ = PublicFileId::parse(&text);
    }
}

#[test]
fn only_our_own_spelling_is_an_id() {
    let largest = PublicFileId(u128::MAX).to_string();
    assert_eq!(PublicFileId::parse(&format!(" {largest}\n")), Some(PublicFileId(u128::MAX)));
    let beyond = format!("{PREFIX}{}", "z".repeat(LENGTH));
    for text in ["", "file_", "1", "file_1", "file_-000000000000000000000", &largest[1..], &beyond] {
        assert_eq!(PublicFileId::parse(text), None, "{text}");
    }
    assert_eq!(PublicFileId::from_column("no uuid"), None);
}
