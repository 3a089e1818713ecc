//! Tests of the budgets, on a clock that the test moves.

use super::*;

const ANN: ChatId = ChatId(42);
const BOB: ChatId = ChatId(43);
const GROUP: ChatId = ChatId(-100);

/// Returns how many calls pass in this many seconds if one is requested every 100 ms.
fn passed(flow: &Flow, chat: ChatId, class: Class, seconds: u32) -> usize {
    let start = Instant::now();
    let admit = |tick| flow.0.lock().admit(chat, class, start + Duration::from_millis(100) * tick);
    (0..seconds * 10).filter(|&tick| admit(tick) == Admission::Now).count()
}

#[tokio::test(start_paused = true)]
async fn no_budget_is_ever_exceeded() {
    for (chat, class, seconds, most) in [
        (ANN, Class::Message, 60, 60),
        (ANN, Class::Live, 60, 36),
        (ANN, Class::FirstDraft, 5, 20),
        (ANN, Class::FirstDraft, 30, 40),
        (ANN, Class::Draft, 5, 16),
        (ANN, Class::Draft, 30, 32),
        (ANN, Class::Action, 5, 10),
        (ANN, Class::Action, 30, 20),
        (ANN, Class::Announcement, 60, 36),
        (GROUP, Class::Message, 60, 20),
        (GROUP, Class::Live, 60, 18),
    ] {
        let flow = Flow::new(30);
        assert_eq!(passed(&flow, chat, class, seconds), most, "{class:?} in {chat}");
    }
}

#[tokio::test(start_paused = true)]
async fn instances_share_the_overall_budget() {
    for (buckets, most) in [(1_024, 30), (512, 15), (256, 7), (0, 1)] {
        let flow = Flow::new(30);
        flow.set_share(buckets);
        let now = Instant::now();
        let sent =
            (1..=60).filter(|id| flow.0.lock().admit(ChatId(*id), Class::Message, now) == Admission::Now);
        assert_eq!(sent.count(), most, "with {buckets} buckets");
    }
}

#[tokio::test(start_paused = true)]
async fn an_album_counts_as_its_messages_and_leaves_places_for_texts() {
    let flow = Flow::new(5);
    let state = |files: usize, tick| {
        let mut state = flow.0.lock();
        let now = Instant::now() + Duration::from_millis(100) * tick;
        let admission = state.admit(ANN, Class::Files, now);
        if admission == Admission::Now {
            state.take_more(ANN, files - 1, now);
        }
        admission == Admission::Now
    };
    assert!(state(10, 0), "an album passes whole");
    let next = (1..200).find(|&tick| state(1, tick));
    assert!(next.is_some_and(|tick| tick > 52), "{next:?}");
    // Of five calls per second, files take three at most.
    let flow = Flow::new(5);
    let chats = (1..=5).map(ChatId);
    let now = Instant::now();
    let files = chats.filter(|&chat| flow.0.lock().admit(chat, Class::Files, now) == Admission::Now).count();
    assert_eq!(files, 3);
    assert_eq!(flow.0.lock().admit(BOB, Class::Message, now), Admission::Now);
}

#[tokio::test(start_paused = true)]
async fn first_drafts_have_places_that_nothing_else_takes() {
    let flow = Flow::new(30);
    let start = Instant::now();
    let admit = |class, now| flow.0.lock().admit(ANN, class, now) == Admission::Now;
    let taken: usize =
        [Class::Draft, Class::Action].map(|class| passed(&flow, ANN, class, 30)).into_iter().sum();
    assert_eq!(taken, 32, "all that is open to both");
    let now = start + Duration::from_secs(30);
    assert_eq!((0..20).filter(|_| admit(Class::FirstDraft, now)).count(), 8);
}

#[tokio::test(start_paused = true)]
async fn the_first_draft_of_each_quick_answer_is_shown_at_once() {
    let flow = Flow::new(30);
    let start = Instant::now();
    let admit = |class, ms| flow.0.lock().admit(ANN, class, start + Duration::from_millis(ms));
    let mut postponed = 0;
    for question in (0..120_000).step_by(1_500) {
        admit(Class::Action, question);
        let admission = admit(Class::FirstDraft, question + 300);
        assert_eq!(admission, Admission::Now, "the question of {question} ms");
        postponed += usize::from(admit(Class::Draft, question + 1_300) != Admission::Now);
    }
    assert!(postponed > 0, "the budget is not used up");
}

#[tokio::test(start_paused = true)]
async fn the_overall_budget_is_shared_by_all_chats() {
    let flow = Flow::new(30);
    let start = Instant::now();
    let chats = (1..=100).map(ChatId);
    let now =
        chats.filter(|&chat| flow.0.lock().admit(chat, Class::Message, start) == Admission::Now).count();
    assert_eq!(now, 30);
    assert_eq!(
        flow.0.lock().admit(ANN, Class::Draft, start),
        Admission::Now,
        "drafts have a budget of their own"
    );
    let unlimited = Flow::new(0);
    assert!(
        (1..=100).all(|chat| unlimited.0.lock().admit(ChatId(chat), Class::Message, start) == Admission::Now)
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_called_inside_a_penalty() {
    let flow = Flow::new(30);
    flow.punish(ANN, Duration::from_secs(7));
    let end = Instant::now() + Duration::from_millis(7_250);
    for class in [Class::Message, Class::Live, Class::Draft, Class::Action] {
        assert_eq!(flow.admit(ANN, class), Admission::NotBefore(end), "{class:?}");
        assert_eq!(flow.admit(BOB, class), Admission::Now, "{class:?} elsewhere");
    }
    tokio::time::advance(Duration::from_millis(7_250)).await;
    assert_eq!(flow.admit(ANN, Class::Message), Admission::Now);
    assert!(flow.is_cautious(ANN));
    tokio::time::advance(CAUTION).await;
    assert!(!flow.is_cautious(ANN));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_message_holds_everything_cosmetic_back() {
    let flow = Flow::new(30);
    let waiting = flow.waiting(ANN);
    assert!(matches!(flow.admit(ANN, Class::Draft), Admission::NotBefore(_)));
    assert_eq!(flow.admit(ANN, Class::Message), Admission::Now);
    drop(waiting);
    assert_eq!(flow.admit(ANN, Class::Draft), Admission::Now);
}

#[tokio::test(start_paused = true)]
async fn several_chats_limited_at_once_stop_all_sending() {
    let flow = Flow::new(30);
    for chat in [ANN, ANN, BOB] {
        flow.punish(chat, Duration::from_secs(7));
    }
    assert_eq!(flow.admit(GROUP, Class::Message), Admission::Now, "two chats are a coincidence");
    flow.punish(ChatId(44), Duration::from_secs(7));
    assert!(matches!(flow.admit(GROUP, Class::Message), Admission::NotBefore(_)));
    assert!(matches!(flow.admit(GROUP, Class::Live), Admission::NotBefore(_)));
    assert_eq!(flow.admit(GROUP, Class::Draft), Admission::Now, "drafts have a budget of their own");
    tokio::time::advance(Duration::from_millis(7_250)).await;
    assert_eq!(flow.admit(GROUP, Class::Message), Admission::Now);
}

#[tokio::test(start_paused = true)]
async fn announcements_leave_places_for_answers_and_pause_when_one_is_refused() {
    let flow = Flow::new(30);
    let now = Instant::now();
    let admit = |chat, class, at| flow.0.lock().admit(ChatId(chat), class, at) == Admission::Now;
    let announced = (1..=100).filter(|&chat| admit(chat, Class::Announcement, now)).count();
    assert_eq!(announced, 20);
    let answered = (201..=300).filter(|&chat| admit(chat, Class::Message, now)).count();
    assert_eq!(answered, 10, "answers have what is left");
    let second = Duration::from_secs(1);
    let answered = (301..=400).filter(|&chat| admit(chat, Class::Message, now + second)).count();
    assert_eq!(answered, 30);
    assert!(!admit(501, Class::Announcement, now + second), "answers go first");
    flow.pause_announcements(second * 60);
    assert!(!admit(502, Class::Announcement, now + second * 60));
    assert!(admit(502, Class::Message, now + second * 60));
    assert!(admit(502, Class::Announcement, now + second * 61));
}

#[tokio::test(start_paused = true)]
async fn two_instances_share_the_overall_budget() {
    let flows = [Flow::new(30), Flow::new(30)];
    for flow in &flows {
        flow.set_share(512);
    }
    let now = Instant::now();
    let sent = |flow: &Flow| {
        (1..=100)
            .filter(|&chat| flow.0.lock().admit(ChatId(chat), Class::Message, now) == Admission::Now)
            .count()
    };
    assert_eq!(flows.iter().map(sent).sum::<usize>(), 30);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_instance_may_just_have_sent_counts_as_used() {
    for (chat, class, seconds, most) in [
        (ANN, Class::Message, 5, 3),
        (ANN, Class::Message, 10, 8),
        (GROUP, Class::Message, 50, 10),
        (ANN, Class::FirstDraft, 5, 10),
    ] {
        let flow = Flow::new(30);
        flow.took_over([42, 924].map(|chat| Bucket::of(ChatId(chat))));
        assert!(flow.is_cautious(chat) && !flow.is_cautious(BOB));
        assert_eq!(passed(&flow, chat, class, seconds), most, "{class:?} in {chat}");
        tokio::time::advance(CAUTION).await;
        assert!(!flow.is_cautious(chat));
    }
}
