//! Team ids are equal along every reference: no row of one team hangs on a row of another.

/// A column that names a row of another table.
pub struct Reference {
    pub table: &'static str,
    /// The prefix of the public id in `id`, by which a violation is named.
    pub subject: &'static str,
    pub id: &'static str,
    pub column: &'static str,
    pub referenced: &'static str,
}

macro_rules! references {
    ($($table:ident . $id:ident ($subject:literal): $($column:ident -> $referenced:ident),*;)*) => {
        /// Every reference between rows of teams, also those that the database does not know as such.
        pub const REFERENCES: &[Reference] = &[$($(Reference {
            table: stringify!($table),
            subject: $subject,
            id: stringify!($id),
            column: stringify!($column),
            referenced: stringify!($referenced),
        }),*),*];
    };
}

references! {
    users.id ("user"): ecosystem_id -> ecosystems, email_clashes_with -> users;
    ecosystems.id ("ecosystem"): owner_id -> users;
    passwords.user_id ("user"): user_id -> users;
    sessions.id ("session"): user_id -> users, impersonator_id -> users;
    api_keys.id ("key"): created_by -> users, parent_id -> api_keys;
    audit_entries.id ("audit"): actor_id -> users, impersonator_id -> users, api_key_id -> api_keys;
    events.id ("event"): actor_id -> users, impersonator_id -> users;
    mails.id ("mail"): user_id -> users, actor_id -> users, impersonator_id -> users;
    plan_subscriptions.id ("plan"): user_id -> users, product_id -> products;
    purchases.id ("purchase"): user_id -> users, product_id -> products;
    reading_sessions.id ("reading"): user_id -> users, product_id -> products;
    title_readings.user_id ("user"): user_id -> users, product_id -> products;
    user_readings.user_id ("user"): user_id -> users;
    entitlements.id ("entitlement"): user_id -> users, product_id -> products;
    entitlement_grants.id ("grant"): entitlement_id -> entitlements, purchase_id -> purchases, granted_by -> users,
        revoked_by_refund -> refunds;
    entitlement_events.id ("entitlementevent"): entitlement_id -> entitlements, user_id -> users, actor_id -> users,
        impersonator_id -> users;
    entitlement_batches.id ("entitlementbatch"): product_id -> products, requested_by -> users, impersonator_id -> users,
        api_key_id -> api_keys;
    entitlement_batch_results.batch_id ("entitlementbatch"): batch_id -> entitlement_batches, user_id -> users,
        entitlement_id -> entitlements;
    refunds.id ("refund"): purchase_id -> purchases, user_id -> users, requested_by -> users, api_key_id -> api_keys;
    refund_effects.refund_id ("refund"): refund_id -> refunds;
    refund_steps.refund_id ("refund"): refund_id -> refunds;
    external_refund_shares.external_refund_id ("externalrefund"): external_refund_id -> external_refunds,
        purchase_id -> purchases;
    exports.id ("export"): requested_by -> users, api_key_id -> api_keys;
    export_downloads.export_id ("export"): export_id -> exports, user_id -> users, api_key_id -> api_keys;
    follow_ups.id ("followup"): refund_id -> refunds, assignee_id -> users;
}

impl Reference {
    /// The rows that hang on a row of another team.
    pub fn sql(&self) -> String {
        let Self {
            table,
            id,
            column,
            referenced,
            ..
        } = self;
        format!(
            "SELECT c.{id}, '{table}.{column} names a row of another team' FROM {table} c \
             JOIN {referenced} r ON r.id = c.{column} WHERE r.team_id <> c.team_id"
        )
    }
}
