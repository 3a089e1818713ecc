//! What a try has used, as far as the provider has reported it, else as an estimate, and the call for the books.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::super::context::RoundEnd;
use super::Attempt;
use crate::conversation::assistant::Assistant;
use crate::domain::turn::ModelCall;
use crate::domain::usage::Usage;
use crate::llm::LlmRequest;
use crate::llm::tokens::{BYTES_PER_ESTIMATED_TOKEN, BYTES_PER_RESULT_TOKEN};
use crate::services::metering::RUNNING;

/// How long the provider may take to count a stopped answer, which waits for it.
const COUNT_LIMIT: Duration = Duration::from_secs(2);

impl Attempt {
    /// Returns the usage, and whether it is partly estimated. Unreported usage is not free: the estimate
    /// covers the sent text, what came of searches and fetches and, if the answer is complete, the received
    /// text up to the allowed length. A try that failed before an answer began used nothing.
    fn usage(&self, request: &LlmRequest, complete: bool) -> (Usage, bool) {
        let begun = complete || self.reported.is_some() || self.received() > 0;
        let reported = self.reported.unwrap_or_default();
        let mut usage = reported.usage;
        let no_prompt = begun && !reported.prompt;
        let partial = self.partial_output.filter(|_| !complete && !reported.output);
        let no_output = partial.is_some() || (complete && !reported.output);
        // Searches and what they returned are reported at the end only.
        let no_web = !reported.output && self.results > 0;
        if no_prompt {
            let sent = request.estimated_tokens().min(request.model.window);
            usage.input = usage.input.max(sent.saturating_sub(usage.prompt() - usage.input));
        }
        if no_output {
            let received = partial.unwrap_or(self.received().div_ceil(BYTES_PER_ESTIMATED_TOKEN));
            usage.output = usage.output.max(received.min(request.max_tokens));
        }
        if no_web {
            usage.web_searches = usage.web_searches.max(self.searches);
            usage.input += self.results / BYTES_PER_RESULT_TOKEN;
        }
        (usage, no_prompt || no_output || no_web)
    }

    /// Returns the bytes of the answer that came, with thoughts and calls.
    pub(in crate::conversation::round) fn received(&self) -> u64 {
        (self.text.len() + self.unseen.len()) as u64
    }

    /// Determines how many tokens a stopped answer has: the provider reports that only at its end. The
    /// provider's free count is asked (`counted`), for at most [`COUNT_LIMIT`]; else the ratio of the model's
    /// own calls applies.
    pub(in crate::conversation::round) async fn measure(
        &mut self,
        assistant: &Assistant,
        request: &LlmRequest,
        counted: bool,
    ) {
        if self.received() == 0 || self.reported.is_some_and(|reported| reported.output) {
            return;
        }
        let said = [self.text.as_str(), self.unseen.as_str()].concat();
        let alone = request.of_text(said);
        let count = async {
            let count = timeout(COUNT_LIMIT, assistant.provider.count_tokens(&alone)).await.ok()?;
            count
                .inspect_err(|error| {
                    let error = error as &dyn std::error::Error;
                    tracing::debug!(error, "a stopped answer is not counted by the provider");
                })
                .ok()
        };
        let count = if counted { count.await } else { None };
        let estimate = || assistant.ratios.tokens(&request.model.id, self.received());
        self.partial_output = Some(count.unwrap_or_else(estimate));
    }

    /// Learns the ratio of text and tokens from a call whose output was reported.
    pub(in crate::conversation::round) fn teach(&self, assistant: &Assistant, request: &LlmRequest) {
        if let Some(reported) = self.reported.filter(|reported| reported.output) {
            assistant.ratios.learn(&request.model.id, self.received(), reported.usage.output);
        }
    }

    /// Returns the call for the books; without `ended` it is recorded as still running.
    pub(in crate::conversation::round) fn call(
        &self,
        request: &LlmRequest,
        ended: Option<&RoundEnd>,
        started: Instant,
    ) -> ModelCall {
        let (usage, estimated) = self.usage(request, matches!(ended, Some(RoundEnd::Stop(_))));
        ModelCall {
            number: self.number,
            model: request.model.id.clone(),
            request_id: self.request_id.clone(),
            ended: ended.map_or(RUNNING, RoundEnd::name).to_owned(),
            usage,
            estimated,
            first_text_ms: self.first_text.map(millis),
            duration_ms: millis(started.elapsed()),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
