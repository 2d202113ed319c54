//! Access to products: what grants it, what takes it away, and what is left when one of several reasons goes.

pub mod manual;
pub mod reading;
pub mod rules;
pub mod store;
pub mod transitions;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementId, EntitlementStatus, EventTopic, GrantSource, ProductId, PurchaseId,
    RefundId, UserId, entitlement, entitlement_event, entitlement_grant, product,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;

use crate::{
    actor::{Actor, Scope},
    error::Outcome,
    message::Message,
    scoped::Scoped,
    tx::Tx,
};

/// What became of somebody's access when one reason for it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing gives it any more.
    Revoked(EntitlementId),
    /// Something else still gives it.
    Kept(EntitlementId),
    /// There was none.
    Nothing,
}

/// The answer to "may this user use this product now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub allowed: bool,
    pub status: Option<EntitlementStatus>,
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
    pub purchase: Option<PurchaseId>,
    pub starts_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// For the history.
    pub note: Option<Message>,
}

/// Adds a reason for access: to the entitlement that stands, or as the beginning of a new one.
pub async fn grant(tx: &mut Tx, product: &product::Model, new: NewGrant) -> Outcome<EntitlementId> {
    store::lock_user(tx, new.user).await?;
    let open = store::open(tx, new.user, product.id).await?;
    let current = match open {
        Some(row) if rules::status(&row, tx.now()) == EntitlementStatus::Expired => {
            close(tx, row).await?;
            None
        }
        other => other,
    };
    let id = current.as_ref().map_or_else(|| tx.id(), |row| row.id);
    let grant = entitlement_grant::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(tx.actor().team),
        entitlement_id: Set(id),
        source: Set(new.source),
        purchase_id: Set(new.purchase),
        granted_by: Set(tx.origin().actor),
        starts_at: Set(new.starts_at),
        expires_at: Set(new.expires_at),
        revoked_at: Set(None),
        revoked_by_refund: Set(None),
        created_at: Set(tx.now()),
    };
    if let Some(row) = current {
        grant.insert(tx.db()).await?;
        let before = row.expires_at;
        let row = follow_grants(tx, row).await?;
        record(tx, &row, EntitlementAction::Extended, before, new.note.as_ref()).await?;
    } else {
        let row = insert(tx, id, product, &new).await?;
        grant.insert(tx.db()).await?;
        record(tx, &row, EntitlementAction::Granted, None, new.note.as_ref()).await?;
    }
    Ok(id)
}

async fn insert(
    tx: &Tx,
    id: EntitlementId,
    product: &product::Model,
    new: &NewGrant,
) -> Outcome<entitlement::Model> {
    let days = chrono::TimeDelta::days(product.grace_days);
    let grace = new
        .expires_at
        .filter(|_| product.grace_days > 0)
        .map(|end| end + days);
    let span = rules::Span {
        starts_at: new.starts_at,
        expires_at: new.expires_at,
        grace_ends_at: grace,
    };
    let row = entitlement::ActiveModel {
        id: Set(id),
        team_id: Set(tx.actor().team),
        user_id: Set(new.user),
        product_id: Set(product.id),
        starts_at: Set(span.starts_at),
        expires_at: Set(span.expires_at),
        grace_ends_at: Set(span.grace_ends_at),
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
    let id = grant.entitlement_id;
    store::revoke_grants(tx, &[grant.id], refund).await?;
    let row = store::by_id(tx, id).await?;
    settle(tx, row, reason).await
}

/// S0.46: takes all access to a product away, whatever else granted it.
pub async fn take_back_everything(
    tx: &mut Tx,
    user: UserId,
    product: ProductId,
    refund: RefundId,
    reason: Message,
) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    let Some(row) = store::open(tx, user, product).await? else {
        return Ok(Taken::Nothing);
    };
    let grants = store::grants(tx, row.id).await?;
    let standing: Vec<_> = grants
        .iter()
        .filter(|it| it.revoked_at.is_none())
        .map(|it| it.id)
        .collect();
    store::revoke_grants(tx, &standing, refund).await?;
    settle(tx, row, reason).await
}

/// Gives back what a refund has taken. Where access was granted anew meanwhile, it joins that.
pub async fn restore(tx: &mut Tx, user: UserId, refund: RefundId) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    let grants = store::revoked_by(tx, refund).await?;
    let Some(first) = grants.first() else {
        return Ok(Taken::Nothing);
    };
    let row = store::by_id(tx, first.entitlement_id).await?;
    let standing = match store::open(tx, user, row.product_id).await? {
        Some(open) if open.id != row.id && rules::status(&open, tx.now()) == EntitlementStatus::Expired => {
            close(tx, open).await?;
            row
        }
        Some(open) => open,
        None => row,
    };
    let ids: Vec<_> = grants.iter().map(|grant| grant.id).collect();
    store::reinstate_grants(tx, &ids, standing.id).await?;
    let before = standing.expires_at;
    let mut change = standing.into_active_model();
    change.revoked_at = Set(None);
    change.revocation_reason = Set(None);
    change.closed_at = Set(None);
    change.updated_at = Set(tx.now());
    let row = change.update(tx.db()).await?;
    let row = follow_grants(tx, row).await?;
    record(tx, &row, EntitlementAction::Restored, before, None).await?;
    Ok(Taken::Kept(row.id))
}

/// After a grant has gone: shortens the entitlement to what is left, or revokes it.
async fn settle(tx: &mut Tx, row: entitlement::Model, reason: Message) -> Outcome<Taken> {
    let grants = store::grants(tx, row.id).await?;
    let id = row.id;
    if row.closed_at.is_some() {
        return Ok(Taken::Nothing);
    }
    let before = row.expires_at;
    let left = rules::span(&grants, 0).filter(|span| span.expires_at.is_none_or(|end| end > tx.now()));
    if left.is_some() {
        let row = follow_grants(tx, row).await?;
        if row.expires_at != before {
            record(tx, &row, EntitlementAction::Extended, before, Some(&reason)).await?;
        }
        return Ok(Taken::Kept(id));
    }
    let mut change = row.into_active_model();
    change.revoked_at = Set(Some(tx.now()));
    change.revocation_reason = Set(Some(reason.to_stored()));
    change.closed_at = Set(Some(tx.now()));
    change.announced_status = Set(EntitlementStatus::Revoked);
    change.updated_at = Set(tx.now());
    let row = change.update(tx.db()).await?;
    record(tx, &row, EntitlementAction::Revoked, before, Some(&reason)).await?;
    Ok(Taken::Revoked(id))
}

/// Makes the entitlement last as long as its grants say.
async fn follow_grants(tx: &Tx, row: entitlement::Model) -> Outcome<entitlement::Model> {
    let product = product::Entity::of_by_id(tx.actor().team, row.product_id)
        .one(tx.db())
        .await?;
    let grants = store::grants(tx, row.id).await?;
    let Some(span) = rules::span(&grants, product.map_or(0, |product| product.grace_days)) else {
        return Ok(row);
    };
    let mut change = row.into_active_model();
    change.starts_at = Set(span.starts_at);
    change.expires_at = Set(span.expires_at);
    change.grace_ends_at = Set(span.grace_ends_at);
    change.announced_status = Set(span.status(tx.now()));
    change.updated_at = Set(tx.now());
    Ok(change.update(tx.db()).await?)
}

async fn close(tx: &Tx, row: entitlement::Model) -> Outcome<()> {
    let mut change = row.into_active_model();
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
    let entry = entitlement_event::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(row.team_id),
        entitlement_id: Set(row.id),
        user_id: Set(row.user_id),
        action: Set(action),
        at: Set(tx.now()),
        actor_id: Set(tx.origin().actor),
        impersonator_id: Set(tx.origin().impersonator),
        previous_expires_at: Set(previous_expires_at),
        expires_at: Set(row.expires_at),
        detail: Set(detail.map(Message::to_stored)),
    };
    entry.insert(tx.db()).await?;
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
    Ok(())
}
