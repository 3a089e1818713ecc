//! The only access to the Bot API: every call passes one flow control, and its result is classified.

mod addresses;
mod admission;
mod download;
mod download_room;
pub(crate) mod error;
mod fenced;
pub(crate) mod flow;
pub(crate) mod methods;
pub(crate) mod upload;

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::Instant;
use url::ParseError;

use addresses::Addresses;
pub(crate) use admission::{AdmittedCall, Postponed};
pub(crate) use error::ApiError;
use fenced::fenced;
use flow::{Admission, Class, Flow};
use methods::Method;

use download_room::DownloadRoom;

use crate::domain::file::PUBLIC_LIMIT;
use crate::domain::ids::ChatId;
use crate::lifecycle::fence::Fence;
use crate::telemetry::metrics::Metrics;

/// Default time limit of a call.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// Time limit of a cosmetic call: a late draft is worth nothing.
const COSMETIC_LIMIT: Duration = Duration::from_secs(5);

/// The Bot API of one bot. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: reqwest::Client,
    addresses: Addresses,
    flow: Flow,
    metrics: Metrics,
    /// Largest file that the server hands out, in bytes.
    file_limit: u64,
    /// Whether the server may keep its files on this machine.
    is_local: bool,
    room: DownloadRoom,
    fence: Fence,
    /// Who passes penalties on to other instances.
    penalties: Option<mpsc::Sender<(ChatId, Duration)>>,
}

/// The envelope of every response.
#[derive(Deserialize)]
struct ApiResponse<T> {
    ok: bool,
    result: Option<T>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

/// The machine-readable details of an error.
#[derive(Deserialize, Default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Api {
    /// Creates the API at `url` for the bot of `token`; `sends_per_second` is the overall budget (0: no
    /// limit).
    ///
    /// # Errors
    /// Returns an error if `url` is invalid.
    pub(crate) fn new(
        http: reqwest::Client,
        url: &str,
        token: &SecretString,
        sends_per_second: u32,
        metrics: Metrics,
    ) -> Result<Self, ParseError> {
        let addresses = Addresses::new(url, token)?;
        Ok(Self {
            http,
            addresses,
            flow: Flow::new(sends_per_second),
            metrics,
            file_limit: PUBLIC_LIMIT,
            is_local: false,
            room: DownloadRoom::default(),
            fence: Fence::default(),
            penalties: None,
        })
    }

    /// Sets where the penalties go that Telegram imposes on this instance. Those for which there is no room are left
    /// out.
    pub(crate) fn telling(self, penalties: mpsc::Sender<(ChatId, Duration)>) -> Self {
        Self { penalties: Some(penalties), ..self }
    }

    /// Takes a penalty into account that Telegram has imposed on another instance: one of several at once concerns
    /// the whole bot.
    pub(crate) fn hear_penalty(&self, chat: ChatId, wait: Duration) {
        self.flow.punish(chat, wait);
    }

    /// Returns the budgets, for whoever knows which chats this instance has.
    pub(crate) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Sets the fence behind which this instance makes calls.
    pub(crate) fn behind(self, fence: Fence) -> Self {
        Self { fence, ..self }
    }

    /// Sets the largest file that the server hands out, in bytes, and whether it is a local Bot API server,
    /// which names files on this machine by absolute paths.
    pub(crate) fn with_files(self, file_limit: u64, is_local: bool) -> Self {
        Self { file_limit, is_local, ..self }
    }

    /// Calls a method that belongs to no chat and has no budget.
    ///
    /// # Errors
    /// Returns the errors of Telegram and of the network, or [`ApiError::Fenced`] without a call.
    pub(crate) async fn call<M: Method>(&self, method: &M) -> Result<M::Response, ApiError> {
        self.send(method, method.limit().unwrap_or(CALL_LIMIT)).await
    }

    /// Makes a query about a chat, which counts in no budget. Waits for the end of a penalty that ends within
    /// `patience`; otherwise fails at once.
    ///
    /// # Errors
    /// Returns the errors of [`Api::deliver`]. If a penalty lasts longer than `patience`, returns
    /// [`ApiError::Flood`] without a call.
    pub(crate) async fn inquire<M: Method>(
        &self,
        chat: ChatId,
        method: &M,
        patience: Duration,
    ) -> Result<M::Response, ApiError> {
        let latest = Instant::now() + patience;
        while let Admission::NotBefore(time) = self.flow.admit(chat, Class::File) {
            if time > latest {
                return Err(ApiError::Flood(time - Instant::now()));
            }
            tokio::time::sleep_until(time).await;
        }
        let answer = self.send(method, method.limit().unwrap_or(CALL_LIMIT)).await;
        self.learn(chat, &answer);
        answer
    }

    /// Returns whether cosmetic calls in a chat should keep a wider gap, because of a recent penalty.
    pub(crate) fn is_cautious(&self, chat: ChatId) -> bool {
        self.flow.is_cautious(chat)
    }

    fn learn<T>(&self, chat: ChatId, answer: &Result<T, ApiError>) {
        if let Err(ApiError::Flood(wait)) = answer {
            tracing::warn!(chat.id = chat.0, wait_s = wait.as_secs(), "Telegram limits the chat {chat}");
            self.metrics.telegram_penalty.inc_by(wait.as_secs());
            self.flow.punish(chat, *wait);
            let told = self.penalties.as_ref().map(|penalties| penalties.try_send((chat, *wait)));
            if told.is_some_and(|told| told.is_err()) {
                tracing::debug!(chat.id = chat.0, "a penalty is not passed on");
            }
        }
    }

    async fn send<M: Method>(&self, method: &M, limit: Duration) -> Result<M::Response, ApiError> {
        self.check_fence()?;
        let url = self.addresses.method(M::NAME);
        let request = self.http.post(url).timeout(limit).json(method).build().map_err(ApiError::network)?;
        let answer = match self.http.execute(fenced(request, &self.fence)).await {
            Ok(response) => read(response).await,
            Err(error) => Err(ApiError::network(error)),
        };
        self.count(M::NAME, &answer);
        answer
    }

    /// Telegram cannot tell a call of an instance that others have given up, so it is not made.
    fn check_fence(&self) -> Result<(), ApiError> {
        if self.fence.is_open() { Ok(()) } else { Err(ApiError::Fenced) }
    }

    fn count<T>(&self, method: &str, answer: &Result<T, ApiError>) {
        let result = match answer {
            Ok(_) => "ok",
            Err(ApiError::Flood(_)) => "flood",
            Err(error) if error.is_passing() => "failed",
            Err(_) => "refused",
        };
        self.metrics.telegram_calls.with_label_values(&[method, result]).inc();
    }
}

async fn read<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, ApiError> {
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(ApiError::network)?;
    // A broken character in one update must not cost the others in the same response.
    let Ok(envelope) = serde_json::from_str::<ApiResponse<T>>(&String::from_utf8_lossy(&body)) else {
        // Proxies in front of the API respond in HTML.
        return Err(ApiError::classify(status, "the answer cannot be read", None, None));
    };
    match envelope {
        ApiResponse { ok: true, result: Some(result), .. } => Ok(result),
        ApiResponse { error_code, description, parameters, .. } => {
            let parameters = parameters.unwrap_or_default();
            let code = error_code.unwrap_or(status);
            let description = description.unwrap_or_default();
            Err(ApiError::classify(code, &description, parameters.retry_after, parameters.migrate_to_chat_id))
        }
    }
}
