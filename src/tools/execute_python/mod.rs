//! `execute_python`: runs Python in the sandbox of the conversation. The turn decides whose files the code
//! gets, never the model's arguments.

mod made;
mod requirements;
mod said;

use std::time::Duration;

use rust_decimal::dec;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::tool::{Failure, Output, Price, Tool, ToolContext};
use crate::domain::file_id::PublicFileId;
use crate::domain::model::ModelId;
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::lifecycle::kill_point;
use crate::llm::request::ToolImage;
use crate::sandbox::{Entry, SandboxError};
use crate::services::file_contents::{ContentError, FoundFile};
use crate::services::metering::PaidWork;
use crate::services::paid_call::PaidCall;
use crate::services::sandboxes::{InstallError, OpenError, OpenSandbox, Sandboxes};
use made::Made;
use said::Said;

/// The name of the service in the price table.
pub(super) const SERVICE: &str = "e2b";
/// The time limit of the code without a wish, and the longest, in seconds.
const USUAL_SECONDS: u64 = 120;
const MOST_SECONDS: u64 = 1_200;
/// The time limit of the whole run: the code, and what is done around it.
const LIMIT: Duration = Duration::from_secs(MOST_SECONDS + 600);
/// The longest code, in bytes.
const LONGEST_CODE: usize = 200_000;
/// The most files of the conversation in one call.
const MOST_INPUTS: usize = 20;
/// How often the time used so far is recorded.
const NOTING: Duration = Duration::from_secs(10);

/// The tool `execute_python`.
pub(super) struct ExecutePython;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
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

impl Tool for ExecutePython {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::ExecutePython;
    const DESCRIPTION: &'static str = "Runs Python in a sandbox of this conversation. Use it to calculate exactly, to \
        analyse data and files, to draw charts, to convert files and to make documents; not for what you know or can do \
        in your head. Variables and files stay for later calls for about five minutes after the last one; `sandbox` in \
        the result is `new` when nothing of earlier calls exists (again), then repeat what you need. The working \
        directory is /home/user. Give file_ids for every file of the conversation that the code reads, and open it under \
        the path in `inputs`: the code cannot see the conversation. Plots that are displayed (plt.show()) and files that \
        are new or changed below the working directory after the run (up to 10, 20 MB each) are kept: the result has \
        their file_id for deliver_file, which is the only way to send them. You see the first three pictures yourself: \
        look at them before you send them. Outputs are cut in the middle beyond 12,000 characters: print what you need, \
        not whole tables. The code has no internet except the index of Python packages. Paid by the second; the result \
        says what it cost. An exception comes back with the end of its traceback: correct the code and try again, at \
        most a few times.";
    const PRICE: Price = Price::Paid(PaidWork { least: Usd::ZERO, most: Usd(dec!(0.09)) });
    const TIME_LIMIT: Duration = LIMIT;

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        let prepared = match prepare(arguments, context).await {
            Ok(prepared) => prepared,
            Err(failure) => return Output::free(Err(failure)),
        };
        let sandbox = match prepared.sandboxes.open(context.thread, context.turn).await {
            Ok(sandbox) => sandbox,
            Err(error) => return Output::free(Err(told(&error))),
        };
        // From here on the sandbox is used, whatever comes of it.
        let mut paid = PaidCall::by_the_second(context.meter, ModelId(SERVICE.to_owned()));
        // Boxed: the future of a run is large, and every call of a tool would have room for it.
        let work = Box::pin(work(sandbox, &prepared, context));
        let worked = noting(&mut paid, work).await;
        let ended = match &worked {
            Ok(worked) => worked.status,
            Err(failure) => failure.error,
        };
        let call = paid.end(ended);
        let cost = context.cost(&call);
        match worked {
            Err(failure) => Output::costing(Err(failure), cost),
            Ok(Worked { mut result, images, .. }) => {
                result["cost_usd"] = json!(cost);
                Output::costing(Ok(result), cost).with_images(images)
            }
        }
    }
}

/// Checked arguments.
struct Prepared<'a> {
    sandboxes: &'a Sandboxes,
    code: String,
    requirements: Vec<String>,
    limit: Duration,
    inputs: Vec<(PublicFileId, FoundFile)>,
}

async fn prepare(arguments: Arguments, context: ToolContext<'_>) -> Result<Prepared<'_>, Failure> {
    let Arguments { code, file_ids, requirements, timeout_seconds } = arguments;
    if code.trim().is_empty() || code.len() > LONGEST_CODE {
        return Err(Failure::arguments("Give code, up to 200,000 bytes."));
    }
    let seconds = timeout_seconds.unwrap_or(USUAL_SECONDS);
    if !(1..=MOST_SECONDS).contains(&seconds) {
        return Err(Failure::arguments(format!("timeout_seconds must be 1 to {MOST_SECONDS}.")));
    }
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
    Err(Failure {
        error: "not_found",
        message: format!(
            "Not found in this conversation: {}. Nothing was run. list_files shows the files that there are.",
            missing.join(", ")
        ),
    })
}

/// Returns what the model is told about a file that the code does not get.
fn not_loaded(name: &str, error: ContentError) -> Failure {
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

/// What came of a run.
struct Worked {
    /// How it ended, for the books and for the model.
    status: &'static str,
    result: Value,
    images: Vec<ToolImage>,
}

/// Works while the time used is recorded again and again.
async fn noting<T>(paid: &mut PaidCall, mut work: impl Future<Output = T> + Unpin) -> T {
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = sleep(NOTING) => paid.note(),
        }
    }
}

async fn work(
    mut sandbox: OpenSandbox,
    prepared: &Prepared<'_>,
    context: ToolContext<'_>,
) -> Result<Worked, Failure> {
    let mut result = json!({
        "status": "ok",
        "sandbox": if sandbox.is_new { "new" } else { "continued" },
    });
    let before = give(&mut sandbox, prepared, &mut result).await?;
    if !prepared.requirements.is_empty() {
        sandbox.install(&prepared.requirements).await.map_err(not_installed)?;
    }
    let mut said = Said::default();
    let running = timeout(prepared.limit, sandbox.execute(&prepared.code, |event| said.add(event)));
    let status = match running.await {
        Ok(Ok(())) if said.has_raised() => "exception",
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => return Err(told(&error)),
        Err(_elapsed) => {
            let seconds = prepared.limit.as_secs();
            result["message"] = json!(format!(
                "The code was interrupted after {seconds} seconds (timeout_seconds). Its output so far is here."
            ));
            "timeout"
        }
    };
    kill_point!("sandbox: before the results");
    let mut made = Made::default();
    made.add_pictures(std::mem::take(&mut said.pictures), context).await;
    let collected = async {
        let files = made::changed(&before, sandbox.files().await?);
        made.add_files(files, &sandbox, context).await
    };
    if let Err(error) = collected.await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the files of a run cannot be collected");
        result["files_message"] =
            json!("Files that the code has made could not be fetched. Run code that writes them again.");
    }
    result["status"] = json!(status);
    said.tell(&mut result);
    let images = made.tell(&mut result);
    Ok(Worked { status, result, images })
}

/// Puts the files of the conversation into the sandbox and tells their paths. Returns the files that are
/// there before the code runs.
async fn give(
    sandbox: &mut OpenSandbox,
    prepared: &Prepared<'_>,
    result: &mut Value,
) -> Result<Vec<Entry>, Failure> {
    let before = sandbox.files().await.map_err(|error| told(&error))?;
    let (mut paths, mut changed) = (json!({}), false);
    for (id, file) in &prepared.inputs {
        let given = sandbox.give(*id, file, &before).await;
        let (path, is_fresh) = given.map_err(|error| match error {
            OpenError::Content(error) => not_loaded(&file.name, error),
            error => told(&error),
        })?;
        changed |= is_fresh;
        paths[id.to_string()] = json!(path);
    }
    if prepared.inputs.is_empty() {
        return Ok(before);
    }
    result["inputs"] = paths;
    if changed { sandbox.files().await.map_err(|error| told(&error)) } else { Ok(before) }
}

fn not_installed(error: InstallError) -> Failure {
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

/// Returns what the model is told about an error. None of it is taken from the error.
fn told(error: &OpenError) -> Failure {
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

#[cfg(test)]
mod tests {
    use super::super::tool::testing;
    use super::*;
    use crate::llm::registry::Registry;

    #[tokio::test]
    async fn wrong_arguments_are_told_before_anything_is_run() {
        let registry = Registry::load(None).unwrap();
        let made_files = crate::services::made_files::MadeFiles::nowhere();
        for input in [
            json!({"code": " "}),
            json!({"code": "x".repeat(LONGEST_CODE + 1)}),
            json!({"code": "1", "timeout_seconds": 0}),
            json!({"code": "1", "timeout_seconds": 1_201}),
            json!({"code": "1", "requirements": ["-r /etc/passwd"]}),
            json!({"code": "1", "requirements": vec!["a"; 21]}),
            json!({"code": "1", "file_ids": vec!["file_1"; 21]}),
        ] {
            let arguments = Arguments::deserialize(&input).unwrap();
            let output = ExecutePython::run(arguments, testing::tool_context(&registry, &made_files)).await;
            assert_eq!(output.result.unwrap_err().error, "invalid_arguments");
        }
        for input in [json!({}), json!({"code": 1}), json!({"code": "1", "shell": "rm"})] {
            assert!(Arguments::deserialize(&input).is_err(), "{input}");
        }
    }

    #[test]
    fn a_run_of_the_longest_time_costs_what_is_reserved() {
        let registry = Registry::load(None).unwrap();
        let second = registry.tool_price(SERVICE, "2026-11-29".parse().unwrap());
        let Price::Paid(PaidWork { most, .. }) = ExecutePython::PRICE else { panic!("it is paid") };
        assert_eq!(second.times(LIMIT.as_secs()), most);
        assert!(second > Usd::ZERO);
    }
}
