//! What is sold.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, dataloader::Loader};
use domain::{
    App, Outcome,
    actor::Actor,
    entitlements::reading,
    products::{self, ProductReport},
    users::PlanProduct,
};
use entities::{ProductId, product};

use super::{
    connection::{connection, page_args, weight},
    context::Ctx,
    errors::UserError,
    loaders::{Loaders, Shared, by, shared},
    scalars::{Whole, int},
};

/// Something that the team sells.
#[derive(Clone, Debug)]
pub struct Product {
    id: ProductId,
    name: String,
    active: bool,
    grace_days: i64,
}

impl From<product::Model> for Product {
    fn from(row: product::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            active: row.active,
            grace_days: row.grace_days,
        }
    }
}

impl From<PlanProduct> for Product {
    fn from(found: PlanProduct) -> Self {
        Self {
            id: found.id,
            name: found.name,
            active: found.active,
            grace_days: found.grace_days,
        }
    }
}

/// A product that something points to.
pub async fn load(ctx: &Context<'_>, id: ProductId) -> Result<Product> {
    find(ctx, id)
        .await?
        .ok_or_else(|| async_graphql::Error::new(format!("{id} is gone")))
}

/// The product with this id, if the team has it.
pub async fn find(ctx: &Context<'_>, id: ProductId) -> Result<Option<Product>> {
    Ok(ctx.load(id).await?.map(Product::from))
}

impl Loader<ProductId> for Loaders {
    type Value = product::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ProductId]) -> std::result::Result<HashMap<ProductId, Self::Value>, Shared> {
        let products = shared(products::visible(&self.app, &self.actor, keys).await)?;
        Ok(by(products, |product| product.id))
    }
}

/// Something that the team sells.
#[Object]
impl Product {
    /// TypeID of the product.
    pub async fn id(&self) -> ID {
        self.id.to_string().into()
    }

    /// Name of the product.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Whether access to the product can be granted.
    async fn active(&self) -> bool {
        self.active
    }

    /// Days of grace after access to the product expires; 0 for none.
    async fn grace_days(&self) -> i32 {
        int(self.grace_days)
    }
}

/// How products are counted.
pub enum ProductCount {
    Sold {
        search: Option<String>,
        active: Option<bool>,
    },
    Grantable {
        user: entities::UserId,
    },
}

impl ProductCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        match self {
            Self::Sold { search, active } => products::count(app, actor, search.as_deref(), *active).await,
            Self::Grantable { user } => reading::grantable_count(app, actor, *user).await,
        }
    }
}

connection! {
    /// A page of products.
    ProductConnection, ProductEdge of Product from product::Model, counted by ProductCount
}

/// The products' part of the queries.
#[derive(Default)]
pub struct ProductQueries;

#[Object]
impl ProductQueries {
    /// The team's products, sorted by name.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Any part of the name, ignoring case and accents.")] search: Option<String>,
        #[graphql(desc = "Only active products, or only inactive ones; all if left out.")] active: Option<
            bool,
        >,
    ) -> Result<ProductConnection> {
        let actor = ctx.actor()?;
        let args = page_args(first, after, last, before);
        let page = ctx.answer(products::list(ctx.app(), actor, search.as_deref(), active, &args).await)?;
        Ok(ProductConnection::new(
            page,
            ProductCount::Sold { search, active },
        ))
    }
}

/// A product as the store reports it.
#[derive(InputObject)]
pub struct ProductRecordInput {
    /// The store's own id: the same one is the same product.
    external_id: String,
    /// Name of the product.
    name: String,
    /// Whether access to the product can be granted.
    #[graphql(default = true)]
    active: bool,
    /// Days of grace after access to the product expires; 0 for none.
    #[graphql(default = 0)]
    grace_days: Whole,
}

/// The recorded product, or the reasons why it was not recorded.
#[derive(SimpleObject)]
pub struct ProductPayload {
    /// The product as it is now; null if it was refused.
    product: Option<Product>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The products' part of the mutations.
#[derive(Default)]
pub struct ProductMutations;

#[Object]
impl ProductMutations {
    /// Records a product as the store reports it; the same `externalId` is the same product, so it can be sent again. Takes the scope `users.write`.
    async fn product_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product to record.")] input: ProductRecordInput,
    ) -> Result<ProductPayload> {
        let report = ProductReport {
            external_id: input.external_id,
            name: input.name,
            active: input.active,
            grace_days: input.grace_days.into(),
        };
        let (product, user_errors) = ctx.payload(products::record(ctx.app(), ctx.actor()?, report).await)?;
        Ok(ProductPayload {
            product: product.map(Product::from),
            user_errors,
        })
    }
}
