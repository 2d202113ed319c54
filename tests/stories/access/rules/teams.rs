//! Who may what of teams.

use super::{ADMINS, ADMINS_CHANGE, Rules, TEAM, TypeRule, entry, of};

pub const RULES: Rules = Rules {
    entries: &[entry(
        "Mutation.teamSettingsUpdate",
        "mutation { teamSettingsUpdate(input: { recentPaymentDays: 9 }) { userErrors { code } } }",
        ADMINS_CHANGE,
        &[],
    )],
    followed: &[],
    types: &[
        TypeRule {
            name: "Team",
            path: "{ node(id: \"<team>\") { ... on Team { FIELD } } }",
            row: TEAM,
            scopes: &[],
            fields: "currency defaultLocale id modules name timeZone",
            others: &[("settings", ADMINS, &[])],
        },
        of(
            "TeamSettings",
            "{ node(id: \"<team>\") { ... on Team { settings { FIELD } } } }",
            ADMINS,
            &[],
            "accountManager billingSpecialist creditLimits externalRefundAccess mercadoPagoConfigured paypalConfigured portalUrl recentPaymentDays \
         recurringIssueCount refundReadingThresholdPercent refundRecentlyCanceledDays stripeConfigured supportAddress",
        ),
        of(
            "TierCreditLimit",
            "{ node(id: \"<team>\") { ... on Team { settings { creditLimits { FIELD } } } } }",
            ADMINS,
            &[],
            "limit tier",
        ),
    ],
    payloads: &[("TeamPayload", "team userErrors")],
};
