//! Signatures of thinking blocks. A signature is bound to the text, the model and the exact prompt before the
//! block. Any emulator can verify it, even after a restart. Signatures detect changes; they are not secret.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The result of a verification.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Valid,
    /// Made by another model. The API silently drops such blocks.
    OtherModel,
    /// The prompt before the block changed.
    OtherConversation,
    /// Not a signature of this text.
    Invalid,
}

/// Signs a thinking text.
pub(super) fn sign(text: &str, model: &str, prefix: u64) -> String {
    let (model, prefix) = (digest(&model), digest(&prefix));
    format!("Erc{model:016x}{prefix:016x}{:016x}==", seal(text, model, prefix))
}

/// Checks a signature against the block's text, the request's model and the prompt before the block. The text
/// may be empty, as it is if the answer omitted thinking.
pub(super) fn verify(signature: &str, text: &str, model: &str, prefix: u64) -> Verdict {
    let Some([signed_model, signed_prefix, mac]) = parts(signature) else { return Verdict::Invalid };
    if mac != seal(text, signed_model, signed_prefix) {
        Verdict::Invalid
    } else if signed_model != digest(&model) {
        Verdict::OtherModel
    } else if signed_prefix != digest(&prefix) {
        Verdict::OtherConversation
    } else {
        Verdict::Valid
    }
}

fn parts(signature: &str) -> Option<[u64; 3]> {
    let hex = signature.strip_prefix("Erc")?.strip_suffix("==")?;
    if hex.len() != 48 || !hex.is_ascii() {
        return None;
    }
    let part = |at: usize| u64::from_str_radix(&hex[at * 16..(at + 1) * 16], 16).ok();
    Some([part(0)?, part(1)?, part(2)?])
}

fn seal(text: &str, model: u64, prefix: u64) -> u64 {
    digest(&("thinking", text, model, prefix))
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let good = sign("thought", "m", 7);
        for (signature, text, model, prefix, verdict) in [
            (good.as_str(), "thought", "m", 7, Verdict::Valid),
            (&good, "another", "m", 7, Verdict::Invalid),
            (&good, "thought", "n", 7, Verdict::OtherModel),
            (&good, "thought", "m", 8, Verdict::OtherConversation),
            (&good.replace("Erc", "Erd"), "thought", "m", 7, Verdict::Invalid),
            ("", "thought", "m", 7, Verdict::Invalid),
            ("Ercщ==", "thought", "m", 7, Verdict::Invalid),
        ] {
            assert_eq!(
                verify(signature, text, model, prefix),
                verdict,
                "{signature} {text} {model} {prefix}"
            );
        }
    }
}
