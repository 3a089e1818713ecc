//! A request that leaves only while the fence is open. Between the check of a caller and the moment at which the
//! connection writes the request lie queues of tasks, and a process that stands still there must not send when it
//! wakes.

use std::io;

use futures::stream;
use reqwest::header::{CONTENT_LENGTH, HeaderValue};
use reqwest::{Body, Request};

use crate::lifecycle::fence::Fence;

/// Checks the fence once more when the connection asks for the body of a request. If it is closed, the connection
/// ends with an incomplete request, which no server carries out.
pub(super) fn fenced(mut request: Request, fence: &Fence) -> Request {
    let Some(body) = request.body().and_then(Body::as_bytes).map(<[u8]>::to_vec) else { return request };
    // Without it the body would be sent in chunks.
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let fence = fence.clone();
    let checked = async move { if fence.is_open() { Ok(body) } else { Err(io::Error::other("fenced off")) } };
    *request.body_mut() = Some(Body::wrap_stream(stream::once(checked)));
    request
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_request_leaves_whole_and_only_while_the_fence_is_open() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (carried_out, mut received) = mpsc::unbounded_channel();
        let app = Router::new().route(
            "/",
            post(async move |headers: HeaderMap, body: String| {
                carried_out.send((headers[CONTENT_LENGTH].clone(), body)).unwrap();
            }),
        );
        let talk = async {
            let (http, fence) = (crate::http::client(Duration::from_secs(5)).unwrap(), Fence::default());
            let request = |text: &str| http.post(&url).json(&text).build().unwrap();
            let open = fenced(request("first"), &fence);
            assert!(http.execute(open).await.unwrap().status().is_success());
            assert_eq!(received.recv().await.unwrap(), (HeaderValue::from(7), "\"first\"".to_owned()));
            let late = fenced(request("second"), &fence);
            fence.close();
            assert!(http.execute(late).await.is_err());
            let other = fenced(request("third"), &Fence::default());
            assert!(http.execute(other).await.unwrap().status().is_success());
            assert_eq!(received.recv().await.unwrap().1, "\"third\"", "the second was not carried out");
        };
        tokio::select! {
            ended = axum::serve(listener, app) => panic!("{ended:?}"),
            () = talk => {}
        }
    }
}
