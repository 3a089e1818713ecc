//! Prompts that the provider rejects because of their files.

use super::TurnLoop;
use crate::llm::LlmError;
use crate::llm::message::LlmMessage;
use crate::llm::request::LlmRequest;

impl TurnLoop<'_> {
    /// Changes a prompt that was rejected because of its files: renews, once, a copy that the provider no
    /// longer has, and replaces other files with lines. Returns `false` if the error is not about files.
    pub(super) async fn mend_files(&mut self, prompt: &mut LlmRequest, error: &LlmError) -> bool {
        if let LlmError::FileGone { id } = error
            && prompt.files().any(|file| file.id == *id)
            && !self.renewed.contains(id)
        {
            match self.stop.or_cut(self.assistant.copies.renew(self.thread, id)).await {
                Some(Some(copy)) => {
                    self.renewed.push(copy.clone());
                    return prompt.replace_file(id, &copy);
                }
                Some(None) => {}
                // The turn ends now, and the next one renews the copy: it is not lost.
                None => return true,
            }
        }
        self.drop_files(prompt, error)
    }

    /// Replaces the files for which a prompt was rejected with lines. Returns `false` if the error is not
    /// about files. Only files that the provider named are stored as lost; the next prompt includes the
    /// guessed ones again.
    fn drop_files(&mut self, prompt: &mut LlmRequest, error: &LlmError) -> bool {
        match error {
            LlmError::FileGone { id } => {
                let lost = prompt.lose_files(std::slice::from_ref(id));
                self.lost_files.extend(lost.then(|| id.clone()));
                lost
            }
            LlmError::FilesRefused { ids } => prompt.lose_files(ids),
            LlmError::Rejected { status: 400, .. } => {
                self.suspected += 1;
                prompt.lose_files(&suspects(prompt, self.suspected))
            }
            _ => false,
        }
    }
}

/// Returns the files that may be the reason why a prompt was rejected: first those of the newest message that
/// has any, because prompts with the older ones were accepted, then all.
fn suspects(prompt: &LlmRequest, times: u32) -> Vec<String> {
    let ids = |message: &LlmMessage| message.files().map(|file| file.id.clone()).collect::<Vec<_>>();
    match times {
        1 => prompt.messages.iter().rev().map(ids).find(|ids| !ids.is_empty()).unwrap_or_default(),
        2 => prompt.messages.iter().flat_map(ids).collect(),
        _ => Vec::new(),
    }
}
