//! What the demo's everyday sales have opened: a grant each, the entitlement that stands on it, and its history.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementEventId, EntitlementId, GrantId, GrantSource, ProductId, PurchaseId,
    UserId, entitlement, entitlement_event, entitlement_grant,
};

use super::book::{Book, named};
use domain::{
    entitlements::rules::{self, Run},
    error::Outcome,
};

/// What a sale opens.
pub struct Grant {
    pub user: UserId,
    pub product: ProductId,
    pub purchase: PurchaseId,
    pub starts: DateTime<Utc>,
    pub ends: Option<DateTime<Utc>>,
}

/// One for each user and product.
#[derive(Default)]
pub struct Grants(BTreeMap<(UserId, ProductId), Grant>);

impl Grants {
    pub fn add(&mut self, grant: Grant) {
        self.0.insert((grant.user, grant.product), grant);
    }

    pub fn contains(&self, user: UserId, product: ProductId) -> bool {
        self.0.contains_key(&(user, product))
    }

    pub fn write(self, book: &mut Book) -> Outcome<()> {
        self.0.into_values().try_for_each(|grant| entitle(book, &grant))
    }
}

fn entitle(book: &mut Book, grant: &Grant) -> Outcome<()> {
    let name = format!("{}/{}", grant.user, grant.product);
    let id = EntitlementId(named("entitlement", &name));
    let row = entitlement_grant::Model {
        id: GrantId(named("grant", &name)),
        team_id: book.team,
        entitlement_id: id,
        source: GrantSource::Purchase,
        purchase_id: Some(grant.purchase),
        granted_by: None,
        starts_at: grant.starts,
        expires_at: grant.ends,
        revoked_at: None,
        revoked_by_refund: None,
        created_at: grant.starts,
        grace_ends_at: rules::grace(grant.ends, book.grace_days(grant.product)),
    };
    let span = rules::span(std::slice::from_ref(&row), book.now);
    let span = span.ok_or_else(|| anyhow::anyhow!("a grant opens something"))?;
    book.entitlements.push(entitlement::Model {
        id,
        team_id: book.team,
        user_id: grant.user,
        product_id: grant.product,
        starts_at: span.run.starts_at,
        expires_at: span.run.expires_at,
        grace_ends_at: span.run.grace_ends_at,
        next_starts_at: None,
        next_expires_at: None,
        next_grace_ends_at: None,
        revoked_at: None,
        revocation_reason: None,
        closed_at: None,
        announced_status: span.status(book.now),
        created_at: grant.starts,
        updated_at: grant.starts,
    });
    book.grants.push(row);
    tell(book, id, grant, span.run);
    Ok(())
}

/// S4.25: the history, as it would have been written.
fn tell(book: &mut Book, id: EntitlementId, grant: &Grant, run: Run) {
    let mut story = vec![(grant.starts, EntitlementAction::Granted)];
    if let Some(end) = run.expires_at {
        let action = match run.grace_ends_at {
            Some(_) => EntitlementAction::EnteredGracePeriod,
            None => EntitlementAction::Expired,
        };
        story.push((end, action));
    }
    if let Some(end) = run.grace_ends_at {
        story.push((end, EntitlementAction::Expired));
    }
    story.retain(|(at, _)| *at <= book.now);
    for (i, (at, action)) in story.into_iter().enumerate() {
        book.history.push(entitlement_event::Model {
            id: EntitlementEventId(named("history", &format!("{id}/{i}"))),
            team_id: book.team,
            entitlement_id: id,
            user_id: grant.user,
            action,
            at,
            actor_id: None,
            impersonator_id: None,
            previous_expires_at: None,
            expires_at: run.expires_at,
            detail: None,
        });
    }
}
