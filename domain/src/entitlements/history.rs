//! S4.25: what has happened to access, for people and for whoever follows.

use chrono::{DateTime, Utc};
use entities::{EntitlementAction, EventTopic, entitlement, entitlement_event};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;

use super::rules;
use crate::{clock, error::Outcome, message::Message, tx::Tx};

/// S4.25: a line of the history: one change of what the user has.
pub(super) struct Line<'a> {
    pub action: EntitlementAction,
    /// Of what was changed.
    pub previous_expires_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub detail: Option<&'a Message>,
}

impl Line<'_> {
    pub fn of(action: EntitlementAction) -> Self {
        Self {
            action,
            previous_expires_at: None,
            expires_at: None,
            detail: None,
        }
    }
}

/// S4.25: writes the history, and tells whoever follows. `row` is as the change has left it.
pub(super) async fn record(tx: &mut Tx, row: &entitlement::Model, line: Line<'_>) -> Outcome<()> {
    entry(tx, row, &line).insert(tx.db()).await?;
    let now = tx.now();
    tell(tx, row, line.action, now);
    Ok(())
}

pub(super) fn entry(tx: &Tx, row: &entitlement::Model, line: &Line<'_>) -> entitlement_event::ActiveModel {
    entitlement_event::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(row.team_id),
        entitlement_id: Set(row.id),
        user_id: Set(row.user_id),
        action: Set(line.action),
        at: Set(tx.now()),
        actor_id: Set(tx.origin().actor),
        impersonator_id: Set(tx.origin().impersonator),
        previous_expires_at: Set(line.previous_expires_at),
        expires_at: Set(line.expires_at),
        detail: Set(line.detail.map(Message::to_stored)),
    }
}

/// Publishes a change, with the entitlement as it was right after it: at `at`, which may lie before now.
pub(super) fn tell(tx: &mut Tx, row: &entitlement::Model, action: EntitlementAction, at: DateTime<Utc>) {
    let schedule = rules::Schedule::of(row);
    let run = schedule.at(at);
    let time = |at: Option<DateTime<Utc>>| at.map(clock::written);
    tx.publish(
        EventTopic::EntitlementChanged,
        row.id,
        json!({
            "action": action, "status": rules::status(row, at), "userId": row.user_id, "productId": row.product_id,
            "startsAt": clock::written(run.starts_at), "expiresAt": time(run.expires_at),
            "graceEndsAt": time(run.grace_ends_at), "resumesAt": time(schedule.resumes_at(at)),
        }),
    );
    tx.audit_with(
        "entitlement.changed",
        Some(row.id.to_string()),
        None,
        json!({ "action": action }),
    );
}
