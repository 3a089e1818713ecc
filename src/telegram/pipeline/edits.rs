//! Edits of stored messages that may bring another file. The file is fetched before the edit is applied.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::fetches::FetchOutcome;
use super::in_flight::InFlightGuard;
use super::normalize;
use crate::db::{DbError, file_edits};
use crate::domain::file::{Attachment, Retrieval};
use crate::lifecycle::kill_point;
use crate::telegram::context::BotContext;
use crate::telegram::inbound::Edit;

/// An edit that is ready to be applied.
#[derive(Debug)]
pub(crate) struct PreparedEdit {
    /// The edit.
    pub edit: Edit,
    /// The file that replaces the stored one, and the result of fetching it.
    pub file: Option<(Attachment, Retrieval)>,
    /// Keeps the sweep from taking the edit up again.
    pub held: Option<InFlightGuard>,
}

impl From<Edit> for PreparedEdit {
    /// Makes an edit of the text only.
    fn from(edit: Edit) -> Self {
        Self { edit, file: None, held: None }
    }
}

/// An edit whose file is being fetched. Yields `None` if the edit has to stay in the inbox. Dropping it
/// cancels the fetch.
pub(crate) type EditFuture = BoxFuture<'static, Option<PreparedEdit>>;

/// Starts preparing an edit of a message that is not in the batch: its file is fetched, unless the stored
/// message has the same one. The work has a task of its own, so that no session holds a connection of the
/// database while it waits for something else.
pub(crate) fn prepare(context: &Arc<BotContext>, edit: Edit) -> EditFuture {
    let (mut done, prepared) = oneshot::channel();
    let (task, held) = (context.clone(), Some(context.in_flight.hold(edit.update)));
    context.life.spawn("edit", async move {
        let file = tokio::select! {
            biased;
            // The edit is prepared again with its update.
            () = done.closed() => return,
            file = file(&task, &edit) => file,
        };
        let file = match file {
            Ok(file) => file,
            Err(PrepareError::Cut) => return,
            Err(PrepareError::Database(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an edit could not be prepared");
                return;
            }
        };
        if let Err(PreparedEdit { file: Some((_, Retrieval::Copied(copy))), .. }) =
            done.send(PreparedEdit { edit, file, held })
        {
            normalize::drop_copy(&task, &copy).await;
        }
    });
    prepared.map(Result::ok).boxed()
}

/// Why an edit stays in the inbox.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error("the service stops")]
    Cut,
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Returns the file that replaces the stored one, if the edit brings one.
async fn file(
    context: &Arc<BotContext>,
    edit: &Edit,
) -> Result<Option<(Attachment, Retrieval)>, PrepareError> {
    let (db, drain) = (&context.db, &context.life.drain);
    let Edit { key, editor, message, attachment: Some(new), fetched, .. } = edit else { return Ok(None) };
    let look = || file_edits::is_other(db, key.chat, *message, new);
    let is_other = match db.until(drain).persist(look).await {
        Err(_) if drain.is_cancelled() => return Err(PrepareError::Cut),
        looked => looked?,
    };
    if !is_other {
        return Ok(None);
    }
    let (mut file, mut fetched) = (new.clone(), fetched.clone());
    if let Some(fetch) = normalize::fetch_edited(context, (*key, *editor), *message, new) {
        let outcome = fetch.await.outcome;
        if outcome == FetchOutcome::Failed && drain.is_cancelled() {
            return Err(PrepareError::Cut);
        }
        fetched = outcome.settle(&mut file);
    }
    kill_point!("edit: fetched");
    Ok(Some((file, fetched)))
}
