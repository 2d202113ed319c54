//! Every rule names the damage that it is there for, and nothing else is damage.

mod support;

use std::{collections::BTreeSet, path::Path};

use domain::{App, operations};
use sea_orm::ConnectionTrait;
use seed::DemoOptions;
use support::{fresh, now, open};

/// The rule, and what breaks it in the demo's database.
const DAMAGES: &[(&str, &str)] = &[
    (
        "refunds-within-payment",
        "UPDATE refunds SET amount_minor = amount_minor * 9 WHERE status = 'SUCCEEDED'",
    ),
    (
        "refunded-amount",
        "UPDATE purchases SET refunded_minor = refunded_minor - 1 WHERE id IN (SELECT purchase_id FROM refunds WHERE status = 'SUCCEEDED')",
    ),
    (
        "refunded-amount",
        "UPDATE purchases SET refunded_minor = 1, status = 'PARTIALLY_REFUNDED' WHERE external_id = 'order-demo-1'",
    ),
    (
        "refunded-past-us",
        "UPDATE purchases SET refunded_externally_minor = 1, status = 'PARTIALLY_REFUNDED' WHERE external_id = 'order-demo-1'",
    ),
    ("refunded-past-us", "PAST_US; DELETE FROM external_refund_shares"),
    (
        "refunded-past-us",
        "UPDATE purchases SET store_refunded_at = created_at",
    ),
    (
        "external-refund-shares",
        "PAST_US; UPDATE external_refunds SET status = 'FAILED'",
    ),
    (
        "external-refund-shares",
        "PAST_US; UPDATE external_refunds SET amount_minor = 99",
    ),
    (
        "external-refund-shares",
        "PAST_US; UPDATE external_refunds SET gateway_payment_id = 'pi_other'",
    ),
    (
        "external-refund-not-ours",
        "PAST_US; UPDATE external_refunds SET gateway_refund_id = (SELECT gateway_refund_id FROM refunds r \
         WHERE r.gateway = external_refunds.gateway AND gateway_refund_id IS NOT NULL LIMIT 1)",
    ),
    (
        "external-refund-in-doubt",
        "PAST_US; UPDATE external_refunds SET in_doubt = TRUE",
    ),
    (
        "reserved-amount",
        "UPDATE purchases SET reserved_minor = 1 WHERE external_id = 'order-demo-1'",
    ),
    (
        "purchase-status",
        "UPDATE purchases SET status = 'CANCELED' WHERE external_id = 'order-demo-1'",
    ),
    (
        "refund-of-its-purchase",
        "UPDATE refunds SET currency = 'JPY' WHERE status = 'FAILED'",
    ),
    (
        "gateway-refund-known",
        "UPDATE refunds SET gateway_refund_id = NULL WHERE status = 'REVERSED'",
    ),
    (
        "refund-in-doubt",
        "UPDATE refunds SET in_doubt_since = requested_at WHERE status = 'SUCCEEDED'",
    ),
    (
        "refund-one-at-a-time",
        "UPDATE refunds SET status = 'PROCESSING', gateway = 'STRIPE'; \
         UPDATE purchases SET gateway = 'STRIPE', gateway_payment_id = 'pi_same'",
    ),
    (
        "gateway-refund-once",
        "DROP INDEX refunds_at_gateway; UPDATE refunds SET gateway_refund_id = 're_same' WHERE gateway = 'STRIPE'",
    ),
    (
        "refund-effects",
        "DELETE FROM refund_effects WHERE kind = 'UPDATE_ORDER'",
    ),
    (
        "refund-effect-agrees",
        "UPDATE refund_effects SET status = 'PENDING' WHERE kind = 'REFUND_AT_GATEWAY'",
    ),
    (
        "refund-first-step",
        "UPDATE refund_steps SET status = 'PROCESSING' WHERE number = 1",
    ),
    ("refund-last-step", "DELETE FROM refund_steps WHERE number = 3"),
    ("refund-last-step", "DELETE FROM refund_steps WHERE number = 2"),
    ("refund-completed", "UPDATE refunds SET completed_at = NULL"),
    (
        "refund-completed",
        "UPDATE refunds SET status = 'NEEDS_ATTENTION' WHERE status = 'FAILED'",
    ),
    (
        "owed-work",
        "UPDATE refunds SET status = 'PENDING' WHERE status = 'SUCCEEDED'",
    ),
    ("refund-follow-up", "DELETE FROM follow_ups"),
    (
        "refund-follow-up",
        "UPDATE refunds SET status = 'NEEDS_ATTENTION'; UPDATE follow_ups SET done_at = created_at",
    ),
    (
        "owed-work",
        "UPDATE refund_effects SET status = 'PENDING' WHERE kind = 'PAUSE_SUBSCRIPTION'",
    ),
    (
        "refund-audited",
        "DELETE FROM audit_entries WHERE action = 'refund.requested'",
    ),
    (
        "address-once",
        "UPDATE users SET email_clashes_with = (SELECT id FROM users WHERE role = 'ADMIN') WHERE role = 'AGENT'",
    ),
    ("api-key-parent", REVOKED_PARENT),
    ("api-key-parent", PARENT_WITH_AN_END),
    ("api-key-parent", CHILD_OF_ANOTHER),
    ("owed-work", QUEUED_MAIL),
    ("owed-work", GATEWAY_EVENT),
    ("owed-work", MAIL_THAT_WAS_TOLD),
    ("owed-work", MAIL_WITH_ANOTHERS_JOB),
    ("job-lease", RUNNING_JOB),
    ("job-once", TWO_JOBS),
    (
        "event-order",
        "NO_EVENTS; INSERT INTO event_heads SELECT id, 3, 0 FROM teams",
    ),
    ("event-order", EVENTS_WITH_A_GAP),
    (
        "event-placed",
        "INSERT INTO events SELECT randomblob(16), id, NULL, 'USER_CREATED', 'x', NULL, NULL, '{}', created_at FROM teams",
    ),
    (
        "entitlement-once",
        "DROP INDEX entitlements_open; UPDATE entitlements SET closed_at = NULL, product_id = (SELECT id FROM products LIMIT 1), \
         user_id = (SELECT id FROM users LIMIT 1)",
    ),
    (
        "entitlement-stands",
        "UPDATE entitlement_grants SET revoked_at = created_at WHERE purchase_id = \
         (SELECT id FROM purchases WHERE external_id = 'order-demo-1')",
    ),
    (
        "entitlement-stands",
        "DELETE FROM entitlement_grants WHERE purchase_id IS NULL",
    ),
    (
        "entitlement-gone",
        "UPDATE entitlement_grants SET revoked_at = NULL, revoked_by_refund = NULL",
    ),
    (
        "entitlement-gone",
        "UPDATE entitlements SET closed_at = NULL WHERE revoked_at IS NOT NULL",
    ),
    (
        "entitlement-span",
        "UPDATE entitlements SET expires_at = '2099-01-01T00:00:00+00:00' WHERE expires_at IS NOT NULL",
    ),
    (
        "entitlement-span",
        "UPDATE entitlements SET expires_at = NULL, grace_ends_at = NULL",
    ),
    (
        "entitlement-span",
        "UPDATE entitlements SET starts_at = '2020-01-01T00:00:00+00:00'",
    ),
    (
        "entitlement-span",
        "UPDATE entitlement_grants SET expires_at = '2090-01-01T00:00:00+00:00' WHERE expires_at IS NULL; \
         INSERT INTO entitlement_grants SELECT randomblob(16), team_id, entitlement_id, source, NULL, granted_by, \
         '2095-01-01T00:00:00+00:00', NULL, NULL, NULL, created_at, NULL FROM entitlement_grants; \
         UPDATE entitlements SET starts_at = '2095-01-01T00:00:00+00:00' WHERE expires_at IS NULL",
    ),
    (
        "entitlement-without-gap",
        "UPDATE entitlements SET expires_at = NULL, grace_ends_at = NULL WHERE expires_at IS NOT NULL; \
         INSERT INTO entitlement_grants SELECT randomblob(16), team_id, entitlement_id, source, NULL, granted_by, \
         '2090-01-01T00:00:00+00:00', NULL, NULL, NULL, created_at, NULL FROM entitlement_grants WHERE expires_at IS NOT NULL",
    ),
    (
        "entitlement-next",
        "UPDATE entitlements SET next_starts_at = '2090-01-01T00:00:00+00:00'",
    ),
    (
        "entitlement-next",
        "INSERT INTO entitlement_grants SELECT randomblob(16), team_id, entitlement_id, source, NULL, granted_by, \
         '2090-01-01T00:00:00+00:00', NULL, NULL, NULL, created_at, NULL FROM entitlement_grants WHERE expires_at IS NOT NULL",
    ),
    (
        "entitlement-grace",
        "UPDATE entitlements SET grace_ends_at = created_at WHERE expires_at IS NULL",
    ),
    ("entitlement-grace", "UPDATE products SET grace_days = 100"),
    (
        "entitlement-grace",
        "UPDATE entitlement_grants SET grace_ends_at = NULL",
    ),
    ("grace-kept", IN_GRACE),
    (
        "grace-kept",
        "IN_GRACE; UPDATE entitlements SET revoked_at = created_at, closed_at = created_at WHERE expires_at IS NOT NULL",
    ),
    (
        "revocation-explained",
        "UPDATE entitlements SET revocation_reason = NULL",
    ),
    (
        "revocation-explained",
        "DELETE FROM entitlement_events WHERE action = 'REVOKED'",
    ),
    (
        "entitlement-history",
        "DELETE FROM entitlement_events WHERE action = 'GRANTED'",
    ),
    (
        "grant-of-its-sale",
        "UPDATE purchases SET product_id = (SELECT id FROM products WHERE external_id = 'plan-esencial') \
         WHERE external_id = 'order-demo-1'",
    ),
    (
        "access-restored",
        "UPDATE entitlement_grants SET revoked_at = created_at, revoked_by_refund = \
         (SELECT id FROM refunds WHERE status = 'FAILED') WHERE purchase_id = (SELECT purchase_id FROM refunds WHERE status = 'FAILED')",
    ),
    (
        "access-restored",
        "UPDATE entitlement_grants SET revoked_at = created_at, revoked_by_refund = purchase_id",
    ),
    (
        "access-cause",
        "UPDATE entitlement_grants SET revoked_by_refund = randomblob(16) WHERE revoked_by_refund IS NOT NULL",
    ),
    (
        "access-taken",
        "UPDATE entitlement_grants SET revoked_at = NULL; UPDATE entitlements SET closed_at = NULL, revoked_at = NULL",
    ),
    (
        "batch-counts",
        "BATCH; UPDATE entitlement_batches SET succeeded = 0, refused = 1",
    ),
    ("batch-counts", "BATCH; DELETE FROM entitlement_batch_results"),
    (
        "batch-counts",
        "BATCH; UPDATE entitlement_batch_results SET position = 2",
    ),
    (
        "batch-finished",
        "BATCH; UPDATE entitlement_batches SET finished_at = NULL",
    ),
    (
        "batch-finished",
        "BATCH; UPDATE entitlement_batches SET total = 2",
    ),
    (
        "owed-work",
        "BATCH; UPDATE entitlement_batches SET status = 'RUNNING', finished_at = NULL",
    ),
    (
        "batch-result",
        "BATCH; UPDATE entitlement_batch_results SET outcome = 'REVOKED'",
    ),
    (
        "batch-result",
        "BATCH; UPDATE entitlement_batch_results SET entitlement_id = NULL",
    ),
    (
        "batch-result",
        "BATCH; UPDATE entitlement_batches SET product_id = (SELECT id FROM products p WHERE p.id <> product_id)",
    ),
    (
        "title-reading",
        "DELETE FROM reading_sessions WHERE percent_read = 12.0",
    ),
    (
        "title-reading",
        "UPDATE title_readings SET percent_read = percent_read + 1",
    ),
    (
        "ecosystem-owner",
        "UPDATE users SET ecosystem_id = NULL WHERE id IN (SELECT owner_id FROM ecosystems)",
    ),
    (
        "ecosystem-owner",
        "UPDATE ecosystems SET owner_id = (SELECT owner_id FROM ecosystems ORDER BY owner_id LIMIT 1)",
    ),
    ("export-file", EXPORT_WITHOUT_FILE),
    ("export-file", EXPORT_WITH_FILE),
    ("owed-work", EXPORT_QUEUED),
    ("export-expired", EXPORT_EXPIRED),
    ("export-progress", EXPORT_HALF_DONE),
    ("export-explained", EXPORT_FAILED_SILENTLY),
    ("export-audited", EXPORT_QUEUED),
    ("title-reading", "UPDATE title_readings SET seconds = seconds - 1"),
    ("user-reading", "UPDATE user_readings SET seconds = seconds + 1"),
    ("user-reading", "UPDATE user_readings SET seconds = 0"),
];

/// Access that has ended, whose grant is tolerated for years, and that says so nowhere.
const IN_GRACE: &str = "UPDATE entitlement_grants SET expires_at = '2026-02-01T00:00:00.000000+00:00', \
     grace_ends_at = '2099-01-01T00:00:00.000000+00:00' WHERE expires_at IS NULL AND revoked_at IS NULL; \
     UPDATE entitlements SET expires_at = '2026-02-01T00:00:00.000000+00:00' WHERE expires_at IS NULL";
const REVOKED_PARENT: &str = "INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at) \
     SELECT x'0188bac74afa78aabc3bbd1eef28d8f1', team_id, 'parent', x'01', '[]', id, created_at FROM users WHERE role = 'ADMIN'; \
     INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at, parent_id) \
     SELECT x'0188bac74afa78aabc3bbd1eef28d8f2', team_id, 'child', x'02', '[]', created_by, created_at, id FROM api_keys \
     WHERE name = 'parent'; \
     UPDATE api_keys SET revoked_at = created_at WHERE name = 'parent'";

const PARENT_WITH_AN_END: &str = "INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at) \
     SELECT x'0188bac74afa78aabc3bbd1eef28d8f1', team_id, 'parent', x'01', '[]', id, created_at FROM users WHERE role = 'ADMIN'; \
     INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at, parent_id) \
     SELECT x'0188bac74afa78aabc3bbd1eef28d8f2', team_id, 'child', x'02', '[]', created_by, created_at, id FROM api_keys \
     WHERE name = 'parent'; \
     UPDATE api_keys SET expires_at = '2999-01-01T00:00:00+00:00' WHERE name = 'parent'";

const CHILD_OF_ANOTHER: &str = "INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at) \
     SELECT x'0188bac74afa78aabc3bbd1eef28d8f1', team_id, 'parent', x'01', '[]', id, created_at FROM users WHERE role = 'ADMIN'; \
     INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at, parent_id) \
     SELECT x'0188bac74afa78aabc3bbd1eef28d8f2', team_id, 'child', x'02', '[]', created_by, created_at, id FROM api_keys \
     WHERE name = 'parent'; \
     UPDATE api_keys SET created_by = (SELECT id FROM users WHERE role = 'AGENT') WHERE name = 'child'";

/// An export in a state, with `done`, `object_key`, `size_bytes`, `sha256`, `expires_at` of its own. Of three rows.
macro_rules! export {
    ($status:literal, $rest:literal) => {
        concat!(
            "INSERT INTO exports (id, team_id, kind, status, filter, locale, file_name, requested_by, requested_at, attempt, total, updated_at, \
             done, object_key, size_bytes, sha256, expires_at) SELECT x'0188bac74afa78aabc3bbd1eef28d881', team_id, 'LEADS_XLSX', '",
            $status,
            "', '{}', 'EN', 'leads.xlsx', id, created_at, 1, 3, created_at, ",
            $rest,
            " FROM users LIMIT 1"
        )
    };
}
const EXPORT_QUEUED: &str = export!("QUEUED", "0, NULL, NULL, NULL, NULL");
const EXPORT_DOWNLOADED: &str = "INSERT INTO export_downloads (export_id, reader_id, team_id, user_id, at) \
     SELECT id, 'user_x', team_id, requested_by, requested_at FROM exports";
const EXPORT_WITHOUT_FILE: &str = export!("READY", "3, NULL, 5, 'ab', '2099-01-01T00:00:00+00:00'");
const EXPORT_WITH_FILE: &str = export!("CANCELED", "3, 'exports/a', NULL, NULL, NULL");
const EXPORT_EXPIRED: &str = export!("READY", "3, 'exports/a', 5, 'ab', '2026-03-01T10:20:30+00:00'");
const EXPORT_HALF_DONE: &str = export!("READY", "2, 'exports/a', 5, 'ab', '2099-01-01T00:00:00+00:00'");
const EXPORT_FAILED_SILENTLY: &str = export!("FAILED", "2, NULL, NULL, NULL, NULL");
/// Access granted to one of many, as it ends, in place of the demo's own.
const BATCH: &str = "DELETE FROM entitlement_batch_results; DELETE FROM entitlement_batches; INSERT INTO entitlement_batches SELECT x'0188bac74afa78aabc3bbd1eef28d881', e.team_id, 'GRANT', e.product_id, \
     '\"everybody\"', e.starts_at, NULL, NULL, 0, 'SUCCEEDED', 1, 1, 1, 0, 0, NULL, e.user_id, NULL, NULL, NULL, '', \
     e.created_at, e.created_at, NULL, e.created_at, e.created_at FROM entitlements e WHERE e.closed_at IS NULL LIMIT 1; \
     INSERT INTO entitlement_batch_results SELECT b.id, e.user_id, e.team_id, 1, 'GRANTED', e.id, NULL, NULL, e.created_at \
     FROM entitlement_batches b JOIN entitlements e ON e.user_id = b.requested_by AND e.product_id = b.product_id LIMIT 1";
const QUEUED_MAIL: &str = "INSERT INTO mails (id, team_id, template, locale, from_address, to_address, subject, html, plain, \
     message_id, occasion, status, created_at) SELECT x'0188bac74afa78aabc3bbd1eef28d881', id, 'refund-failed', 'ES', 'a@b.c', 'a@b.c', \
     '', '', '', '<1@b.c>', 'x', 'QUEUED', created_at FROM teams";
/// A mail in the queue, and a job with this subject in this state.
macro_rules! mail_with_job {
    ($subject:literal, $status:literal, $told:literal) => {
        concat!(
            "INSERT INTO mails (id, team_id, template, locale, from_address, to_address, subject, html, plain, \
             message_id, occasion, status, created_at) SELECT x'0188bac74afa78aabc3bbd1eef28d881', id, 'refund-failed', 'ES', \
             'a@b.c', 'a@b.c', '', '', '', '<1@b.c>', 'x', 'QUEUED', created_at FROM teams; \
             INSERT INTO jobs (id, queue, kind, payload, subject, status, run_at, attempts, max_attempts, crash_count, \
             fence, created_at, parked_told_at) SELECT randomblob(16), 'emails', 'send_mail', '{}', ",
            $subject,
            ", '",
            $status,
            "', created_at, 1, 1, 0, 0, created_at, ",
            $told,
            " FROM teams"
        )
    };
}
const MAIL_THAT_WAS_TOLD: &str = mail_with_job!("x'0188bac74afa78aabc3bbd1eef28d881'", "DEAD", "created_at");
const MAIL_WITH_ANOTHERS_JOB: &str = mail_with_job!("randomblob(16)", "PENDING", "NULL");
const GATEWAY_EVENT: &str = "INSERT INTO gateway_events (id, team_id, gateway, external_id, kind, payload, received_at) \
     SELECT randomblob(16), id, 'STRIPE', 'evt_1', 'refund.updated', '{}', created_at FROM teams";
const RUNNING_JOB: &str = "INSERT INTO jobs (id, queue, kind, payload, status, run_at, attempts, max_attempts, crash_count, fence, \
     lease_expires_at, created_at) SELECT randomblob(16), 'refunds', 'probe', '{}', 'RUNNING', created_at, 1, 5, 0, 1, \
     strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-61 seconds'), created_at FROM teams";
const TWO_JOBS: &str = "DROP INDEX jobs_unique; INSERT INTO jobs (id, queue, kind, payload, unique_key, status, run_at, attempts, \
     max_attempts, crash_count, fence, created_at) SELECT randomblob(16), 'refunds', 'probe', '{}', 'twice', 'PENDING', \
     created_at, 0, 5, 0, 0, created_at FROM users LIMIT 2";
/// The demo's own are in order.
const NO_EVENTS: &str = "DELETE FROM events; DELETE FROM event_heads";
const EVENTS_WITH_A_GAP: &str = "NO_EVENTS; INSERT INTO event_heads SELECT id, 3, 0 FROM teams; \
     INSERT INTO events SELECT randomblob(16), t.id, n.column1, 'USER_CREATED', 'x', NULL, NULL, '{}', t.created_at \
     FROM teams t, (VALUES (1), (3)) n";
const ANOTHER_TEAM: &str = "INSERT INTO teams (id, name, default_locale, time_zone, currency, modules, support_address, portal_url, \
     refund_reading_threshold_percent, refund_recently_canceled_days, recent_payment_days, recurring_issue_count, credit_limits, \
     created_at, updated_at) SELECT x'0188bac74afa78aabc3bbd1eef28d881', 'Other', default_locale, time_zone, currency, modules, \
     support_address, portal_url, 50, 30, 7, 3, credit_limits, created_at, updated_at FROM teams";
/// A part of the demo's first purchase was given back by hand at the gateway.
const PAST_US: &str = "INSERT INTO external_refunds SELECT x'0188bac74afa78aabc3bbd1eef28d881', team_id, gateway, gateway_payment_id, \
     're_by_hand', 100, currency, 'SUCCEEDED', FALSE, created_at, created_at, created_at FROM purchases \
     WHERE external_id = 'order-demo-1'; \
     INSERT INTO external_refund_shares SELECT x'0188bac74afa78aabc3bbd1eef28d881', id, team_id, 100 FROM purchases \
     WHERE external_id = 'order-demo-1'; \
     UPDATE purchases SET refunded_externally_minor = 100, status = 'PARTIALLY_REFUNDED' WHERE external_id = 'order-demo-1'";

/// What looks odd and is in order.
const SOUND: &[(&str, &str)] = &[
    (
        "a mail whose job was dead-lettered",
        "MAIL; INSERT INTO jobs (id, queue, kind, payload, subject, status, run_at, attempts, max_attempts, crash_count, fence, \
         created_at) SELECT randomblob(16), 'emails', 'send_mail', '{}', x'0188bac74afa78aabc3bbd1eef28d881', 'DEAD', created_at, 1, \
         1, 0, 0, created_at FROM teams",
    ),
    (
        "what a gateway told, and a job of it that was dead-lettered",
        "GATEWAY_EVENT; INSERT INTO jobs (id, queue, kind, payload, subject, status, run_at, attempts, max_attempts, \
         crash_count, fence, created_at, parked_told_at) SELECT randomblob(16), 'webhooks', 'handle_gateway_event', '{}', id, \
         'DEAD', received_at, 1, 1, 0, 0, received_at, received_at FROM gateway_events",
    ),
    (
        "events of which the oldest are pruned",
        "NO_EVENTS; INSERT INTO event_heads SELECT id, 9, 7 FROM teams; \
         INSERT INTO events SELECT randomblob(16), t.id, n.column1, 'USER_CREATED', 'x', NULL, NULL, '{}', t.created_at \
         FROM teams t, (VALUES (8), (9)) n",
    ),
    ("a batch that has done everybody", "BATCH"),
    ("a refund that was made past us", "PAST_US"),
    (
        "events that are all pruned",
        "NO_EVENTS; INSERT INTO event_heads SELECT id, 9, 9 FROM teams",
    ),
];

struct Template(support::Installation, tempfile::TempDir);

impl Template {
    async fn new() -> Self {
        let installation = fresh().await;
        seed::demo(&installation.app, DemoOptions::default())
            .await
            .expect("a demo");
        let folder = tempfile::tempdir().expect("a folder");
        let into = format!("VACUUM INTO '{}'", folder.path().join("demo.db").display());
        run(&installation.app, &into).await;
        Self(installation, folder)
    }

    /// A copy of the demo with some SQL run on it.
    async fn damaged(&self, name: &str, sql: &str) -> App {
        let copy: &Path = &self.1.path().join(format!("{name}.db"));
        std::fs::copy(self.1.path().join("demo.db"), copy).expect("a copy");
        let app = open(&format!("sqlite://{}", copy.display()), now()).await;
        let free = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON";
        run(&app, &format!("{free}; {sql}")).await;
        app
    }
}

async fn run(app: &App, sql: &str) {
    let done = app.db.connection().execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test]
async fn each_rule_names_its_damage() {
    let template = Template::new().await;
    assert_eq!(
        operations::verify(&template.0.app).await.expect("an answer"),
        vec![]
    );
    for (n, (rule, sql)) in DAMAGES.iter().enumerate() {
        let sql = sql
            .replace("BATCH", BATCH)
            .replace("IN_GRACE", IN_GRACE)
            .replace("NO_EVENTS", NO_EVENTS)
            .replace("PAST_US", PAST_US);
        let app = template.damaged(&format!("damage-{n}"), &sql).await;
        let found = operations::verify(&app).await.expect(rule);
        assert!(
            found.iter().any(|violation| violation.rule == *rule),
            "{sql} breaks {rule}, but: {found:?}"
        );
    }
    let planted: BTreeSet<&str> = DAMAGES.iter().map(|(rule, _)| *rule).collect();
    let rules: BTreeSet<&str> = operations::rules().map(|(rule, _)| rule).collect();
    let missing: Vec<_> = rules.difference(&planted).collect();
    assert_eq!(
        missing,
        [&operations::TENANCY],
        "rules that nothing was planted for"
    );
}

#[tokio::test]
async fn what_is_in_order_is_not_named() {
    let template = Template::new().await;
    for (n, (what, sql)) in SOUND.iter().enumerate() {
        let sql = sql
            .replace("MAIL", QUEUED_MAIL)
            .replace("NO_EVENTS", NO_EVENTS)
            .replace("GATEWAY_EVENT", GATEWAY_EVENT)
            .replace("BATCH", BATCH)
            .replace("PAST_US", PAST_US);
        let app = template.damaged(&format!("sound-{n}"), &sql).await;
        assert_eq!(
            operations::verify(&app).await.expect("an answer"),
            vec![],
            "{what}"
        );
    }
    let dead = template
        .damaged("notes", &SOUND[0].1.replace("MAIL", QUEUED_MAIL))
        .await;
    let notes = operations::notes(&dead);
    assert_eq!(notes.await.expect("notes").len(), 1, "the dead-lettered job");
}

#[tokio::test]
async fn rows_of_two_teams_do_not_hang_together() {
    let template = Template::new().await;
    for table in [
        "users",
        "ecosystems",
        "passwords",
        "api_keys",
        "audit_entries",
        "plan_subscriptions",
        "purchases",
        "reading_sessions",
        "title_readings",
        "user_readings",
        "entitlements",
        "entitlement_grants",
        "entitlement_events",
        "refunds",
        "refund_effects",
        "refund_steps",
        "external_refund_shares",
        "follow_ups",
        "exports",
        "export_downloads",
    ] {
        let sql = format!(
            "{ANOTHER_TEAM}; {EXPORT_QUEUED}; {EXPORT_DOWNLOADED}; {PAST_US}; UPDATE {table} SET team_id = x'0188bac74afa78aabc3bbd1eef28d881'"
        );
        let app = template.damaged(table, &sql).await;
        let found = operations::verify(&app).await.expect("an answer");
        let named = found.iter().any(|violation| {
            violation.rule == operations::TENANCY && violation.detail.starts_with(&format!("{table}."))
        });
        assert!(named, "{table}: {found:?}");
    }
}
