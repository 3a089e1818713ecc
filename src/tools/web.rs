//! `web_search` and `web_fetch`: tools of the web that the model's provider runs. This file decides how much
//! of them a turn and a sub-agent may use.

use std::sync::Arc;

use crate::llm::request::{ServerTool, WebLimits};

/// The most tokens that the model reads of one page.
const PAGE_TOKENS: u32 = 20_000;
/// The most uses of each tool in one request of a sub-agent, which has little money.
const SUBAGENT_USES: u32 = 2;
/// The most tokens that a sub-agent reads of one page.
const SUBAGENT_PAGE_TOKENS: u32 = 4_000;

/// What models may do on the web. The default is nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct WebAccess {
    uses: u32,
    page_tokens: u32,
    citations: bool,
    blocked_domains: Arc<[String]>,
}

impl WebAccess {
    /// Allows each tool `uses` times in one request, except on these domains. Without uses there are no such
    /// tools.
    pub(crate) fn new(uses: u32, blocked_domains: &[String]) -> Self {
        Self { uses, page_tokens: PAGE_TOKENS, citations: true, blocked_domains: blocked_domains.into() }
    }

    /// Returns what a sub-agent may do. Nobody sees its text, so it cites nothing.
    pub(super) fn for_subagents(&self) -> Self {
        Self {
            uses: self.uses.min(SUBAGENT_USES),
            page_tokens: SUBAGENT_PAGE_TOKENS,
            citations: false,
            blocked_domains: self.blocked_domains.clone(),
        }
    }

    /// Returns the tools, in a fixed order.
    pub(super) fn tools(&self) -> Arc<[ServerTool]> {
        if self.uses == 0 {
            return Arc::from([]);
        }
        let limits = WebLimits { uses: self.uses, blocked_domains: self.blocked_domains.clone() };
        Arc::from([
            ServerTool::WebSearch(limits.clone()),
            ServerTool::WebFetch { limits, content_tokens: self.page_tokens, citations: self.citations },
        ])
    }
}

#[cfg(test)]
mod tests;
