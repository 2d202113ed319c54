//! A post office for stories: takes mails, or refuses them on command, and remembers what it took.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::adapters::mail::{MailError, MailTransport, OutgoingMail};

#[derive(Default)]
pub struct Post {
    taken: Mutex<Vec<OutgoingMail>>,
    refusals: Mutex<Vec<MailError>>,
}

impl Post {
    /// Answers the next attempt with this; several are answered in turn.
    pub fn refuse(&self, error: MailError) {
        self.refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(error);
    }

    /// What was taken, in order.
    pub fn taken(&self) -> Vec<OutgoingMail> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl MailTransport for Post {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if !refusals.is_empty() {
            return Err(refusals.remove(0));
        }
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(mail.clone());
        Ok(())
    }
}
