//! Loading what many rows point to in one statement.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, atomic::AtomicUsize},
};

use async_graphql::dataloader::Loader;
use domain::{
    App, Error, Outcome,
    actor::{Actor, Scope},
    entitlements::{self, Access},
    identity::api_keys,
    page::Page,
    products, purchases,
    refunds::{self, Eligibility},
    stats,
    users::{self, UserParts, UserView},
};
use entities::{
    ApiKeyId, EntitlementId, Feature, ProductId, PurchaseId, RefundId, UserId, api_key, entitlement, product,
    purchase, reading_session, refund, refund_effect, refund_step,
};

/// The loaders of one execution.
pub struct Loaders {
    pub app: App,
    pub actor: Actor,
    /// How often something was asked for: a load waits until this rests.
    pub asked: Arc<AtomicUsize>,
}

/// A fault that several fields share.
pub type Shared = Arc<Error>;

/// Keys that stand for something else than the object of their own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefundsOf(pub PurchaseId);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EffectsOf(pub RefundId);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepsOf(pub RefundId);
/// Whether a purchase can be refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EligibilityOf(pub PurchaseId);
/// What somebody has read, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReadingOf(pub UserId);
/// The first purchases of somebody, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PurchasesOf {
    pub user: UserId,
    pub kind: Option<entities::PurchaseKind>,
    pub first: Option<i32>,
}
/// The first titles that somebody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TitlesOf {
    pub user: UserId,
    pub first: Option<i32>,
}
/// Somebody's latest sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ActivityOf {
    pub user: UserId,
    pub first: Option<i32>,
}
/// A user with everything to one that hangs on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WholeUser(pub UserId);

/// An API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiKeyOf(pub ApiKeyId);
/// There if the API key counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IsLive(pub ApiKeyId);

/// What the caller is specially able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnFeatures;

/// May this user use this product?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessKey(pub UserId, pub ProductId);

fn shared<T>(outcome: Outcome<T>) -> Result<T, Shared> {
    outcome.map_err(Arc::new)
}

fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn grouped<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}

impl Loader<WholeUser> for Loaders {
    type Value = UserView;
    type Error = Shared;

    /// Only whom the caller may see: a customer sees nobody but themselves.
    async fn load(&self, keys: &[WholeUser]) -> Result<HashMap<WholeUser, UserView>, Shared> {
        let ids: Vec<UserId> = keys
            .iter()
            .map(|key| key.0)
            .filter(|id| self.actor.sees(*id, Scope::UsersRead))
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let users = shared(users::store::by_ids(&self.app, self.actor.team, &ids, UserParts::ALL).await)?;
        Ok(by(users, |user| WholeUser(user.id)))
    }
}

impl Loader<ProductId> for Loaders {
    type Value = product::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ProductId]) -> Result<HashMap<ProductId, product::Model>, Shared> {
        let products = shared(products::by_ids(&self.app, self.actor.team, keys).await)?;
        Ok(by(products, |product| product.id))
    }
}

impl Loader<PurchaseId> for Loaders {
    type Value = purchase::Model;
    type Error = Shared;

    async fn load(&self, keys: &[PurchaseId]) -> Result<HashMap<PurchaseId, purchase::Model>, Shared> {
        let purchases = shared(purchases::store::by_ids(&self.app, self.actor.team, keys).await)?;
        Ok(by(purchases, |purchase| purchase.id))
    }
}

impl Loader<RefundsOf> for Loaders {
    type Value = Vec<refund::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[RefundsOf]) -> Result<HashMap<RefundsOf, Vec<refund::Model>>, Shared> {
        let ids: Vec<PurchaseId> = keys.iter().map(|key| key.0).collect();
        let connection = self.app.db.connection();
        let refunds = shared(refunds::store::of_purchases(connection, self.actor.team, &ids).await)?;
        Ok(grouped(refunds, |refund| RefundsOf(refund.purchase_id)))
    }
}

impl Loader<ReadingOf> for Loaders {
    type Value = stats::ReadingStats;
    type Error = Shared;

    /// S0.15, S0.23: in one statement, and the looks are noted in one transaction. Others' figures are left out.
    async fn load(&self, keys: &[ReadingOf]) -> Result<HashMap<ReadingOf, stats::ReadingStats>, Shared> {
        let users: Vec<UserId> = keys
            .iter()
            .map(|key| key.0)
            .filter(|user| stats::may_read(&self.actor, *user).is_ok())
            .collect();
        shared(stats::note_readings(&self.app, &self.actor, &users).await)?;
        let found = shared(stats::overviews(&self.app, self.actor.team, &users).await)?;
        Ok(found
            .into_iter()
            .map(|(user, reading)| (ReadingOf(user), reading))
            .collect())
    }
}

impl Loader<TitlesOf> for Loaders {
    type Value = Page<stats::TitleReadingView>;
    type Error = Shared;

    /// S0.15. Asked for below figures, which only those get who may.
    async fn load(&self, keys: &[TitlesOf]) -> Result<HashMap<TitlesOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for (first, wanted) in grouped(keys.to_vec(), |key| key.first) {
            let users: Vec<UserId> = wanted.iter().map(|key| key.user).collect();
            let found = shared(stats::first_pages::titles(&self.app, self.actor.team, &users, first).await)?;
            pages.extend(
                found
                    .into_iter()
                    .map(|(user, page)| (TitlesOf { user, first }, page)),
            );
        }
        Ok(pages)
    }
}

impl Loader<ActivityOf> for Loaders {
    type Value = Page<reading_session::Model>;
    type Error = Shared;

    /// S0.15. Asked for below figures, which only those get who may.
    async fn load(&self, keys: &[ActivityOf]) -> Result<HashMap<ActivityOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for (first, wanted) in grouped(keys.to_vec(), |key| key.first) {
            let users: Vec<UserId> = wanted.iter().map(|key| key.user).collect();
            let found =
                shared(stats::first_pages::activity(&self.app, self.actor.team, &users, first).await)?;
            pages.extend(
                found
                    .into_iter()
                    .map(|(user, page)| (ActivityOf { user, first }, page)),
            );
        }
        Ok(pages)
    }
}

impl Loader<EligibilityOf> for Loaders {
    type Value = Arc<Eligibility>;
    type Error = Shared;

    async fn load(&self, keys: &[EligibilityOf]) -> Result<HashMap<EligibilityOf, Arc<Eligibility>>, Shared> {
        let ids: Vec<PurchaseId> = keys.iter().map(|key| key.0).collect();
        let found = shared(refunds::eligibilities(&self.app, &self.actor, &ids).await)?.into_iter();
        Ok(found
            .map(|(id, eligibility)| (EligibilityOf(id), Arc::new(eligibility)))
            .collect())
    }
}

impl Loader<PurchasesOf> for Loaders {
    type Value = Page<purchase::Model>;
    type Error = Shared;

    /// One statement for each way of asking; a query rarely has more than one.
    async fn load(
        &self,
        keys: &[PurchasesOf],
    ) -> Result<HashMap<PurchasesOf, Page<purchase::Model>>, Shared> {
        let mut pages = HashMap::new();
        for ((kind, first), wanted) in grouped(keys.to_vec(), |key| (key.kind, key.first)) {
            let users: Vec<UserId> = wanted.iter().map(|key| key.user).collect();
            let found = purchases::first_pages::of(&self.app, self.actor.team, &users, kind, first).await;
            let found = shared(found)?.into_iter();
            pages.extend(found.map(|(user, page)| (PurchasesOf { user, kind, first }, page)));
        }
        Ok(pages)
    }
}

impl Loader<EffectsOf> for Loaders {
    type Value = Vec<refund_effect::Model>;
    type Error = Shared;

    async fn load(
        &self,
        keys: &[EffectsOf],
    ) -> Result<HashMap<EffectsOf, Vec<refund_effect::Model>>, Shared> {
        let ids: Vec<RefundId> = keys.iter().map(|key| key.0).collect();
        let effects = shared(refunds::store::effects(&self.app, self.actor.team, &ids).await)?;
        Ok(grouped(effects, |effect| EffectsOf(effect.refund_id)))
    }
}

impl Loader<StepsOf> for Loaders {
    type Value = Vec<refund_step::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[StepsOf]) -> Result<HashMap<StepsOf, Vec<refund_step::Model>>, Shared> {
        let ids: Vec<RefundId> = keys.iter().map(|key| key.0).collect();
        let steps = shared(refunds::store::steps(&self.app, self.actor.team, &ids).await)?;
        Ok(grouped(steps, |step| StepsOf(step.refund_id)))
    }
}

impl Loader<AccessKey> for Loaders {
    type Value = Access;
    type Error = Shared;

    /// Asked many times in one document, they are one look-up each in one statement.
    async fn load(&self, keys: &[AccessKey]) -> Result<HashMap<AccessKey, Access>, Shared> {
        let asked: Vec<(UserId, ProductId)> = keys.iter().map(|key| (key.0, key.1)).collect();
        let team = self.actor.team;
        if let [(user, product)] = asked[..] {
            let access = shared(entitlements::store::access(&self.app, team, user, product).await)?;
            return Ok(HashMap::from([(keys[0], access)]));
        }
        let found = shared(entitlements::reading::access_many(&self.app, team, &asked).await)?;
        Ok(found
            .into_iter()
            .map(|((user, product), access)| (AccessKey(user, product), access))
            .collect())
    }
}

impl Loader<EntitlementId> for Loaders {
    type Value = entitlement::Model;
    type Error = Shared;

    async fn load(
        &self,
        keys: &[EntitlementId],
    ) -> Result<HashMap<EntitlementId, entitlement::Model>, Shared> {
        let rows = shared(entitlements::reading::by_ids(&self.app, self.actor.team, keys).await)?;
        Ok(by(rows, |row| row.id))
    }
}

impl Loader<ApiKeyOf> for Loaders {
    type Value = api_key::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ApiKeyOf]) -> Result<HashMap<ApiKeyOf, api_key::Model>, Shared> {
        let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.0).collect();
        let rows = shared(api_keys::by_ids(&self.app, self.actor.team, &ids).await)?;
        Ok(by(rows, |row| ApiKeyOf(row.id)))
    }
}

impl Loader<IsLive> for Loaders {
    type Value = ();
    type Error = Shared;

    async fn load(&self, keys: &[IsLive]) -> Result<HashMap<IsLive, ()>, Shared> {
        let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.0).collect();
        let live = shared(api_keys::live(&self.app, self.actor.team, &ids).await)?;
        Ok(live.into_iter().map(|id| (IsLive(id), ())).collect())
    }
}

impl Loader<OwnFeatures> for Loaders {
    type Value = Vec<Feature>;
    type Error = Shared;

    async fn load(&self, _: &[OwnFeatures]) -> Result<HashMap<OwnFeatures, Vec<Feature>>, Shared> {
        let features = shared(domain::impersonation::features(&self.app, &self.actor).await)?;
        Ok(HashMap::from([(OwnFeatures, features)]))
    }
}
