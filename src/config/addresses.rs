//! Addresses of one server or of several, such as `postgres://starling@a:5432,b:5432/starling`.

use url::Url;

use super::section::Reader;

/// Reads an address of a setting. Returns one address for each of its hosts, in order; a missing password is
/// filled in from the secret file. Reports a problem if it is no address with one of the schemes.
pub(super) fn read(
    reader: &mut Reader<'_>,
    variable: &'static str,
    text: &str,
    schemes: &[&str],
    file: &'static str,
) -> Option<Vec<Url>> {
    let urls = split(text).filter(|urls| urls.iter().all(|url| schemes.contains(&url.scheme())));
    let Some(mut urls) = urls else {
        reader.problem(variable, format!("must be an address that begins with {}://", schemes[0]));
        return None;
    };
    let lacks_password = |url: &Url| url.password().is_none() && url.has_host();
    if urls.first().is_some_and(lacks_password)
        && let Some(password) = reader.file(variable, file)
        && urls.iter_mut().any(|url| url.set_password(Some(&password)).is_err())
    {
        reader.problem(variable, format!("cannot take the password from the secret file {file}"));
    }
    Some(urls)
}

/// Returns one address for each host.
fn split(text: &str) -> Option<Vec<Url>> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rfind('@') {
        Some(at) => authority.split_at(at + 1),
        None => ("", authority),
    };
    hosts.split(',').map(|host| Url::parse(&format!("{scheme}://{user}{host}{rest}")).ok()).collect()
}

/// Writes the addresses as one, with the password hidden.
pub(super) fn shown(urls: &[Url]) -> String {
    let Some(first) = urls.first() else { return String::new() };
    let user = match (first.username(), first.password()) {
        ("", None) => String::new(),
        (user, None) => format!("{user}@"),
        (user, Some(_)) => format!("{user}:hidden@"),
    };
    let hosts: Vec<String> = urls.iter().map(host).collect();
    let query = first.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}://{user}{}{}{query}", first.scheme(), hosts.join(","), first.path())
}

fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// Removes a parameter from an address and returns its value.
pub(super) fn take_parameter(url: &mut Url, name: &str) -> Option<String> {
    let (taken, kept): (Vec<_>, Vec<_>) = url.query_pairs().into_owned().partition(|(key, _)| key == name);
    let (_, value) = taken.into_iter().next_back()?;
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    Some(value)
}
