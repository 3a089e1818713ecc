//! The pipeline: normalize (all I/O before the queue) -> queue (one mailbox a thread, a short window that
//! makes one prompt of several messages) -> processor (the batch becomes an open turn; pointing: what its
//! messages reply to). Slots bound what runs at once.

pub(crate) mod albums;
pub(crate) mod edits;
pub(crate) mod fetches;
pub(crate) mod in_flight;
pub(crate) mod isolation;
mod loading;
pub(crate) mod normalize;
mod pointing;
pub(crate) mod processor;
pub(crate) mod queue;
pub(crate) mod reopening;
mod settings;
pub(crate) mod slots;
mod voice;
