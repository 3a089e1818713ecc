//! Reads and checks the form of an upload.
//!
//! Names that the public guide forbids are refused, even those that the official client's documentation says
//! are replaced (an empty name, a name with a path): a client must not depend on either.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header;
use serde_json::{Value, json};

use super::store::Incoming;
use crate::anthropic::error::ApiError;

const LONGEST_NAME: usize = 255;
const FORBIDDEN: &str = "<>:\"|?*\\/";
const LIVES_S: std::ops::RangeInclusive<u64> = 3600..=7_776_000;
/// Limit of a field that is not a file, in bytes.
const MOST_FIELD_BYTES: usize = 64 * 1024;

/// The contents of a form before its rules are applied.
#[derive(Debug, Default)]
pub(super) struct Form {
    file: Option<Part>,
    lives: Option<String>,
    /// The first error of the form as a whole.
    problem: Option<ApiError>,
}

#[derive(Debug)]
struct Part {
    name: Option<String>,
    mime: String,
    bytes: Bytes,
    /// Bytes received, whether kept or not.
    size: usize,
}

impl Form {
    /// Reads the form to its end, so that the client receives a refusal. Keeps at most this many bytes of a
    /// file.
    pub(super) async fn read(request: Request, most: usize) -> Self {
        let mut form = Self::default();
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data")) {
            form.complain("content-type: must be multipart/form-data");
            return form;
        }
        let Ok(mut parts) = Multipart::from_request(request, &()).await else {
            form.complain("content-type: the boundary of the form is missing");
            return form;
        };
        loop {
            match parts.next_field().await {
                Ok(Some(part)) => form.take(part, most).await,
                Ok(None) => return form,
                Err(error) => {
                    form.complain(&format!("The form cannot be read: {}", error.body_text()));
                    return form;
                }
            }
        }
    }

    async fn take(&mut self, mut part: axum::extract::multipart::Field<'_>, most: usize) {
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        let mime =
            part.content_type().and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().to_owned());
        let most = if field == "file" { most } else { MOST_FIELD_BYTES };
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
                    return self.complain(&format!("The form cannot be read: {}", error.body_text()));
                }
            }
        }
        match field.as_str() {
            "file" if self.file.is_some() => self.complain("file: only one file may be sent"),
            "file" => {
                let mime = mime.unwrap_or_else(|| "application/octet-stream".to_owned());
                self.file = Some(Part { name, mime, bytes: kept.into(), size });
            }
            "expires_in_seconds" => self.lives = Some(String::from_utf8_lossy(&kept).into_owned()),
            other => self.complain(&format!("{other}: Extra inputs are not permitted")),
        }
    }

    fn complain(&mut self, problem: &str) {
        self.problem.get_or_insert_with(|| ApiError::invalid(problem));
    }

    /// Returns the form as it is recorded for tests.
    pub(super) fn record(&self) -> Value {
        let Some(file) = &self.file else { return Value::Null };
        json!({"filename": file.name, "mime_type": file.mime, "size_bytes": file.size,
            "expires_in_seconds": self.lives})
    }

    /// Applies the rules of uploads.
    pub(super) fn admit(self, most: usize) -> Result<Incoming, ApiError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let lives = self.lives.map(|text| lives(&text)).transpose()?;
        let Some(file) = self.file else { return Err(ApiError::invalid("file: Field required")) };
        let Some(name) = file.name else {
            return Err(ApiError::invalid("file: Expected a file with a name, found a plain field"));
        };
        check_name(&name)?;
        if file.size > most {
            let problem = format!("File exceeds the maximum size of {most} bytes");
            return Err(ApiError::new(413, "request_too_large", problem));
        }
        if file.size == 0 {
            return Err(ApiError::invalid("file: File must not be empty"));
        }
        Ok(Incoming { name, mime: file.mime, bytes: file.bytes, lives, downloadable: false })
    }
}

fn lives(text: &str) -> Result<Duration, ApiError> {
    let seconds = text.trim().parse::<u64>();
    match seconds {
        Ok(seconds) if LIVES_S.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Ok(_) => {
            let (least, most) = (LIVES_S.start(), LIVES_S.end());
            Err(ApiError::invalid(format!("expires_in_seconds: Input should be between {least} and {most}")))
        }
        Err(_) => Err(ApiError::invalid("expires_in_seconds: Input should be a valid integer")),
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        let problem = format!("Invalid filename: must have 1 to {LONGEST_NAME} characters, has {length}");
        return Err(ApiError::invalid(problem));
    }
    match name.chars().find(|char| char.is_control() || FORBIDDEN.contains(*char)) {
        Some(char) => {
            Err(ApiError::invalid(format!("Invalid filename: contains forbidden character {char:?}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lifetimes() {
        for (name, fine) in [
            ("a", true),
            ("Отчёт за май (2).pdf", true),
            (&"я".repeat(255), true),
            (&"я".repeat(256), false),
            ("", false),
            ("a/b", false),
            ("a\\b", false),
            ("what?.txt", false),
            ("a\u{7}b", false),
            ("a\nb", false),
            ("\"a\"", false),
        ] {
            assert_eq!(check_name(name).is_ok(), fine, "{name:?}");
        }
        for (text, fine) in
            [("3600", true), ("7776000", true), ("3599", false), ("7776001", false), ("soon", false)]
        {
            assert_eq!(lives(text).is_ok(), fine, "{text}");
        }
    }
}
