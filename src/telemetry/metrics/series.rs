//! Series that exist from the start or from the moment when their labels are known, so that no graph has a gap.

use strum::VariantArray as _;

use super::Metrics;
use crate::domain::tool::ToolName;

/// The results of a request to a model.
const REQUEST_RESULTS: [&str; 4] = ["ok", "retried", "failed", "cut"];
/// The kinds of tokens.
const TOKEN_KINDS: [&str; 4] = ["input", "cache_write", "cache_read", "output"];

impl Metrics {
    /// Creates the series of labels whose values are listed elsewhere.
    pub(super) fn begin_at_zero(&self) {
        self.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        for tool in ToolName::VARIANTS {
            for status in ["success", "error"] {
                self.tool_calls.with_label_values(&[tool.name(), status]);
            }
            for reason in ["balance", "limit"] {
                self.tools_refused.with_label_values(&[tool.name(), reason]);
            }
        }
        for result in ["ok", "flood", "refused", "failed"] {
            for method in ["getUpdates", "sendMessage", "sendMessageDraft", "editMessageText"] {
                self.telegram_calls.with_label_values(&[method, result]);
            }
        }
    }

    /// Creates the series of a model, so that its first request is seen as growth.
    pub(crate) fn expect_model(&self, model: &str) {
        self.service_costs.with_label_values(&[model]);
        for result in REQUEST_RESULTS {
            self.llm_requests.with_label_values(&[model, result]);
        }
        for kind in TOKEN_KINDS {
            self.llm_tokens.with_label_values(&[model, kind]);
        }
    }

    /// Creates the series of a paid service that is no model of conversations.
    pub(crate) fn expect_service(&self, service: &str) {
        self.service_costs.with_label_values(&[service]);
    }
}
