//! The models of the emulated API and what each of them accepts.
//! Figures follow the provider's public tables of November 2026; the emulator has no prices. `GET /v1/models`
//! is built from the same rows that the request checks read.

use serde_json::{Value, json};

/// The values of `effort`, weakest first.
pub(super) const EFFORT_LEVELS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];

const NO_EFFORT: &[&str] = &[];
const UP_TO_HIGH: &[&str] = &["low", "medium", "high"];
const WITHOUT_XHIGH: &[&str] = &["low", "medium", "high", "max"];
const EVERY_EFFORT: &[&str] = &EFFORT_LEVELS;

/// Which `thinking` settings a model accepts, and what it does without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Always thinks; only `adaptive` is accepted.
    Always,
    /// Always thinks, but thinking may be limited to remarks between tools.
    AlwaysOrBetweenTools,
    /// Thinks unless disabled, which is allowed up to effort high.
    OnUntilHigh,
    /// Thinks unless disabled.
    On,
    /// Thinks only on request, adaptively.
    Off,
    /// Thinks only on request, adaptively or with a budget.
    OffOrBudget,
    /// Thinks only if given a budget.
    BudgetOnly,
}

impl Thinking {
    /// Returns whether the model thinks if a request does not mention it.
    pub(super) fn on_by_default(self) -> bool {
        matches!(self, Self::Always | Self::AlwaysOrBetweenTools | Self::OnUntilHigh | Self::On)
    }

    /// Returns whether `thinking.type` may have this value.
    pub(super) fn accepts(self, kind: &str) -> bool {
        match kind {
            "adaptive" => self != Self::BudgetOnly,
            "enabled" => matches!(self, Self::OffOrBudget | Self::BudgetOnly),
            "between_tools" => self == Self::AlwaysOrBetweenTools,
            "disabled" => !matches!(self, Self::Always | Self::AlwaysOrBetweenTools),
            _ => false,
        }
    }
}

/// One model: its limits in tokens and the request settings that it accepts.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a table row of independent abilities")]
pub(super) struct Model {
    pub(super) id: &'static str,
    /// A dated name of the same model; empty if there is none.
    pub(super) dated: &'static str,
    pub(super) name: &'static str,
    pub(super) window: u64,
    pub(super) max_output: u64,
    /// The shortest prefix that is cached, in tokens.
    pub(super) min_cacheable: u64,
    pub(super) efforts: &'static [&'static str],
    pub(super) thinking: Thinking,
    /// Whether thinking text is omitted from the answer unless the request asks for a summary.
    pub(super) omits_thinking: bool,
    pub(super) forced_tools: bool,
    pub(super) system_messages: bool,
    pub(super) prefill: bool,
    /// Whether non-default sampling parameters are refused under every version.
    pub(super) fixed_sampling: bool,
    /// Limit of tokens per picture.
    pub(super) image_tokens: u64,
}

/// Defaults of a current model; rows of older models override what differs.
const CURRENT: Model = Model {
    id: "",
    dated: "",
    name: "",
    window: 1_000_000,
    max_output: 128_000,
    min_cacheable: 512,
    efforts: EVERY_EFFORT,
    thinking: Thinking::Always,
    omits_thinking: true,
    forced_tools: false,
    system_messages: true,
    prefill: false,
    fixed_sampling: true,
    image_tokens: 4784,
};

/// Defaults of the 4.5 family: small window, budgets for thinking, prefill.
const OLD: Model = Model {
    window: 200_000,
    max_output: 64_000,
    min_cacheable: 4096,
    efforts: NO_EFFORT,
    thinking: Thinking::BudgetOnly,
    omits_thinking: false,
    forced_tools: true,
    system_messages: false,
    prefill: true,
    fixed_sampling: false,
    image_tokens: 1568,
    ..CURRENT
};

/// Defaults of the 4.6 family.
const OLDER: Model = Model {
    efforts: WITHOUT_XHIGH,
    thinking: Thinking::OffOrBudget,
    omits_thinking: false,
    forced_tools: true,
    system_messages: false,
    fixed_sampling: false,
    image_tokens: 1568,
    ..CURRENT
};

/// Every model, newest first, as the list endpoint shows them.
pub(super) const MODELS: &[Model] = &[
    Model { id: "claude-fable-5-2", name: "Claude Fable 5.2", ..CURRENT },
    Model { id: "claude-mythos-5-2", name: "Claude Mythos 5.2", ..CURRENT },
    Model { id: "claude-opus-5-5", name: "Claude Opus 5.5", ..CURRENT },
    Model {
        id: "claude-sonnet-5-5",
        name: "Claude Sonnet 5.5",
        thinking: Thinking::AlwaysOrBetweenTools,
        ..CURRENT
    },
    Model {
        id: "claude-haiku-5-5",
        name: "Claude Haiku 5.5",
        thinking: Thinking::OnUntilHigh,
        forced_tools: true,
        system_messages: false,
        ..CURRENT
    },
    Model { id: "claude-fable-5-1", name: "Claude Fable 5.1", ..CURRENT },
    Model { id: "claude-mythos-5-1", name: "Claude Mythos 5.1", ..CURRENT },
    Model { id: "claude-fable-5", name: "Claude Fable 5", forced_tools: true, ..CURRENT },
    Model { id: "claude-mythos-5", name: "Claude Mythos 5", forced_tools: true, ..CURRENT },
    Model {
        id: "claude-opus-5",
        name: "Claude Opus 5",
        thinking: Thinking::OnUntilHigh,
        forced_tools: true,
        ..CURRENT
    },
    Model {
        id: "claude-sonnet-5",
        name: "Claude Sonnet 5",
        min_cacheable: 1024,
        thinking: Thinking::On,
        forced_tools: true,
        system_messages: false,
        ..CURRENT
    },
    Model {
        id: "claude-opus-4-8",
        name: "Claude Opus 4.8",
        min_cacheable: 1024,
        thinking: Thinking::Off,
        forced_tools: true,
        ..CURRENT
    },
    Model {
        id: "claude-opus-4-7",
        name: "Claude Opus 4.7",
        min_cacheable: 2048,
        thinking: Thinking::Off,
        forced_tools: true,
        system_messages: false,
        ..CURRENT
    },
    Model { id: "claude-opus-4-6", name: "Claude Opus 4.6", min_cacheable: 4096, ..OLDER },
    Model { id: "claude-sonnet-4-6", name: "Claude Sonnet 4.6", min_cacheable: 1024, ..OLDER },
    Model {
        id: "claude-opus-4-5",
        dated: "claude-opus-4-5-20251101",
        name: "Claude Opus 4.5",
        efforts: UP_TO_HIGH,
        ..OLD
    },
    Model {
        id: "claude-sonnet-4-5",
        dated: "claude-sonnet-4-5-20250929",
        name: "Claude Sonnet 4.5",
        min_cacheable: 1024,
        ..OLD
    },
    Model { id: "claude-haiku-4-5", dated: "claude-haiku-4-5-20251001", name: "Claude Haiku 4.5", ..OLD },
];

/// Finds a model by its id or dated id.
pub(super) fn find(id: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.id == id || (!model.dated.is_empty() && model.dated == id))
}

/// Returns the object of `GET /v1/models/{id}`.
pub(super) fn describe(model: &Model) -> Value {
    let supported = |yes: bool| json!({ "supported": yes });
    let mut effort = json!({ "supported": !model.efforts.is_empty() });
    for level in EFFORT_LEVELS {
        effort[level] = supported(model.efforts.contains(&level));
    }
    let mut types = json!({});
    for kind in ["adaptive", "between_tools", "disabled", "enabled"] {
        types[kind] = supported(model.thinking.accepts(kind));
    }
    let retires = (model.id == "claude-sonnet-4-5").then_some("2026-11-30T00:00:00Z");
    json!({
        "type": "model",
        "id": if model.dated.is_empty() { model.id } else { model.dated },
        "display_name": model.name,
        "line": model.id.split('-').nth(1),
        "created_at": "2026-01-01T00:00:00Z",
        "deprecated_at": null,
        "retires_at": retires,
        "lifecycle": if retires.is_some() { "deprecated" } else { "active" },
        "max_input_tokens": model.window,
        "max_tokens": model.max_output,
        "capabilities": {
            "batch": supported(true), "citations": supported(true), "code_execution": supported(true),
            "context_management": { "supported": true, "clear_thinking_20251015": supported(true),
                "clear_tool_uses_20250919": supported(true), "compact_20260112": supported(true) },
            "effort": effort, "image_input": supported(true), "pdf_input": supported(true),
            "server_tools": { "supported": true, "web_search": supported(true), "code_execution": supported(true) },
            "structured_outputs": supported(true),
            "thinking": { "supported": true, "types": types },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_settings_by_model() {
        for (id, accepted) in [
            ("claude-opus-5-5", vec!["adaptive"]),
            ("claude-sonnet-5-5", vec!["adaptive", "between_tools"]),
            ("claude-haiku-5-5", vec!["adaptive", "disabled"]),
            ("claude-opus-4-8", vec!["adaptive", "disabled"]),
            ("claude-sonnet-4-6", vec!["adaptive", "enabled", "disabled"]),
            ("claude-haiku-4-5-20251001", vec!["enabled", "disabled"]),
        ] {
            let model = find(id).unwrap();
            let all = ["adaptive", "between_tools", "enabled", "disabled"];
            let found: Vec<_> = all.into_iter().filter(|kind| model.thinking.accepts(kind)).collect();
            let mut accepted = accepted;
            accepted.sort_by_key(|kind| all.iter().position(|other| other == kind));
            assert_eq!(found, accepted, "{id}");
        }
        assert!(find("claude-3-opus").is_none() && find("").is_none());
    }
}
