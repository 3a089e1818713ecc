//! The pipeline: normalize (all I/O before the queue) -> queue (one mailbox a thread, a short window that makes one
//! prompt of several messages) -> processor (the batch becomes an open turn; pointing: what its messages reply to). Slots
//! bound what runs at once.

pub mod albums;
pub mod fetches;
pub mod in_flight;
pub mod isolation;
pub mod normalize;
mod pointing;
pub mod processor;
pub mod queue;
pub mod slots;
