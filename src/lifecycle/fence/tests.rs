//! When an instance may act.

use super::{Fence, LIMIT_MS, Sent, now_ms};

/// A fence whose last heartbeat was tried and sent at these times.
fn fence(tried: u64, beaten: u64, has_peers: bool) -> Fence {
    let fence = Fence::default();
    fence.beaten(Sent(beaten), has_peers);
    fence.0.tried.store(tried, std::sync::atomic::Ordering::Release);
    fence
}

#[test]
fn an_instance_may_act_as_long_as_nobody_can_have_taken_over() {
    const SOON: u64 = LIMIT_MS - 1;
    for (what, (tried, beaten, has_peers), now, open) in [
        ("a fresh heartbeat", (1_000, 1_000, true), 1_000 + SOON, true),
        ("no heartbeat for too long", (1_000 + SOON, 1_000, true), 1_000 + LIMIT_MS, false),
        ("the same, but nobody else is alive", (1_000 + SOON, 1_000, false), 1_000 + LIMIT_MS, true),
        ("suspended", (1_000, 1_000, false), 1_000 + LIMIT_MS, false),
        ("no heartbeat was ever sent", (0, 0, true), u64::MAX, true),
    ] {
        assert_eq!(fence(tried, beaten, has_peers).is_open_at(now), open, "{what}");
    }
}

#[test]
fn what_is_lost_stays_lost() {
    let fence = Fence::default();
    assert!(fence.is_open());
    fence.close();
    assert!(!fence.is_open());
    let sent = fence.trying();
    fence.beaten(sent, false);
    assert!(!fence.is_open());
}

#[test]
fn the_clock_advances() {
    let before = now_ms();
    assert!(before > 0 && now_ms() >= before);
}
