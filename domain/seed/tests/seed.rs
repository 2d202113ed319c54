//! Seeds: believable, the same each time, and sound by every rule.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use domain::{database::Sql, operations, teams::SecretName};
use entities::{PaymentGateway, PurchaseId, TeamId, TeamOwned, entitlement, purchase, title_reading, user};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use seed::{BulkOptions, DemoOptions};
use support::fresh;

async fn ids(app: &domain::App, table: &str) -> Vec<uuid::Uuid> {
    let sql = format!("SELECT id FROM {table} ORDER BY id");
    let rows = app.db.connection().rows(&sql, vec![]).await.expect(table);
    rows.iter()
        .map(|row| row.try_get_by_index(0).expect("an id"))
        .collect()
}

async fn count<E: EntityTrait + TeamOwned>(app: &domain::App, team: TeamId) -> u64
where
    E::Model: Send + Sync,
{
    E::find()
        .filter(E::TEAM.eq(team))
        .count(app.db.connection())
        .await
        .expect("a count")
}

#[tokio::test]
async fn the_demo_breaks_no_rule() {
    let installation = fresh().await;
    let app = &installation.app;
    let options = DemoOptions {
        gateway_secrets: vec![(SecretName::StripeSecretKey, "sk_test_demo".into())],
    };
    let demo = seed::demo(app, options).await.expect("a demo");
    assert_eq!(operations::verify(app).await.expect("an answer"), vec![]);
    assert!(count::<user::Entity>(app, demo.team).await >= 62);
    let mut found: Vec<String> = Vec::new();
    for entitlement in entitlement::Entity::find()
        .all(app.db.connection())
        .await
        .expect("entitlements")
    {
        let status = domain::entitlements::rules::status(&entitlement, support::now());
        assert_eq!(status, entitlement.announced_status);
        found.push(status.to_string());
    }
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        ["ACTIVE", "EXPIRED", "GRACE_PERIOD", "REVOKED", "SCHEDULED"]
    );
    for gateway in [PaymentGateway::Stripe, PaymentGateway::MercadoPago] {
        assert!(
            demo.gateways
                .payments
                .iter()
                .any(|payment| payment.gateway == gateway)
        );
        assert!(
            demo.gateways
                .subscriptions
                .iter()
                .any(|agreement| agreement.gateway == gateway)
        );
    }
    let again = seed::demo(app, DemoOptions::default()).await;
    assert!(again.is_err(), "a second demo in the same database");
}

/// Whoever ends the first start in the middle is told at the next one, and does not wonder about half a demo.
#[tokio::test]
async fn a_demo_that_was_cut_off_is_known() {
    let installation = fresh().await;
    let app = &installation.app;
    assert!(
        !seed::demo::is_cut_off(app).await.expect("an answer"),
        "not begun"
    );
    seed::demo(app, DemoOptions::default()).await.expect("a demo");
    assert!(
        !seed::demo::is_cut_off(app).await.expect("an answer"),
        "made to its end"
    );
    let connection = app.db.connection();
    connection
        .run("DELETE FROM api_keys", vec![])
        .await
        .expect("no keys");
    assert!(
        seed::demo::is_cut_off(app).await.expect("an answer"),
        "ended before its key was made"
    );
}

#[tokio::test]
async fn the_demo_has_the_same_ids_whenever_it_is_made() {
    let first = fresh().await;
    let second = support::fresh_at(support::now() + chrono::TimeDelta::days(250)).await;
    for app in [&first.app, &second.app] {
        let demo = seed::demo(app, DemoOptions::default()).await.expect("a demo");
        assert_eq!(demo.team, seed::demo::team_id());
        assert_eq!(operations::verify(app).await.expect("an answer"), vec![]);
    }
    for table in [
        "users",
        "products",
        "purchases",
        "entitlements",
        "refunds",
        "reading_sessions",
    ] {
        assert_eq!(
            ids(&first.app, table).await,
            ids(&second.app, table).await,
            "{table}"
        );
    }
}

#[tokio::test]
async fn the_demo_has_the_purchase_that_the_readme_names() {
    let installation = fresh().await;
    let connection = installation.app.db.connection();
    seed::demo(&installation.app, DemoOptions::default())
        .await
        .expect("a demo");
    let id: PurchaseId = seed::demo::ORDER_DEMO_1.parse().expect("an id");
    assert_eq!(
        seed::demo::purchase_id("order-demo-1").to_string(),
        seed::demo::ORDER_DEMO_1
    );
    let purchase = purchase::Entity::find_by_id(id)
        .one(connection)
        .await
        .expect("an answer");
    let purchase = purchase.expect("the purchase");
    assert_eq!(
        (purchase.amount().to_string().as_str(), purchase.status.as_str()),
        ("29.90 EUR", "ACTIVE")
    );
    let customer = user::Entity::find_by_id(purchase.user_id).one(connection).await;
    assert_eq!(
        customer.expect("an answer").expect("the customer").last_name,
        "Fernández"
    );
    let read = title_reading::Entity::find_by_id((purchase.user_id, purchase.product_id));
    let read = read.one(connection).await.expect("an answer").expect("a reading");
    assert!((read.percent_read - 12.0).abs() < f64::EPSILON);
    let access = entitlement::Entity::find()
        .filter(entitlement::Column::UserId.eq(purchase.user_id))
        .filter(entitlement::Column::ProductId.eq(purchase.product_id));
    let access = access.one(connection).await.expect("an answer").expect("access");
    assert_eq!(access.announced_status.as_str(), "ACTIVE");
    for n in 1..=24 {
        println!(
            "order-demo-{n} {}",
            seed::demo::purchase_id(&format!("order-demo-{n}"))
        );
    }
}

/// What can be tried has happened before as it happens in the product: with its jobs, mails, events and audit entries.
#[tokio::test]
async fn the_scenarios_of_the_demo_have_come_to_their_end() {
    let installation = fresh().await;
    let app = &installation.app;
    seed::demo(app, DemoOptions::default()).await.expect("a demo");
    for (sql, expected) in [
        ("SELECT status FROM refunds", "FAILED REVERSED SUCCEEDED"),
        ("SELECT status FROM jobs", "DONE"),
        ("SELECT status FROM mails", "SENT"),
        ("SELECT status FROM exports", "READY"),
        ("SELECT status FROM entitlement_batches", "SUCCEEDED"),
        (
            "SELECT action FROM audit_entries WHERE action LIKE 'impersonation%'",
            "impersonation.started impersonation.stopped",
        ),
        (
            "SELECT topic FROM events WHERE position IS NULL OR topic IN ('REFUND_UPDATED', 'PURCHASE_UPDATED')",
            "PURCHASE_UPDATED REFUND_UPDATED",
        ),
    ] {
        let rows = app.db.connection().rows(sql, vec![]).await.expect(sql);
        let words = rows
            .iter()
            .map(|row| row.try_get_by_index(0).expect("a word"))
            .collect::<BTreeSet<String>>();
        assert_eq!(Vec::from_iter(words).join(" "), expected, "{sql}");
    }
    // Nothing of a scenario lies ahead of whoever looks.
    let sql = "SELECT count(*) FROM audit_entries WHERE at > $1";
    let ahead = app
        .db
        .connection()
        .row(sql, domain::values![support::now()])
        .await;
    let ahead: i64 = ahead
        .expect("an answer")
        .expect("a row")
        .try_get_by_index(0)
        .expect("a count");
    assert_eq!(ahead, 0);
}

async fn fill(app: &domain::App, team: &str, users: u64, seed: u64) -> seed::Filled {
    let options = BulkOptions {
        team: team.to_owned(),
        users,
        seed,
        progress: None,
    };
    seed::bulk(app, options).await.expect("a filled team")
}

/// Everything in the tables, in one number for each.
async fn checksum(app: &domain::App) -> Vec<u64> {
    use sha2::{Digest, Sha256};
    let mut sums = Vec::new();
    for (table, columns) in [
        (
            "users",
            "hex(id) || search_text || created_at || tier || COALESCE(hex(ecosystem_id), '')",
        ),
        ("products", "hex(id) || name || grace_days"),
        ("plan_subscriptions", "hex(id) || status || starts_at || ends_at"),
        (
            "purchases",
            "hex(id) || external_id || amount_minor || status || purchased_at",
        ),
        (
            "reading_sessions",
            "hex(id) || external_id || seconds || percent_read || started_at",
        ),
        (
            "title_readings",
            "hex(user_id) || hex(product_id) || sessions || percent_read",
        ),
        ("entitlements", "hex(id) || starts_at || announced_status"),
        ("entitlement_grants", "hex(id) || source"),
    ] {
        let sql = format!("SELECT {columns} FROM {table} WHERE team_id IN (SELECT id FROM teams) ORDER BY 1");
        let rows = app.db.connection().rows(&sql, vec![]).await.expect(table);
        assert!(!rows.is_empty(), "{table} is empty");
        let mut hash = Sha256::new();
        for row in rows {
            let text: String = row.try_get_by_index(0).expect("a text");
            if !text.contains("admin@") {
                hash.update(text);
            }
        }
        let sum = hash.finalize();
        sums.push(u64::from_be_bytes(sum[..8].try_into().expect("eight bytes")));
    }
    sums
}

#[tokio::test]
async fn bulk_is_the_same_for_the_same_seed_and_breaks_no_rule() {
    let (first, second, third) = (fresh().await, fresh().await, fresh().await);
    let filled = fill(&first.app, "Grande", 500, 1).await;
    fill(&second.app, "Grande", 500, 1).await;
    fill(&third.app, "Grande", 500, 2).await;
    assert_eq!(operations::verify(&first.app).await.expect("an answer"), vec![]);
    let sum = checksum(&first.app).await;
    assert_eq!(sum, checksum(&second.app).await);
    assert_ne!(sum, checksum(&third.app).await);

    let connection = first.app.db.connection();
    let near = |count: u64, wanted: u64| count * 10 > wanted * 8 && count * 10 < wanted * 12;
    let purchases = count::<purchase::Entity>(&first.app, filled.team).await;
    let entitlements = count::<entitlement::Entity>(&first.app, filled.team).await;
    let sessions = count::<entities::reading_session::Entity>(&first.app, filled.team).await;
    assert!(
        near(purchases, 1500) && near(entitlements, 1500) && near(sessions, 5000),
        "{purchases} purchases, {entitlements} entitlements, {sessions} sessions"
    );
    // Two teams from one seed stand beside each other.
    fill(&first.app, "Otra", 100, 1).await;
    assert_eq!(operations::verify(&first.app).await.expect("an answer"), vec![]);
    let users = user::Entity::find().count(connection).await.expect("a count");
    assert_eq!(users, 500 + 100 + 2);
}
