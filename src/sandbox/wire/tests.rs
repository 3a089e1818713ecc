//! Tests: the JSON of the control plane and of the file system.

use super::*;

#[test]
fn a_listing_is_read_in_every_spelling() {
    let answer = json!({"entries": [
        {"name": "a.csv", "type": "FILE_TYPE_FILE", "path": "/home/user/a.csv", "size": "12",
         "modifiedTime": "2026-11-29T01:00:00Z"},
        {"name": "b", "type": "FILE_TYPE_FILE", "path": "/home/user/b", "size": 7, "novelty": {}},
        {"name": "empty", "type": "FILE_TYPE_FILE", "path": "/home/user/empty"},
        {"name": "d", "type": "FILE_TYPE_DIRECTORY", "path": "/home/user/d"},
        {"name": "l", "type": "FILE_TYPE_FILE", "path": "/home/user/l", "symlinkTarget": "/etc/passwd"},
        {"name": "odd"}, null, 3,
    ]});
    let found: Vec<(String, u64)> =
        entries(&answer).unwrap().into_iter().map(|entry| (entry.path, entry.size)).collect();
    let expected = [("/home/user/a.csv", 12), ("/home/user/b", 7), ("/home/user/empty", 0)];
    assert_eq!(found, expected.map(|(path, size)| (path.to_owned(), size)));
    assert!(
        entries(&json!({})).unwrap().is_empty() && entries(&json!({"entries": null})).unwrap().is_empty()
    );
    assert!(entries(&json!({"entries": "none"})).is_err());
}

#[test]
fn the_ids_of_a_list_are_read() {
    let list = json!([{"sandboxID": "a", "state": "running"}, {"sandboxID": null}, {}]);
    assert_eq!(ids(&list).unwrap(), ["a"]);
    assert!(ids(&json!({"code": 1})).is_err());
}
