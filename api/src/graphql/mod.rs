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

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, ValidationMode};

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
    build(introspection, ValidationMode::Strict)
}

/// The same for documents that have been validated before: it only weighs them.
pub fn trusting_schema(introspection: bool) -> Schema {
    build(introspection, ValidationMode::Fast)
}

fn build(introspection: bool, validation: ValidationMode) -> Schema {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .validation_mode(validation)
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

#[cfg(test)]
mod tests {
    use async_graphql::{ContainerType, Context};

    use super::*;

    /// The room that each field of an object takes while it is resolved.
    fn room<T: ContainerType + 'static, F>(_: impl Fn(&'static T, &'static Context<'static>) -> F) -> usize {
        size_of::<F>()
    }

    /// Lists have thousands of fields, and each of them has the room of its object's largest one.
    #[test]
    fn a_field_of_a_row_takes_little_room() {
        for (object, room) in [
            ("User", room(|it: &users::User, ctx| it.resolve_field(ctx))),
            (
                "Ecosystem",
                room(|it: &users::ecosystems::Ecosystem, ctx| it.resolve_field(ctx)),
            ),
            (
                "PlanSubscription",
                room(|it: &users::plans::PlanSubscription, ctx| it.resolve_field(ctx)),
            ),
            (
                "Purchase",
                room(|it: &purchases::Purchase, ctx| it.resolve_field(ctx)),
            ),
            ("Refund", room(|it: &refunds::Refund, ctx| it.resolve_field(ctx))),
            (
                "Entitlement",
                room(|it: &entitlements::Entitlement, ctx| it.resolve_field(ctx)),
            ),
            (
                "ReadingStats",
                room(|it: &stats::ReadingStats, ctx| it.resolve_field(ctx)),
            ),
            (
                "UserConnection",
                room(|it: &users::UserConnection, ctx| it.resolve_field(ctx)),
            ),
        ] {
            assert!(
                room <= 2000,
                "{object} takes {room} bytes: put what is awaited in a box"
            );
        }
    }
}
