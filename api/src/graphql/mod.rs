//! The API: one file for each subject. A resolver takes the input, calls one use case, wraps the answer.

pub mod audit;
pub mod connection;
pub mod context;
pub mod entitlements;
pub mod errors;
pub mod events;
pub mod exports;
mod following;
pub mod identity;
pub mod impersonation;
pub mod loaders;
pub mod money;
pub mod node;
pub mod products;
pub mod purchases;
pub mod refunds;
pub mod scalars;
pub mod stats;
pub mod teams;
pub mod users;
mod words;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions};

/// Queries: what can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    node::NodeQueries,
    identity::IdentityQueries,
    impersonation::ImpersonationQueries,
    users::UserQueries,
    products::ProductQueries,
    refunds::RefundQueries,
    entitlements::access::AccessQueries,
    entitlements::batches::EntitlementBatchQueries,
    events::EventQueries,
    exports::ExportQueries,
    audit::AuditQueries,
);

/// Mutations: what can be changed. Each returns a payload whose `userErrors` say why it was refused.
#[derive(MergedObject, Default)]
pub struct Mutation(
    identity::IdentityMutations,
    impersonation::ImpersonationMutations,
    teams::TeamMutations,
    users::people::PeopleMutations,
    users::plans::PlanSubscriptionMutations,
    users::ecosystems::EcosystemMutations,
    entitlements::EntitlementMutations,
    entitlements::batches::EntitlementBatchMutations,
    products::ProductMutations,
    purchases::PurchaseMutations,
    stats::StatsMutations,
    refunds::RefundMutations,
    exports::ExportMutations,
);

/// Subscriptions: what can be followed, over WebSocket or server-sent events.
#[derive(MergedSubscription, Default)]
pub struct Subscription(
    events::EventSubscriptions,
    refunds::RefundSubscriptions,
    exports::ExportSubscriptions,
    entitlements::batches::EntitlementBatchSubscriptions,
);

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The most that a query may weigh: lists count their children as often as there may be rows.
const MOST_COMPLEX: usize = 20_000;

/// The schema, with or without introspection.
pub fn schema(introspection: bool) -> Schema {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .limit_complexity(MOST_COMPLEX)
        // The transport counts depth itself; this one also counts fragments.
        .limit_recursive_depth(64);
    let schema = if introspection {
        schema
    } else {
        schema.disable_introspection().disable_suggestions()
    };
    schema.finish()
}

/// The schema as `schema.graphql` keeps it.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    schema(true).sdl_with_options(options)
}
