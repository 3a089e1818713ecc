//! Decides which addresses links may have. Telegram silently drops entities with addresses that it does not
//! accept, so such links are shown as text followed by the address.

/// Returns the address as Telegram accepts it, or `None` if the link must be text.
pub(super) fn target(address: &str) -> Option<String> {
    let address = address.trim();
    if address.is_empty() || address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if let Some(rest) = strip_scheme(address, "tg") {
        // A mention by id is another kind of entity, and models must not create mentions.
        return (!rest.starts_with("user") && rest.starts_with(char::is_alphabetic))
            .then(|| address.to_owned());
    }
    let rest = strip_scheme(address, "https").or_else(|| strip_scheme(address, "http"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let labels = name.split('.').filter(|label| is_label(label)).count();
    let valid = labels >= 2 && labels == name.split('.').count() && port.parse::<u16>().is_ok();
    valid.then(|| address.to_owned())
}

/// Returns the address as text; Telegram makes mail addresses clickable by itself.
pub(super) fn shown(address: &str) -> &str {
    address.strip_prefix("mailto:").unwrap_or(address)
}

fn strip_scheme<'a>(address: &'a str, scheme: &str) -> Option<&'a str> {
    let (written, rest) = address.split_once("://")?;
    written.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests;
