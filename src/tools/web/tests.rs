//! The limits of the tools of a turn and of a sub-agent.

use super::*;
use crate::tools::Toolbox;

#[test]
fn a_subagent_has_the_same_tools_with_narrower_limits() {
    let blocked = ["a.example".to_owned()];
    for (uses, of_subagent) in [(5, 2), (1, 1)] {
        let toolbox = Toolbox::without(&[]).with_web(WebAccess::new(uses, &blocked));
        for (toolbox, most, cites) in [(&toolbox, uses, true), (&toolbox.for_subagents(), of_subagent, false)]
        {
            let limits = WebLimits { uses: most, blocked_domains: blocked.as_slice().into() };
            let [ServerTool::WebSearch(search), ServerTool::WebFetch { limits: fetch, citations, .. }] =
                &toolbox.server_tools()[..]
            else {
                panic!("{:?}", toolbox.server_tools());
            };
            assert_eq!((search, fetch, *citations), (&limits, &limits, cites));
        }
    }
}

#[test]
fn without_uses_there_are_no_tools() {
    let toolbox = Toolbox::without(&[]).with_web(WebAccess::new(0, &[]));
    assert!(toolbox.server_tools().is_empty() && toolbox.for_subagents().server_tools().is_empty());
}
