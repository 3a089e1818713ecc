//! Reads and checks the form of a transcription.

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Request as HttpRequest};

use super::error::ApiError;
use super::record::Request;
use crate::audio::{self, Sound};

/// Limit of a file, in bytes.
pub(super) const FILE_LIMIT: usize = 25 * 1024 * 1024;
/// Limit of a field that is not a file, in bytes.
const FIELD_LIMIT: usize = 64 * 1024;
/// Shortest sound that is transcribed, in seconds.
const SHORTEST: f64 = 0.1;
/// Bytes per second of a sound whose headers do not tell its duration.
const USUAL_BYTES_PER_SECOND: f64 = 4_000.0;

/// Endings of file names that are accepted. Telegram's `.oga` is not one of them.
const ENDINGS: [&str; 9] = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "ogg", "wav", "webm"];
/// The models that transcribe.
const MODELS: [&str; 5] = [
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
    "whisper-1",
];
/// Every field of the form.
const FIELDS: [&str; 12] = [
    "model",
    "language",
    "languages[]",
    "keywords[]",
    "prompt",
    "response_format",
    "temperature",
    "timestamp_granularities[]",
    "chunking_strategy",
    "include[]",
    "stream",
    "known_speaker_names[]",
];

/// The contents of a form before its rules are applied.
#[derive(Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    files: usize,
    file_name: Option<String>,
    mime: String,
    size: usize,
    bytes: Vec<u8>,
    /// The first error of the form as a whole.
    problem: Option<ApiError>,
}

impl Form {
    /// Reads the form to its end, so that the client receives a refusal.
    pub(super) async fn read(request: HttpRequest) -> Self {
        let mut form = Self::default();
        let Ok(mut parts) = Multipart::from_request(request, &()).await else {
            form.complain("Could not parse multipart form: the request has no such body");
            return form;
        };
        loop {
            match parts.next_field().await {
                Ok(Some(part)) => form.take(part).await,
                Ok(None) => return form,
                Err(error) => {
                    form.complain(&format!("Could not parse multipart form: {}", error.body_text()));
                    return form;
                }
            }
        }
    }

    async fn take(&mut self, mut part: axum::extract::multipart::Field<'_>) {
        let field = part.name().unwrap_or_default().to_owned();
        let is_file = field == "file";
        let (name, mime) = (part.file_name().map(str::to_owned), part.content_type().map(str::to_owned));
        let most = if is_file { FILE_LIMIT } else { FIELD_LIMIT };
        let (mut kept, mut size) = (Vec::new(), 0_usize);
        loop {
            match part.chunk().await {
                Ok(Some(chunk)) => {
                    size += chunk.len();
                    if size <= most {
                        kept.extend_from_slice(&chunk);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    return self.complain(&format!("Could not parse multipart form: {}", error.body_text()));
                }
            }
        }
        if is_file {
            self.files += 1;
            self.file_name = name;
            self.mime = mime.unwrap_or_default();
            self.bytes = if size > most { Vec::new() } else { kept };
            self.size = size;
        } else {
            self.fields.push((field, String::from_utf8_lossy(&kept).into_owned()));
        }
    }

    fn complain(&mut self, problem: &str) {
        self.problem.get_or_insert_with(|| ApiError::invalid(400, problem));
    }

    /// Returns the record of the request, and the duration or the refusal.
    pub(super) fn admit(mut self) -> (Fields, Result<f64, ApiError>) {
        let sound = audio::sound(&self.bytes);
        let problem = self.problem.take();
        let admitted = problem.map_or(Ok(()), Err).and_then(|()| self.check()).and_then(|()| {
            let sound = sound.ok_or_else(undecodable)?;
            let seconds = sound.seconds.unwrap_or_else(|| estimate(self.size));
            if seconds < SHORTEST {
                let message = "Audio file is too short. Minimum audio length is 0.1 seconds.";
                return Err(ApiError::field("file", "audio_too_short", message));
            }
            Ok(seconds)
        });
        let fields = Fields {
            fields: self.fields,
            file_name: self.file_name.unwrap_or_default(),
            mime: self.mime,
            size: self.size,
            bytes: self.bytes.into(),
            sound,
        };
        (fields, admitted)
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn check(&self) -> Result<(), ApiError> {
        if let Some((unknown, _)) = self.fields.iter().find(|(name, _)| !FIELDS.contains(&name.as_str())) {
            let message = format!("Unknown parameter: '{unknown}'.");
            return Err(ApiError::field(unknown, "unknown_parameter", message));
        }
        let missing = |name: &str| {
            let message = format!("Missing required parameter: '{name}'.");
            ApiError::field(name, "missing_required_parameter", message)
        };
        let model = self.values("model").next().filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| missing("model"))?;
        if !MODELS.contains(&model) {
            let message = format!("The model `{model}` does not exist or you do not have access to it.");
            return Err(ApiError::invalid(404, message).coded("model_not_found"));
        }
        self.check_options(model)?;
        if self.files == 0 {
            return Err(missing("file"));
        }
        if self.files > 1 {
            return Err(ApiError::field("file", "invalid_value", "Only one file may be sent."));
        }
        let Some(name) = self.file_name.as_deref() else {
            return Err(ApiError::field("file", "invalid_type", "Invalid type for 'file': expected a file."));
        };
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        if !ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            let message = format!("Invalid file format. Supported formats: {ENDINGS:?}").replace('"', "'");
            return Err(ApiError::invalid(400, message));
        }
        if self.size > FILE_LIMIT {
            let size = self.size;
            let message = format!("Maximum content size limit ({FILE_LIMIT}) exceeded ({size} bytes read)");
            return Err(ApiError::invalid(413, message));
        }
        if self.size == 0 { Err(undecodable()) } else { Ok(()) }
    }

    fn check_options(&self, model: &str) -> Result<(), ApiError> {
        let newest = model == "gpt-transcribe";
        for name in ["languages[]", "keywords[]"] {
            if !newest && self.values(name).next().is_some() {
                let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
                return Err(ApiError::field(name, "unsupported_parameter", message));
            }
        }
        for language in self.values("language").chain(self.values("languages[]")) {
            if language.len() != 2 || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
                let message = format!(
                    "Invalid language '{language}'. Language parameter must be specified in ISO-639-1 format."
                );
                return Err(ApiError::field("language", "invalid_language_format", message));
            }
        }
        let format = self.values("response_format").next().unwrap_or("json");
        if format != "json" {
            // The emulator answers with JSON only; so do the newer models of the real service.
            let message = format!(
                "response_format '{format}' is not compatible with model '{model}'. Use 'json' instead."
            );
            return Err(ApiError::field("response_format", "unsupported_value", message));
        }
        if self.values("stream").any(|value| value == "true") {
            let message = "The emulator does not stream transcripts.";
            return Err(ApiError::field("stream", "unsupported_value", message));
        }
        if let Some(value) = self.values("temperature").next() {
            let number = value.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
            number.ok_or_else(|| {
                ApiError::field("temperature", "invalid_value", "Invalid value for 'temperature'.")
            })?;
        }
        Ok(())
    }
}

fn undecodable() -> ApiError {
    ApiError::field("file", "invalid_value", "Audio file might be corrupted or unsupported")
}

/// Returns a duration in seconds for a file whose headers tell none.
fn estimate(size: usize) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX)) / USUAL_BYTES_PER_SECOND
}

/// What the form contained, for the log.
pub(super) struct Fields {
    fields: Vec<(String, String)>,
    file_name: String,
    mime: String,
    size: usize,
    bytes: Bytes,
    sound: Option<Sound>,
}

impl Fields {
    /// Adds the contents to the record of a request.
    pub(super) fn record(self, entry: Request) -> Request {
        Request {
            fields: self.fields,
            file_name: self.file_name,
            mime: self.mime,
            size: self.size,
            bytes: self.bytes,
            seconds: self.sound.and_then(|sound| sound.seconds),
            ..entry
        }
    }
}
