//! Numbers of sources, marks in the text, and the list below an answer.

use super::*;

fn page(url: &str, title: &str) -> Source {
    Source { url: url.to_owned(), title: title.to_owned() }
}

fn found(name: &str) -> Citation {
    Citation::Page(page(&format!("https://{name}.example/"), name))
}

fn document(index: Option<usize>, title: &str) -> Citation {
    Citation::Document { index, title: title.to_owned() }
}

#[test]
fn sources_are_numbered_by_first_use_without_repetition() {
    let mut citations = Citations::default();
    for (cited, marks, new) in [
        (vec![found("b")], "[1]", vec!["b"]),
        (vec![found("a"), found("b"), found("a")], "[1][2]", vec!["a"]),
        (vec![], "", vec![]),
        (vec![Citation::Page(page("", " "))], "", vec![]),
        (vec![Citation::Page(page("https://b.example/", "another title"))], "[1]", vec![]),
        (vec![document(Some(7), "offline")], "[3]", vec!["offline"]),
        (vec![document(None, "offline")], "[3]", vec![]),
        (vec![document(None, "")], "", vec![]),
    ] {
        let (found, sources) = citations.mark(&cited);
        let titles: Vec<&str> = sources.iter().map(|source| source.title.as_str()).collect();
        assert_eq!((found.as_str(), titles), (marks, new), "{cited:?}");
    }
    assert_eq!(citations.into_sources().len(), 3);
}

#[test]
fn a_fetched_page_is_known_by_its_title_its_number_or_because_it_is_the_only_one() {
    let pages = [page("https://a.example/", "A"), page("https://b.example/", "B")];
    for (fetched, cited, url) in [
        (&pages[..], document(Some(0), "B"), "https://b.example/"),
        (&pages[..], document(Some(1), "renamed"), "https://b.example/"),
        (&pages[..], document(Some(9), "renamed"), ""),
        (&pages[..1], document(Some(9), ""), "https://a.example/"),
        (&pages[..0], document(Some(0), "C"), ""),
    ] {
        let mut citations = Citations::default();
        for page in fetched {
            citations.fetched(page.clone());
        }
        assert_eq!(citations.mark(std::slice::from_ref(&cited)).1[0].url, url, "{cited:?}");
    }
}

#[test]
fn beyond_the_limit_there_are_no_marks() {
    let mut citations = Citations::default();
    for number in 1..=MOST_SOURCES {
        assert_eq!(citations.mark(&[found(&format!("s{number}"))]).0, format!("[{number}]"));
    }
    assert_eq!(citations.mark(&[found("one-more")]), (String::new(), Vec::new()));
    assert_eq!(citations.mark(&[found("one-more"), found("s2")]).0, "[2]");
}

#[test]
fn a_mark_does_not_become_a_link_with_the_text_behind_it() {
    for (next, shown) in
        [("(see)", " (see)"), ("[x]", " [x]"), (": it", " : it"), (" (see)", " (see)"), ("", "")]
    {
        let mut citations = Citations::default();
        citations.mark(&[found("a")]);
        assert_eq!(citations.text(next.to_owned()), shown, "{next}");
    }
    let mut citations = Citations::default();
    assert_eq!(citations.text("(see)".to_owned()), "(see)", "without a mark before it");
    citations.mark(&[found("a")]);
    assert_eq!(citations.text("x".to_owned()) + &citations.text("(y)".to_owned()), "x(y)");
}

#[test]
fn the_list_has_links_where_the_addresses_allow_it() {
    let long = format!("https://a.example/{}", "x".repeat(URL_BYTES));
    for (source, shown) in [
        (page("https://a.example/b?c=d#e", "A title"), "[A title](<https://a.example/b?c=d#e>)"),
        (page("https://a.example/(b)", "A [1](x) *b* `c`"), "[A (1)(x) b 'c'](<https://a.example/(b)>)"),
        (page("https://a.example/", "two\nlines\u{202e}"), "[two lines](<https://a.example/>)"),
        (page("https://www.a.example/", " "), "[a.example](<https://www.a.example/>)"),
        (page("javascript:alert(1)", "Bad"), "Bad"),
        (page("ftp://a.example/", ""), "ftp://a.example/"),
        (page("https://a.example/> <b", "Odd"), "Odd"),
        (page(&long, "Long"), "Long"),
        (page("", "No address"), "No address"),
    ] {
        assert_eq!(line(&source), shown, "{source:?}");
    }
    let title = line(&page("", &"я".repeat(100)));
    assert!(title.chars().count() == TITLE_CHARS && title.ends_with('…'), "{title}");
}

#[test]
fn the_ending_stands_behind_the_text_and_never_inside_its_code() {
    let sources = [page("https://a.example/", "A"), page("", "B")];
    let list = "\n\n**Sources**\n1. [A](<https://a.example/>)\n2. B";
    for (text, before) in [
        ("Text[1]", ""),
        ("```rust\nlet x", "\n```"),
        ("~~~~\n```\nx\n~~~", "\n~~~~"),
        ("```\nx\n```\n", ""),
        ("- a\n  ```\n  x", "\n```"),
        ("```inline``` code", ""),
        ("", ""),
    ] {
        assert_eq!(ending(text, "Sources", &sources), Some(format!("{before}{list}")), "{text}");
    }
    assert_eq!(ending("Text", "Sources", &[]), None);
}

#[test]
fn what_people_read_of_an_address_is_its_host() {
    for (url, shown) in [
        ("https://www.a.example/b", Some("a.example")),
        ("HTTP://u:p@a.example:80?x", Some("a.example:80")),
        ("ftp://a.example", None),
        ("https:///b", None),
        ("a.example", None),
    ] {
        assert_eq!(host(url), shown, "{url}");
    }
}
