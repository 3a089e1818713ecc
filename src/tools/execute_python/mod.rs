//! `execute_python`: runs Python in the sandbox of the conversation. The turn decides whose files the code
//! gets, never the model's arguments.

mod arguments;
mod escapes;
mod made;
mod requirements;
mod said;
mod screen;
mod told;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::arguments::{Arguments, MOST_SECONDS, Prepared};
use self::made::Made;
use self::said::Said;
use self::screen::Shown;
use self::told::{not_installed, not_loaded, told};
use super::tool::{Failure, Output, Price, Tool, ToolContext};
use crate::domain::model::ModelId;
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::lifecycle::kill_point;
use crate::llm::message::ToolImage;
use crate::sandbox::Entry;
use crate::services::metering::PaidWork;
use crate::services::paid_call::PaidCall;
use crate::services::sandboxes::{OpenError, OpenSandbox};

/// The name of the service in the price table.
pub(super) const SERVICE: &str = "e2b";
/// Time limit of what is done around the code: packages are installed, files are moved.
const AROUND: Duration = Duration::from_secs(600);
/// How often the time used so far is recorded.
const NOTING: Duration = Duration::from_secs(10);

/// The tool `execute_python`.
pub(super) struct ExecutePython;

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
    const PRICE: Price = Price::Varying(reserved);
    /// Includes the wait for another call that uses the sandbox.
    const TIME_LIMIT: Duration = Duration::from_secs(2 * MOST_SECONDS + AROUND.as_secs());

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        let prepared = match arguments::prepare(arguments, context).await {
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
        let worked = timeout(longest(prepared.limit), noting(&mut paid, work)).await;
        let worked = worked.unwrap_or_else(|_elapsed| Err(too_slow()));
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

/// Returns the most that a call with these arguments may cost. One with a time limit that is not allowed costs
/// nothing, because it is refused.
fn reserved(input: &Value, context: ToolContext<'_>) -> PaidWork {
    let seconds = arguments::seconds(input["timeout_seconds"].as_u64());
    let second = context.registry.tool_price(SERVICE, context.today());
    let used = seconds.map(|seconds| longest(Duration::from_secs(seconds)));
    PaidWork { least: Usd::ZERO, most: used.map_or(Usd::ZERO, |used| second.times(used.as_secs())) }
}

/// Returns how long a sandbox may be used for code with this time limit.
fn longest(code: Duration) -> Duration {
    code + AROUND
}

fn too_slow() -> Failure {
    let message = "Moving files and installing packages took too long. Try with fewer of them.";
    Failure { error: "timeout", message: message.to_owned() }
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
    let (mut said, mut shown) = (Said::default(), Shown::default());
    let watched = shown.watch(context.progress);
    let running = sandbox.execute(&prepared.code, |event| {
        shown.add(&event);
        said.add(event);
    });
    let running = timeout(prepared.limit, screen::beside(running, watched));
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

#[cfg(test)]
mod tests;
