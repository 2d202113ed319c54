//! Access by hand: granted, extended, revoked by staff (S4.10–S4.15). Two people at once: one wins, the other
//! gets the state as it is now.

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementId, EntitlementStatus, GrantSource, ProductId, UserId, entitlement,
    entitlement_grant, product, user,
};
use sea_orm::QuerySelect;

use super::{Line, NewGrant, current, end, follow_grants, grant, record, rules, store, transitions};
use crate::{
    actor::{Actor, Scope},
    app::App,
    error::{Error, Outcome, Refusal, Refusals, UserErrorCode},
    input,
    mails::{self, AccessFacts, MailContent},
    message::Message,
    scoped::Scoped,
    teams,
    tx::Tx,
};

/// A grant as staff ask for it.
#[derive(Clone, Debug)]
pub struct GrantRequest {
    pub user: Result<UserId, Refusal>,
    pub product: Result<ProductId, Refusal>,
    /// Now if none.
    pub starts_at: Result<Option<DateTime<Utc>>, Refusal>,
    /// For life if none.
    pub expires_at: Result<Option<DateTime<Utc>>, Refusal>,
    /// For the history, in the words of whoever grants.
    pub note: Option<String>,
    pub notify_customer: bool,
}

/// What became of a change by hand: the entitlement as it is now, and why it was refused if it was.
#[derive(Clone, Debug)]
pub struct ManualChange {
    /// Also after a refusal, where there is one (S4.26).
    pub entitlement: Option<entitlement::Model>,
    /// Empty if it was done.
    pub refusals: Vec<Refusal>,
}

impl ManualChange {
    fn accepted(entitlement: entitlement::Model) -> Self {
        Self {
            entitlement: Some(entitlement),
            refusals: Vec::new(),
        }
    }

    /// S4.26: refused, with what is there now.
    fn refused(entitlement: Option<entitlement::Model>, refusal: Refusal) -> Self {
        Self {
            entitlement,
            refusals: vec![refusal],
        }
    }
}

/// S4.17, S4.18: the team has the module, the caller the scope.
pub(super) async fn authorise(app: &App, actor: &Actor, scope: Scope) -> Outcome<()> {
    actor.require(scope)?;
    let team = teams::load(app, actor.team).await?;
    let modules: Vec<entities::Module> = serde_json::from_value(team.modules)?;
    if modules.contains(&entities::Module::Commerce) {
        return Ok(());
    }
    Err(Refusal::new(UserErrorCode::ModuleDisabled).into())
}

/// S4.10–S4.12, S4.23: grants access to a product that the user has no access to.
pub async fn grant_by_hand(app: &App, actor: &Actor, request: GrantRequest) -> Outcome<ManualChange> {
    authorise(app, actor, Scope::EntitlementsWrite).await?;
    let (user, product, terms) = check(app, request)?;
    let mut tx = app.begin(actor).await?;
    let (customer, product) = known(&tx, user, product).await?;
    let changed = grant_one(app, &mut tx, &customer, &product, &terms).await?;
    if changed.refusals.is_empty() {
        tx.commit().await?;
    }
    Ok(changed)
}

/// How access is given by hand.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Now if none.
    pub starts_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
    pub notify_customer: bool,
}

/// Gives one user access, or refuses and changes nothing. For one and for many; whoever calls it commits.
pub(super) async fn grant_one(
    app: &App,
    tx: &mut Tx,
    customer: &user::Model,
    product: &product::Model,
    terms: &Terms,
) -> Outcome<ManualChange> {
    if !product.active {
        let refusal = Refusal::new(UserErrorCode::ProductInactive).on("productId");
        return Ok(ManualChange::refused(None, refusal));
    }
    store::lock_user(tx, customer.id).await?;
    let open = current(tx, customer.id, product.id).await?;
    let starts_at = terms.starts_at.unwrap_or_else(|| tx.now());
    if let Some(open) = open {
        let grants = store::grants(tx, open.id).await?;
        if rules::is_taken(&open, &grants, starts_at, tx.now()) {
            let refusal = Refusal::new(UserErrorCode::EntitlementAlreadyActive).on("productId");
            return Ok(ManualChange::refused(Some(open), refusal));
        }
    }
    let new = NewGrant {
        user: customer.id,
        source: GrantSource::Manual,
        purchase: None,
        starts_at,
        expires_at: terms.expires_at,
        note: terms.note.clone().map(Message::text),
    };
    let granted = grant(tx, product.id, new).await?;
    let row = store::by_id(tx, granted.entitlement).await?;
    if terms.notify_customer {
        let facts = AccessFacts {
            locale: customer.locale,
            customer: customer.first_name.clone(),
            product: product.name.clone(),
            starts_at,
            expires_at: terms.expires_at,
        };
        // Each grant is an occasion of its own: an entitlement may be granted to more than once.
        let occasion = format!("{}:granted", granted.grant);
        let content = MailContent::AccessGranted(facts);
        mails::write(app, tx, customer, &content, occasion, row.id.to_string()).await?;
    }
    Ok(ManualChange::accepted(row))
}

fn check(app: &App, request: GrantRequest) -> Outcome<(UserId, ProductId, Terms)> {
    let starts_at = request.starts_at;
    let starts = starts_at.as_ref().ok().copied().flatten();
    let ends = request.expires_at.as_ref().ok().copied().flatten();
    let mut refusals = Refusals::default();
    refusals.keep(check_dates(starts, ends, app.clock.now()));
    let (user, product, note, starts_at, expires_at) = refusals.values((
        request.user,
        request.product,
        input::optional_note("note", request.note.as_deref()),
        starts_at,
        request.expires_at,
    ))?;
    let terms = Terms {
        starts_at,
        expires_at,
        note,
        notify_customer: request.notify_customer,
    };
    Ok((user, product, terms))
}

/// Access by hand ends in the future, and after it has begun.
pub(super) fn check_dates(
    starts_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let sentence = match (starts_at, expires_at) {
        (_, Some(end)) if end <= now => "invalid-date-past",
        (Some(start), Some(end)) if end <= start => "invalid-date-order",
        _ => return Ok(()),
    };
    Err(Refusal::invalid("expiresAt", Message::key(sentence)))
}

async fn known(tx: &Tx, user: UserId, product: ProductId) -> Outcome<(user::Model, product::Model)> {
    let team = tx.actor().team;
    let user = user::Entity::of_by_id(team, user).one(tx.db()).await?;
    // Locked, so that it stays active until the end of the transaction: inactive ones are not granted.
    let product = product::Entity::of_by_id(team, product).lock_shared();
    let product = product.one(tx.db()).await?;
    let mut missing = Refusals::default();
    if user.is_none() {
        missing.add(Refusal::not_found("userId", "user"));
    }
    if product.is_none() {
        missing.add(Refusal::not_found("productId", "product"));
    }
    missing.check()?;
    user.zip(product)
        .ok_or_else(|| anyhow::anyhow!("just seen").into())
}

/// S4.13, S4.27: lets active access last longer, without an interruption; for life if there is no end.
pub async fn extend(
    app: &App,
    actor: &Actor,
    id: Result<EntitlementId, Refusal>,
    expires_at: Result<Option<DateTime<Utc>>, Refusal>,
) -> Outcome<ManualChange> {
    authorise(app, actor, Scope::EntitlementsWrite).await?;
    let expires_at = expires_at.map_err(Error::from)?;
    let mut tx = app.begin(actor).await?;
    let row = lock(&mut tx, id.map_err(Error::from)?).await?;
    let before = rules::Schedule::of(&row).at(tx.now()).expires_at;
    let code = match (rules::status(&row, tx.now()), before) {
        (EntitlementStatus::Active, Some(end)) if expires_at.is_none_or(|later| later > end) => None,
        (EntitlementStatus::Active, Some(_)) => Some((UserErrorCode::EntitlementExpiryNotLater, "expiresAt")),
        (EntitlementStatus::Active, None) => Some((UserErrorCode::EntitlementLifetime, "entitlementId")),
        (_, _) => Some((UserErrorCode::EntitlementNotActive, "entitlementId")),
    };
    if let Some((code, field)) = code {
        let mut refusal = Refusal::new(code).on(field);
        if rules::status(&row, tx.now()) == EntitlementStatus::Scheduled {
            refusal = refusal.saying(Message::key("entitlement-not-begun"));
        }
        return Ok(ManualChange::refused(Some(row), refusal));
    }
    let days = store::grace_days(&tx, row.product_id).await?;
    let added = entitlement_grant::Model {
        id: tx.id(),
        team_id: actor.team,
        entitlement_id: row.id,
        source: GrantSource::Manual,
        purchase_id: None,
        granted_by: tx.origin().actor,
        starts_at: tx.now(),
        expires_at,
        revoked_at: None,
        revoked_by_refund: None,
        created_at: tx.now(),
        grace_ends_at: rules::grace(expires_at, days),
    };
    store::insert_grant(&tx, added).await?;
    let grants = store::grants(&tx, row.id).await?;
    let row = follow_grants(&tx, row, &grants).await?;
    let line = Line {
        previous_expires_at: before,
        expires_at: row.expires_at,
        ..Line::of(EntitlementAction::Extended)
    };
    record(&mut tx, &row, line).await?;
    tx.commit().await?;
    Ok(ManualChange::accepted(row))
}

/// S4.14, S4.15: ends access at once and for good: a new grant is the way back.
pub async fn revoke(
    app: &App,
    actor: &Actor,
    id: Result<EntitlementId, Refusal>,
    reason: Option<&str>,
) -> Outcome<ManualChange> {
    authorise(app, actor, Scope::EntitlementsWrite).await?;
    let reason = input::optional_note("reason", reason).map_err(Error::from)?;
    let mut tx = app.begin(actor).await?;
    let row = lock(&mut tx, id.map_err(Error::from)?).await?;
    let changed = revoke_one(&mut tx, row, reason.as_deref()).await?;
    if changed.refusals.is_empty() {
        tx.commit().await?;
    }
    Ok(changed)
}

/// Ends access and every reason for it, or refuses and changes nothing. For one and for many: the user is locked,
/// and whoever calls it commits.
pub(super) async fn revoke_one(
    tx: &mut Tx,
    row: entitlement::Model,
    reason: Option<&str>,
) -> Outcome<ManualChange> {
    let status = rules::status(&row, tx.now());
    if matches!(status, EntitlementStatus::Revoked | EntitlementStatus::Expired) {
        return Ok(ManualChange::refused(Some(row), not_active()));
    }
    let reason = reason.map_or_else(|| Message::key("revoked-standard"), Message::text);
    store::hold_products(tx, std::iter::once(row.product_id)).await?;
    store::revoke_all_grants(tx, row.user_id, row.product_id, None).await?;
    Ok(ManualChange::accepted(end(tx, row, &reason).await?))
}

/// S4.26: there is nothing to revoke, or not any more.
pub(super) fn not_active() -> Refusal {
    Refusal::new(UserErrorCode::EntitlementNotActive).on("entitlementId")
}

/// The entitlement as it is once nobody else changes the user's access.
async fn lock(tx: &mut Tx, id: EntitlementId) -> Outcome<entitlement::Model> {
    let missing = || Refusal::not_found("entitlementId", "entitlement");
    let find = entitlement::Entity::of_by_id(tx.actor().team, id);
    let user = find.clone().one(tx.db()).await?.ok_or_else(missing)?.user_id;
    store::lock_user(tx, user).await?;
    let row = find.one(tx.db()).await?.ok_or_else(missing)?;
    transitions::catch_up(tx, row).await
}
