//! Names of packages that the model wants installed. They become arguments of a program, so each must be a
//! name with version conditions and nothing else: no options, addresses or paths.

/// The most packages in one call.
pub(super) const MOST: usize = 20;
/// The longest of them, in characters.
const LONGEST: usize = 200;

/// Returns the first text that is no package with version conditions.
pub(super) fn wrong(requirements: &[String]) -> Option<&str> {
    requirements.iter().map(String::as_str).find(|requirement| !is_requirement(requirement))
}

/// Returns whether a text has the form `name[extra,extra]>=1.2,<2`. Blanks are allowed between its parts.
fn is_requirement(text: &str) -> bool {
    if text.len() > LONGEST || !text.is_ascii() {
        return false;
    }
    let name_ends = text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_ends);
    let rest = match rest.trim_start().strip_prefix('[') {
        None => rest,
        Some(inside) => match inside.split_once(']') {
            Some((extras, rest)) if extras.split(',').all(|extra| is_name(extra.trim())) => rest,
            _ => return false,
        },
    };
    let rest = rest.trim();
    is_name(name) && (rest.is_empty() || rest.split(',').all(|condition| is_condition(condition.trim())))
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn is_name(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.chars().all(is_name_character) && ends(text.chars().next()) && ends(text.chars().next_back())
}

fn is_condition(text: &str) -> bool {
    const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];
    let version = OPERATORS.iter().find_map(|operator| text.strip_prefix(operator));
    version.map(str::trim).is_some_and(|version| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '*' | '+' | '!' | '-' | '_');
        version.starts_with(|c: char| c.is_ascii_alphanumeric()) && version.chars().all(fits)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packages_with_conditions_are_accepted() {
        for text in [
            "numpy",
            "scikit-learn",
            "pandas==2.2.*",
            "a>=1,<2",
            "fastapi[standard]",
            "x [a, b-c] ~= 1.0 , != 1.3",
            "a===1+l",
        ] {
            assert!(is_requirement(text), "{text}");
        }
    }

    #[test]
    fn options_addresses_paths_and_commands_are_refused() {
        for text in [
            "",
            " ",
            "-r",
            "--index-url=http://x",
            "-e .",
            ".",
            "./x",
            "/etc/passwd",
            "a@http://x/y.whl",
            "git+https://x",
            "a b",
            "a; os_name == 'x'",
            "a && rm",
            "a|b",
            "a$(b)",
            "a\n-r x",
            "a[",
            "a[b",
            "a[]",
            "a==",
            "a=1",
            "a== -1",
            "пакет",
        ] {
            assert!(!is_requirement(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_nothing_accepted_is_an_option(text: String) {
            if is_requirement(&text) {
                prop_assert!(!text.starts_with('-') && !text.contains([';', '/', '@', '\n']));
            }
        }
    }
}
