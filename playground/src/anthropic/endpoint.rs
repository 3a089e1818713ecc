//! The endpoints of the API, as the log distinguishes them.

/// The part of the API that a request called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/messages/count_tokens`.
    CountTokens,
    /// `GET /v1/models` and `GET /v1/models/{id}`.
    Models,
    /// `POST /v1/files`.
    UploadFile,
    /// `GET /v1/files`, `GET /v1/files/{id}` and `GET /v1/files/{id}/content`.
    ReadFiles,
    /// `DELETE /v1/files/{id}`.
    DeleteFile,
    /// A path or method that the API does not have.
    Unknown,
}
