//! The sources of settings: the process environment and directories with secret files.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A snapshot of the environment, and the directories searched for secret files, in order.
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    variables: BTreeMap<String, String>,
    folders: Vec<PathBuf>,
}

impl ConfigSource {
    /// Reads the real environment. Secrets are in `SECRETS_DIR` (default `/run/secrets`), then in
    /// `./secrets`.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars().collect();
        let first = variables.get("SECRETS_DIR").map_or("/run/secrets", String::as_str).into();
        Self { variables, folders: vec![first, "secrets".into()] }
    }

    /// Creates a fixed environment for tests.
    pub fn of<const N: usize>(variables: [(&str, &str); N], folders: Vec<PathBuf>) -> Self {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, folders }
    }

    /// Returns a variable's trimmed value; an empty one counts as unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns the trimmed content of a secret file (with or without `.txt`) from the first directory that
    /// has it.
    ///
    /// # Errors
    /// Returns the path and the reason if a file exists but cannot be read.
    pub fn secret_file(&self, name: &str) -> Result<Option<String>, String> {
        for folder in &self.folders {
            for path in [folder.join(name), folder.join(format!("{name}.txt"))] {
                match std::fs::read_to_string(&path) {
                    Ok(text) if text.trim().is_empty() => {}
                    Ok(text) => return Ok(Some(text.trim().to_owned())),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => {
                        let path = path.display();
                        return Err(format!("{path} cannot be read ({error}); let the bot's user read it"));
                    }
                }
            }
        }
        Ok(None)
    }
}
