//! Repetition of requests that have no stream: copies of files, transcripts.

use super::error::{LlmError, RetryPauses, TRIES};

/// Repeats an operation after faults that may pass, a bounded number of times. The caller limits the whole
/// time. `what` names the operation in the log.
///
/// # Errors
/// Returns the last error, when trying again did not help or is of no use.
pub(super) async fn patiently<T, F>(what: &'static str, work: impl Fn() -> F) -> Result<T, LlmError>
where
    F: Future<Output = Result<T, LlmError>>,
{
    let (mut pauses, mut number) = (RetryPauses::new(), 1);
    loop {
        let error = match work().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let pause = pauses.after(error.retry()).filter(|_| number < TRIES);
        let Some(pause) = pause else { return Err(error) };
        let pause_ms = pause.as_millis();
        let cause: &(dyn std::error::Error + Send + Sync) = &error;
        tracing::warn!(error = cause as &dyn std::error::Error, number, pause_ms, "{what} is tried again");
        tokio::time::sleep(pause).await;
        number += 1;
    }
}

#[cfg(test)]
mod tests;
