//! The namer: after the first answer in a topic, replaces the name that the app made up, in a task of its
//! own. The database decides which topic is due and which instance has it, so several instances name each
//! topic once.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::context::BotContext;
use crate::bot_api::ApiError;
use crate::bot_api::methods::{EditForumTopic, GetChatMember, GetForumTopicIconStickers, IconSticker};
use crate::conversation::interrupt::Stop;
use crate::conversation::{NamingAnswer, name_topic};
use crate::db::{DbError, topic_names};
use crate::domain::ids::UserId;
use crate::domain::topic::{TopicIcon, TopicName};
use crate::lifecycle::kill_point;
use crate::services::topic_naming::{self, NamingClaim, NamingEnd, NamingJob, NamingQuestion, NamingWork};

/// Topics that are named at once.
const AT_ONCE: usize = 8;
/// The longest time between two looks for due topics; others follow when an answer has arrived or one is due.
const IDLE: Duration = Duration::from_secs(60);
/// The shortest time between two looks.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
/// The most time that the model has for a name.
const ASK_LIMIT: Duration = Duration::from_secs(45);
/// The longest penalty that a call to Telegram waits for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the list of icons is kept, and an empty one.
const ICONS_KEPT: (Duration, Duration) = (Duration::from_hours(24), Duration::from_mins(10));

/// Names topics until the service drains.
pub(crate) async fn run(context: Arc<BotContext>) {
    let drain = context.life.drain.clone();
    let namer = Namer { context, places: Arc::new(Semaphore::new(AT_ONCE)), icons: Arc::default() };
    let mut searches = true;
    let work = async {
        loop {
            let pause = match namer.start_due(searches).await {
                Ok(pause) => pause,
                Err(DbError::Cancelled) => return,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the names of topics have to wait"
                    );
                    IDLE
                }
            };
            searches = timeout(pause, namer.context.topics_due.notified()).await.is_err();
        }
    };
    // A topic that was claimed and not begun is due again after its lease.
    drain.run_until_cancelled(work).await;
}

/// Icons, and until when they are kept.
type KnownIcons = Option<(Instant, Arc<[TopicIcon]>)>;

/// Names topics. Cheap to clone.
#[derive(Clone)]
struct Namer {
    context: Arc<BotContext>,
    places: Arc<Semaphore>,
    icons: Arc<Mutex<KnownIcons>>,
}

impl Namer {
    /// Starts the work on all due topics, as places allow. `searches` looks also for topics whose answer was
    /// missed. Returns how long to wait for the next one.
    async fn start_due(&self, searches: bool) -> Result<Duration, DbError> {
        let BotContext { db, books, life, .. } = &*self.context;
        if searches {
            db.until(&life.drain).persist(|| topic_names::wake_missed(db)).await?;
        }
        while let Ok(place) = self.places.clone().acquire_owned().await {
            let lease = rand::random();
            match db.until(&life.drain).persist(|| topic_naming::claim(books, lease)).await? {
                NamingClaim::Job(job) => self.start(job, place),
                NamingClaim::Skipped => {}
                NamingClaim::Nothing => break,
            }
        }
        let next = db.until(&life.drain).persist(|| topic_names::next_due(db)).await?;
        let next = next.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
        Ok(next.unwrap_or(IDLE).clamp(LEAST_PAUSE, IDLE))
    }

    fn start(&self, job: NamingJob, place: OwnedSemaphorePermit) {
        let namer = self.clone();
        self.context.life.spawn("topic name", async move {
            if let Err(error) = namer.carry_out(&job).await {
                let error = &error as &dyn std::error::Error;
                let (chat, topic) = (job.topic.chat.0, job.topic.id.0);
                // The topic is due again after the lease.
                tracing::error!(chat.id = chat, topic.id = topic, error, "a topic could not be named");
            }
            drop(place);
            namer.context.topics_due.notify_one();
        });
    }

    async fn carry_out(&self, job: &NamingJob) -> Result<(), DbError> {
        let BotContext { db, life, .. } = &*self.context;
        let work = async {
            match &job.work {
                NamingWork::Choose(question) => self.choose(job, question).await,
                NamingWork::Tell(name) => self.tell(job, name).await,
            }
        };
        let ended = tokio::select! {
            ended = work => ended?,
            never = topic_naming::keep(db, job) => match never {},
            () = life.abort.cancelled() => None,
        };
        match ended {
            Some(end) => db.persist(|| topic_naming::end(db, job, end)).await,
            None => Ok(()),
        }
    }

    /// Asks the model for a name, pays it and tells Telegram. Returns `None` if the end is stored already, or
    /// the topic belongs to somebody else by now.
    async fn choose(&self, job: &NamingJob, question: &NamingQuestion) -> Result<Option<NamingEnd>, DbError> {
        let BotContext { db, books, life, assistant, metrics, .. } = &*self.context;
        match self.may_rename(job).await {
            Some(true) => {}
            Some(false) => return Ok(Some(NamingEnd::Left("no right"))),
            None => return Ok(Some(NamingEnd::Failed)),
        }
        let icons = if question.icon_given { Arc::from([]) } else { self.icons().await };
        let stop = Stop::new(&life.abort);
        let asked = timeout(ASK_LIMIT, name_topic(assistant, question, &icons, &stop)).await;
        let NamingAnswer { call, name } = match asked {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(Some(NamingEnd::Failed)),
            Err(_elapsed) => return Ok(Some(NamingEnd::Unanswered)),
        };
        kill_point!("topic name: answered");
        let choose = || topic_naming::choose(books, job, question, (&call, name.as_ref()));
        let chosen = db.persist(choose).await?;
        metrics.costs.with_label_values(&[chosen.payer.name()]).inc_by(chosen.cost.nano());
        metrics.service_costs.with_label_values(&[&call.model.0]).inc_by(chosen.cost.nano());
        match name.filter(|_| chosen.tell) {
            Some(name) => self.tell(job, &name).await,
            None => Ok(None),
        }
    }

    /// Tells Telegram a chosen name.
    async fn tell(&self, job: &NamingJob, name: &TopicName) -> Result<Option<NamingEnd>, DbError> {
        let BotContext { db, .. } = &*self.context;
        if !db.persist(|| topic_naming::may_tell(db, job)).await? {
            return Ok(None);
        }
        let mut told = self.edit(job, &name.name, name.icon.as_deref()).await;
        kill_point!("topic name: after the call");
        if name.icon.is_some() && matches!(&told, Err(ApiError::Refused { .. })) {
            told = self.edit(job, &name.name, None).await;
        }
        let (chat, topic) = (job.topic.chat.0, job.topic.id.0);
        let error = match told {
            Ok(_) | Err(ApiError::NotModified) => {
                tracing::info!(chat.id = chat, topic.id = topic, "a topic has got a name");
                return Ok(Some(NamingEnd::Named));
            }
            Err(error) => error,
        };
        let end = match &error {
            ApiError::Flood(wait) => NamingEnd::Untried(*wait),
            error if error.is_passing() => NamingEnd::Failed,
            ApiError::TopicGone => NamingEnd::Left("gone"),
            error if error.is_shut_out() => NamingEnd::Left("no right"),
            _ => NamingEnd::Left("refused"),
        };
        let error = &error as &dyn std::error::Error;
        tracing::warn!(chat.id = chat, topic.id = topic, error, "Telegram does not name a topic");
        Ok(Some(end))
    }

    async fn edit(&self, job: &NamingJob, name: &str, icon: Option<&str>) -> Result<bool, ApiError> {
        let (chat_id, message_thread_id) = (job.topic.chat, job.topic.id);
        let method = EditForumTopic { chat_id, message_thread_id, name, icon_custom_emoji_id: icon };
        self.context.screen.api.inquire(chat_id, &method, PATIENCE).await
    }

    /// Returns whether the bot may name the topic, or `None` if Telegram does not tell. In a private chat it
    /// may.
    async fn may_rename(&self, job: &NamingJob) -> Option<bool> {
        let chat_id = job.topic.chat;
        if chat_id.0 > 0 {
            return Some(true);
        }
        let method = GetChatMember { chat_id, user_id: UserId(self.context.me.id) };
        match self.context.screen.api.inquire(chat_id, &method, PATIENCE).await {
            Ok(member) => Some(member.may_rename_topics()),
            Err(error) if error.is_passing() => None,
            Err(_) => Some(false),
        }
    }

    /// Returns the icons that the bot may give; none if Telegram does not tell them.
    async fn icons(&self) -> Arc<[TopicIcon]> {
        let known = self.icons.lock().clone();
        if let Some((_, icons)) = known.filter(|(until, _)| Instant::now() < *until) {
            return icons;
        }
        let stickers = self.context.screen.api.call(&GetForumTopicIconStickers {}).await;
        let stickers = stickers.unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "Telegram does not tell the icons of topics"
            );
            Vec::new()
        });
        let icon = |sticker: IconSticker| {
            let emoji = sticker.emoji.filter(|emoji| !emoji.is_empty())?;
            Some(TopicIcon { emoji, id: sticker.custom_emoji_id? })
        };
        let icons: Arc<[TopicIcon]> = stickers.into_iter().filter_map(icon).collect();
        let kept = if icons.is_empty() { ICONS_KEPT.1 } else { ICONS_KEPT.0 };
        *self.icons.lock() = Some((Instant::now() + kept, icons.clone()));
        icons
    }
}
