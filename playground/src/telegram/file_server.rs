//! Serves downloads below `/file/bot<token>/`, applies faults and records each download.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use super::door::CutSwitch;
use super::faults::DOWNLOAD;
use super::files::DOWNLOAD_LIMIT;
use super::refusal::Refusal;
use super::response::{check_token, cut, failed, refused};
use super::shared::{Shared, Telegram};
use super::types::{CallOutcome, Download, Fault};
use super::world::World;

/// Processes one download; `rest` is the path after `/file/bot`.
pub(super) async fn download(shared: &Arc<Shared>, switch: &CutSwitch, rest: &str) -> Response {
    let Some((token, path)) = rest.split_once('/') else { return refused(&Refusal::new(404, "Not Found")) };
    if let Err(refusal) = check_token(shared, token) {
        return refused(&refusal);
    }
    let file_id = shared.look(|world| world.files.id_of(path)).unwrap_or_default();
    let entry = Download { file_id, path: path.to_owned(), at: Instant::now(), answer: CallOutcome::Waiting };
    let number = shared.change(|world| world.downloads.note(entry));
    if let Some(gate) = shared.look(|world| world.faults.gate(DOWNLOAD)) {
        gate.pass().await;
    }
    let mut fault = shared.lock().faults.take(DOWNLOAD);
    if let Some(Fault::Hang(wait)) = fault {
        tokio::time::sleep(wait).await;
        fault = None;
    }
    let found = shared.look(|world| served(world, path));
    let (answer, response) = match (fault, found) {
        (Some(Fault::DropConnection), _) => (CallOutcome::Cut, cut(switch)),
        (Some(Fault::Status(code)), _) => (error(code, "", None), failed(code)),
        (Some(Fault::Flood { retry_after_s }), _) => refusal(&Refusal::flood(retry_after_s)),
        (Some(Fault::Error { code, description }), _) => refusal(&Refusal::new(code, description)),
        (_, None) => refusal(&Refusal::new(404, "Not Found: invalid file path")),
        (Some(Fault::DropAfter), Some(bytes)) => (CallOutcome::Cut, half(&bytes)),
        (Some(Fault::Hang(_)) | None, Some(bytes)) => {
            (CallOutcome::Ok, with_headers(bytes.len(), bytes.into()))
        }
    };
    shared.change(|world| world.downloads.finish(number, answer));
    response
}

/// Returns the bytes of the file at a path; `None` for files that `getFile` refuses, and on a local server,
/// which has its files on disk only.
fn served(world: &World, path: &str) -> Option<Bytes> {
    if world.settings.local_files.is_some() {
        return None;
    }
    let file = world.files.by_path(path).filter(|file| file.bytes.len() <= DOWNLOAD_LIMIT)?;
    Some(Bytes::from(file.bytes.to_vec()))
}

fn refusal(refusal: &Refusal) -> (CallOutcome, Response) {
    (error(refusal.code, &refusal.description, refusal.retry_after), refused(refusal))
}

fn error(code: u16, description: &str, retry_after: Option<u64>) -> CallOutcome {
    CallOutcome::Error { code, description: description.to_owned(), retry_after }
}

/// Announces the full length, sends half of the bytes and breaks the connection.
fn half(bytes: &Bytes) -> Response {
    let first = bytes.slice(..bytes.len() / 2);
    let pieces = async_stream::stream! {
        yield Ok(first);
        // An error drops what the server has not written yet; being pending once lets it write that.
        tokio::task::yield_now().await;
        yield Err(std::io::Error::other("cut on order"));
    };
    with_headers(bytes.len(), Body::from_stream(pieces))
}

fn with_headers(length: usize, body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, "attachment".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
    ];
    (headers, body).into_response()
}

impl Telegram {
    /// Returns every download of a file, in the order of arrival. For [`fail_next`](Self::fail_next) and
    /// [`hold`](Self::hold), downloads have the name `download`.
    pub fn downloads(&self) -> Vec<Download> {
        self.view(|view| view.downloads().to_vec())
    }
}
