//! Access to products: what grants it, what takes it away, and what is left when one of several reasons goes.

pub mod batches;
mod history;
pub mod manual;
mod promises;
pub mod reading;
pub mod rules;
mod store;
pub mod transitions;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementId, EntitlementStatus, GrantId, GrantSource, ProductId, PurchaseId,
    RefundId, UserId, entitlement, entitlement_grant,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

use self::{
    history::{Line, record},
    rules::Run,
};
pub(crate) use promises::PROMISES;
pub(crate) use store::reassign_revocation;

use crate::{error::Outcome, message::Message, tx::Tx};

/// What became of somebody's access after a grant was taken or given back.
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

/// A new grant and the entitlement that it is part of.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    pub grant: GrantId,
    pub entitlement: EntitlementId,
}

/// Adds a grant: to the open entitlement, or to a new one. A grant that changes nothing of what the user has leaves no
/// line in the history (S4.25).
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
        grace_ends_at: rules::grace(new.expires_at, days),
    };
    if let Some(row) = current {
        add(tx, row, grant, new.note.as_ref()).await?;
    } else {
        let row = insert(tx, (id, new.user, product), &grant).await?;
        store::insert_grant(tx, grant).await?;
        let line = Line {
            expires_at: row.expires_at,
            detail: new.note.as_ref(),
            ..Line::of(EntitlementAction::Granted)
        };
        record(tx, &row, line).await?;
    }
    Ok(granted)
}

/// One more grant under an entitlement that is not over.
async fn add(
    tx: &mut Tx,
    row: entitlement::Model,
    grant: entitlement_grant::Model,
    detail: Option<&Message>,
) -> Outcome<()> {
    let mut grants = store::grants(tx, row.id).await?;
    let before = rules::ahead(&grants, tx.now());
    let (status, expiry) = (rules::status(&row, tx.now()), row.expires_at);
    grants.push(grant.clone());
    store::insert_grant(tx, grant.clone()).await?;
    let row = follow_grants(tx, row, &grants).await?;
    let after = rules::ahead(&grants, tx.now());
    if before == after {
        return Ok(());
    }
    let run = after.iter().find(|run| run.contains(&grant)).or(after.first());
    let joined = run.and_then(|run| before.iter().find(|other| other.meets(run)));
    let now = row.announced_status;
    let begins =
        (now == EntitlementStatus::Active && status != now) || (is_usable(now) && !is_usable(status));
    let (action, previous_expires_at) = match joined {
        _ if begins => (EntitlementAction::Granted, expiry),
        Some(joined) => (EntitlementAction::Extended, joined.expires_at),
        None => (EntitlementAction::Granted, None),
    };
    let line = Line {
        previous_expires_at,
        expires_at: run.and_then(|run| run.expires_at),
        detail,
        ..Line::of(action)
    };
    record(tx, &row, line).await
}

async fn insert(
    tx: &Tx,
    (id, user, product): (EntitlementId, UserId, ProductId),
    grant: &entitlement_grant::Model,
) -> Outcome<entitlement::Model> {
    let span = rules::span(std::slice::from_ref(grant), tx.now());
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
    let row = transitions::catch_up(tx, row).await?;
    let before = standing(tx, &row).await?;
    store::revoke_grant(tx, grant.id, refund).await?;
    reduce(tx, row, (before, Some(&grant)), reason).await
}

/// S0.46: takes all access to a product away, whatever else granted it. What another refund has taken counts as taken by
/// this one from now on: it does not come back if that other refund fails.
pub async fn take_back_everything(
    tx: &mut Tx,
    user: UserId,
    product: ProductId,
    refund: RefundId,
    reason: Message,
) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    store::hold_products(tx, std::iter::once(product)).await?;
    let Some(row) = current(tx, user, product).await? else {
        store::revoke_all_grants(tx, user, product, Some(refund)).await?;
        return Ok(Taken::Nothing);
    };
    let before = standing(tx, &row).await?;
    store::revoke_all_grants(tx, user, product, Some(refund)).await?;
    reduce(tx, row, (before, None), reason).await
}

/// What an entitlement gives from now on. Its product is held from here on: its grants are going to change.
async fn standing(tx: &Tx, row: &entitlement::Model) -> Outcome<Vec<Run>> {
    store::hold_products(tx, std::iter::once(row.product_id)).await?;
    Ok(rules::ahead(&store::grants(tx, row.id).await?, tx.now()))
}

/// Gives back what a refund has taken. Where access was granted anew meanwhile, it joins that. What was taken for
/// good since, by hand (S4.15) or for fraud, is no longer the refund's to give back: then nothing happens.
pub async fn restore(tx: &mut Tx, user: UserId, refund: RefundId, reason: Message) -> Outcome<Taken> {
    store::lock_user(tx, user).await?;
    let grants = store::revoked_by(tx, refund).await?;
    let Some(first) = grants.first() else {
        return Ok(Taken::Nothing);
    };
    let row = store::by_id(tx, first.entitlement_id).await?;
    store::hold_products(tx, std::iter::once(row.product_id)).await?;
    let ids: Vec<_> = grants.iter().map(|grant| grant.id).collect();
    let was_over = row.revoked_at.is_none() && rules::status(&row, tx.now()) == EntitlementStatus::Expired;
    let ends = grants
        .iter()
        .map(|grant| grant.grace_ends_at.or(grant.expires_at));
    if let (true, Some(end)) = (
        was_over,
        ends.reduce(|one, other| Some(one?.max(other?))).flatten(),
    ) && end <= tx.now()
    {
        // It was over when it was taken: nothing changes for the user.
        store::reinstate_grants(tx, &ids, row.id).await?;
        return Ok(Taken::Ended(end));
    }
    let row = match current(tx, user, row.product_id).await? {
        Some(open) if open.id != row.id && rules::status(&open, tx.now()) == EntitlementStatus::Expired => {
            close(tx, open).await?;
            row
        }
        Some(open) => open,
        None => row,
    };
    let before = if row.closed_at.is_some() {
        Vec::new()
    } else {
        standing(tx, &row).await?
    };
    store::reinstate_grants(tx, &ids, row.id).await?;
    reopen(tx, row, &before, &reason).await?;
    Ok(Taken::Kept(first.source))
}

/// S4.25: opens an entitlement again whose grants are back. Where a gateway's answer is the cause the history names
/// nobody; the reason names the refund.
async fn reopen(tx: &mut Tx, row: entitlement::Model, before: &[Run], reason: &Message) -> Outcome<()> {
    let previous_expires_at = row.expires_at;
    let mut change = row.into_active_model();
    change.revoked_at = Set(None);
    change.revocation_reason = Set(None);
    change.closed_at = Set(None);
    change.updated_at = Set(tx.now());
    let row = change.update(tx.db()).await?;
    let grants = store::grants(tx, row.id).await?;
    let row = follow_grants(tx, row, &grants).await?;
    if before == rules::ahead(&grants, tx.now()) {
        return Ok(());
    }
    let line = Line {
        previous_expires_at,
        expires_at: row.expires_at,
        detail: Some(reason),
        ..Line::of(EntitlementAction::Restored)
    };
    if tx.actor().user().is_some() || tx.actor().api_key().is_some() {
        return record(tx, &row, line).await;
    }
    let origin = tx.take_origin();
    record(tx, &row, line).await?;
    tx.give_back(origin);
    Ok(())
}

/// The open entitlement to a product. The user is locked.
pub(crate) async fn current(
    tx: &mut Tx,
    user: UserId,
    product: ProductId,
) -> Outcome<Option<entitlement::Model>> {
    match store::open(tx, user, product).await? {
        Some(row) => Ok(Some(transitions::catch_up(tx, row).await?)),
        None => Ok(None),
    }
}

/// After a grant has gone, or all: shortens the entitlement to what is left, or revokes it. What had ended by itself
/// stays as it ended.
async fn reduce(
    tx: &mut Tx,
    row: entitlement::Model,
    (before, gone): (Vec<Run>, Option<&entitlement_grant::Model>),
    reason: Message,
) -> Outcome<Taken> {
    if row.closed_at.is_some() {
        let end = gone.and_then(|grant| grant.expires_at);
        return Ok(end.map_or(Taken::Nothing, Taken::Ended));
    }
    let status = rules::status(&row, tx.now());
    if let (EntitlementStatus::Expired, Some(end)) = (status, row.expires_at) {
        return Ok(Taken::Ended(end));
    }
    let grants = store::grants(tx, row.id).await?;
    let left = rules::span(&grants, tx.now()).map(|span| span.status(tx.now()));
    if left.is_none_or(|left| left == EntitlementStatus::Expired) {
        end(tx, row, &reason).await?;
        return Ok(Taken::Revoked);
    }
    let expiry = row.expires_at;
    let row = follow_grants(tx, row, &grants).await?;
    let after = rules::ahead(&grants, tx.now());
    // What begins later stays, but a user who had access and has none now has lost it.
    let lost = is_usable(status) && !is_usable(row.announced_status);
    if before != after {
        let was = gone.and_then(|grant| before.iter().find(|run| run.contains(grant)));
        let is = was.and_then(|was| after.iter().find(|run| run.meets(was)));
        let mut line = Line {
            previous_expires_at: was.map_or(expiry, |was| was.expires_at),
            expires_at: is.map_or(row.expires_at, |is| is.expires_at),
            detail: Some(&reason),
            ..Line::of(EntitlementAction::Extended)
        };
        if lost {
            (line.action, line.previous_expires_at, line.expires_at) =
                (EntitlementAction::Revoked, expiry, row.expires_at);
        }
        record(tx, &row, line).await?;
    }
    if lost {
        return Ok(Taken::Revoked);
    }
    let source = rules::lasting(&grants, tx.now());
    Ok(source.map_or(Taken::Nothing, Taken::Kept))
}

fn is_usable(status: EntitlementStatus) -> bool {
    matches!(status, EntitlementStatus::Active | EntitlementStatus::GracePeriod)
}

/// Revokes an entitlement whose grants are gone.
async fn end(tx: &mut Tx, row: entitlement::Model, reason: &Message) -> Outcome<entitlement::Model> {
    let previous_expires_at = row.expires_at;
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
    let line = Line {
        previous_expires_at,
        expires_at: row.expires_at,
        detail: Some(reason),
        ..Line::of(EntitlementAction::Revoked)
    };
    record(tx, &row, line).await?;
    Ok(row)
}

/// Makes the entitlement say what its grants say now.
async fn follow_grants(
    tx: &Tx,
    row: entitlement::Model,
    grants: &[entitlement_grant::Model],
) -> Outcome<entitlement::Model> {
    let row = rules::with_grants(row, grants, tx.now());
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
