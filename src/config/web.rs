//! Settings of what models may do on the web.

use std::fmt;

use super::section::Reader;

/// The longest name of a domain.
const DOMAIN_CHARS: usize = 253;
/// The most domains that can be blocked.
const MOST_DOMAINS: usize = 200;

/// What models may do on the web.
#[derive(Clone, Debug)]
pub struct Web {
    /// The most searches, and the most fetches, in one request to the model; 0 switches the web off.
    pub uses: u32,
    /// Domains, with their subdomains, that are neither searched nor read; lower case, each once.
    pub blocked_domains: Vec<String>,
}

impl Web {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { uses: reader.number("WEB_MAX_USES", 5, 0, 20), blocked_domains: blocked_domains(reader) }
    }
}

/// Reads names of domains separated by commas.
fn blocked_domains(reader: &mut Reader<'_>) -> Vec<String> {
    let text = reader.text("WEB_BLOCKED_DOMAINS").unwrap_or_default();
    let mut domains = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let domain = word.to_ascii_lowercase();
        if !is_domain(&domain) {
            let advice = format!("'{word}' is not a domain such as example.com (without https:// and paths)");
            reader.problem("WEB_BLOCKED_DOMAINS", advice);
        } else if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    if domains.len() > MOST_DOMAINS {
        reader.problem("WEB_BLOCKED_DOMAINS", format!("must have at most {MOST_DOMAINS} domains"));
    }
    domains
}

/// Returns whether a text is the ASCII form of a domain's name, with at least two labels.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= DOMAIN_CHARS && text.contains('.') && text.split('.').all(is_label)
}

impl fmt::Display for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "WEB_MAX_USES={}\nWEB_BLOCKED_DOMAINS={}", self.uses, self.blocked_domains.join(","))
    }
}

#[cfg(test)]
mod tests;
