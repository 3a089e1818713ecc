//! Where settings come from: the process environment and folders with secret files.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A snapshot of the environment and the folders in which secret files are looked for, in order.
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    variables: BTreeMap<String, String>,
    folders: Vec<PathBuf>,
}

impl ConfigSource {
    /// The real environment. Secrets lie in `SECRETS_DIR` (default `/run/secrets`), then in `./secrets`.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars().collect();
        let first = variables.get("SECRETS_DIR").map_or("/run/secrets", String::as_str).into();
        Self { variables, folders: vec![first, "secrets".into()] }
    }

    /// A made-up environment, for tests.
    pub fn of<const N: usize>(variables: [(&str, &str); N], folders: Vec<PathBuf>) -> Self {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { variables, folders }
    }

    /// A variable's value without outer blanks; an empty one counts as unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The content of a secret file (with or without `.txt`) without outer blanks, from the first folder that has it.
    ///
    /// # Errors
    /// The path and the reason if a file is there but cannot be read.
    pub fn secret_file(&self, name: &str) -> Result<Option<String>, String> {
        for folder in &self.folders {
            for path in [folder.join(name), folder.join(format!("{name}.txt"))] {
                match std::fs::read_to_string(&path) {
                    Ok(text) if text.trim().is_empty() => {}
                    Ok(text) => return Ok(Some(text.trim().to_owned())),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
                }
            }
        }
        Ok(None)
    }
}
