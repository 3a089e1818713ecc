//! Sends a composed answer: as a stream of events at the emulator's pace or, for a request without a stream,
//! as one message after the time that the script takes.

use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::Stream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::answer::{ComposedAnswer, Item, Pace};
use super::record::{Outcome, ResponseLog};

/// Pieces that are sent together are joined up to this size.
const PIECE_BYTES: usize = 16 * 1024;
/// How many deltas a search takes as long as, or the reading of a page.
const SEARCH_DELTAS: u32 = 50;

/// How fast answers are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacing {
    /// Delay before the first delta.
    pub(super) first: Duration,
    /// Delay between deltas.
    pub(super) between: Duration,
}

impl Pacing {
    /// How long a search takes, or the reading of a page: no time if the deltas come at once.
    fn search(self) -> Duration {
        self.between.saturating_mul(SEARCH_DELTAS)
    }
}

/// The connection breaks, by script or because the emulator stops.
#[derive(Debug)]
pub(super) struct Broken;

/// Returns the answer as a response body. Dropping it early, as the server does if the client disconnects,
/// records the outcome.
pub(super) fn stream(
    answer: ComposedAnswer,
    response_log: ResponseLog,
    pacing: Pacing,
    stop: CancellationToken,
) -> Body {
    Body::from_stream(events(answer, response_log, pacing, stop))
}

fn events(
    answer: ComposedAnswer,
    mut response_log: ResponseLog,
    pacing: Pacing,
    stop: CancellationToken,
) -> impl Stream<Item = std::io::Result<Bytes>> {
    async_stream::stream! {
        let ComposedAnswer { buffer, items, .. } = answer;
        let mut timing = Timing::new(pacing, stop);
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            let (mut piece, pace) = match item {
                Item::Send { bytes, pace } => (bytes, pace),
                other => {
                    if timing.wait(other).await.is_err() {
                        break;
                    }
                    continue;
                }
            };
            if timing.keep(pace).await.is_err() {
                break;
            }
            let mut content = is_content(pace);
            while let Some(Item::Send { bytes, pace }) = items.next_if(|next| joins(&piece, next, pacing)) {
                piece.end = bytes.end;
                content |= is_content(pace);
            }
            response_log.reports(&buffer[piece.clone()]);
            // Last: what is measured from here on begins with the bytes.
            response_log.wrote(content);
            yield Ok(buffer.slice(piece));
            if items.peek().is_none() {
                response_log.close(Outcome::Finished);
                return;
            }
        }
        response_log.close(Outcome::Cut);
        // An error drops what the server has not written yet; being pending once lets it write that.
        tokio::task::yield_now().await;
        yield Err(std::io::Error::other("the script breaks the connection"));
    }
}

fn is_content(pace: Pace) -> bool {
    matches!(pace, Pace::Normal | Pace::Fixed(_))
}

/// Returns whether the next item is sent together with this piece.
fn joins(piece: &Range<usize>, next: &Item, pacing: Pacing) -> bool {
    let Item::Send { bytes, pace } = next else { return false };
    let gap = match pace {
        Pace::AtOnce => Duration::ZERO,
        // The first delta waits for its own time, which only the timing knows.
        Pace::Normal if pacing.first > Duration::ZERO => return false,
        Pace::Normal => pacing.between,
        Pace::Search => pacing.search(),
        Pace::Fixed(gap) => *gap,
    };
    gap.is_zero() && bytes.end - piece.start <= PIECE_BYTES
}

/// Waits as long as the stream of the same answer would take.
pub(super) async fn wait_for_all(
    items: Vec<Item>,
    pacing: Pacing,
    stop: CancellationToken,
) -> Result<(), Broken> {
    let mut timing = Timing::new(pacing, stop);
    for item in items {
        match item {
            Item::Send { pace, .. } => timing.keep(pace).await?,
            other => timing.wait(other).await?,
        }
    }
    Ok(())
}

/// Keeps the pace without drift: the time of each delta does not depend on how late the last one was.
struct Timing {
    pacing: Pacing,
    next: Instant,
    started: bool,
    sleep: Pin<Box<Sleep>>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Timing {
    fn new(pacing: Pacing, stop: CancellationToken) -> Self {
        Self {
            pacing,
            next: Instant::now(),
            started: false,
            sleep: Box::pin(sleep(Duration::ZERO)),
            stopped: Box::pin(stop.cancelled_owned()),
        }
    }

    async fn keep(&mut self, pace: Pace) -> Result<(), Broken> {
        let gap = match pace {
            Pace::AtOnce => return Ok(()),
            Pace::Normal if !self.started => self.pacing.first,
            Pace::Normal => self.pacing.between,
            Pace::Search => self.pacing.search(),
            Pace::Fixed(gap) => gap,
        };
        self.started = true;
        if gap.is_zero() {
            return Ok(());
        }
        self.next += gap;
        let until = self.next;
        self.sleep_until(until).await
    }

    async fn wait(&mut self, item: Item) -> Result<(), Broken> {
        match item {
            Item::Send { .. } => {}
            Item::Wait(time) => self.sleep_until(Instant::now() + time).await?,
            Item::Gate(gate) => tokio::select! {
                () = gate.pass() => {}
                () = self.stopped.as_mut() => return Err(Broken),
            },
            Item::Hang => {
                self.stopped.as_mut().await;
                return Err(Broken);
            }
            Item::Cut => return Err(Broken),
        }
        self.next = Instant::now();
        Ok(())
    }

    async fn sleep_until(&mut self, until: Instant) -> Result<(), Broken> {
        self.sleep.as_mut().reset(until);
        tokio::select! {
            () = self.sleep.as_mut() => Ok(()),
            () = self.stopped.as_mut() => Err(Broken),
        }
    }
}
