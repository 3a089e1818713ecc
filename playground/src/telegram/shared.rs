//! The handle of a running emulator, and the state that its server, its tasks and all handles share.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::world::World;

/// A handle of a running emulator. Clones refer to the same one; the server stops with `stop` or with the
/// last handle.
#[derive(Clone)]
pub struct Telegram {
    pub(super) shared: Arc<Shared>,
    pub(super) running: Arc<Running>,
}

/// The state that the server, its tasks and the handles share.
pub(super) struct Shared {
    pub(super) world: Mutex<World>,
    /// Version of the state. Everything that waits for a change subscribes to it.
    pub(super) changed: watch::Sender<u64>,
    /// Signals that a payment attempt with a new deadline waits for the bot.
    pub(super) checkout_began: Notify,
    pub(super) stop: CancellationToken,
    pub(super) address: SocketAddr,
}

/// The server's tasks, which end when the last handle is dropped.
pub(super) struct Running {
    pub(super) stop: CancellationToken,
    pub(super) tasks: tokio::sync::Mutex<JoinSet<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.get_mut().detach_all();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock()
    }

    /// Changes the state and wakes everything that waits for a change.
    pub(super) fn change<T>(&self, action: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        world.version += 1;
        let result = action(&mut world);
        let version = world.version;
        drop(world);
        self.changed.send_replace(version);
        result
    }

    pub(super) fn look<T>(&self, action: impl FnOnce(&World) -> T) -> T {
        action(&self.lock())
    }
}
