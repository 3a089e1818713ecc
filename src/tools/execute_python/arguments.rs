//! What the model asks for: its arguments, and what they are once they have been checked.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tool::{Failure, ToolContext};
use super::requirements;
use super::told::{not_loaded, told};
use crate::domain::file_id::PublicFileId;
use crate::services::file_contents::FoundFile;
use crate::services::sandboxes::Sandboxes;

/// The time limit of the code without a wish, and the longest, in seconds.
const USUAL_SECONDS: u64 = 120;
pub(super) const MOST_SECONDS: u64 = 1_200;
/// The longest code, in bytes.
pub(super) const LONGEST_CODE: usize = 200_000;
/// The most files of the conversation in one call.
const MOST_INPUTS: usize = 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::tools) struct Arguments {
    /// The Python code. The value of a last line that is an expression is returned, as in a notebook.
    code: String,
    /// The ids of files of the conversation that the code reads, up to 20: those of the person and those that
    /// tools have made. The result tells the path of each, `inputs/` and its name. A file that an earlier run
    /// got is still there.
    #[serde(default)]
    file_ids: Vec<String>,
    /// Packages to install first, up to 20, such as `pandas` or `scipy>=1.14`: names with version conditions,
    /// no options. The usual scientific packages are there already.
    #[serde(default)]
    requirements: Vec<String>,
    /// How long the code may run, 1 to 1200 seconds. Without it 120.
    #[serde(default)]
    timeout_seconds: Option<u64>,
}

/// Returns the time limit of the code, in seconds, if it is an allowed one.
pub(super) fn seconds(wish: Option<u64>) -> Option<u64> {
    Some(wish.unwrap_or(USUAL_SECONDS)).filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
}

/// Checked arguments.
pub(super) struct Prepared<'a> {
    pub(super) sandboxes: &'a Sandboxes,
    pub(super) code: String,
    pub(super) requirements: Vec<String>,
    /// How long the code may run.
    pub(super) limit: Duration,
    pub(super) inputs: Vec<(PublicFileId, FoundFile)>,
}

/// Checks the arguments and finds the files.
pub(super) async fn prepare(arguments: Arguments, context: ToolContext<'_>) -> Result<Prepared<'_>, Failure> {
    let Arguments { code, file_ids, requirements, timeout_seconds } = arguments;
    if code.trim().is_empty() || code.len() > LONGEST_CODE {
        return Err(Failure::arguments("Give code, up to 200,000 bytes."));
    }
    let Some(seconds) = seconds(timeout_seconds) else {
        return Err(Failure::arguments(format!("timeout_seconds must be 1 to {MOST_SECONDS}.")));
    };
    if file_ids.len() > MOST_INPUTS || requirements.len() > requirements::MOST {
        return Err(Failure::arguments("Give at most 20 files and 20 requirements."));
    }
    if let Some(wrong) = requirements::wrong(&requirements) {
        return Err(Failure::arguments(format!(
            "This is no package with version conditions, such as numpy or scipy>=1.14: {wrong:?}. Nothing was run."
        )));
    }
    let sandboxes = context.sandboxes.ok_or_else(|| Failure::unavailable("There are no sandboxes here."))?;
    let inputs = find(&file_ids, sandboxes, context).await?;
    Ok(Prepared { sandboxes, code, requirements, limit: Duration::from_secs(seconds), inputs })
}

/// Finds files of this conversation. One that is missing fails the call before anything is run.
async fn find(
    ids: &[String],
    sandboxes: &Sandboxes,
    context: ToolContext<'_>,
) -> Result<Vec<(PublicFileId, FoundFile)>, Failure> {
    let (mut found, mut missing) = (Vec::<(PublicFileId, FoundFile)>::new(), Vec::new());
    let contents = sandboxes.contents();
    for text in ids {
        let file = match PublicFileId::parse(text) {
            None => None,
            Some(id) if found.iter().any(|(known, _)| *known == id) => continue,
            Some(id) => contents.find(context.key, id).await.map_err(|error| told(&error.into()))?,
        };
        match file {
            Some(file) => {
                contents.check(&file).await.map_err(|error| not_loaded(&file.name, error))?;
                found.push((file.id, file));
            }
            None => missing.push(text.as_str()),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let then = "Nothing was run. list_files shows the files that there are.";
    Err(Failure::not_found(missing, then))
}
