//! Bodies of requests, read up to a limit, and of responses that stream or break off.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures::StreamExt as _;

use crate::anthropic::error::common_headers;

const MOST_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Limit of what is read of a body that is too large, so that the client can receive the refusal.
const MOST_DRAINED_BYTES: usize = 8 * MOST_BODY_BYTES;

/// Returns the body up to the limit, and whether there was more.
pub(super) async fn read_body(body: Body) -> (Bytes, bool) {
    let mut stream = body.into_data_stream();
    let mut raw = Vec::new();
    let mut seen = 0;
    while let Some(Ok(piece)) = stream.next().await {
        seen += piece.len();
        if seen <= MOST_BODY_BYTES {
            raw.extend_from_slice(&piece);
        } else if seen > MOST_DRAINED_BYTES {
            break;
        }
    }
    (Bytes::from(raw), seen > MOST_BODY_BYTES)
}

pub(super) fn event_stream(body: Body, request_id: &str) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    common_headers(headers, request_id);
    response
}

/// Returns headers, after which the connection breaks.
pub(in super::super) fn broken_response(request_id: &str) -> Response<Body> {
    let broken = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("broken by script"))]);
    let mut response = Response::new(Body::from_stream(broken));
    common_headers(response.headers_mut(), request_id);
    response
}
