//! Lists of domains, valid and wrong.

use super::super::source::ConfigSource;
use super::*;

fn read(text: &str) -> (Vec<String>, usize) {
    let source = ConfigSource::of([("WEB_BLOCKED_DOMAINS", text)], vec![]);
    let mut reader = Reader::new(&source);
    let web = Web::read(&mut reader);
    (web.blocked_domains, reader.problems.len())
}

#[test]
fn domains_are_read_and_what_is_none_is_named() {
    for (text, domains, problems) in [
        ("", vec![], 0),
        (" Example.com, b.example ,,example.com", vec!["example.com", "b.example"], 0),
        ("xn--e1afmkfd.xn--p1ai", vec!["xn--e1afmkfd.xn--p1ai"], 0),
        ("https://a.example", vec![], 1),
        ("a.example/b, localhost, *.example, -a.example, пример.рф, a..b", vec![], 6),
    ] {
        assert_eq!(read(text), (domains.into_iter().map(str::to_owned).collect(), problems), "{text}");
    }
    let many: Vec<String> = (0..=MOST_DOMAINS).map(|number| format!("d{number}.example")).collect();
    assert_eq!(read(&many.join(",")).1, 1);
}
