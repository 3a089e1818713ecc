//! Normalize: everything that a message needs from outside is fetched here, before it enters the queue, so that the
//! queue never waits for a download. A text needs nothing but line ends that are the same for every client.

use crate::domain::message::Incoming;

/// Makes a message ready for its batch.
pub fn normalize(mut incoming: Incoming) -> Incoming {
    if incoming.text.contains('\r') {
        incoming.text = incoming.text.replace("\r\n", "\n").replace('\r', "\n");
    }
    // PostgreSQL cannot store it, and nobody can see it.
    if incoming.text.contains('\0') {
        incoming.text.retain(|c| c != '\0');
    }
    incoming
}
