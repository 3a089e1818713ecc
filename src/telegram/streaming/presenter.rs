//! The presenter of a turn: receives its events, and starts one piece of work at a time, a new state of the
//! unfinished message or the next part of the answer.

mod outcome;

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use futures::future::OptionFuture;
use futures::{Stream, StreamExt};
use tokio::time::Instant;

use super::actions::ActionHandle;
use super::pace::Pace;
use super::place::{Place, Surface};
use super::screen::Screen;
use super::shown::{LastDraft, ScreenResult};
use super::tool_lines::ToolLines;
use super::work::{Piece, Purpose, ScreenWork, Seen, WorkResult};
use super::{files, paint};
use crate::bot_api::flow::Class;
use crate::domain::blank::is_blank;
use crate::domain::ids::MessageId;
use crate::domain::record::ToolCallRecord;
use crate::domain::tool::{Activity, ToolName};
use crate::domain::turn::TurnEvent;
use crate::rendering::{Growing, RichText};
use crate::services::settlement;

/// Time limit of a call in progress after the abort.
const ABORT_LIMIT: Duration = Duration::from_secs(5);

/// Shows a turn until its events end. Returns what is left to send.
pub(crate) async fn present(
    screen: &Screen,
    place: Place,
    events: impl Stream<Item = TurnEvent>,
) -> ScreenResult<'_> {
    let mut presenter = Presenter::new(screen, place);
    let mut events = pin!(events);
    // One timer for all updates: most events do not change when the next one is due.
    let mut beat = pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        let mut due = presenter.due();
        // The timer fires up to a millisecond late. In a group, where few calls are allowed, an answer that
        // is complete by then needs only one call.
        if presenter.place.surface == Surface::Draft && due.is_some_and(|due| due <= Instant::now()) {
            presenter.start();
            due = presenter.due();
        }
        if let Some(due) = due.filter(|&due| due != beat.deadline()) {
            beat.as_mut().reset(due);
        }
        presenter.action.want(presenter.wants_action());
        tokio::select! {
            event = events.next() => match event {
                Some(event) => presenter.fold(event),
                None => break,
            },
            Some(done) = OptionFuture::from(presenter.work.as_mut().map(|(_, work)| work)) => presenter.on_work_done(done),
            () = &mut beat, if due.is_some() => presenter.start(),
        }
    }
    presenter.finish().await
}

struct Presenter<'a> {
    screen: &'a Screen,
    place: Place,
    action: ActionHandle,
    pace: Pace,
    thinking: String,
    tools: ToolLines,
    answer: Growing,
    finished_parts: VecDeque<Piece>,
    work: Option<ScreenWork<'a>>,
    posted: usize,
    /// Whether files were enqueued.
    has_files: bool,
    live: Option<MessageId>,
    draft: Option<String>,
    seen: Seen,
    /// When the first words of the answer came.
    worded: Option<Instant>,
    /// Unfinished states can no longer be shown: the chat is closed or the message was deleted.
    cannot_show: bool,
    /// A part could not be stored, so the rest is sent after the settlement.
    stuck: bool,
}

impl<'a> Presenter<'a> {
    fn new(screen: &'a Screen, place: Place) -> Self {
        let (pace, live) = match place.surface {
            Surface::Draft => (Pace::drafts(), None),
            Surface::Message(live) => (Pace::edits(), live),
        };
        Self {
            screen,
            place,
            action: screen.actions.join(place.chat, place.topic, place.turn),
            pace,
            thinking: String::new(),
            tools: ToolLines::default(),
            answer: Growing::default(),
            finished_parts: VecDeque::new(),
            work: None,
            posted: 0,
            has_files: false,
            live,
            draft: None,
            seen: Seen::default(),
            worded: None,
            cannot_show: false,
            stuck: false,
        }
    }

    fn fold(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::Thinking(_) if !self.place.shows_thinking => {}
            TurnEvent::Thinking(text) => {
                self.thinking.push_str(&text);
                // In a group the message starts with the answer; only a draft can change from thoughts to
                // text.
                if self.place.surface == Surface::Draft && self.answer.is_blank() && self.posted == 0 {
                    self.pace.changed();
                }
            }
            TurnEvent::Text(text) => {
                self.answer.push(&text);
                self.finished_parts.extend(std::iter::from_fn(|| self.answer.take_part()).map(Piece::Text));
                // A break between two rounds does not go on with the answer: how a tool ended is shown until
                // words follow.
                if !is_blank(&text) {
                    self.tools.clear_ended();
                }
                if !self.answer.is_blank() {
                    self.worded.get_or_insert_with(Instant::now);
                    self.pace.changed();
                }
            }
            TurnEvent::ToolStarted { call, name, subject } => {
                self.action.set(ToolName::named(&name).map(ToolName::activity).unwrap_or_default());
                // In a group its line would be a message above the files.
                if self.place.surface == Surface::Draft || name != ToolName::DeliverFile.name() {
                    self.tools.start(call, name, subject);
                    self.pace.changed();
                }
            }
            TurnEvent::ToolProgress { call, lines } => {
                if self.tools.progress(&call, lines) {
                    self.pace.changed();
                }
            }
            TurnEvent::ToolEnded(ToolCallRecord { call, failed, .. }) => {
                self.action.set(Activity::Writing);
                self.tools.end(&call, failed);
                self.pace.changed();
            }
            // The list of sources comes as text at the end.
            TurnEvent::Source(_) => {}
            TurnEvent::Files(delivery, receipt) => {
                let text = std::mem::take(&mut self.answer).finish();
                self.finished_parts.extend(text.into_iter().map(Piece::Text));
                self.finished_parts.push_back(Piece::Files(delivery, receipt));
            }
        }
    }

    /// Returns when to start the next work, or `None` while work runs or there is none.
    fn due(&self) -> Option<Instant> {
        if self.work.is_some() || self.stuck {
            return None;
        }
        if !self.finished_parts.is_empty() {
            return Some(Instant::now());
        }
        if self.cannot_show { None } else { self.pace.due() }
    }

    /// Returns whether an action should be shown. A growing draft itself shows progress; a group message
    /// changes seldom, and a running tool does not change the text.
    fn wants_action(&self) -> bool {
        !self.cannot_show
            && (self.draft.is_none() || self.place.surface != Surface::Draft || self.tools.is_running())
    }

    fn start(&mut self) {
        if let Some(piece) = self.finished_parts.pop_front() {
            self.enqueue(piece);
            return;
        }
        let Some(state) = self.state() else {
            // The renderer holds back possible markup, so there is nothing to show before more text arrives.
            self.pace.nothing_to_show();
            return;
        };
        self.pace.showing(self.screen.api.is_cautious(self.place.chat));
        if self.place.surface == Surface::Draft {
            self.draft = Some(state.text.clone());
        }
        let shows = if self.answer.is_blank() { Seen::Thoughts } else { Seen::Words };
        let class = if shows > self.seen { Class::FirstDraft } else { Class::Draft };
        let painting = paint::paint(self.screen, self.place, self.posted, self.live, class, state);
        self.work =
            Some((Purpose::Frame, Box::pin(async move { WorkResult::Painted(shows, painting.await) })));
    }

    fn enqueue(&mut self, piece: Piece) {
        let part = match piece {
            Piece::Text(part) => part,
            Piece::Files(delivery, receipt) => {
                let leads = self.posted == 0 && !self.has_files;
                self.has_files = true;
                self.work = Some(files::enqueue(self.screen, &self.place, leads, delivery, receipt));
                return;
            }
        };
        let owed = self.place.part(self.posted, &part, self.live);
        let db = &self.screen.db;
        let (courier, turn) = (&self.screen.courier, self.place.held());
        let enqueued = async move {
            let enqueue = || settlement::enqueue(db, turn, std::slice::from_ref(&owed));
            match db.persist(enqueue).await {
                Ok(rows) => WorkResult::Enqueued(courier.deliver(rows)),
                Err(error) => WorkResult::NotEnqueued(Piece::Text(part), error),
            }
        };
        self.work = Some((Purpose::Part, Box::pin(enqueued)));
    }

    /// Returns the state to show: the thoughts until there is text, then the beginning of the next message,
    /// with tool lines below.
    fn state(&mut self) -> Option<RichText> {
        let thoughtful =
            self.place.surface == Surface::Draft && self.posted == 0 && !self.thinking.trim().is_empty();
        let shown = if self.answer.is_blank() {
            thoughtful.then(|| paint::thoughts(&self.thinking))
        } else {
            self.answer.current()
        };
        self.tools.below(shown, self.place.language)
    }

    /// Finishes the screen. A draft in flight does not delay the settlement. Any other work in flight must
    /// finish first, because its result is settled.
    async fn finish(mut self) -> ScreenResult<'a> {
        self.action.want(false);
        let abort = &self.screen.life.abort;
        let overdue = async || {
            abort.cancelled().await;
            tokio::time::sleep(ABORT_LIMIT).await;
        };
        let mut frame = LastDraft::default();
        while let Some((purpose, mut work)) = self.work.take() {
            match purpose {
                Purpose::Arrival => break,
                Purpose::Frame if self.place.surface == Surface::Draft => {
                    frame = LastDraft::new(async move {
                        tokio::select! {
                            _ = work => {}
                            () = overdue() => {}
                        }
                    });
                    break;
                }
                Purpose::Frame | Purpose::Part => tokio::select! {
                    done = &mut work => self.on_work_done(done),
                    () = overdue() => break,
                },
            }
        }
        let (mut rest, mut files) = (Vec::new(), Vec::new());
        for piece in self.finished_parts.drain(..) {
            match piece {
                Piece::Text(part) => rest.push(part),
                Piece::Files(delivery, _receipt) => files.push(delivery),
            }
        }
        rest.extend(self.answer.finish());
        let (posted, has_files) = (self.posted, self.has_files);
        ScreenResult { posted, has_files, rest, files, live: self.live, draft: self.draft, frame }
    }
}
