//! The files that the model sends in a turn: some while it answers, the others after the answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::domain::media::{FileDelivery, FileFate, FileReceipt};
use crate::domain::turn::TurnEvent;
use crate::tools::delivery::{DeliverFiles, FilesToSend};

/// How long the model waits for Telegram's acceptance. After that it is told that the files are on their way.
const PATIENCE: Duration = Duration::from_secs(120);

/// The files of one turn.
#[derive(Debug)]
pub(super) struct Deliveries {
    screen: mpsc::Sender<TurnEvent>,
    count: AtomicUsize,
    after_answer: Mutex<Vec<FileDelivery>>,
}

impl Deliveries {
    /// Creates the deliveries of a turn with this screen.
    pub(super) fn new(screen: mpsc::Sender<TurnEvent>) -> Self {
        Self { screen, count: AtomicUsize::new(0), after_answer: Mutex::default() }
    }

    /// Returns whether the model has sent no file.
    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Returns the files that are sent after the answer.
    pub(super) fn after_answer(self) -> Vec<FileDelivery> {
        self.after_answer.into_inner()
    }

    fn number(&self, FilesToSend { files, caption }: FilesToSend) -> FileDelivery {
        FileDelivery { number: self.count.fetch_add(1, Ordering::Relaxed), files, caption }
    }
}

impl DeliverFiles for Deliveries {
    fn after_answer(&self, files: FilesToSend) {
        let delivery = self.number(files);
        self.after_answer.lock().push(delivery);
    }

    fn now(&self, files: FilesToSend) -> BoxFuture<'_, Vec<FileFate>> {
        let delivery = self.number(files);
        let pending = vec![FileFate::Pending; delivery.files.len()];
        async move {
            let (receipt, fates) = FileReceipt::new();
            if self.screen.send(TurnEvent::Files(delivery, receipt)).await.is_err() {
                return pending;
            }
            match tokio::time::timeout(PATIENCE, fates).await {
                Ok(Ok(fates)) if fates.len() == pending.len() => fates,
                _ => pending,
            }
        }
        .boxed()
    }
}
