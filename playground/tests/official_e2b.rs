//! The emulated sandbox service, used by the official Python SDK in its own process. Needs a virtual
//! environment with `e2b-code-interpreter==2.11.5`, named by `JUDGES_VENV`; says so and passes without one.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use playground::e2b::{E2b, Operation, Outcome, Settings};

const BOUND: Duration = Duration::from_mins(2);

#[tokio::test]
async fn the_official_sdk_uses_the_emulated_sandboxes() -> anyhow::Result<()> {
    let Some(venv) = std::env::var_os("JUDGES_VENV") else {
        // Written past the test harness, which shows nothing of tests that pass.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: JUDGES_VENV is not set, the official SDK judges no sandboxes"
        );
        return Ok(());
    };
    let e2b = E2b::start(Settings::default()).await?;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/judges/e2b_sdk.py");
    let run = tokio::process::Command::new(PathBuf::from(venv).join("bin/python"))
        .arg(&script)
        .args([&e2b.url(), &Settings::default().api_key])
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(BOUND, run).await??;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}\n{errors}");
    assert_eq!(text.lines().filter(|line| line.starts_with("ok")).count(), 11, "{text}");
    assert!(e2b.refusals().is_empty(), "{:?}", e2b.refusals());
    let left = |call: &playground::e2b::Call| call.outcome == Outcome::ClosedByClient;
    assert_eq!(e2b.calls_of(Operation::Execute).iter().filter(|call| left(call)).count(), 1);
    assert!(e2b.sandboxes().is_empty());
    Ok(())
}
