//! The chat page and the control API behind it.

use std::sync::Arc;

use axum::Router;

use super::Shared;

/// Routes of the page.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
}
