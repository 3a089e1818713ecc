//! Which errors are tried again.

use std::cell::Cell;

use super::*;

#[tokio::test(start_paused = true)]
async fn passing_faults_are_tried_again_and_others_are_not() {
    let faults: [(fn() -> LlmError, u32); 3] = [
        (|| LlmError::BrokenOff, TRIES),
        (|| LlmError::Overloaded(String::new()), TRIES),
        (|| LlmError::RateLimited { message: String::new(), retry_after: None }, 1),
    ];
    for (fault, tries) in faults {
        let count = Cell::new(0);
        let failed: Result<(), LlmError> = patiently("a test", || {
            count.set(count.get() + 1);
            std::future::ready(Err(fault()))
        })
        .await;
        assert_eq!(count.get(), tries, "{}", failed.unwrap_err().name());
    }
}
