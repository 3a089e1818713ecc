//! The chat page in the browser and the control API behind it, below `/play/`. An action on the page has the
//! same effect as the method of [`Telegram`](super::Telegram) that a test calls.

mod control;
mod feed;
mod files;
mod shop;
mod snapshot;

use std::ops::Range;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::media;
use super::shared::Shared;

const HTML: &str = include_str!("assets/index.html");
/// Name, media type and content of each file that the page loads.
const ASSETS: [(&str, &str, &str); 12] = [
    ("page.css", "text/css; charset=utf-8", include_str!("assets/page.css")),
    ("chat.css", "text/css; charset=utf-8", include_str!("assets/chat.css")),
    ("media.css", "text/css; charset=utf-8", include_str!("assets/media.css")),
    ("stars.css", "text/css; charset=utf-8", include_str!("assets/stars.css")),
    ("dom.js", "text/javascript; charset=utf-8", include_str!("assets/dom.js")),
    ("files.js", "text/javascript; charset=utf-8", include_str!("assets/files.js")),
    ("main.js", "text/javascript; charset=utf-8", include_str!("assets/main.js")),
    ("media.js", "text/javascript; charset=utf-8", include_str!("assets/media.js")),
    ("message.js", "text/javascript; charset=utf-8", include_str!("assets/message.js")),
    ("ogg.js", "text/javascript; charset=utf-8", include_str!("assets/ogg.js")),
    ("panels.js", "text/javascript; charset=utf-8", include_str!("assets/panels.js")),
    ("stars.js", "text/javascript; charset=utf-8", include_str!("assets/stars.js")),
];
/// Content security policy: only the page's own files and the files of the chats.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; media-src 'self'; frame-ancestors 'none'";

/// Returns the routes of the page and of the control API.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { asset("text/html; charset=utf-8", HTML) }))
        .route("/page/{name}", get(named_asset))
        .route("/play/state", get(feed::state))
        .route("/play/events", get(feed::events))
        .route("/play/say", post(control::say))
        .route("/play/edit", post(control::edit))
        .route("/play/press", post(control::press))
        .route("/play/stop", post(control::stop))
        .route("/play/pay", post(shop::pay))
        .route("/play/stars", post(shop::set_stars))
        .route("/play/file", post(files::send_file))
        .route("/play/file/{id}", get(stored_file))
        .route("/play/voice", post(files::send_voice))
        .route("/play/user", post(control::add_user))
        .route("/play/group", post(control::add_group))
        .route("/play/topic", post(control::add_topic))
        .route("/play/block", post(control::block))
        .route("/play/fault", post(control::fault))
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, content).into_response()
}

async fn named_asset(Path(name): Path<String>) -> Response {
    let found = ASSETS.iter().find(|(own, _, _)| *own == name);
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |(_, kind, content)| asset(kind, content))
}

/// Serves a file of a chat, or the part that a player asks for. Types that could run script are served as
/// downloads.
async fn stored_file(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(file) = shared.look(|world| world.files.get(&id).cloned()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let content = media::content_type(&file.bytes).unwrap_or(file.mime.as_str());
    let pictures = ["image/png", "image/jpeg", "image/webp", "image/gif"];
    let shown = pictures.contains(&content) || content.starts_with("audio/") || content.starts_with("video/");
    let kind = if shown { content.to_owned() } else { "application/octet-stream".to_owned() };
    let length = file.bytes.len();
    let wanted = headers.get(RANGE).and_then(|value| part(value.to_str().ok()?, length));
    let headers = [(CONTENT_TYPE, kind), (ACCEPT_RANGES, "bytes".to_owned())];
    match wanted {
        None => (headers, file.bytes.to_vec()).into_response(),
        Some(part) => {
            let place = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            let bytes = file.bytes[part].to_vec();
            (StatusCode::PARTIAL_CONTENT, headers, [(CONTENT_RANGE, place)], bytes).into_response()
        }
    }
}

/// Reads a range of bytes such as `bytes=10-` or `bytes=10-19`, of which players send one at a time. Returns
/// `None` for one that the file does not have; then the whole file is served.
fn part(range: &str, length: usize) -> Option<Range<usize>> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    let start: usize = start.parse().ok()?;
    let end = if end.is_empty() { length } else { end.parse::<usize>().ok()?.saturating_add(1).min(length) };
    (start < end).then_some(start..end)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranges_are_within_the_file() {
        for (range, part) in [
            ("bytes=0-", Some(0..10)),
            ("bytes=3-5", Some(3..6)),
            ("bytes=9-99", Some(9..10)),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=-5", None),
            ("bytes=0-1,4-5", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(super::part(range, 10), part, "{range}");
        }
    }
}
