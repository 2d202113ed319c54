//! May somebody use something?

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::entitlements;

use super::{
    context::{Ctx, input_id},
    enums::EntitlementStatus,
    scalars::DateTime,
};

/// The answer to "may this user use this product now?".
#[derive(SimpleObject)]
pub struct Access {
    /// Whether they may.
    allowed: bool,
    /// Where their access stands; null if there is none.
    status: Option<EntitlementStatus>,
    /// When the answer changes by itself; null if it does not.
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

/// The entitlements' part of the queries.
#[derive(Default)]
pub struct EntitlementQueries;

#[Object]
impl EntitlementQueries {
    /// May this user use this product now? Meant to be asked on every page view.
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
        ctx.answer(entitlements::access(ctx.app(), actor, user, product).await)
            .map(Into::into)
    }
}
