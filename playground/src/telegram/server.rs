//! HTTP: reads a call in any of the encodings the service takes, lets it meet holds, faults and flood
//! limits, runs the method and answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::door::{Door, Switch};
use super::params::{Params, Upload};
use super::rates::Class;
use super::refusal::{Outcome, Refusal};
use super::types::{Answer, Call, Fault, Violation, ViolationKind};
use super::world::World;
use super::{Shared, methods, page};

/// Largest request body; a document may have 50 MB.
const BODY_LIMIT: usize = 52 * 1024 * 1024;
/// Longest long poll in seconds.
const LONGEST_POLL_S: i64 = 50;

/// Serves until the emulator stops.
pub(super) async fn serve(shared: Arc<Shared>, door: Door) {
    let stop = shared.stop.clone();
    let router = Router::new()
        .merge(page::routes())
        .fallback(answer)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(shared);
    let service = router.into_make_service_with_connect_info::<Switch>();
    let server = axum::serve(door, service).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = server.await {
        tracing::error!(%error, "the emulated Telegram stopped serving");
    }
}

/// How a call ends on the wire.
pub(super) enum Reply {
    Json(u16, Value),
    /// A status with a body that is not JSON.
    Plain(u16),
    Cut,
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: Request,
) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
    if let Some(rest) = path.strip_prefix("/file/bot") {
        return download(&shared, rest);
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return refused(&Refusal::new(404, "Not Found"));
    };
    if let Err(refusal) = check_token(&shared, token) {
        return refused(&refusal);
    }
    let Some(method) = methods::canonical(method) else {
        return refused(&Refusal::new(404, "Not Found: method not found"));
    };
    let params = match read(request).await {
        Ok(params) => params,
        Err(refusal) => return refused(&refusal),
    };
    match call(&shared, method, params).await {
        Reply::Json(code, body) => (status(code), Json(body)).into_response(),
        Reply::Plain(code) => (status(code), "the emulator was told to fail").into_response(),
        Reply::Cut => {
            switch.cut();
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

fn check_token(shared: &Shared, token: &str) -> Result<(), Refusal> {
    if shared.look(|world| world.settings.token == token) {
        return Ok(());
    }
    let shaped = token.split_once(':').is_some_and(|(id, secret)| {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && !secret.is_empty()
    });
    Err(if shaped { Refusal::new(401, "Unauthorized") } else { Refusal::new(404, "Not Found") })
}

fn refused(refusal: &Refusal) -> Response {
    (status(refusal.code), Json(refusal.body())).into_response()
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn download(shared: &Shared, rest: &str) -> Response {
    let Some((token, path)) = rest.split_once('/') else { return refused(&Refusal::new(404, "Not Found")) };
    if let Err(refusal) = check_token(shared, token) {
        return refused(&refusal);
    }
    match shared.look(|world| world.files.by_path(path).cloned()) {
        Some(file) => {
            let headers = [
                (CONTENT_TYPE, "application/octet-stream".to_owned()),
                (CONTENT_DISPOSITION, "attachment".to_owned()),
            ];
            (headers, file.bytes.to_vec()).into_response()
        }
        None => refused(&Refusal::new(404, "Not Found: invalid file path")),
    }
}

/// Reads parameters from the query string and the body.
async fn read(request: Request) -> Result<Params, Refusal> {
    let mut params = Params::default();
    if let Some(query) = request.uri().query() {
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            params.add_text(&key, value.into_owned());
        }
    }
    let kind = content_type(request.headers());
    if kind == "multipart/form-data" {
        read_multipart(request, &mut params).await?;
        return Ok(params);
    }
    let bytes = to_bytes(request.into_body(), BODY_LIMIT)
        .await
        .map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
    match kind.as_str() {
        "application/json" if !bytes.is_empty() => match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => params.add_object(object),
            _ => return Err(Refusal::bad("can't parse request: expected a JSON object")),
        },
        "application/x-www-form-urlencoded" => {
            for (key, value) in form_urlencoded::parse(&bytes) {
                params.add_text(&key, value.into_owned());
            }
        }
        _ => {}
    }
    Ok(params)
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}

async fn read_multipart(request: Request<Body>, params: &mut Params) -> Result<(), Refusal> {
    let broken = |_| Refusal::bad("can't parse multipart body");
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| Refusal::bad("can't parse multipart body: boundary not found"))?;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let key = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
        match name {
            Some(name) => {
                params.uploads.insert(key, Upload { name, mime, bytes: bytes.to_vec() });
            }
            None => params.add_text(&key, String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
    Ok(())
}

/// One call from arrival to answer.
pub(super) async fn call(shared: &Arc<Shared>, method: &'static str, params: Params) -> Reply {
    let mut entry = Entry { shared, number: None, method, params: &params, at: Instant::now() };
    if let Some(gate) = shared.look(|world| world.faults.gate(method)) {
        entry.arrive();
        gate.pass().await;
    }
    let mut fault = shared.lock().faults.take(method);
    if let Some(Fault::Hang(wait)) = fault {
        entry.arrive();
        tokio::time::sleep(wait).await;
        fault = None;
    }
    match fault {
        Some(Fault::DropConnection) => {
            shared.change(|world| entry.finish(world, Answer::Cut));
            return Reply::Cut;
        }
        Some(Fault::Status(code)) => {
            let answer = Answer::Error { code, description: String::new(), retry_after: None };
            shared.change(|world| entry.finish(world, answer));
            return Reply::Plain(code);
        }
        Some(Fault::Flood { retry_after_s }) => return entry.refuse(Refusal::flood(retry_after_s)),
        Some(Fault::Error { code, description }) => return entry.refuse(Refusal::new(code, description)),
        Some(Fault::DropAfter | Fault::Hang(_)) | None => {}
    }
    let outcome = if method == "getUpdates" {
        entry.arrive();
        let outcome = poll(shared, &params).await;
        shared.change(|world| entry.finish(world, answer_of(&outcome)));
        outcome
    } else {
        shared.change(|world| {
            let outcome = entry.run(world);
            let cut = fault == Some(Fault::DropAfter);
            entry.finish(world, if cut { Answer::Cut } else { answer_of(&outcome) });
            outcome
        })
    };
    if fault == Some(Fault::DropAfter) { Reply::Cut } else { reply_of(outcome) }
}

fn reply_of(outcome: Outcome) -> Reply {
    match outcome {
        Ok(result) => Reply::Json(200, json!({"ok": true, "result": result})),
        Err(refusal) => Reply::Json(refusal.code, refusal.body()),
    }
}

fn answer_of(outcome: &Outcome) -> Answer {
    match outcome {
        Ok(_) => Answer::Ok,
        Err(Refusal { code, description, retry_after }) => {
            Answer::Error { code: *code, description: description.clone(), retry_after: *retry_after }
        }
    }
}

/// A call in the list of calls.
struct Entry<'a> {
    shared: &'a Shared,
    number: Option<usize>,
    method: &'static str,
    params: &'a Params,
    at: Instant,
}

impl Entry<'_> {
    /// Shows the call as waiting, before it can be answered.
    fn arrive(&mut self) {
        if self.number.is_none() {
            self.number = Some(self.shared.change(|world| world.note_call(self.call(Answer::Waiting))));
        }
    }

    fn call(&self, answer: Answer) -> Call {
        Call {
            method: self.method.to_owned(),
            chat: self.params.chat(),
            params: self.params.as_value(),
            at: self.at,
            answer,
            uploaded_bytes: self.params.uploaded_bytes(),
        }
    }

    fn refuse(&self, refusal: Refusal) -> Reply {
        let outcome = Err(refusal);
        self.shared.change(|world| self.finish(world, answer_of(&outcome)));
        reply_of(outcome)
    }

    /// Runs the method, unless a flood limit is in the way.
    fn run(&self, world: &mut World) -> Outcome {
        let now = Instant::now();
        let limited = Class::of(self.method).zip(self.params.chat()).filter(|_| world.settings.enforce_rates);
        if let Some((class, chat)) = limited
            && let Err(flood) = world.rates.draw(class, chat, chat > 0, now)
        {
            let refusal = Refusal::flood(flood.retry_after_s);
            if flood.inside_penalty {
                self.accuse(world, ViolationKind::InsidePenalty, &refusal);
            }
            return Err(refusal);
        }
        let outcome = methods::run(world, self.method, self.params);
        if let Err(refusal) = &outcome
            && let Some(kind) = blame(&refusal.description)
        {
            self.accuse(world, kind, refusal);
        }
        outcome
    }

    fn accuse(&self, world: &mut World, kind: ViolationKind, refusal: &Refusal) {
        world.violations.push(Violation {
            method: self.method.to_owned(),
            chat: self.params.chat(),
            kind,
            description: refusal.description.clone(),
            at: self.at,
        });
    }

    fn finish(&self, world: &mut World, answer: Answer) {
        match self.number {
            Some(number) => {
                let at = number.checked_sub(world.calls_forgotten);
                if let Some(call) = at.and_then(|at| world.calls.get_mut(at)) {
                    call.answer = answer;
                }
            }
            None => {
                world.note_call(self.call(answer));
            }
        }
    }
}

/// Whether a refusal shows a mistake in what the bot wrote.
fn blame(description: &str) -> Option<ViolationKind> {
    if description.contains("can't parse entities") {
        return Some(ViolationKind::Formatting);
    }
    let length = ["is too long", "text is empty", "MESSAGE_TOO_LONG", "CAPTION_TOO_LONG"];
    length.iter().any(|sign| description.contains(sign)).then_some(ViolationKind::Length)
}

/// `getUpdates`: waits for updates, for its end, or for a newer poll that terminates it.
async fn poll(shared: &Arc<Shared>, params: &Params) -> Outcome {
    let mut changed = shared.changed.subscribe();
    let limit = usize::try_from(params.int("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
    let seconds = params.int("timeout").unwrap_or(0).clamp(0, LONGEST_POLL_S).unsigned_abs();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let number = shared.change(|world| methods::begin_poll(world, params))?;
    loop {
        changed.borrow_and_update();
        {
            let mut world = shared.lock();
            if world.queue.poll != number {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            if world.queue.webhook.is_some() {
                return Err(Refusal::conflict("terminated by setWebhook request"));
            }
            let batch = world.queue.hand_out(limit);
            if !batch.is_empty() {
                return Ok(Value::Array(batch));
            }
        }
        tokio::select! {
            () = shared.stop.cancelled() => return Ok(json!([])),
            () = tokio::time::sleep_until(deadline) => return Ok(json!([])),
            _ = changed.changed() => {}
        }
    }
}
