//! Chooses the scripted model's answer: a reply scripted for this text, the next reply of the queue, the
//! author's reply, or the scenario chosen by the user's text.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::conversation::{newest_question, newest_tool_results, newest_user_text};
use super::models::Model;
use super::reply::{Gate, Plan, Reply, Step};
use super::scenario::{DefaultScenario, Directive, Scenario};
use super::scripted::{self, ScriptInput};
use super::transcript::Transcript;

/// The parts of a request that an author sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptView {
    /// The texts of the newest user message that has any, joined by line breaks.
    pub text: String,
    /// Names and results of the tools called since.
    pub results: Vec<(String, String)>,
}

/// Chooses the reply to a request that no script answers.
struct AnswerFn(Box<Words>);

type Words = dyn Fn(&PromptView) -> Option<Reply> + Send;

impl std::fmt::Debug for AnswerFn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Author")
    }
}

#[derive(Debug)]
pub(super) struct ResponsePlanner {
    queue: VecDeque<Reply>,
    by_text: Vec<(String, Reply)>,
    author: Option<AnswerFn>,
    fallback: DefaultScenario,
    /// How often each prompt of each user was answered, for temporary faults.
    attempts: HashMap<u64, u32>,
    /// Prompts that end with a paused turn of this emulator.
    paused: HashSet<u64>,
    /// Tools after whose results the answer waits at a gate.
    held: Vec<(String, Gate)>,
}

impl ResponsePlanner {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            by_text: Vec::new(),
            author: None,
            fallback: DefaultScenario::Usually(Scenario::Echo),
            attempts: HashMap::new(),
            paused: HashSet::new(),
            held: Vec::new(),
        }
    }

    pub(super) fn queue(&mut self, reply: Reply) {
        self.queue.push_back(reply);
    }

    pub(super) fn queue_for(&mut self, contains: &str, reply: Reply) {
        self.by_text.push((contains.to_owned(), reply));
    }

    pub(super) fn set_author(&mut self, author: impl Fn(&PromptView) -> Option<Reply> + Send + 'static) {
        self.author = Some(AnswerFn(Box::new(author)));
    }

    pub(super) fn set_default_scenario(&mut self, fallback: DefaultScenario) {
        self.fallback = fallback;
    }

    pub(super) fn hold_after(&mut self, tool: &str, gate: Gate) {
        self.held.push((tool.to_owned(), gate));
    }

    /// Records a prompt that may end with an assistant message, because its turn was paused.
    pub(super) fn pause(&mut self, prefix: u64) {
        self.paused.insert(prefix);
    }

    pub(super) fn resumes_pause(&self, prompt: &Transcript) -> bool {
        self.paused.contains(&prompt.prefix)
    }

    /// Returns steps or an error; a named scenario is resolved.
    pub(super) fn plan(&mut self, body: &Value, model: &Model, prompt: &Transcript) -> Plan {
        let mut attempt = DefaultHasher::new();
        (prompt.prefix, body["metadata"]["user_id"].as_str()).hash(&mut attempt);
        let attempts = self.attempts.entry(attempt.finish()).or_default();
        let earlier_attempts = *attempts;
        *attempts += 1;
        let scene = ScriptInput {
            body,
            fallback: self.fallback,
            known: &prompt.known,
            prompt_tokens: prompt.tokens,
            window: model.window,
            earlier_attempts,
            resumes_pause: self.resumes_pause(prompt),
        };
        let plan = match self.scripted(body) {
            None => scripted::improvise(&scene),
            Some(Plan::Scenario(scenario)) => scripted::perform(&Directive::plain(scenario), &scene),
            Some(plan) => plan,
        };
        self.with_holds(plan, body)
    }

    /// Adds the gates at which an answer waits: before its first step, or behind the last use of one of the
    /// API's own tools.
    fn with_holds(&self, plan: Plan, body: &Value) -> Plan {
        let Plan::Steps(mut steps) = plan else { return plan };
        let results = newest_tool_results(body);
        for (tool, gate) in &self.held {
            let is_use = |step: &Step| match step {
                Step::Search(_) => tool == "web_search",
                Step::Fetch(_) => tool == "web_fetch",
                _ => false,
            };
            let is_first = results.iter().any(|(name, _)| name == tool).then_some(0);
            let place = is_first.or_else(|| Some(steps.iter().rposition(is_use)? + 1));
            if let Some(place) = place {
                steps.insert(place, Step::Gate(gate.clone()));
            }
        }
        Plan::Steps(steps)
    }

    fn scripted(&mut self, body: &Value) -> Option<Plan> {
        let text = newest_user_text(body);
        if let Some(at) = self.by_text.iter().position(|(contains, _)| text.contains(contains)) {
            return Some(self.by_text.remove(at).1.plan);
        }
        let next = self.queue.pop_front().or_else(|| {
            let author = self.author.as_ref()?;
            (author.0)(&PromptView { text: newest_question(body), results: newest_tool_results(body) })
        });
        next.map(|reply| reply.plan)
    }
}
