//! The URLs of a bot, and that its token is not shown.

use super::*;

#[test]
fn everything_of_a_bot_is_below_its_token_which_is_not_shown() {
    let token = SecretString::from("12:Ab-_c");
    for (api, method, file) in [
        (
            "https://api.telegram.org",
            "https://api.telegram.org/bot12:Ab-_c/getMe",
            "https://api.telegram.org/file/bot12:Ab-_c/documents/a%20b%3F.pdf",
        ),
        (
            "http://127.0.0.1:8081/below",
            "http://127.0.0.1:8081/below/bot12:Ab-_c/getMe",
            "http://127.0.0.1:8081/below/file/bot12:Ab-_c/documents/a%20b%3F.pdf",
        ),
    ] {
        let addresses = Addresses::new(api, &token).unwrap();
        assert_eq!(addresses.method("getMe").as_str(), method);
        assert_eq!(addresses.file("documents/a b?.pdf").as_str(), file);
        assert!(!format!("{addresses:?}").contains("Ab"), "{addresses:?}");
    }
    assert!(Addresses::new("nowhere", &token).is_err());
}
