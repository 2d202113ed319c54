//! What was there before addresses had one form and keys had parents.

use domain::database::{Database, Sql};
use entities::ApiKeyId;
use migration::Migrator;
use sea_orm::{QueryResult, TryGetable};
use sea_orm_migration::MigratorTrait;
use tests::database::{TestDatabase, is_postgres};
use uuid::Uuid;

const MADE: &str = "2026-01-01T00:00:00+00:00";

fn uuid(n: u8) -> String {
    format!("0188bac7-4afa-78aa-bc3b-bd1eef28d8{n:02x}")
}

/// A UUID as a literal of the database.
fn id(db: &Database, n: u8) -> String {
    if is_postgres(db) {
        format!("'{}'", uuid(n))
    } else {
        format!("x'{}'", uuid(n).replace('-', ""))
    }
}

async fn run(db: &Database, sql: &str) {
    let done = db.execute(sql, vec![]).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn team(db: &Database, n: u8) {
    let id = id(db, n);
    run(
        db,
        &format!(
            "INSERT INTO teams (id, name, default_locale, time_zone, currency, modules, support_address, \
             refund_reading_threshold_percent, refund_recently_canceled_days, recent_payment_days, recurring_issue_count, \
             credit_limits, created_at, updated_at) VALUES ({id}, 'Team {n}', 'EN', 'UTC', 'EUR', '[]', '', 50, 30, 7, 3, \
             '{{}}', '{MADE}', '{MADE}')"
        ),
    )
    .await;
}

async fn user(db: &Database, n: u8, team: u8, email: &str) {
    let (id, team, key) = (id(db, n), id(db, team), email.to_lowercase());
    run(
        db,
        &format!(
            "INSERT INTO users (id, team_id, role, segment, tier, features, first_name, last_name, company_email, email_key, \
             locale, search_text, created_at, updated_at) VALUES ({id}, {team}, 'ADMIN', 'LEAD', 'STANDARD', '[]', 'A', 'B', \
             '{email}', '{key}', 'EN', '', '{MADE}', '{MADE}')"
        ),
    )
    .await;
}

async fn key(db: &Database, n: u8, parent: Option<u8>, more: &str) {
    let (own, team, by) = (id(db, n), id(db, 1), id(db, 10));
    let hash = if is_postgres(db) {
        format!("'\\x{n:02x}'")
    } else {
        format!("x'{n:02x}'")
    };
    run(
        db,
        &format!(
            "INSERT INTO api_keys (id, team_id, name, secret_hash, scopes, created_by, created_at) \
             VALUES ({own}, {team}, 'key', {hash}, '[]', {by}, '{MADE}')"
        ),
    )
    .await;
    if !more.is_empty() {
        run(db, &format!("UPDATE api_keys SET {more} WHERE id = {own}")).await;
    }
    if let Some(parent) = parent {
        let public = ApiKeyId(uuid(n).parse::<Uuid>().expect("a UUID")).to_string();
        let (entry, parent) = (id(db, n + 100), id(db, parent));
        run(
            db,
            &format!(
                "INSERT INTO audit_entries (id, team_id, at, action, api_key_id, subject_id, data) \
                 VALUES ({entry}, {team}, '{MADE}', 'api_key.created', {parent}, '{public}', '{{}}')"
            ),
        )
        .await;
    }
}

async fn column<T: TryGetable>(db: &Database, sql: &str) -> Vec<T> {
    let rows = db.connection().rows(sql, vec![]).await.expect(sql);
    let read = |row: &QueryResult| row.try_get_by_index(0).expect(sql);
    rows.iter().map(read).collect()
}

#[tokio::test]
async fn addresses_get_one_form_and_clashes_are_kept() {
    let database = TestDatabase::before("m0018_identity").await;
    let db = database.connect().await;
    team(&db, 1).await;
    team(&db, 2).await;
    for (n, team, email) in [
        (10, 1, "Ana@Shop.test"),
        (11, 1, "j@Müller.example"),
        (12, 1, "jose\u{301}@shop.test"),
        // The same in another team is another's.
        (13, 2, "j@xn--mller-kva.example"),
        (14, 2, "j@müller.example"),
        (15, 2, "j@mu\u{308}ller.example"),
    ] {
        user(&db, n, team, email).await;
    }
    Migrator::up(db.connection().whole(), None)
        .await
        .expect("the tables of now");
    let keys: Vec<String> = column(&db, "SELECT email_key FROM users ORDER BY id").await;
    assert_eq!(
        keys,
        [
            "ana@shop.test",
            "j@xn--mller-kva.example",
            "jos\u{e9}@shop.test",
            "j@xn--mller-kva.example",
            "j@müller.example",
            "j@mu\u{308}ller.example",
        ]
    );
    let sql = "SELECT email_clashes_with FROM users ORDER BY id";
    let clashes: Vec<Option<Uuid>> = column(&db, sql).await;
    let other: Option<Uuid> = Some(uuid(13).parse().expect("a UUID"));
    assert_eq!(clashes, [None, None, None, None, other, other]);
}

/// A key that outlived its parent ends when it should have.
#[tokio::test]
async fn keys_get_the_parents_that_the_audit_log_knows() {
    let database = TestDatabase::before("m0018_identity").await;
    let db = database.connect().await;
    team(&db, 1).await;
    user(&db, 10, 1, "ana@shop.test").await;
    let (revoked, soon, late) = (
        "revoked_at = '2026-02-01T00:00:00+00:00'",
        "expires_at = '2999-01-01T00:00:00+00:00'",
        "expires_at = '2999-02-01T00:00:00+00:00'",
    );
    key(&db, 20, None, revoked).await;
    key(&db, 21, Some(20), "").await;
    key(&db, 22, Some(21), late).await;
    key(&db, 23, None, soon).await;
    key(&db, 24, Some(23), late).await;
    key(&db, 25, Some(24), "").await;
    key(&db, 26, None, "").await;
    key(&db, 27, Some(26), "").await;
    Migrator::up(db.connection().whole(), None)
        .await
        .expect("the tables of now");
    let parents: Vec<Option<Uuid>> = column(&db, "SELECT parent_id FROM api_keys ORDER BY id").await;
    let known = |n: u8| -> Option<Uuid> { Some(uuid(n).parse().expect("a UUID")) };
    assert_eq!(
        parents,
        [
            None,
            known(20),
            known(21),
            None,
            known(23),
            known(24),
            None,
            known(26)
        ]
    );
    let live = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL";
    assert_eq!(column::<i64>(&db, live).await, [5]);
    let ends = "SELECT count(*) FROM api_keys k JOIN api_keys p ON p.id = k.parent_id \
                WHERE (k.revoked_at IS NULL AND p.revoked_at IS NOT NULL) OR k.revoked_at <> p.revoked_at \
                OR (k.revoked_at IS NULL AND p.expires_at IS NOT NULL AND k.expires_at <> p.expires_at)";
    assert_eq!(column::<i64>(&db, ends).await, [0]);
}
