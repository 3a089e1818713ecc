//! Tools that the model may call.
//!
//! To add one:
//! 1. a variant at the end of [`ToolName`](crate::domain::tool::ToolName), whose order is that of the tools in the
//!    prompt, so that what stands before it does not change; in `activity` only if the tool makes a picture or sends
//!    a file;
//! 2. a file here and its `mod` line below, with a type that implements `tool::Tool`: description, price, time
//!    limit, typed arguments (their JSON schema is generated) and the work itself;
//! 3. its line in `toolbox.rs`, which the compiler requires, and there in `TURN_ONLY` if sub-agents must not have it;
//! 4. the sentence `tool-<name>` (`bot.ftl`) and, unless its price is `Free`, `paid-<name>` (`money.ftl`) in each
//!    language (`telegram/text/locales`), which a test requires;
//! 5. its rows in `tests/it/every_tool`, which the compiler requires: what a person types to use it, where it
//!    waits, where a crash hurts. Give it a scenario in `playground/src/anthropic/tool_scenarios`, with its row in
//!    `scenario.rs` and in the table at the top of `playground/src/anthropic/mod.rs`;
//! 6. its calls in `tests/it/logs.rs` (`calls`), which the compiler requires, and in `tests/it/leaks.rs` (`calls`) if
//!    they can fail;
//! 7. if it takes files, its line in `list_files.rs` (`tools`), and its name in the description there, which tell the
//!    model what it can do with each, and, if it reads what a prompt does not show, in
//!    `conversation/prompt_files/remarks.rs`;
//! 8. its place in the list of tools in `README.md`; its price in `llm/models.toml` (`[[tool]]`) if a service charges
//!    by the unit, with its argument in `cost_estimator.rs`; a sentence in `conversation/global_prompt.md` if the model
//!    must be told when to use it.
//!
//! A tool that needs a key is hidden where there is none: `app/clients.rs` (`assistant`) lists what
//! [`Toolbox::without`] leaves out.
//!
//! The tools of the web have only a name there and limits in `web.rs`, because the provider runs them.
//!
//! A tool that makes a file stores it with `context.made_files` and returns its id to the model, which sends
//! it with `deliver_file`. The runner enforces limits, checks the balance and formats results.

mod analyze_image;
mod analyze_pdf;
mod cost_estimator;
mod deliver_file;
pub(crate) mod delivery;
mod execute_python;
mod failure;
mod funds;
mod generate_image;
mod list_files;
mod outages;
mod preview_file;
mod progress;
mod render_latex;
pub(crate) mod runner;
mod self_critique;
pub(crate) mod subagent;
mod tool;
mod toolbox;
mod transcribe_audio;
mod vision;
mod web;

pub(crate) use funds::Allowance;
pub(crate) use outages::Outages;
pub(crate) use progress::Progress;
pub(crate) use tool::ToolContext;
pub(crate) use toolbox::Toolbox;
pub(crate) use web::WebAccess;
