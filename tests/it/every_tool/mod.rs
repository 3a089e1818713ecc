//! Every tool in the same trials: from what a person types to the books and the next prompt, a stop while it
//! works, a crash, little money, files of others, wrong arguments. A new [`ToolName`] does not compile here
//! before each trial says what to expect of it.
//!
//! [`ToolName`]: starling::domain::tool::ToolName

mod balance;
mod kills;
mod obstacle;
mod orders;
mod rows;
mod stop;
mod typed;
pub(crate) mod workshop;
mod wrong;

/// Bots that run at once in a trial: each has a process, a database and emulators.
const AT_ONCE: usize = 3;
