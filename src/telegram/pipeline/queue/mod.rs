//! Queue: the mailbox of each thread, and the window in which several messages become one prompt. The durable
//! queue is the inbox table. A mailbox only holds inputs in flight, so it may be lost at any moment.

mod batch;
mod mailbox;

pub(crate) use self::batch::{Batch, copies_of, window_begins};
pub(crate) use self::mailbox::{
    Mailbox, Mailboxes, PostResult, RetryRequest, SessionInput, StopRequest, StopSource,
};

#[cfg(test)]
mod tests;
