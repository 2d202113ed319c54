//! Who may what: one row for each entry and for each type, and where a field differs from its type, for the
//! field. A field without a row fails the story.

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answered.
    Y,
    /// Answered about their own team: nothing of ours shows.
    O,
    /// Like an id that does not exist, to the letter.
    M,
    /// Null, without an error.
    N,
    /// UNAUTHENTICATED.
    U,
    /// FORBIDDEN.
    F,
    /// Refused in `userErrors`, with this code.
    R(&'static str),
}
use Verdict::{F, M, N, O, R, U, Y};

/// The callers, in the order of each row. Keys are made for the row: one with what it takes, one with all but that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    Nobody,
    /// Whose things they are.
    Customer,
    OtherCustomer,
    /// An administrator through the customer's eyes.
    AsCustomer,
    Agent,
    AsAgent,
    KeyWith,
    KeyWithout,
    Admin,
    OtherAdmin,
}
pub const CALLERS: [Caller; 10] = [
    Caller::Nobody,
    Caller::Customer,
    Caller::OtherCustomer,
    Caller::AsCustomer,
    Caller::Agent,
    Caller::AsAgent,
    Caller::KeyWith,
    Caller::KeyWithout,
    Caller::Admin,
    Caller::OtherAdmin,
];
pub type Row = [Verdict; 10];

// Nobody, customer, other customer, as customer, agent, as agent, key with, key without, admin, other admin.
/// Lists for whoever has the scope; agents have it.
const STAFF: Row = [U, F, F, F, Y, Y, Y, F, Y, O];
/// The same with a scope that agents lack.
const SENIOR: Row = [U, F, F, F, F, F, Y, F, Y, O];
/// One's own, or with the scope anybody's.
const OWN: Row = [U, Y, M, Y, Y, Y, Y, M, Y, M];
/// One's own, where a key with other scopes comes near enough to be told which it lacks.
const OWN_INSIDE: Row = [U, Y, M, Y, Y, Y, Y, F, Y, M];
/// Found with the scope only, a customer's own things included.
const STAFF_FINDS: Row = [U, M, M, M, Y, Y, Y, M, Y, M];
/// Within something that only staff find.
const STAFF_FINDS_INSIDE: Row = [U, M, M, M, Y, Y, Y, F, Y, M];
const SENIOR_FINDS: Row = [U, M, M, M, M, M, Y, M, Y, M];
/// Within something that customers see of their own.
const STAFF_INSIDE: Row = [U, F, M, F, Y, Y, Y, F, Y, M];
const STAFF_INSIDE_REFUND: Row = [U, F, M, F, Y, Y, Y, M, Y, M];
/// With the scope, about the customer's things.
const STAFF_LOOKS: Row = [U, F, F, F, Y, Y, Y, F, Y, M];
const TEAM: Row = [U, Y, Y, Y, Y, Y, Y, Y, Y, M];
const TEAM_LISTS: Row = [U, Y, Y, Y, Y, Y, Y, Y, Y, O];
/// The refund of the world has succeeded.
const SETTLED: Verdict = R("REFUND_NOT_RESOLVABLE");
const ADMINS: Row = [U, F, F, F, F, F, F, F, Y, M];
const ADMINS_CHANGE: Row = [U, F, F, F, F, F, F, F, Y, O];
/// What an administrator has asked for: nobody else's, whatever their scopes.
const OF_ADMIN: Row = [U, M, M, M, M, M, M, M, Y, M];
const OF_ADMIN_LOOKS: Row = [U, F, F, F, M, M, M, F, Y, M];
const EVERYBODY: Row = [Y; 10];
const VIEWER: Row = [N, Y, Y, Y, Y, Y, Y, Y, Y, O];

/// What an administrator may not do through somebody's eyes.
const EYES: Verdict = R("NOT_ALLOWED_WHILE_IMPERSONATING");
const NOT_YOU: Verdict = R("IMPERSONATION_NOT_ALLOWED");
const WRONG: Verdict = R("CREDENTIALS_INVALID");

pub struct Entry {
    pub name: &'static str,
    /// `<…>` stands for an id of the customer's things.
    pub ask: &'static str,
    pub row: Row,
    pub scopes: &'static [&'static str],
}

const fn entry(name: &'static str, ask: &'static str, row: Row, scopes: &'static [&'static str]) -> Entry {
    Entry {
        name,
        ask,
        row,
        scopes,
    }
}

pub const ENTRIES: &[Entry] = &[
    entry(
        "Query.access",
        "{ access(userId: \"<ana>\", productId: \"<product>\") { allowed status } }",
        OWN_INSIDE,
        &["commerce.entitlements.read"],
    ),
    entry(
        "Query.accessDiagnosis",
        "{ accessDiagnosis(userId: \"<ana>\", productId: \"<product>\") { findings } }",
        STAFF_LOOKS,
        ENTITLED,
    ),
    entry(
        "Query.impersonations",
        "{ impersonations { nodes { id } totalCount } }",
        ADMINS_CHANGE,
        &[],
    ),
    entry(
        "Query.apiKeys",
        "{ apiKeys { id name } }",
        SENIOR,
        &["api_keys.write"],
    ),
    entry(
        "Query.auditLog",
        "{ auditLog { nodes { id subjectId } } }",
        SENIOR,
        &["audit.read"],
    ),
    entry(
        "Query.events",
        "{ events { nodes { id subjectId } } }",
        STAFF,
        &["events.read"],
    ),
    entry(
        "Query.exports",
        "{ exports { nodes { id } totalCount } }",
        STAFF,
        EXPORTS,
    ),
    entry(
        "Query.node",
        "{ node(id: \"<ana>\") { id } }",
        OWN,
        &["users.read"],
    ),
    entry(
        "Query.nodes",
        "{ nodes(ids: [\"<ana>\"]) { __typename } }",
        OWN,
        &["users.read"],
    ),
    entry(
        "Query.products",
        "{ products { nodes { id } totalCount } }",
        TEAM_LISTS,
        &[],
    ),
    entry(
        "Query.refunds",
        "{ refunds { nodes { id } totalCount } }",
        STAFF,
        &["refunds.read"],
    ),
    entry(
        "Query.user",
        "{ user(id: \"<ana>\") { companyEmail } }",
        OWN,
        &["users.read"],
    ),
    entry(
        "Query.users",
        "{ users { nodes { id } totalCount } }",
        STAFF,
        &["users.read"],
    ),
    entry("Query.viewer", "{ viewer { team { id } } }", VIEWER, &[]),
    entry(
        "Mutation.apiKeyCreate",
        "mutation { apiKeyCreate(input: { name: \"x\", scopes: [\"api_keys.write\"] }) { userErrors { code } } }",
        SENIOR,
        &["api_keys.write"],
    ),
    entry(
        "Mutation.apiKeyRevoke",
        "mutation { apiKeyRevoke(input: { apiKeyId: \"<key>\" }) { apiKey { name } userErrors { code message } } }",
        [U, F, F, F, F, F, Y, F, Y, M],
        &["api_keys.write"],
    ),
    entry(
        "Mutation.passwordSet",
        "mutation { passwordSet(input: { currentPassword: \"wrong\", newPassword: \"long enough it is\" }) { userErrors { code } } }",
        [U, WRONG, WRONG, EYES, WRONG, EYES, U, U, WRONG, WRONG],
        &[],
    ),
    entry(
        "Mutation.productRecord",
        "mutation { productRecord(input: { externalId: \"new\", name: \"New\" }) { userErrors { code } } }",
        STAFF,
        &["users.write"],
    ),
    entry(
        "Mutation.purchaseRecord",
        "mutation { purchaseRecord(input: { externalId: \"new\", userId: \"<ana>\", productId: \"<product>\", kind: SINGLE, \
         gateway: MANUAL, amount: { amount: \"1\", currency: \"EUR\" }, purchasedAt: \"2026-03-01T00:00:00Z\" }) \
         { purchase { status } userErrors { code message } } }",
        [U, F, F, F, Y, Y, Y, F, Y, M],
        &["users.write"],
    ),
    entry(
        "Mutation.readingSessionsRecord",
        "mutation { readingSessionsRecord(input: { sessions: [{ externalId: \"new\", userId: \"<ana>\", \
         productId: \"<product>\", startedAt: \"2026-03-01T00:00:00Z\", endedAt: \"2026-03-01T00:10:00Z\", seconds: 60, \
         percentRead: 1 }] }) { recorded userErrors { code message } } }",
        [U, F, F, F, F, F, Y, F, Y, M],
        &["stats.write"],
    ),
    entry(
        "Mutation.refundRequest",
        "mutation { refundRequest(input: { purchaseId: \"<purchase>\", reason: DUPLICATE }) { refund { status } \
         userErrors { code message } } }",
        [U, F, F, F, Y, EYES, Y, F, Y, M],
        &["refunds.write"],
    ),
    entry(
        "Mutation.refundResolve",
        "mutation { refundResolve(input: { refundId: \"<refund>\", outcome: FAILED, note: \"x\" }) { refund { status } \
         userErrors { code message } } }",
        [U, F, F, F, F, F, SETTLED, F, SETTLED, M],
        &["refunds.override"],
    ),
    entry(
        "Mutation.signIn",
        "mutation { signIn(input: { email: \"admin@aurora.test\", password: \"postventa-story\" }) { accessToken } }",
        EVERYBODY,
        &[],
    ),
    entry(
        "Mutation.signOut",
        "mutation { signOut { userErrors { code } } }",
        [U, Y, Y, Y, Y, Y, U, U, Y, O],
        &[],
    ),
    entry(
        "Mutation.teamSettingsUpdate",
        "mutation { teamSettingsUpdate(input: { recentPaymentDays: 9 }) { userErrors { code } } }",
        ADMINS_CHANGE,
        &[],
    ),
    entry(
        "Mutation.userCreate",
        "mutation { userCreate(input: { firstName: \"N\", lastName: \"N\", companyEmail: \"new@shop.test\" }) { userErrors { code } } }",
        STAFF,
        &["users.write"],
    ),
    entry(
        "Mutation.userUpdate",
        "mutation { userUpdate(input: { userId: \"<ana>\", tier: VIP }) { user { tier } userErrors { code message } } }",
        STAFF_LOOKS,
        &["users.write"],
    ),
    entry(
        "Mutation.planSubscriptionRecord",
        "mutation { planSubscriptionRecord(input: { externalId: \"new\", userId: \"<ana>\", productId: \"<product>\", \
         interval: ANNUAL, status: ACTIVE, startsAt: \"2026-03-01T00:00:00Z\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["users.write"],
    ),
    entry(
        "Mutation.ecosystemRecord",
        "mutation { ecosystemRecord(input: { externalId: \"eco-1\", ownerId: \"<ana>\", name: \"Ana's\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["users.write"],
    ),
    entry(
        "Mutation.ecosystemActivate",
        "mutation { ecosystemActivate(input: { ecosystemId: \"<ecosystem>\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["users.write"],
    ),
    entry(
        "Mutation.entitlementExtend",
        "mutation { entitlementExtend(input: { entitlementId: \"<entitlement>\", expiresAt: \"2027-01-01T00:00:00Z\" }) \
         { userErrors { code message } } }",
        STAFF_LOOKS,
        &["commerce.entitlements.write"],
    ),
    entry(
        "Mutation.entitlementRevoke",
        "mutation { entitlementRevoke(input: { entitlementId: \"<entitlement>\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["commerce.entitlements.write"],
    ),
    entry(
        "Mutation.entitlementGrant",
        "mutation { entitlementGrant(input: { userId: \"<ana>\", productId: \"<product>\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["commerce.entitlements.write"],
    ),
    entry(
        "Mutation.usersExport",
        "mutation { usersExport(input: { segment: LEAD }) { userErrors { code } } }",
        STAFF,
        &["exports.write", "users.read"],
    ),
    entry(
        "Mutation.exportCancel",
        "mutation { exportCancel(input: { exportId: \"<export>\" }) { userErrors { code message } } }",
        OF_ADMIN_LOOKS,
        EXPORTS,
    ),
    entry(
        "Query.entitlementBatches",
        "{ entitlementBatches { nodes { id } totalCount } }",
        STAFF,
        &["commerce.entitlements.read"],
    ),
    entry(
        "Mutation.entitlementBatchCancel",
        "mutation { entitlementBatchCancel(input: { batchId: \"<batch>\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["commerce.entitlements.write"],
    ),
    entry(
        "Mutation.entitlementsGrant",
        "mutation { entitlementsGrant(input: { userIds: [\"<ana>\"], productId: \"<product>\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["commerce.entitlements.write"],
    ),
    entry(
        "Mutation.entitlementsRevoke",
        "mutation { entitlementsRevoke(input: { userIds: [\"<ana>\"], productId: \"<product>\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["commerce.entitlements.write"],
    ),
    entry(
        "Mutation.impersonationStart",
        "mutation { impersonationStart(input: { userId: \"<ana>\", reason: \"x\" }) { userErrors { code message } } }",
        [U, F, F, EYES, F, EYES, NOT_YOU, F, Y, M],
        &["users.impersonate"],
    ),
    entry(
        "Mutation.impersonationEnd",
        "mutation { impersonationEnd(input: { impersonationId: \"<impersonation>\" }) { userErrors { code message } } }",
        ADMINS,
        &[],
    ),
    entry(
        "Mutation.impersonationStop",
        "mutation { impersonationStop { userErrors { code } } }",
        [
            U, NOT_YOU, NOT_YOU, Y, NOT_YOU, Y, NOT_YOU, NOT_YOU, NOT_YOU, NOT_YOU,
        ],
        &[],
    ),
    // The last: it ends the customer's sessions.
    entry(
        "Mutation.ecosystemSuspend",
        "mutation { ecosystemSuspend(input: { ecosystemId: \"<ecosystem>\", reason: \"x\" }) { userErrors { code message } } }",
        STAFF_LOOKS,
        &["users.write"],
    ),
];

/// The subscriptions, told by whether a stream begins or an error comes.
pub const FOLLOWED: &[Entry] = &[
    entry(
        "Subscription.events",
        "subscription { events { id subjectId } }",
        STAFF,
        &["events.read"],
    ),
    entry(
        "Subscription.exportUpdated",
        "subscription { exportUpdated(exportId: \"<export>\") { id } }",
        OF_ADMIN,
        EXPORTS,
    ),
    entry(
        "Subscription.refundUpdated",
        "subscription { refundUpdated(refundId: \"<refund>\") { id } }",
        OWN,
        &["refunds.read"],
    ),
    entry(
        "Subscription.entitlementBatchUpdated",
        "subscription { entitlementBatchUpdated(batchId: \"<batch>\") { id } }",
        STAFF_LOOKS,
        &["commerce.entitlements.read"],
    ),
];

pub struct TypeRule {
    pub name: &'static str,
    /// How one comes to an object of it; `FIELD` stands for the field.
    pub path: &'static str,
    pub row: Row,
    /// What a key must have, and which one is the last thing missing.
    pub scopes: &'static [&'static str],
    pub fields: &'static str,
    pub others: &'static [(&'static str, Row, &'static [&'static str])],
}

const fn of(
    name: &'static str,
    path: &'static str,
    row: Row,
    scopes: &'static [&'static str],
    fields: &'static str,
) -> TypeRule {
    TypeRule {
        name,
        path,
        row,
        scopes,
        fields,
        others: &[],
    }
}

const USERS: &[&str] = &["users.read"];
const REFUNDS: &[&str] = &["refunds.read"];
const EXPORTS: &[&str] = &["exports.write"];
const STATS: &[&str] = &["users.read", "stats.read"];
const ENTITLED: &[&str] = &["stats.read", "commerce.entitlements.read"];
const ACCESS: &[&str] = &["users.read", "commerce.entitlements.read"];
const PAGE: &str = "edges nodes pageInfo totalCount";
const EDGE: &str = "cursor node";

pub const TYPES: &[TypeRule] = &[
    of(
        "Access",
        "{ access(userId: \"<ana>\", productId: \"<product>\") { FIELD allowed } }",
        OWN_INSIDE,
        &["commerce.entitlements.read"],
        "allowed status until",
    ),
    of(
        "AccessDiagnosis",
        "{ accessDiagnosis(userId: \"<ana>\", productId: \"<product>\") { FIELD } }",
        STAFF_LOOKS,
        ENTITLED,
        "access activePurchase ecosystemActive entitlement findings productActive reading userActive",
    ),
    of(
        "ApiKey",
        "{ node(id: \"<key>\") { ... on ApiKey { FIELD } } }",
        SENIOR_FINDS,
        &["api_keys.write"],
        "active createdAt createdBy expiresAt id lastUsedAt name parent revokedAt scopes",
    ),
    of(
        "AuditEntry",
        "{ node(id: \"<audit>\") { ... on AuditEntry { FIELD } } }",
        SENIOR_FINDS,
        &["audit.read"],
        "action actor apiKey at id impersonator ipAddress reason subject subjectId",
    ),
    of(
        "AuditEntryConnection",
        "{ auditLog { FIELD } }",
        SENIOR,
        &["audit.read"],
        PAGE,
    ),
    of(
        "AuditEntryEdge",
        "{ auditLog { edges { FIELD } } }",
        SENIOR,
        &["audit.read"],
        EDGE,
    ),
    of(
        "Ecosystem",
        "{ node(id: \"<ecosystem>\") { ... on Ecosystem { FIELD } } }",
        OWN,
        USERS,
        "active id members name owner suspendedAt suspensionReason",
    ),
    TypeRule {
        name: "Entitlement",
        path: "{ node(id: \"<entitlement>\") { ... on Entitlement { FIELD } } }",
        row: OWN,
        scopes: &["users.read", "commerce.entitlements.read"],
        fields: "canExtend expiresAt graceEndsAt history id lifetime product resumesAt revocationReason revokedAt \
                 secondsRemaining startsAt status",
        others: &[("user", OWN_INSIDE, &["users.read"])],
    },
    TypeRule {
        name: "EntitlementBatch",
        path: "{ node(id: \"<batch>\") { ... on EntitlementBatch { FIELD } } }",
        row: STAFF_FINDS,
        scopes: &["commerce.entitlements.read"],
        fields: "action done failed failureMessage finishedAt id product refused requestedAt results status succeeded total",
        others: &[("requestedBy", STAFF_FINDS_INSIDE, &["users.read"])],
    },
    of(
        "EntitlementBatchConnection",
        "{ entitlementBatches { FIELD } }",
        STAFF,
        &["commerce.entitlements.read"],
        PAGE,
    ),
    of(
        "EntitlementBatchEdge",
        "{ entitlementBatches { edges { FIELD } } }",
        STAFF,
        &["commerce.entitlements.read"],
        EDGE,
    ),
    TypeRule {
        name: "EntitlementBatchResult",
        path: "{ node(id: \"<batch>\") { ... on EntitlementBatch { results { nodes { FIELD } } } } }",
        row: STAFF_FINDS,
        scopes: &["commerce.entitlements.read"],
        fields: "at code entitlement message outcome",
        others: &[("user", STAFF_FINDS_INSIDE, &["users.read"])],
    },
    of(
        "EntitlementBatchResultConnection",
        "{ node(id: \"<batch>\") { ... on EntitlementBatch { results { FIELD } } } }",
        STAFF_FINDS,
        &["commerce.entitlements.read"],
        PAGE,
    ),
    of(
        "EntitlementBatchResultEdge",
        "{ node(id: \"<batch>\") { ... on EntitlementBatch { results { edges { FIELD } } } } }",
        STAFF_FINDS,
        &["commerce.entitlements.read"],
        EDGE,
    ),
    of(
        "EntitlementConnection",
        "{ node(id: \"<ana>\") { ... on User { entitlements { FIELD } } } }",
        OWN_INSIDE,
        ACCESS,
        PAGE,
    ),
    of(
        "EntitlementEdge",
        "{ node(id: \"<ana>\") { ... on User { entitlements(status: [REVOKED]) { edges { FIELD } } } } }",
        OWN_INSIDE,
        ACCESS,
        EDGE,
    ),
    of(
        "EntitlementEvent",
        "{ node(id: \"<happened>\") { ... on EntitlementEvent { FIELD } } }",
        OWN,
        &["commerce.entitlements.read"],
        "action actor at detail entitlement expiresAt id impersonator previousExpiresAt",
    ),
    of(
        "EntitlementEventConnection",
        "{ node(id: \"<ana>\") { ... on User { entitlementHistory { FIELD } } } }",
        OWN_INSIDE,
        ACCESS,
        PAGE,
    ),
    of(
        "EntitlementEventEdge",
        "{ node(id: \"<ana>\") { ... on User { entitlementHistory { edges { FIELD } } } } }",
        OWN_INSIDE,
        ACCESS,
        EDGE,
    ),
    of(
        "Event",
        "{ node(id: \"<event>\") { ... on Event { FIELD } } }",
        STAFF_FINDS,
        &["events.read"],
        "actor at cursor data id impersonator subject subjectId topic",
    ),
    of(
        "EventConnection",
        "{ events { FIELD } }",
        STAFF,
        &["events.read"],
        "edges nodes pageInfo",
    ),
    of(
        "EventEdge",
        "{ events { edges { FIELD } } }",
        STAFF,
        &["events.read"],
        EDGE,
    ),
    of(
        "Export",
        "{ node(id: \"<export>\") { ... on Export { FIELD } } }",
        OF_ADMIN,
        EXPORTS,
        "done downloadUrl expiresAt failureMessage id kind requestedAt requestedBy sha256 sizeBytes status total",
    ),
    of("ExportConnection", "{ exports { FIELD } }", STAFF, EXPORTS, PAGE),
    of(
        "ExportEdge",
        "{ exports { edges { FIELD } } }",
        STAFF,
        EXPORTS,
        EDGE,
    ),
    of(
        "Impersonation",
        "{ impersonations { nodes { FIELD } } }",
        ADMINS_CHANGE,
        &[],
        "administrator expiresAt id reason startedAt user",
    ),
    of(
        "ImpersonationConnection",
        "{ impersonations { FIELD } }",
        ADMINS_CHANGE,
        &[],
        PAGE,
    ),
    of(
        "ImpersonationEdge",
        "{ impersonations { edges { FIELD } } }",
        ADMINS_CHANGE,
        &[],
        EDGE,
    ),
    of(
        "LicenseSummary",
        "{ node(id: \"<plan>\") { ... on PlanSubscription { licenses { FIELD } } } }",
        OWN,
        USERS,
        "assigned available suspended total",
    ),
    of(
        "Money",
        "{ node(id: \"<purchase>\") { ... on Purchase { amount { FIELD } } } }",
        OWN,
        &["refunds.read", "users.read"],
        "amount currency",
    ),
    of(
        "PageInfo",
        "{ users { pageInfo { FIELD } } }",
        STAFF,
        USERS,
        "endCursor hasNextPage hasPreviousPage startCursor",
    ),
    of(
        "PlanSubscription",
        "{ node(id: \"<plan>\") { ... on PlanSubscription { FIELD } } }",
        OWN,
        USERS,
        "ecosystem encounters endsAt id interval licenses product startsAt status",
    ),
    of(
        "Product",
        "{ node(id: \"<product>\") { ... on Product { FIELD } } }",
        TEAM,
        &[],
        "active graceDays id name",
    ),
    of(
        "ProductConnection",
        "{ products { FIELD } }",
        TEAM_LISTS,
        &[],
        PAGE,
    ),
    of(
        "ProductEdge",
        "{ products { edges { FIELD } } }",
        TEAM_LISTS,
        &[],
        EDGE,
    ),
    TypeRule {
        name: "Purchase",
        path: "{ node(id: \"<purchase>\") { ... on Purchase { FIELD } } }",
        row: OWN,
        scopes: &["refunds.read", "users.read"],
        fields: "amount canceledAt externalId gateway gatewayPaymentId id kind product purchasedAt refundedAmount \
         refundedExternally status",
        others: &[
            ("refundEligibility", STAFF_INSIDE, &["refunds.read"]),
            ("refunds", OWN_INSIDE, &["refunds.read"]),
            ("user", OWN_INSIDE, &["users.read"]),
        ],
    },
    of(
        "PurchaseConnection",
        "{ node(id: \"<ana>\") { ... on User { purchases { FIELD } } } }",
        OWN,
        USERS,
        PAGE,
    ),
    of(
        "PurchaseEdge",
        "{ node(id: \"<ana>\") { ... on User { purchases { edges { FIELD } } } } }",
        OWN,
        USERS,
        EDGE,
    ),
    of(
        "ReadingSession",
        "{ node(id: \"<reading>\") { ... on ReadingSession { FIELD } } }",
        OWN,
        &["stats.read"],
        "device endedAt id percentRead product seconds startedAt",
    ),
    of(
        "ReadingSessionConnection",
        "{ node(id: \"<ana>\") { ... on User { readingStats { activity { FIELD } } } } }",
        OWN_INSIDE,
        STATS,
        PAGE,
    ),
    of(
        "ReadingSessionEdge",
        "{ node(id: \"<ana>\") { ... on User { readingStats { activity { edges { FIELD } } } } } }",
        OWN_INSIDE,
        STATS,
        EDGE,
    ),
    of(
        "ReadingStats",
        "{ node(id: \"<ana>\") { ... on User { readingStats { FIELD } } } }",
        OWN_INSIDE,
        STATS,
        "activeSession activity asOf lastReadAt titles totalSeconds totalSessions",
    ),
    TypeRule {
        name: "Refund",
        path: "{ node(id: \"<refund>\") { ... on Refund { FIELD } } }",
        row: OWN,
        scopes: REFUNDS,
        fields: "amount completedAt effects failureMessage gatewayRefundId id percentReadAtRequest purchase reason \
                 requestedAt status timeline",
        others: &[
            ("followUps", STAFF_INSIDE_REFUND, REFUNDS),
            ("note", [U, N, M, N, Y, Y, Y, M, Y, M], REFUNDS),
            ("requestedBy", STAFF_INSIDE, &["users.read"]),
        ],
    },
    of(
        "RefundCheck",
        "{ node(id: \"<purchase>\") { ... on Purchase { refundEligibility { checks { FIELD } } } } }",
        STAFF_INSIDE,
        &["users.read", "refunds.read"],
        "detail item passed",
    ),
    of("RefundConnection", "{ refunds { FIELD } }", STAFF, REFUNDS, PAGE),
    of(
        "RefundEdge",
        "{ refunds { edges { FIELD } } }",
        STAFF,
        REFUNDS,
        EDGE,
    ),
    of(
        "RefundEffect",
        "{ node(id: \"<refund>\") { ... on Refund { effects { FIELD } } } }",
        OWN,
        REFUNDS,
        "at detail kind status",
    ),
    of(
        "RefundEligibility",
        "{ node(id: \"<purchase>\") { ... on Purchase { refundEligibility { FIELD } } } }",
        STAFF_INSIDE,
        &["users.read", "refunds.read"],
        "blockers checks duplicates eligible overrideRequired percentRead refundableAmount secondsRead",
    ),
    of(
        "RefundFollowUp",
        "{ node(id: \"<refund>\") { ... on Refund { followUps { FIELD } } } }",
        STAFF_INSIDE_REFUND,
        REFUNDS,
        "doneAt dueAt id note",
    ),
    of(
        "RefundStep",
        "{ node(id: \"<refund>\") { ... on Refund { timeline { FIELD } } } }",
        OWN,
        REFUNDS,
        "at detail status",
    ),
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
    of(
        "TitleReading",
        "{ node(id: \"<ana>\") { ... on User { readingStats { titles { nodes { FIELD } } } } } }",
        OWN_INSIDE,
        STATS,
        "firstReadAt lastReadAt percentRead product seconds sessions",
    ),
    of(
        "TitleReadingConnection",
        "{ node(id: \"<ana>\") { ... on User { readingStats { titles { FIELD } } } } }",
        OWN_INSIDE,
        STATS,
        PAGE,
    ),
    of(
        "TitleReadingEdge",
        "{ node(id: \"<ana>\") { ... on User { readingStats { titles { edges { FIELD } } } } } }",
        OWN_INSIDE,
        STATS,
        EDGE,
    ),
    TypeRule {
        name: "User",
        path: "{ node(id: \"<ana>\") { ... on User { FIELD } } }",
        row: OWN,
        scopes: USERS,
        fields: "active companyEmail companyName createdAt ecosystem features firstName id impersonationBlocker lastName \
                 locale phone planSubscription purchases role segment tier",
        others: &[
            ("readingStats", OWN_INSIDE, &["stats.read"]),
            ("entitlements", OWN_INSIDE, &["commerce.entitlements.read"]),
            ("entitlementHistory", OWN_INSIDE, &["commerce.entitlements.read"]),
            ("grantableProducts", OWN_INSIDE, &["commerce.entitlements.read"]),
        ],
    },
    of("UserConnection", "{ users { FIELD } }", STAFF, USERS, PAGE),
    of("UserEdge", "{ users { edges { FIELD } } }", STAFF, USERS, EDGE),
    of(
        "Viewer",
        "{ viewer { FIELD } }",
        VIEWER,
        &[],
        "impersonator scopes team user",
    ),
];

/// What a mutation answers with: whoever may call it may read it.
pub const PAYLOADS: &[(&str, &str)] = &[
    ("ApiKeyCreatePayload", "apiKey secret userErrors"),
    ("ApiKeyRevokePayload", "apiKey revokedWithIt userErrors"),
    ("EcosystemPayload", "affectedApiKeys ecosystem userErrors"),
    ("EntitlementBatchPayload", "batch userErrors"),
    ("EntitlementPayload", "entitlement userErrors"),
    ("ExportPayload", "export userErrors"),
    ("ImpersonationEndPayload", "userErrors"),
    (
        "ImpersonationStartPayload",
        "accessToken expiresAt userErrors viewer",
    ),
    ("ImpersonationStopPayload", "userErrors viewer"),
    ("PasswordSetPayload", "userErrors"),
    ("PlanSubscriptionPayload", "planSubscription userErrors"),
    ("ProductPayload", "product userErrors"),
    ("PurchasePayload", "purchase userErrors"),
    ("ReadingSessionsRecordPayload", "recorded userErrors"),
    ("RefundPayload", "refund userErrors"),
    ("RefundResolvePayload", "decidedByGateway refund userErrors"),
    ("SignInPayload", "accessToken expiresAt teams userErrors viewer"),
    ("SignInTeam", "id name"),
    ("SignOutPayload", "userErrors"),
    ("TeamPayload", "team userErrors"),
    ("UserError", "code field message"),
    ("UserPayload", "affectedApiKeys user userErrors"),
];
