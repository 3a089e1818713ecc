//! How a turn ends.

/// Why a turn was cut short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// The person pressed stop.
    Stopped,
    /// The person wrote a newer message.
    Superseded,
    /// The service is shutting down and the grace time is over.
    Shutdown,
    /// The service crashed and was restarted.
    Crashed,
}

/// Why a turn has no text, or no more text, from the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TurnFailure {
    /// The provider is overloaded or limits our requests, after all retries.
    Overloaded,
    /// The provider is unreachable, closed the stream or returned a server error.
    Unreachable,
    /// The provider refuses our key, our request or our account: the operator must act.
    Rejected,
    /// The conversation does not fit the model's window.
    TooLong,
    /// The model declined to answer.
    Refused,
    /// The model ended without visible text.
    Empty,
    /// An internal fault.
    Internal,
    /// The user has nothing left to spend.
    NoFunds,
    /// The operator has banned the user.
    Banned,
    /// The question is a recording, and this installation transcribes none.
    VoiceOff,
    /// The question is a recording that could not be transcribed.
    NotHeard,
    /// The question is a recording in which nothing is said.
    NothingSaid,
}

impl TurnFailure {
    /// Returns the name for columns and labels.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How a turn ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The model finished its answer.
    Answered,
    /// The model reached its own length limit; the text so far is kept.
    Truncated,
    /// The overdraft limit was reached; the model was asked for a last answer without tools.
    OutOfFunds,
    /// The limit of one request was reached; the model was asked to say how far it has come, and the person
    /// is asked whether to go on.
    LimitReached,
    /// Cut short from outside; the text so far is kept.
    Interrupted(Interruption),
    /// No answer, or only the beginning of one.
    Failed(TurnFailure),
}

impl Outcome {
    /// Returns the value of the row's `state` column.
    pub fn state(self) -> &'static str {
        match self {
            Self::Answered | Self::Truncated | Self::OutOfFunds | Self::LimitReached => "answered",
            Self::Interrupted(_) => "interrupted",
            Self::Failed(_) => "failed",
        }
    }

    /// Returns the detail of the outcome, as a word for rows, logs and labels.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Answered => "complete",
            Self::Truncated => "truncated",
            Self::OutOfFunds => "out_of_funds",
            Self::LimitReached => "turn_limit",
            Self::Interrupted(Interruption::Stopped) => "stopped",
            Self::Interrupted(Interruption::Superseded) => "superseded",
            Self::Interrupted(Interruption::Shutdown) => "shutdown",
            Self::Interrupted(Interruption::Crashed) => "crashed",
            Self::Failed(failure) => failure.name(),
        }
    }
}
