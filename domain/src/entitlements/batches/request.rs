//! Asking for a batch, and stopping one.

use chrono::{DateTime, Utc};
use entities::{
    EntitlementBatchAction, EntitlementBatchId, EntitlementBatchStatus, ProductId, entitlement_batch,
};
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{ChangeAccess, People, is_live, publish, store};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::is_unique_violation,
    entitlements::manual::{self, check_dates},
    error::{self, Error, Outcome, Refusal, Refusals, UserErrorCode},
    input,
    jobs::NewJob,
    message::Message,
    tx::Tx,
};

/// What is to become of everybody's access.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BatchChange {
    Grant {
        /// When it was asked for, if none: the same for all.
        #[serde(skip_serializing_if = "Option::is_none")]
        starts_at: Option<DateTime<Utc>>,
        /// For life if none.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
        notify_customer: bool,
    },
    Revoke,
}

/// A change as staff ask for it: times as they were read from the input.
#[derive(Clone, Debug)]
pub enum ChangeWanted {
    Grant {
        starts_at: Result<Option<DateTime<Utc>>, Refusal>,
        expires_at: Result<Option<DateTime<Utc>>, Refusal>,
        notify_customer: bool,
    },
    Revoke,
}

/// A batch as staff ask for it.
#[derive(Clone, Debug)]
pub struct BatchRequest {
    pub change: ChangeWanted,
    pub product: Result<ProductId, Refusal>,
    /// A refusal if they were not named in exactly one way.
    pub people: Result<People, Refusal>,
    /// For the history; the reason for a revocation.
    pub note: Option<String>,
    /// The same key with the same request returns the same batch; with another one it is refused.
    pub idempotency_key: Option<String>,
}

struct CheckedBatch {
    change: BatchChange,
    product: ProductId,
    people: People,
    note: Option<String>,
    key: Option<String>,
    fingerprint: String,
}

/// Accepts a batch; a worker does it. To mean people by a filter, or everybody, takes `users.read`.
pub async fn request(app: &App, actor: &Actor, request: BatchRequest) -> Outcome<entitlement_batch::Model> {
    manual::authorise(app, actor, Scope::EntitlementsWrite).await?;
    if !matches!(request.people, Ok(People::Named(_))) {
        actor.require(Scope::UsersRead)?;
    }
    let checked = check(&request)?;
    let total = checked.people.count(app, actor.team).await?;
    let mut tx = app.begin(actor).await?;
    if let Some(known) = of_the_same_key(&tx, &checked).await? {
        return Ok(known);
    }
    check_against_team(&tx, &checked, total).await?;
    let Some(batch) = insert(&tx, &checked, total).await? else {
        drop(tx);
        let tx = app.begin(actor).await?;
        return of_the_same_key(&tx, &checked).await?.ok_or_else(key_conflict);
    };
    tx.audit_with(
        "entitlement_batch.requested",
        Some(batch.id.to_string()),
        batch.note.clone(),
        json!({ "action": batch.action, "productId": batch.product_id, "people": batch.people, "total": total }),
    );
    publish(&mut tx, &batch);
    tx.enqueue(NewJob::now::<ChangeAccess>(batch.id));
    tx.commit().await?;
    Ok(batch)
}

fn check(request: &BatchRequest) -> Outcome<CheckedBatch> {
    let wanted = request.change.clone();
    let (note_field, starts_at, expires_at) = match &wanted {
        ChangeWanted::Grant {
            starts_at,
            expires_at,
            ..
        } => ("note", starts_at.clone(), expires_at.clone()),
        ChangeWanted::Revoke => ("reason", Ok(None), Ok(None)),
    };
    let key = request.idempotency_key.as_deref();
    let (product, people, starts_at, expires_at, note, key) = error::all((
        request.product.clone(),
        request.people.clone(),
        starts_at,
        expires_at,
        input::optional_note(note_field, request.note.as_deref()),
        input::optional_reference("idempotencyKey", key, input::LINE),
    ))?;
    let change = match wanted {
        ChangeWanted::Grant { notify_customer, .. } => BatchChange::Grant {
            starts_at,
            expires_at,
            notify_customer,
        },
        ChangeWanted::Revoke => BatchChange::Revoke,
    };
    let said = canonical(change, product, &people, note.as_deref());
    let fingerprint = hex::encode(Sha256::digest(said));
    Ok(CheckedBatch {
        change,
        product,
        people,
        note,
        key,
        fingerprint,
    })
}

/// The same request reads the same in every release: what it leaves out is not written, so a field more changes
/// nothing for those who do not use it.
fn canonical(change: BatchChange, product: ProductId, people: &People, note: Option<&str>) -> String {
    json!([change, product, people, note]).to_string()
}

/// Checks what takes the clock and the team's rows. An id of another team is one that does not exist, and refuses the
/// whole batch.
async fn check_against_team(tx: &Tx, checked: &CheckedBatch, total: i64) -> Outcome<()> {
    let mut refusals = Refusals::default();
    if let BatchChange::Grant {
        starts_at,
        expires_at,
        ..
    } = checked.change
    {
        refusals.keep(check_dates(starts_at, expires_at, tx.now()));
    }
    match store::product(tx, checked.product).await? {
        None => refusals.add(Refusal::not_found("productId", "product")),
        Some(product) if !product.active && matches!(checked.change, BatchChange::Grant { .. }) => {
            refusals.add(Refusal::new(UserErrorCode::ProductInactive).on("productId"));
        }
        Some(_) => {}
    }
    match &checked.people {
        People::Named(ids) if store::known(tx, ids).await? != total => {
            refusals.add(Refusal::not_found("userIds", "users"));
        }
        People::Filter(_) if total == 0 => {
            refusals.add(Refusal::invalid("filter", Message::key("batch-nobody")));
        }
        People::Named(_) | People::Filter(_) | People::Everybody => {}
    }
    refusals.check()
}

/// The batch that was made under this key before: the same request gets it again, another one is refused.
async fn of_the_same_key(tx: &Tx, checked: &CheckedBatch) -> Outcome<Option<entitlement_batch::Model>> {
    let Some(key) = &checked.key else { return Ok(None) };
    let known = store::by_idempotency_key(tx, key).await?;
    match known {
        Some(known) if known.request_fingerprint != checked.fingerprint => Err(key_conflict()),
        known => Ok(known),
    }
}

fn key_conflict() -> Error {
    let refusal = Refusal::new(UserErrorCode::Conflict).on("idempotencyKey");
    refusal.saying(Message::key("conflict-idempotency-key")).into()
}

/// None: the same key came at the same moment, and the index knows which was first.
async fn insert(tx: &Tx, checked: &CheckedBatch, total: i64) -> Outcome<Option<entitlement_batch::Model>> {
    let actor = tx.actor();
    let requested_by = actor.accountable_user()?;
    let (action, starts_at, expires_at, notify_customer) = match checked.change {
        BatchChange::Grant {
            starts_at,
            expires_at,
            notify_customer,
        } => {
            let starts_at = starts_at.unwrap_or_else(|| tx.now());
            (
                EntitlementBatchAction::Grant,
                Some(starts_at),
                expires_at,
                notify_customer,
            )
        }
        BatchChange::Revoke => (EntitlementBatchAction::Revoke, None, None, false),
    };
    let batch = entitlement_batch::Model {
        id: tx.id(),
        team_id: actor.team,
        action,
        product_id: checked.product,
        people: serde_json::to_value(&checked.people)?,
        starts_at,
        expires_at,
        note: checked.note.clone(),
        notify_customer,
        status: EntitlementBatchStatus::Requested,
        total,
        done: 0,
        succeeded: 0,
        refused: 0,
        failed: 0,
        place: None,
        requested_by,
        impersonator_id: actor.impersonator,
        api_key_id: actor.api_key(),
        idempotency_key: checked.key.clone(),
        request_fingerprint: checked.fingerprint.clone(),
        requested_at: tx.now(),
        finished_at: None,
        failure_message: None,
        told_at: Some(tx.now()),
        updated_at: tx.now(),
    };
    let row = batch.into_active_model().reset_all();
    match row.insert(tx.db()).await {
        Ok(batch) => Ok(Some(batch)),
        Err(error) if is_unique_violation(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Stops what has not been done yet. What was done stays done.
pub async fn cancel(
    app: &App,
    actor: &Actor,
    id: Result<EntitlementBatchId, Refusal>,
) -> Outcome<(entitlement_batch::Model, Vec<Refusal>)> {
    manual::authorise(app, actor, Scope::EntitlementsWrite).await?;
    let id = id.map_err(Error::from)?;
    let mut tx = app.begin(actor).await?;
    // Waits for the chunk that is under way: after the answer nobody's access is changed any more.
    let batch = store::lock(&tx, id).await?;
    let mut batch = batch.ok_or_else(|| Refusal::not_found("batchId", "entitlement-batch"))?;
    if !is_live(batch.status) {
        let refusal = Refusal::new(UserErrorCode::Conflict).on("batchId");
        return Ok((
            batch,
            vec![refusal.saying(Message::key("conflict-batch-finished"))],
        ));
    }
    batch.status = EntitlementBatchStatus::Canceled;
    batch.finished_at = Some(tx.now());
    batch.updated_at = tx.now();
    let batch = store::save(&tx, batch).await?;
    tx.audit("entitlement_batch.canceled", batch.id);
    publish(&mut tx, &batch);
    tx.commit().await?;
    Ok((batch, Vec::new()))
}

#[cfg(test)]
mod tests {
    use entities::{UserId, UserSegment};
    use uuid::Uuid;

    use super::*;
    use crate::users::UserFilter;

    /// A replay finds what an earlier release has written down.
    #[test]
    fn a_request_reads_the_same_in_every_release() {
        let product = ProductId(Uuid::nil());
        let filter = UserFilter {
            search: Some("ana".into()),
            segment: Some(UserSegment::Customer),
            ..UserFilter::default()
        };
        let grant = BatchChange::Grant {
            starts_at: None,
            expires_at: Some(DateTime::UNIX_EPOCH),
            notify_customer: true,
        };
        let named = People::Named(vec![UserId(Uuid::nil())]);
        let (no_user, no_product) = (UserId(Uuid::nil()), product);
        for (change, people, note, expected) in [
            (
                grant,
                People::Filter(filter),
                Some("an apology"),
                json!([
                    { "grant": { "expiresAt": "1970-01-01T00:00:00Z", "notifyCustomer": true } },
                    no_product,
                    { "filter": { "search": "ana", "segment": "CUSTOMER" } },
                    "an apology",
                ]),
            ),
            (
                BatchChange::Revoke,
                named,
                None,
                json!(["revoke", no_product, { "named": [no_user] }, null]),
            ),
            (
                BatchChange::Revoke,
                People::Everybody,
                None,
                json!(["revoke", no_product, "everybody", null]),
            ),
        ] {
            assert_eq!(canonical(change, product, &people, note), expected.to_string());
        }
    }
}
