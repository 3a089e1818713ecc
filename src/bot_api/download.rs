//! Downloads of files: the path is requested first, then the content is read up to a limit. A local Bot API
//! server names a file on this machine; any other hands the content out itself.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::error::FLOOD_WAIT;
use super::flow::{Admission, Class};
use super::methods::GetFile;
use super::{Api, ApiError, CALL_LIMIT};
use crate::domain::file::PUBLIC_LIMIT;
use crate::domain::ids::ChatId;

/// Time limit of a download, whatever the file's size.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(60);
/// Time limit of `getFile` at a local server, which first loads the whole file itself.
const LOADING_LIMIT: Duration = Duration::from_secs(120);

impl Api {
    /// Returns when files of a chat may be fetched again, or `None` if there is no penalty.
    pub(crate) fn files_wait_until(&self, chat: ChatId) -> Option<Instant> {
        match self.flow.admit(chat, Class::File) {
            Admission::Now => None,
            Admission::NotBefore(end) => Some(end),
        }
    }

    /// Returns the largest file that the server hands out, in bytes.
    pub(crate) fn file_limit(&self) -> u64 {
        self.file_limit
    }

    /// Waits for room in memory for a file of `size` bytes (`None`: unknown). Whoever downloads a file takes
    /// room first and keeps it as long as the content.
    pub(crate) async fn room_for(&self, size: Option<u64>) -> Option<OwnedSemaphorePermit> {
        self.room.take(size, self.file_limit).await
    }

    /// Lets a local server load a large file onto its disk, so that the room in memory is not taken while
    /// that goes on. Failures are left to the download.
    pub(crate) async fn preload(&self, chat: ChatId, file: &str, size: Option<u64>) {
        let is_large = size.unwrap_or(self.file_limit) > PUBLIC_LIMIT;
        if is_large && self.is_local && self.files_wait_until(chat).is_none() {
            let answer = self.send(&GetFile { file_id: file }, LOADING_LIMIT).await;
            self.learn(chat, &answer);
        }
    }

    /// Downloads a file from a message in `chat`, at most `most` bytes. Fails at once during a penalty
    /// instead of waiting: see [`Api::files_wait_until`].
    ///
    /// # Errors
    /// Returns the errors of [`Api::deliver`]: Telegram's or the network's. A file over `most` bytes
    /// gives [`ApiError::Refused`] with code 413, also if Telegram would send it.
    pub(crate) async fn download(&self, chat: ChatId, file: &str, most: u64) -> Result<Vec<u8>, ApiError> {
        if let Some(end) = self.files_wait_until(chat) {
            return Err(ApiError::Flood(end - Instant::now()));
        }
        let limit = if self.is_local { LOADING_LIMIT } else { CALL_LIMIT };
        let answer = self.send(&GetFile { file_id: file }, limit).await;
        self.learn(chat, &answer);
        let path = answer?.file_path.ok_or_else(|| refused(404, "the file has no place"))?;
        if path.starts_with('/') && self.is_local {
            let content = timeout(DOWNLOAD_LIMIT, read_local(&path, most)).await;
            return content.unwrap_or_else(|_| Err(ApiError::Server(504)));
        }
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

/// Reads a file of a local server, at most `most` bytes. Its path contains the token, so it is in no error.
async fn read_local(path: &str, most: u64) -> Result<Vec<u8>, ApiError> {
    let mut file = File::open(path).await.map_err(|error| not_readable(&error))?;
    let metadata = file.metadata().await.map_err(|error| not_readable(&error))?;
    if !metadata.is_file() {
        return Err(refused(404, "the path of the file names no file"));
    }
    if metadata.len() > most {
        return Err(refused(413, "the file is too large"));
    }
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    let mut within = (&mut file).take(metadata.len());
    within.read_to_end(&mut content).await.map_err(|error| not_readable(&error))?;
    Ok(content)
}

fn not_readable(error: &io::Error) -> ApiError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied => refused(
            404,
            "the bot cannot open the file that the local Bot API server names: \
             the server's directory must be readable under the same path",
        ),
        _ => ApiError::Server(500),
    }
}

fn refused(code: u16, description: &str) -> ApiError {
    ApiError::Refused { code, description: description.to_owned() }
}

#[cfg(test)]
mod tests;
