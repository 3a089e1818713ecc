//! Downloads of files: the path is requested first, then the content is read up to a limit.

use std::time::Duration;

use tokio::time::Instant;

use super::flow::{Admission, Class};
use super::methods::GetFile;
use super::{Api, ApiError, CALL_LIMIT};
use crate::domain::ids::ChatId;

/// Time limit of a download, whatever the file's size.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(60);
/// How long downloads pause when Telegram limits them, because it names no time then.
const FLOOD_WAIT: Duration = Duration::from_secs(5);

impl Api {
    /// Returns when files of a chat may be fetched again, or `None` if there is no penalty.
    pub(crate) fn files_wait_until(&self, chat: ChatId) -> Option<Instant> {
        match self.flow.admit(chat, Class::File) {
            Admission::Now => None,
            Admission::NotBefore(end) => Some(end),
        }
    }

    /// Downloads a file from a message in `chat`, at most `most` bytes. Fails at once during a penalty
    /// instead of waiting: see [`Api::files_wait_until`].
    ///
    /// # Errors
    /// Returns the errors of [`Api::deliver`]: Telegram's or the network's. A larger file is refused with
    /// 413.
    pub(crate) async fn download(&self, chat: ChatId, file: &str, most: u64) -> Result<Vec<u8>, ApiError> {
        if let Some(end) = self.files_wait_until(chat) {
            return Err(ApiError::Flood(end - Instant::now()));
        }
        let answer = self.send(&GetFile { file_id: file }, CALL_LIMIT).await;
        self.learn(chat, &answer);
        let path = answer?.file_path.ok_or_else(|| refused(404, "the file has no place"))?;
        let content = self.read_file(&path, most).await;
        self.learn(chat, &content);
        content
    }

    async fn read_file(&self, path: &str, most: u64) -> Result<Vec<u8>, ApiError> {
        let sent = self.http.get(self.addresses.file(path)).timeout(DOWNLOAD_LIMIT).send().await;
        let mut response = sent.map_err(ApiError::network)?;
        match response.status().as_u16() {
            200 => {}
            429 => return Err(ApiError::Flood(FLOOD_WAIT)),
            code @ 500..=599 => return Err(ApiError::Server(code)),
            code => return Err(refused(code, "the file is not there")),
        }
        let length = response.content_length().unwrap_or(most);
        if length > most {
            return Err(refused(413, "the file is too large"));
        }
        // The exact capacity is reserved, because a growing buffer exists twice while it moves.
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        while let Some(chunk) = response.chunk().await.map_err(ApiError::network)? {
            if (content.len() + chunk.len()) as u64 > most {
                return Err(refused(413, "the file is too large"));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }
}

fn refused(code: u16, description: &str) -> ApiError {
    ApiError::Refused { code, description: description.to_owned() }
}
