//! Documents of each format, valid and damaged.

mod formats;
mod limits;
mod recognition;

use super::*;

fn open(name: &str, bytes: &[u8]) -> Result<Preview, DocumentError> {
    preview(Document { name, mime: "", bytes }, Selection::default(), 6_000)
}

fn shown(name: &str, bytes: &[u8]) -> String {
    open(name, bytes).unwrap().to_string()
}

fn select(name: &str, bytes: &[u8], part: usize, from: usize, limit: usize) -> Preview {
    preview(Document { name, mime: "", bytes }, Selection { part: Some(part), from }, limit).unwrap()
}
