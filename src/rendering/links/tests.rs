//! Addresses that may be links.

use super::*;

#[test]
fn absolute_web_addresses_are_links_and_nothing_else() {
    for address in [
        "https://a.b",
        "HTTP://a.b/c(d)?e=f#g",
        "https://пример.рф/путь",
        "https://u:p@a.b:80/",
        "tg://resolve?domain=x",
    ] {
        assert_eq!(target(address).as_deref(), Some(address));
    }
    for address in [
        "",
        "a.b",
        "/rel",
        "#top",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@b.c",
        "file:///etc",
        "http://localhost",
        "https://a..b",
        "https://a.b:99999/",
        "https://",
        "https://a b.c/",
        "tg://user?id=1",
    ] {
        assert_eq!(target(address), None, "{address}");
    }
}
