//! Calls that count in the budgets of the flow control: they take their place there, and are made then.

use tokio::time::Instant;

use super::flow::{Admission, Class, WaitingMessage};
use super::methods::Method;
use super::{Api, ApiError, CALL_LIMIT, COSMETIC_LIMIT};
use crate::domain::ids::ChatId;

/// A call that may be made now: its place in the budgets is taken. Until it is dropped, no cosmetic call is made in
/// its chat.
#[must_use]
pub(crate) struct AdmittedCall {
    chat: ChatId,
    waiting: WaitingMessage,
}

/// A cosmetic call that may be made now: its place in the budgets is taken.
#[must_use]
pub(crate) struct AdmittedAttempt {
    chat: ChatId,
    class: Class,
}

/// Why a cosmetic call had no effect.
#[derive(Debug)]
pub(crate) enum Postponed {
    /// The budget is used up, or a penalty applies, until this time.
    NotBefore(Instant),
    /// The call was made and failed.
    Failed(ApiError),
}

impl Api {
    /// Calls a method that must take effect: waits for its budget and for the end of every penalty.
    ///
    /// # Errors
    /// Returns the errors of [`Api::call`]. After a 429 the penalty is already recorded, so the caller may
    /// call again at once; that call waits.
    pub(crate) async fn deliver<M: Method>(&self, chat: ChatId, method: &M) -> Result<M::Response, ApiError> {
        let admitted = self.admit(chat).await;
        self.deliver_admitted(admitted, method).await
    }

    /// Waits until a call that must take effect may be made, and takes its place in the budgets.
    pub(crate) async fn admit(&self, chat: ChatId) -> AdmittedCall {
        let waiting = self.flow.waiting(chat);
        let since = Instant::now();
        while let Admission::NotBefore(time) = self.flow.admit(chat, Class::Message) {
            tokio::time::sleep_until(time).await;
        }
        self.metrics.telegram_wait.observe(since.elapsed().as_secs_f64());
        AdmittedCall { chat, waiting }
    }

    /// Makes a call like [`Api::deliver`] that was admitted before.
    ///
    /// # Errors
    /// Returns the errors of [`Api::deliver`].
    pub(crate) async fn deliver_admitted<M: Method>(
        &self,
        AdmittedCall { chat, waiting }: AdmittedCall,
        method: &M,
    ) -> Result<M::Response, ApiError> {
        let answer = self.send(method, CALL_LIMIT).await;
        // The penalty is recorded before other calls are admitted, so that none slips into it.
        self.learn(chat, &answer);
        drop(waiting);
        answer
    }

    /// Waits until a part of an announcement may be sent, and takes its place in the budgets.
    pub(crate) async fn wait_for_announcement(&self, chat: ChatId) {
        while let Admission::NotBefore(time) = self.flow.admit(chat, Class::Announcement) {
            tokio::time::sleep_until(time).await;
        }
    }

    /// Sends a part of an announcement. The caller has waited with [`Api::wait_for_announcement`].
    ///
    /// # Errors
    /// Returns the errors of [`Api::call`]. After a flood wait, announcements pause.
    pub(crate) async fn announce<M: Method>(
        &self,
        chat: ChatId,
        method: &M,
    ) -> Result<M::Response, ApiError> {
        let answer = self.send(method, CALL_LIMIT).await;
        self.learn(chat, &answer);
        if let Err(ApiError::Flood(wait)) = &answer {
            self.flow.pause_announcements(*wait);
        }
        answer
    }

    /// Calls a cosmetic method immediately or not at all.
    ///
    /// # Errors
    /// Returns when to try again, or the errors of [`Api::call`].
    pub(crate) async fn attempt<M: Method>(
        &self,
        chat: ChatId,
        class: Class,
        method: &M,
    ) -> Result<M::Response, Postponed> {
        let admitted = self.admit_at_once(chat, class)?;
        self.attempt_admitted(admitted, method).await
    }

    /// Takes the place of a cosmetic call in the budgets.
    ///
    /// # Errors
    /// Returns when to try again.
    pub(crate) fn admit_at_once(&self, chat: ChatId, class: Class) -> Result<AdmittedAttempt, Postponed> {
        if let Admission::NotBefore(time) = self.flow.admit(chat, class) {
            self.metrics.telegram_dropped.inc();
            return Err(Postponed::NotBefore(time));
        }
        Ok(AdmittedAttempt { chat, class })
    }

    /// Calls a cosmetic method that was admitted before.
    ///
    /// # Errors
    /// Returns the errors of [`Api::call`].
    pub(crate) async fn attempt_admitted<M: Method>(
        &self,
        AdmittedAttempt { chat, class }: AdmittedAttempt,
        method: &M,
    ) -> Result<M::Response, Postponed> {
        // A live message whose call is abandoned too early may have been sent all the same.
        let limit = if class == Class::Live { CALL_LIMIT } else { COSMETIC_LIMIT };
        let answer = self.send(method, limit).await;
        self.learn(chat, &answer);
        answer.map_err(Postponed::Failed)
    }
}
