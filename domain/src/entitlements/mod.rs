//! Access to products: what grants it, what takes it away, and what is left when one of several reasons goes.

pub mod batches;
pub mod manual;
pub mod reading;
pub mod rules;
pub mod store;
pub mod transitions;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementId, EntitlementStatus, EventTopic, GrantId, GrantSource, ProductId,
    PurchaseId, RefundId, UserId, entitlement, entitlement_event, entitlement_grant,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;

use crate::{
    actor::{Actor, Scope},
    error::Outcome,
    message::Message,
    tx::Tx,
};

/// What became of somebody's access when one reason for it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing gives it any more, or not now.
    Revoked,
    /// Something else still gives it.
    Kept(GrantSource),
    /// It had ended by itself, at that time.
    Ended(DateTime<Utc>),
    /// There was none.
    Nothing,
}

/// The answer to "may this user use this product now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Active or in grace, and neither the user nor their ecosystem is suspended.
    pub allowed: bool,
    /// Of the open entitlement, whoever is suspended; None if there is none.
    pub status: Option<EntitlementStatus>,
    /// When the status changes by the clock alone; None if it does not.
    pub until: Option<DateTime<Utc>>,
}

impl Access {
    /// For whoever is not there: like somebody without any access.
    pub const NONE: Self = Self {
        allowed: false,
        status: None,
        until: None,
    };
}

/// Whether the caller may ask for this user's access: the user, or whoever may read entitlements. Another
/// customer learns nothing, not even that they may not ask.
pub fn may_ask_access(actor: &Actor, user: UserId) -> Outcome<bool> {
    if actor.user().is_none() {
        actor.require(Scope::EntitlementsRead)?;
    }
    Ok(actor.sees(user, Scope::EntitlementsRead))
}

/// What a grant is made from.
pub struct NewGrant {
    pub user: UserId,
    pub source: GrantSource,
    /// The purchase that grants it; None for a grant by hand.
    pub purchase: Option<PurchaseId>,
    pub starts_at: DateTime<Utc>,
    /// For life if none.
    pub expires_at: Option<DateTime<Utc>>,
    /// For the history.
    pub note: Option<Message>,
}

/// A new reason for access, and what it is a reason for.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    pub grant: GrantId,
    pub entitlement: EntitlementId,
}

/// Adds a reason for access: to the entitlement that stands, or as the beginning of a new one.
pub async fn grant(tx: &mut Tx, product: ProductId, new: NewGrant) -> Outcome<Granted> {
    store::lock_user(tx, new.user).await?;
    let days = store::grace_days(tx, product).await?;
    let current = match current(tx, new.user, product).await? {
        Some(row) if rules::status(&row, tx.now()) == EntitlementStatus::Expired => {
            close(tx, row).await?;
            None
        }
        other => other,
    };
    let id = current.as_ref().map_or_else(|| tx.id(), |row| row.id);
    let granted = Granted {
        grant: tx.id(),
        entitlement: id,
    };
    let grant = entitlement_grant::Model {
        id: granted.grant,
        team_id: tx.actor().team,
        entitlement_id: id,
        source: new.source,
        purchase_id: new.purchase,
        granted_by: tx.origin().actor,
        starts_at: new.starts_at,
        expires_at: new.expires_at,
        revoked_at: None,
        revoked_by_refund: None,
        created_at: tx.now(),
    };
    if let Some(row) = current {
        let joins = rules::joins(&store::grants(tx, id).await?, &grant);
        let (status, before) = (rules::status(&row, tx.now()), row.expires_at);
        store::insert_grant(tx, grant).await?;
        let row = follow_grants(tx, row, days).await?;
        let begins = status != EntitlementStatus::Active && row.announced_status == EntitlementStatus::Active;
        if begins {
            record(tx, &row, EntitlementAction::Granted, before, new.note.as_ref()).await?;
        } else if joins {
            record(tx, &row, EntitlementAction::Extended, before, new.note.as_ref()).await?;
        } else {
            let apart = entitlement::Model {
                expires_at: new.expires_at,
                ..row
            };
            record(tx, &apart, EntitlementAction::Granted, None, new.note.as_ref()).await?;
        }
    } else {
        let row = insert(tx, (id, new.user, product), &grant, days).await?;
        store::insert_grant(tx, grant).await?;
        record(tx, &row, EntitlementAction::Granted, None, new.note.as_ref()).await?;
    }
    Ok(granted)
}

async fn insert(
    tx: &Tx,
    (id, user, product): (EntitlementId, UserId, ProductId),
    grant: &entitlement_grant::Model,
    grace_days: i64,
) -> Outcome<entitlement::Model> {
    let span = rules::span(std::slice::from_ref(grant), grace_days, None, tx.now());
    let span = span.ok_or_else(|| anyhow::anyhow!("a new grant stands"))?;
    let row = entitlement::ActiveModel {
        id: Set(id),
        team_id: Set(tx.actor().team),
        user_id: Set(user),
        product_id: Set(product),
        starts_at: Set(span.run.starts_at),
        expires_at: Set(span.run.expires_at),
        grace_ends_at: Set(span.run.grace_ends_at),
        next_starts_at: Set(None),
        next_expires_at: Set(None),
        next_grace_ends_at: Set(None),
        revoked_at: Set(None),
        revocation_reason: Set(None),
        closed_at: Set(None),
        announced_status: Set(span.status(tx.now())),
        created_at: Set(tx.now()),
        updated_at: Set(tx.now()),
    };
    Ok(row.insert(tx.db()).await?)
}

/// S0.45: takes away what one purchase has granted. Access stays while anything else grants it.
pub async fn take_back_purchase(
    tx: &mut Tx,
    user: UserId,
    purchase: PurchaseId,
    refund: RefundId,
    reason: Message,
) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    let Some(grant) = store::grant_of_purchase(tx, purchase).await? else {
        return Ok(Taken::Nothing);
    };
    if grant.revoked_at.is_some() {
        return Ok(Taken::Nothing);
    }
    let row = store::by_id(tx, grant.entitlement_id).await?;
    let row = transitions::caught_up(tx, row).await?;
    store::revoke_grant(tx, grant.id, refund).await?;
    settle(tx, row, reason).await
}

/// S0.46: takes all access to a product away, whatever else granted it. What another refund has taken is this
/// one's from now on: it does not come back with that other refund's money.
pub async fn take_back_everything(
    tx: &mut Tx,
    user: UserId,
    product: ProductId,
    refund: RefundId,
    reason: Message,
) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    let open = current(tx, user, product).await?;
    store::revoke_all_grants(tx, user, product, Some(refund)).await?;
    match open {
        Some(row) => settle(tx, row, reason).await,
        None => Ok(Taken::Nothing),
    }
}

/// Gives back what a refund has taken. Where access was granted anew meanwhile, it joins that. What was taken for
/// good since, by hand (S4.15) or for fraud, is no longer the refund's to give back: then nothing happens.
pub async fn restore(tx: &mut Tx, user: UserId, refund: RefundId) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    let grants = store::revoked_by(tx, refund).await?;
    let Some(first) = grants.first() else {
        return Ok(Taken::Nothing);
    };
    let row = store::by_id(tx, first.entitlement_id).await?;
    let ids: Vec<_> = grants.iter().map(|grant| grant.id).collect();
    let end = grants
        .iter()
        .map(|grant| grant.expires_at)
        .reduce(|one, other| Some(one?.max(other?)));
    if let (true, true, Some(end)) = (row.closed_at.is_some(), row.revoked_at.is_none(), end.flatten())
        && end <= tx.now()
    {
        // It was over when it was taken, so that there is nothing to tell.
        store::reinstate_grants(tx, &ids, row.id).await?;
        return Ok(Taken::Ended(end));
    }
    let days = store::grace_days(tx, row.product_id).await?;
    let standing = match current(tx, user, row.product_id).await? {
        Some(open) if open.id != row.id && rules::status(&open, tx.now()) == EntitlementStatus::Expired => {
            close(tx, open).await?;
            row
        }
        Some(open) => open,
        None => row,
    };
    store::reinstate_grants(tx, &ids, standing.id).await?;
    let before = standing.expires_at;
    let mut change = standing.into_active_model();
    change.revoked_at = Set(None);
    change.revocation_reason = Set(None);
    change.closed_at = Set(None);
    change.updated_at = Set(tx.now());
    let row = change.update(tx.db()).await?;
    let row = follow_grants(tx, row, days).await?;
    record(tx, &row, EntitlementAction::Restored, before, None).await?;
    Ok(Taken::Kept(first.source))
}

/// The open entitlement to a product. The user is locked.
pub(crate) async fn current(
    tx: &mut Tx,
    user: UserId,
    product: ProductId,
) -> Outcome<Option<entitlement::Model>> {
    match store::open(tx, user, product).await? {
        Some(row) => Ok(Some(transitions::caught_up(tx, row).await?)),
        None => Ok(None),
    }
}

/// After a grant has gone: shortens the entitlement to what is left, or revokes it.
async fn settle(tx: &mut Tx, row: entitlement::Model, reason: Message) -> Outcome<Taken> {
    let id = row.id;
    if row.closed_at.is_some() {
        return Ok(Taken::Nothing);
    }
    let before = (row.starts_at, row.expires_at);
    let used = is_usable(rules::status(&row, tx.now()));
    if let Some(source) = rules::lasting(&store::grants(tx, id).await?, tx.now()) {
        let days = store::grace_days(tx, row.product_id).await?;
        let row = follow_grants(tx, row, days).await?;
        // What comes later stays; whoever had access and has none now has lost it all the same.
        let lost = used && !is_usable(row.announced_status);
        let action = if lost {
            EntitlementAction::Revoked
        } else {
            EntitlementAction::Extended
        };
        if (row.starts_at, row.expires_at) != before {
            record(tx, &row, action, before.1, Some(&reason)).await?;
        }
        return Ok(if lost { Taken::Revoked } else { Taken::Kept(source) });
    }
    if let (EntitlementStatus::Expired, Some(end)) = (rules::status(&row, tx.now()), row.expires_at) {
        close(tx, row).await?;
        return Ok(Taken::Ended(end));
    }
    end(tx, row, &reason).await?;
    Ok(Taken::Revoked)
}

fn is_usable(status: EntitlementStatus) -> bool {
    matches!(status, EntitlementStatus::Active | EntitlementStatus::GracePeriod)
}

/// Revokes an entitlement whose grants are gone.
async fn end(tx: &mut Tx, row: entitlement::Model, reason: &Message) -> Outcome<entitlement::Model> {
    let before = row.expires_at;
    let mut change = row.into_active_model();
    change.next_starts_at = Set(None);
    change.next_expires_at = Set(None);
    change.next_grace_ends_at = Set(None);
    change.revoked_at = Set(Some(tx.now()));
    change.revocation_reason = Set(Some(reason.to_stored()));
    change.closed_at = Set(Some(tx.now()));
    change.announced_status = Set(EntitlementStatus::Revoked);
    change.updated_at = Set(tx.now());
    let row = change.update(tx.db()).await?;
    record(tx, &row, EntitlementAction::Revoked, before, Some(reason)).await?;
    Ok(row)
}

/// Makes the entitlement say what its grants say now.
async fn follow_grants(tx: &Tx, row: entitlement::Model, grace_days: i64) -> Outcome<entitlement::Model> {
    let grants = store::grants(tx, row.id).await?;
    let row = rules::with_grants(row, &grants, grace_days, tx.now());
    Ok(row.into_active_model().reset_all().update(tx.db()).await?)
}

/// A product's tolerance after a natural end has changed. Ends that are still to come follow it; a grace period
/// that has begun keeps what it was said to be, unless it becomes longer; what is over stays over. No status
/// changes by it, so nothing is announced.
pub(crate) async fn follow_grace_days(tx: &Tx, product: ProductId, days: i64) -> Outcome<()> {
    store::move_grace(tx, product, days).await
}

async fn close(tx: &Tx, row: entitlement::Model) -> Outcome<()> {
    let mut change = row.into_active_model();
    change.next_starts_at = Set(None);
    change.next_expires_at = Set(None);
    change.next_grace_ends_at = Set(None);
    change.closed_at = Set(Some(tx.now()));
    change.announced_status = Set(EntitlementStatus::Expired);
    change.update(tx.db()).await?;
    Ok(())
}

/// S4.25: writes the history, and tells whoever follows.
async fn record(
    tx: &mut Tx,
    row: &entitlement::Model,
    action: EntitlementAction,
    previous_expires_at: Option<DateTime<Utc>>,
    detail: Option<&Message>,
) -> Outcome<()> {
    let entry = entry(tx, row, action);
    let entry = entitlement_event::ActiveModel {
        previous_expires_at: Set(previous_expires_at),
        detail: Set(detail.map(Message::to_stored)),
        ..entry
    };
    entry.insert(tx.db()).await?;
    tell(tx, row, action);
    Ok(())
}

fn entry(tx: &Tx, row: &entitlement::Model, action: EntitlementAction) -> entitlement_event::ActiveModel {
    entitlement_event::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(row.team_id),
        entitlement_id: Set(row.id),
        user_id: Set(row.user_id),
        action: Set(action),
        at: Set(tx.now()),
        actor_id: Set(tx.origin().actor),
        impersonator_id: Set(tx.origin().impersonator),
        previous_expires_at: Set(None),
        expires_at: Set(row.expires_at),
        detail: Set(None),
    }
}

fn tell(tx: &mut Tx, row: &entitlement::Model, action: EntitlementAction) {
    let status = rules::status(row, tx.now());
    tx.publish(
        EventTopic::EntitlementChanged,
        row.id,
        json!({ "action": action, "status": status, "userId": row.user_id, "productId": row.product_id, "expiresAt": row.expires_at }),
    );
    tx.audit_with(
        "entitlement.changed",
        Some(row.id.to_string()),
        None,
        json!({ "action": action }),
    );
}
