//! Faults that a test orders for the next calls.

use std::collections::VecDeque;
use std::time::Duration;

use super::error::ApiError;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creates a sandbox.
    Create,
    /// Lists sandboxes.
    List,
    /// Reads the state of a sandbox.
    Inspect,
    /// Attaches to a sandbox.
    Connect,
    /// Sets the life of a sandbox.
    Extend,
    /// Pauses a sandbox.
    Pause,
    /// Kills a sandbox.
    Kill,
    /// Runs code.
    Execute,
    /// Creates, lists, restarts or deletes interpreters.
    Contexts,
    /// Writes a file.
    Upload,
    /// Reads a file.
    Download,
    /// Lists a folder.
    ListFiles,
    /// Asks whether a part of a sandbox works.
    Health,
    /// A call that the API does not have.
    Unknown,
}

/// What goes wrong with a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The call is refused with this error and does nothing.
    Error(ApiError),
    /// The connection breaks before anything is done.
    Drop,
    /// The call takes effect, but the connection breaks before the answer.
    LoseAnswer,
    /// The answer begins after this time.
    Slow(Duration),
    /// The stream of an execution breaks after its first output.
    CutStream,
    /// The stream of an execution ends in order, but without `end_of_execution`.
    NoEnd,
    /// The stream of an execution brings nothing, not even keep-alive lines.
    Silent,
}

/// The faults that are ordered, in order.
#[derive(Debug, Default)]
pub(super) struct Faults(VecDeque<(Operation, Fault)>);

impl Faults {
    pub(super) fn order(&mut self, operation: Operation, times: usize, fault: &Fault) {
        self.0.extend(std::iter::repeat_n((operation, fault.clone()), times));
    }

    /// Takes the next fault of an operation.
    pub(super) fn take(&mut self, operation: Operation) -> Option<Fault> {
        let at = self.0.iter().position(|(wanted, _)| *wanted == operation)?;
        self.0.remove(at).map(|(_, fault)| fault)
    }
}
