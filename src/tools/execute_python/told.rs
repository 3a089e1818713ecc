//! What the model is told if code cannot be run, or not to its end. None of it is taken from an error.

use super::super::tool::Failure;
use crate::sandbox::SandboxError;
use crate::services::file_contents::ContentError;
use crate::services::sandboxes::{InstallError, OpenError};

/// Returns what the model is told about a file that the code does not get.
pub(super) fn not_loaded(name: &str, error: ContentError) -> Failure {
    match error {
        ContentError::TooLarge { limit } => Failure {
            error: "too_large",
            message: format!(
                "Files of more than {} MB cannot be fetched: {name:?}. Nothing was run.",
                limit / 1024 / 1024
            ),
        },
        ContentError::DailyLimit(limit) => {
            let Failure { error, message } = Failure::daily_limit(limit);
            Failure { error, message: format!("{name:?}: {message} Nothing was run.") }
        }
        error => told(&error.into()),
    }
}

/// Returns what the model is told about packages that were not installed.
pub(super) fn not_installed(error: InstallError) -> Failure {
    let failure = |message| Failure { error: "not_installed", message };
    match error {
        InstallError::Open(error) => told(&error),
        InstallError::Slow => failure(
            "The packages were not installed in time, so the code was not run. Try with fewer.".to_owned(),
        ),
        InstallError::Refused(words) => failure(format!(
            "The packages could not be installed, so the code was not run. pip says: {words}"
        )),
    }
}

/// Returns what the model is told about an error.
pub(super) fn told(error: &OpenError) -> Failure {
    tracing::warn!(error = error as &dyn std::error::Error, "a sandbox cannot be used");
    let failure = |error, message: &str| Failure { error, message: message.to_owned() };
    match error {
        OpenError::Service(error) if error.is_outage() => {
            Failure::down("The service that runs Python cannot be used at the moment. Go on without it.")
        }
        OpenError::Service(SandboxError::BrokenOff) => failure(
            "broken_off",
            "The run broke off, so nobody knows what the code has done: it may have used too much memory or ended its \
             own process. Variables are probably lost; change the code before you try again.",
        ),
        OpenError::Service(SandboxError::TooLarge) => failure(
            "too_large",
            "There are too many or too large files in the working directory. Delete some, or work in /tmp.",
        ),
        OpenError::Service(_) | OpenError::Lost => failure(
            "sandbox_lost",
            "The sandbox ended during the call; its variables and files are lost. Try once more.",
        ),
        OpenError::Content(ContentError::Gone) => {
            failure("not_found", "A file was deleted meanwhile. list_files shows the files that there are.")
        }
        OpenError::Content(ContentError::DailyLimit(limit)) => Failure::daily_limit(*limit),
        OpenError::Content(_) => Failure::unavailable(
            "A file cannot be fetched at the moment. Try once more, then go on without it.",
        ),
        OpenError::Database(_) => Failure::unavailable(
            "The sandbox cannot be used at the moment. Try once more, then go on without it.",
        ),
    }
}
