//! "May this user use this product now?", and why not.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::entitlements::{
    self,
    reading::{self, AccessOf, Diagnosis},
};

use crate::graphql::{
    context::{Ctx, input_id},
    entitlements::{Entitlement, enums::EntitlementStatus},
    purchases::Purchase,
    scalars::DateTime,
    stats::TitleReading,
};

/// The answer to "may this user use this product now?".
#[derive(SimpleObject)]
pub struct Access {
    /// Whether the user may use the product now: access is active or in its grace period, and nobody is suspended.
    allowed: bool,
    /// Status of the user's access, whether or not somebody is suspended; null if there is none, or if it was revoked.
    status: Option<EntitlementStatus>,
    /// When the status changes by itself; null if it does not.
    until: Option<DateTime>,
}

impl From<entitlements::Access> for Access {
    fn from(access: entitlements::Access) -> Self {
        Self {
            allowed: access.allowed,
            status: access.status.map(Into::into),
            until: access.until.map(Into::into),
        }
    }
}

/// Everything to look at when a user says that a product they bought cannot be opened.
#[derive(SimpleObject)]
pub struct AccessDiagnosis {
    /// The answer that `access` gives.
    access: Access,
    /// Whether the product is active.
    product_active: bool,
    /// Whether neither the user nor the user's ecosystem is suspended.
    user_active: bool,
    /// Whether the user's ecosystem is active; null if the user is in none.
    ecosystem_active: Option<bool>,
    /// The newest paid purchase of the product by this user.
    active_purchase: Option<Purchase>,
    /// The open entitlement to the product, else the newest one, whatever its status.
    entitlement: Option<Entitlement>,
    /// What the user has read of the product; null if it was never opened, so that access itself may have failed.
    reading: Option<TitleReading>,
    /// Likely causes in the viewer's language, most likely first.
    findings: Vec<String>,
}

/// The access questions among the queries.
#[derive(Default)]
pub struct AccessQueries;

#[Object]
impl AccessQueries {
    /// Whether a user may use a product now. Meant to be asked on every page view.
    async fn access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeID of the user.")] user_id: ID,
        #[graphql(desc = "TypeID of the product.")] product_id: ID,
    ) -> Result<Access> {
        let actor = ctx.actor()?;
        // Whoever is not there may use nothing.
        let (Ok(user), Ok(product)) = (input_id("userId", &user_id), input_id("productId", &product_id))
        else {
            return Ok(entitlements::Access::NONE.into());
        };
        let Some(key) = ctx.answer(AccessOf::new(actor, user, product))? else {
            return Ok(entitlements::Access::NONE.into());
        };
        Ok(ctx.load(key).await?.unwrap_or(entitlements::Access::NONE).into())
    }

    /// Why a user cannot open a product: the facts, and the most likely causes. Takes the scopes `commerce.entitlements.read` and `stats.read`.
    #[graphql(complexity = "20 + child_complexity")]
    async fn access_diagnosis(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeID of the user.")] user_id: ID,
        #[graphql(desc = "TypeID of the product.")] product_id: ID,
    ) -> Result<AccessDiagnosis> {
        let actor = ctx.actor()?;
        let found = match (input_id("userId", &user_id), input_id("productId", &product_id)) {
            (Ok(user), Ok(product)) => reading::diagnose(ctx.app(), actor, user, product).await,
            (Err(_), _) => Ok(Diagnosis::missing("user")),
            (_, Err(_)) => Ok(Diagnosis::missing("product")),
        };
        let found = ctx.answer(found)?;
        Ok(AccessDiagnosis {
            access: found.access.into(),
            product_active: found.product_active,
            user_active: found.user_active,
            ecosystem_active: found.ecosystem_active,
            active_purchase: found.purchase.map(Purchase),
            entitlement: found.entitlement.map(Entitlement),
            reading: found.reading.map(Into::into),
            findings: found.findings.iter().map(|finding| ctx.say(finding)).collect(),
        })
    }
}
