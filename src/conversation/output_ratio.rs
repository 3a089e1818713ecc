//! How many tokens a model makes of its text, learned from its own complete calls. For answers that were
//! stopped before the provider reported their length.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::model::ModelId;
use crate::llm::tokens::BYTES_PER_ESTIMATED_TOKEN;

/// The tokens after which older calls count half, so that the ratio follows what is being written now.
const MEMORY: u64 = 200_000;
/// The fewest tokens from which a ratio is learned; below it, the general rule applies.
const ENOUGH: u64 = 2_000;

/// The ratios of all models. Cheap to clone. Another instance learns its own; they only differ in estimates.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputRatios(Arc<Mutex<HashMap<ModelId, Seen>>>);

/// What a model has written.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    bytes: u64,
    tokens: u64,
}

impl OutputRatios {
    /// Learns from a complete call: the bytes that came, and the tokens that the provider reported for them.
    pub(super) fn learn(&self, model: &ModelId, bytes: u64, tokens: u64) {
        if bytes == 0 || tokens == 0 {
            return;
        }
        let mut ratios = self.0.lock();
        let seen = ratios.entry(model.clone()).or_default();
        *seen = Seen { bytes: seen.bytes + bytes, tokens: seen.tokens + tokens };
        if seen.tokens > MEMORY {
            *seen = Seen { bytes: seen.bytes / 2, tokens: seen.tokens / 2 };
        }
    }

    /// Estimates the tokens of an output of this many bytes.
    pub(super) fn tokens(&self, model: &ModelId, bytes: u64) -> u64 {
        match self.0.lock().get(model) {
            Some(seen) if seen.tokens >= ENOUGH && seen.bytes > 0 => {
                bytes.saturating_mul(seen.tokens).div_ceil(seen.bytes)
            }
            _ => bytes.div_ceil(BYTES_PER_ESTIMATED_TOKEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_the_models_own_calls_and_follows_them() {
        let (ratios, model) = (OutputRatios::default(), ModelId("m".to_owned()));
        assert_eq!(ratios.tokens(&model, 300), 100, "nothing is known yet");
        ratios.learn(&model, 4_000, 1_000);
        assert_eq!(ratios.tokens(&model, 300), 100, "too little is known");
        ratios.learn(&model, 4_000, 1_000);
        assert_eq!(ratios.tokens(&model, 400), 100);
        assert_eq!(ratios.tokens(&ModelId("n".to_owned()), 300), 100, "another model");
        for _ in 0..1_000 {
            ratios.learn(&model, 2_000, 1_000);
        }
        assert!((195..=200).contains(&ratios.tokens(&model, 400)));
        ratios.learn(&model, 0, 5);
        ratios.learn(&model, 5, 0);
        assert_eq!(ratios.tokens(&model, 0), 0);
        assert!(ratios.tokens(&model, u64::MAX) > 0);
    }
}
