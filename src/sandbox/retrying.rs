//! Repeats requests that may be repeated, with pauses that obey the service.

use std::time::Duration;

use super::error::{Retry, SandboxError};
use crate::domain::backoff::Backoff;

/// Tries of one request, the first included.
const TRIES: u32 = 4;
/// The pause after the first failure; it doubles with each further one, up to the second value.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// The longest wait that is accepted from the service. If it asks for more, the request fails.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Repeats a request after failures that may pass. The caller limits the whole time.
///
/// # Errors
/// Returns the last error, when trying again did not help or is of no use.
pub(super) async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, SandboxError>
where
    F: Future<Output = Result<T, SandboxError>>,
{
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1).with_jitter();
    let mut number = 1;
    loop {
        let error = match ask().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let usual = pauses.next();
        let pause = match error.retry() {
            Retry::Soon => Some(usual),
            Retry::After(wait) => (wait <= LONGEST_WAIT).then(|| wait.max(usual)),
            Retry::Never => None,
        };
        let Some(pause) = pause.filter(|_| number < TRIES) else { return Err(error) };
        let pause_ms = pause.as_millis();
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            number,
            pause_ms,
            "a request to the sandbox service is tried again"
        );
        tokio::time::sleep(pause).await;
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    /// Runs a request that fails this often; returns its tries, the seconds that it took and whether it
    /// worked.
    async fn course(failures: u32, error: impl Fn() -> SandboxError) -> (u32, u64, bool) {
        let (tries, started) = (Cell::new(0), Instant::now());
        let done = patiently(|| {
            tries.set(tries.get() + 1);
            let outcome = if tries.get() <= failures { Err(error()) } else { Ok(()) };
            std::future::ready(outcome)
        });
        let worked = done.await.is_ok();
        (tries.get(), started.elapsed().as_secs(), worked)
    }

    #[tokio::test(start_paused = true)]
    async fn passing_failures_are_tried_again_as_the_service_asks() {
        let limited =
            |seconds| move || SandboxError::Limited { retry_after: Some(Duration::from_secs(seconds)) };
        let failed = || SandboxError::Service { status: 503, retry_after: None };
        assert_eq!(course(1, limited(7)).await, (2, 7, true));
        assert_eq!(course(2, failed).await, (3, 0, true));
        let (tries, seconds, worked) = course(9, failed).await;
        assert_eq!((tries, worked), (4, false));
        assert!((1..=2).contains(&seconds), "0.25 + 0.5 + 1 s, spread by an eighth: {seconds}");
        assert_eq!(course(1, limited(21)).await, (1, 0, false), "nobody waits for that long");
        for lasting in
            [|| SandboxError::Gone, || SandboxError::Rejected { status: 401 }, || SandboxError::BrokenOff]
        {
            assert_eq!(course(1, lasting).await, (1, 0, false));
        }
    }
}
