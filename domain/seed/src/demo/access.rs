//! What the demo's sales and gifts open: grants, the entitlements that stand on them, and their history.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementEventId, EntitlementId, GrantId, GrantSource, ProductId, PurchaseId,
    RefundId, UserId, entitlement, entitlement_event, entitlement_grant,
};
use serde_json::json;

use super::{
    book::{Book, named, product_id, user_id},
    stories::GIFTS,
};
use domain::{
    entitlements::rules::{self, Schedule},
    message::Message,
};

/// A reason for access, and what became of it.
pub struct Grant {
    pub purchase: Option<PurchaseId>,
    pub by: Option<UserId>,
    pub at: DateTime<Utc>,
    pub starts: DateTime<Utc>,
    pub ends: Option<DateTime<Utc>>,
    /// When and why it was taken, by which refund, and when it was given back.
    pub taken: Option<(DateTime<Utc>, Message, Option<RefundId>)>,
    pub restored: Option<DateTime<Utc>>,
}

/// The reasons for the access of each user to each product.
#[derive(Default)]
pub struct Grants(BTreeMap<(UserId, ProductId), Vec<Grant>>);

impl Grants {
    pub fn add(&mut self, user: UserId, product: ProductId, grant: Grant) {
        self.0.entry((user, product)).or_default().push(grant);
    }

    pub fn contains(&self, user: UserId, product: ProductId) -> bool {
        self.0.contains_key(&(user, product))
    }

    pub fn add_gifts(&mut self, book: &Book) {
        for gift in GIFTS {
            let starts = book.days_ago(-gift.starts);
            let grant = Grant {
                purchase: None,
                by: Some(book.agent),
                at: starts.min(book.days_ago(2)),
                starts,
                ends: gift.ends.map(|days| book.days_ago(-days)),
                taken: gift
                    .revoked
                    .map(|(days, why)| (book.days_ago(days), Message::text(why), None)),
                restored: None,
            };
            self.add(user_id(gift.person), product_id(gift.product), grant);
        }
    }

    pub fn write(self, book: &mut Book) {
        for ((user, product), grants) in self.0 {
            entitle(book, user, product, &grants);
        }
    }
}

fn entitle(book: &mut Book, user: UserId, product: ProductId, grants: &[Grant]) {
    let name = format!("{user}/{product}");
    let id = EntitlementId(named("entitlement", &name));
    let days = book.grace_days(product);
    let rows: Vec<_> = grants
        .iter()
        .enumerate()
        .map(|(i, grant)| {
            let row = grant_row(book, id, GrantId(named("grant", &format!("{name}/{i}"))), grant);
            entitlement_grant::Model {
                grace_ends_at: rules::grace(row.expires_at, days),
                ..row
            }
        })
        .collect();
    let standing = rules::span(&rows, book.now);
    let granted: Vec<_> = rows
        .iter()
        .map(|row| entitlement_grant::Model {
            revoked_at: None,
            ..row.clone()
        })
        .collect();
    let Some(whole) = rules::span(&granted, book.now) else {
        return;
    };
    let last_taken = grants
        .iter()
        .filter(|grant| grant.restored.is_none())
        .filter_map(|grant| grant.taken.as_ref())
        .max_by_key(|taken| taken.0);
    let revoked = last_taken.filter(|_| standing.is_none());
    let span = standing.unwrap_or(whole);
    let first = grants.iter().map(|grant| grant.at).min().unwrap_or(book.now);
    let announced = if revoked.is_some() {
        entities::EntitlementStatus::Revoked
    } else {
        span.status(book.now)
    };
    book.entitlements.push(entitlement::Model {
        id,
        team_id: book.team,
        user_id: user,
        product_id: product,
        starts_at: span.run.starts_at,
        expires_at: span.run.expires_at,
        grace_ends_at: span.run.grace_ends_at,
        next_starts_at: span.next.map(|next| next.starts_at),
        next_expires_at: span.next.and_then(|next| next.expires_at),
        next_grace_ends_at: span.next.and_then(|next| next.grace_ends_at),
        revoked_at: revoked.map(|taken| taken.0),
        revocation_reason: revoked.map(|taken| taken.1.to_stored()),
        closed_at: revoked.map(|taken| taken.0),
        announced_status: announced,
        created_at: first,
        updated_at: revoked.map_or(first, |taken| taken.0),
    });
    book.grants.extend(rows);
    tell(book, (id, user), span, grants, revoked.is_some());
}

fn grant_row(book: &Book, of: EntitlementId, id: GrantId, grant: &Grant) -> entitlement_grant::Model {
    let taken = grant.taken.as_ref().filter(|_| grant.restored.is_none());
    entitlement_grant::Model {
        id,
        team_id: book.team,
        entitlement_id: of,
        source: if grant.purchase.is_some() {
            GrantSource::Purchase
        } else {
            GrantSource::Manual
        },
        purchase_id: grant.purchase,
        granted_by: grant.by,
        starts_at: grant.starts,
        expires_at: grant.ends,
        revoked_at: taken.map(|taken| taken.0),
        revoked_by_refund: taken.and_then(|taken| taken.2),
        created_at: grant.at,
        grace_ends_at: None,
    }
}

/// When, what, by whom, and why.
type Chapter = (DateTime<Utc>, EntitlementAction, Option<UserId>, Option<String>);

/// S4.25: the history, as it would have been written.
fn tell(
    book: &mut Book,
    (id, user): (EntitlementId, UserId),
    span: Schedule,
    grants: &[Grant],
    revoked: bool,
) {
    let mut story: Vec<Chapter> = Vec::new();
    for (i, grant) in grants.iter().enumerate() {
        let action = if i == 0 {
            EntitlementAction::Granted
        } else {
            EntitlementAction::Extended
        };
        story.push((grant.at, action, grant.by, None));
        if let Some((at, why, _)) = &grant.taken {
            story.push((
                *at,
                EntitlementAction::Revoked,
                Some(book.agent),
                Some(why.to_stored()),
            ));
        }
        if let Some(at) = grant.restored {
            story.push((at, EntitlementAction::Restored, None, None));
        }
    }
    let past = |at: &DateTime<Utc>| !revoked && *at <= book.now;
    if let Some(end) = span.run.expires_at.filter(past) {
        let action = if span.run.grace_ends_at.is_some() {
            EntitlementAction::EnteredGracePeriod
        } else {
            EntitlementAction::Expired
        };
        story.push((end, action, None, None));
    }
    if let Some(end) = span.run.grace_ends_at.filter(past) {
        story.push((end, EntitlementAction::Expired, None, None));
    }
    story.sort_by_key(|(at, ..)| *at);
    for (i, (at, action, by, detail)) in story.into_iter().enumerate() {
        book.history.push(entitlement_event::Model {
            id: EntitlementEventId(named("history", &format!("{id}/{i}"))),
            team_id: book.team,
            entitlement_id: id,
            user_id: user,
            action,
            at,
            actor_id: by,
            impersonator_id: None,
            previous_expires_at: None,
            expires_at: span.run.expires_at,
            detail,
        });
        book.audit(
            at,
            "entitlement.changed",
            by,
            id.to_string(),
            None,
            json!({ "action": action }),
        );
    }
}
