//! EPUB: chapters in the order of the spine.

use std::collections::HashMap;

use super::collector::Collector;
use super::container::{Container, resolve};
use super::decoding::decode;
use super::error::{DocumentError, Flow};
use super::html;
use super::preview::Unit;
use super::xml::{Node, attribute};

/// The most chapters of a book.
const CHAPTERS: usize = 5_000;

/// Reads a book.
pub(super) fn read(container: &mut Container<'_>, out: &mut Collector) -> Flow {
    if let Some(mut xml) = container.xml("META-INF/encryption.xml")? {
        while let Some(node) = xml.next()? {
            let Node::Open(tag) = node else { continue };
            // Fonts may be obfuscated in a book without encryption.
            let method = attribute(&tag, "Algorithm").unwrap_or_default();
            if tag.local_name().as_ref() == "EncryptionMethod"
                && !method.contains("obfuscation")
                && !method.contains("RC")
            {
                return Err(DocumentError::Encrypted.into());
            }
        }
    }
    let package = package(container)?;
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    for chapter in spine(container, &package)? {
        if !out.part(Unit::Chapter, chapter.rsplit('/').next().unwrap_or_default(), false)? {
            continue;
        }
        let member = resolve(folder, &chapter);
        if let Some(bytes) = container.read(&member)? {
            html::write(&decode(&bytes), out)?;
        }
    }
    Ok(())
}

fn package(container: &mut Container<'_>) -> Flow<String> {
    let mut xml = container.xml("META-INF/container.xml")?.ok_or(DocumentError::Broken)?;
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if let Some(path) = attribute(&tag, "full-path") {
            return Ok(path);
        }
    }
    Err(DocumentError::Broken.into())
}

fn spine(container: &mut Container<'_>, package: &str) -> Flow<Vec<String>> {
    let mut xml = container.xml(package)?.ok_or(DocumentError::Broken)?;
    let (mut files, mut order) = (HashMap::new(), Vec::new());
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match tag.local_name().as_ref() {
            "item" if files.len() < CHAPTERS * 2 => {
                if let (Some(id), Some(href)) = (attribute(&tag, "id"), attribute(&tag, "href")) {
                    files.insert(id, unescape(&href));
                }
            }
            "itemref" if order.len() < CHAPTERS => order.extend(attribute(&tag, "idref")),
            _ => {}
        }
    }
    Ok(order.iter().filter_map(|id| files.get(id).cloned()).collect())
}

/// Decodes percent-encoding.
fn unescape(href: &str) -> String {
    url::form_urlencoded::parse(href.replace('+', "%2B").replace(['&', '='], "_").as_bytes())
        .next()
        .map_or_else(String::new, |(key, _)| key.into_owned())
}
