//! E-mail: headers, text, and the list of attachments.

use mail_parser::{Address, MessageParser, MimeHeaders};

use super::collector::Collector;
use super::error::{DocumentError, Flow};
use super::html;
use super::plain;
use super::preview::Unit;

/// The most bodies read of one message.
const BODIES: usize = 50;

/// The most lines of one message; 20 MB of attachments have 270,000.
const LINES: usize = 700_000;

/// Reads a message.
pub(super) fn read(bytes: &[u8], out: &mut Collector) -> Flow {
    // The parser allocates about 150 bytes per header and part, of which there is at most one per line.
    if bytes.split(|byte| *byte == b'\n').count() > LINES {
        return Err(DocumentError::TooLarge.into());
    }
    let message = MessageParser::default().parse(bytes).ok_or(DocumentError::Broken)?;
    out.part(Unit::Text, "", false)?;
    let addresses = [("From", message.from()), ("To", message.to()), ("Cc", message.cc())];
    for (name, list) in addresses {
        if let Some(list) = list {
            out.text(&format!("{name}: {}\n", people(list)))?;
        }
    }
    if let Some(date) = message.date() {
        out.text(&format!("Date: {}\n", date.to_rfc3339()))?;
    }
    if let Some(subject) = message.subject() {
        out.text(&format!("Subject: {subject}\n"))?;
    }
    out.text("\n")?;
    for part in message.text_bodies().take(BODIES) {
        let text = part.text_contents().unwrap_or_default();
        if part.is_text_html() {
            html::write(text, out)?;
        } else {
            plain::write(text, out)?;
        }
        out.text("\n")?;
    }
    if message.attachment_count() > 0 && out.part(Unit::Listing, "attachments", false)? {
        for part in message.attachments() {
            let name = part.attachment_name().unwrap_or("without a name").to_owned();
            let kind = part.content_type().map_or_else(String::new, |kind| {
                format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default())
            });
            let size = format!("{} bytes", part.contents().len());
            out.row(&[(0, name), (1, kind), (2, size)])?;
        }
    }
    Ok(())
}

fn people(list: &Address<'_>) -> String {
    let shown = list.iter().take(50).map(|person| match (&person.name, &person.address) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (None, None) => String::new(),
    });
    shown.collect::<Vec<_>>().join(", ")
}
