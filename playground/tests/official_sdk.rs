//! The emulated APIs of models, read by the official Python SDKs in processes of their own. Needs a virtual
//! environment with `anthropic==2.11.0` and `google-genai==3.6.1`, named by `JUDGES_VENV`; says so and passes
//! without one.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use playground::anthropic::{Anthropic, Settings};
use playground::gemini::{self, Gemini};

const BOUND: Duration = Duration::from_mins(2);

/// The interpreter of the judges' environment, or `None` after telling how to get one.
fn python() -> Option<PathBuf> {
    let Some(venv) = std::env::var_os("JUDGES_VENV") else {
        // Written past the test harness, which shows nothing of tests that pass.
        let _ =
            writeln!(std::io::stderr(), "skipped: JUDGES_VENV is not set, the official SDK judges nothing");
        return None;
    };
    Some(PathBuf::from(venv).join("bin/python"))
}

/// Runs one of `tests/judges`; gives its output, which is the panic's text if it fails.
async fn judge(python: &PathBuf, script: &str, argument: &str) -> anyhow::Result<String> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/judges").join(script);
    let run = tokio::process::Command::new(python)
        .arg(&script)
        .arg(argument)
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("ANTHROPIC_BASE_URL")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(BOUND, run).await??;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}\n{errors}", script.display());
    Ok(text)
}

#[tokio::test]
async fn the_official_sdk_reads_the_emulated_api() -> anyhow::Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let api = Anthropic::start(Settings::default()).await?;
    let text = judge(&python, "anthropic_sdk.py", &api.url()).await?;
    assert!(text.contains("ok      echo") && text.contains("ok      cut_stream"), "{text}");
    let refused: Vec<String> =
        api.refusals().iter().map(|request| format!("{:?}", request.outcome)).collect();
    assert_eq!(refused.len(), 2, "only the temperature and one download are refused: {refused:?}");
    Ok(())
}

#[tokio::test]
async fn the_request_judge_notices_what_it_should() -> anyhow::Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let text = judge(&python, "anthropic_request.py", "--self-test").await?;
    assert!(text.contains("self-test ok"), "{text}");
    Ok(())
}

#[tokio::test]
async fn the_official_sdk_reads_the_emulated_pictures() -> anyhow::Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let api = Gemini::start(gemini::Settings::default()).await?;
    let url = api.url();
    let text = judge(&python, "gemini_sdk.py", url.trim_end_matches("/v1beta")).await?;
    assert!(text.contains("ok      a_picture") && text.contains("ok      refusals"), "{text}");
    let refused: Vec<String> =
        api.refusals().iter().map(|request| format!("{:?}", request.outcome)).collect();
    assert_eq!(refused.len(), 3, "only size, ratio and key are refused: {refused:?}");
    Ok(())
}
