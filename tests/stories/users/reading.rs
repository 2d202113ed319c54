//! What a list asks of the database: once what is asked for, by a plan that is made once, and no row too many.

use domain::database::{Dialect, Planned};
use sea_orm::{DbBackend, Statement};
use serde_json::{Value, json};
use tests::stage::{Stage, text};

use super::{people, person};

/// A crowd with everything to one that may hang on a person.
const CROWD: &[&str] = &[
    "INSERT INTO users (id, team_id, role, segment, tier, features, first_name, last_name, company_email, email_key, \
     locale, search_text, created_at, updated_at) SELECT gen_random_uuid(), t.id, 'MEMBER', \
     CASE WHEN n % 2 = 0 THEN 'CUSTOMER' ELSE 'LEAD' END, 'STANDARD', '[]', 'Ana', 'Gil ' || n, n || '@shop.test', \
     n || '@shop.test', 'EN', 'ana gil', t.created_at + n * interval '1 second', t.created_at \
     FROM teams t, generate_series(1, 3000) n WHERE t.name = 'Aurora'",
    "INSERT INTO ecosystems (id, team_id, external_id, name, owner_id, created_at, updated_at) \
     SELECT id, team_id, id::text, 'Eco', id, created_at, created_at FROM users WHERE first_name = 'Ana'",
    "UPDATE users SET ecosystem_id = id WHERE first_name = 'Ana'",
    "INSERT INTO plan_subscriptions (id, team_id, external_id, user_id, product_id, interval, status, starts_at, \
     encounters, licenses_total, licenses_assigned, licenses_suspended, created_at, updated_at) \
     SELECT gen_random_uuid(), u.team_id, u.id::text, u.id, p.id, 'MONTHLY', 'ACTIVE', u.created_at, 0, 0, 0, 0, \
     u.created_at, u.created_at FROM users u, products p WHERE u.first_name = 'Ana'",
    "ANALYZE",
];

/// Lists of people with what hangs on them, and what of a list is chosen.
const PEOPLE: &[&str] = &[
    "",
    ", filter: { segment: CUSTOMER }",
    ", filter: { segment: LEAD }, orderBy: { field: CREATED_AT, direction: DESC }",
    ", filter: { role: MEMBER }",
    ", filter: { tier: STANDARD }",
    ", orderBy: { field: LAST_NAME }",
    ", orderBy: { field: COMPANY_NAME, direction: DESC }",
];
const ROWS: u64 = 50;

/// Other lists of the same kind.
const OTHERS: &[&str] = &[
    "{ products(active: true) { nodes { id } } }",
    "{ refunds { nodes { id } } }",
    "{ exports { nodes { id } } }",
    "{ auditLog { nodes { id } } }",
    "{ entitlementBatches { nodes { id } } }",
    "{ users(first: 1) { nodes { entitlementHistory { nodes { id } } } } }",
    "{ users(first: 1) { nodes { grantableProducts { nodes { id } } } } }",
];

fn page(chosen: &str, after: &str) -> String {
    format!(
        "{{ users(first: {ROWS}{after}{chosen}) {{ nodes {{ id firstName active planSubscription {{ status product {{ name }} }} \
         ecosystem {{ name }} }} pageInfo {{ endCursor }} }} }}"
    )
}

/// The statements of the lists in one request.
async fn lists(stage: &Stage, query: &str) -> (Value, Vec<Statement>) {
    stage.statements.take();
    let data = stage.admin.ask(query, json!({})).await.data();
    let asked = stage.statements.take_whole().into_iter();
    let lists = asked.filter(|it| it.sql.contains(" ORDER BY ") && !it.sql.contains("FROM sessions"));
    (data, lists.collect())
}

/// What the session that plans lists knows of a statement: its name, and how often it was planned for all values and
/// for those of one time.
async fn plans(stage: &Stage, statement: &Statement) -> (String, i64, i64) {
    let sql = "SELECT name, generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1";
    let values = vec![statement.sql.clone().into()];
    let known = stage.app.db.connection().read(Planned::Once, sql, values).await;
    let known = known.expect("a session").pop();
    let row = known.unwrap_or_else(|| panic!("nobody prepared {}", statement.sql));
    let number = |at| row.try_get_by_index(at).expect("a number");
    (row.try_get_by_index(0).expect("a name"), number(1), number(2))
}

/// How many rows of people are looked at when a prepared statement runs once more.
async fn looked_at(stage: &Stage, name: &str, statement: &Statement) -> (u64, Value) {
    let values = statement.values.clone().map_or_else(Vec::new, |values| values.0);
    let places: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
    let execute = format!("EXECUTE {name}({})", places.join(", "));
    let execute = Statement::from_sql_and_values(DbBackend::Postgres, execute, values).to_string();
    let sql = format!("EXPLAIN (ANALYZE, FORMAT JSON) {execute}");
    let rows = stage
        .app
        .db
        .connection()
        .read(Planned::Once, &sql, Vec::new())
        .await;
    let plan: Value = rows.expect("a plan")[0].try_get_by_index(0).expect("JSON");
    (rows_of_people(&plan[0]["Plan"]), plan)
}

fn rows_of_people(node: &Value) -> u64 {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let here = if node["Relation Name"] == "users" {
        (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
    } else {
        0.0
    };
    let below = node["Plans"].as_array().into_iter().flatten().map(rows_of_people);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers of rows, written as decimals"
    )]
    let here = here.round() as u64;
    here + below.sum::<u64>()
}

#[tokio::test]
async fn a_list_is_planned_once_and_reads_no_row_too_many() {
    let stage = Stage::new().await;
    if stage.app.db.dialect() == Dialect::Postgres {
        stage.product("Plan").await;
        for sql in CROWD {
            stage.sql(sql).await;
        }
        for chosen in PEOPLE {
            let (first, _) = lists(&stage, &page(chosen, "")).await;
            let after = format!(", after: \"{}\"", text(&first["users"]["pageInfo"]["endCursor"]));
            for after in ["", &after] {
                let query = page(chosen, after);
                let (_, asked) = lists(&stage, &query).await;
                let [asked] = &asked[..] else {
                    panic!("one statement, not {asked:#?}")
                };
                for _ in 0..8 {
                    lists(&stage, &query).await;
                }
                let (name, once, anew) = plans(&stage, asked).await;
                assert!(once > 8 && anew == 0, "{once} and {anew} for {}", asked.sql);
                let (rows, plan) = looked_at(&stage, &name, asked).await;
                // One more says whether there is another page. What most have is looked for in the list itself, past
                // the few who have something else.
                assert!(rows <= ROWS + ROWS / 2, "{rows} for {}: {plan:#}", asked.sql);
            }
        }
        for query in OTHERS {
            let (_, asked) = lists(&stage, query).await;
            let asked = asked.last().unwrap_or_else(|| panic!("no list for {query}"));
            let (_, once, anew) = plans(&stage, asked).await;
            assert!(once > 0 && anew == 0, "{once} and {anew} for {query}");
        }
    }
    stage.end().await;
}

/// A search depends on its term, so it is never planned for all of them.
#[tokio::test]
async fn what_is_written_or_searched_is_planned_as_ever() {
    let stage = Stage::new().await;
    if stage.app.db.dialect() == Dialect::Postgres {
        for query in [
            "{ users { nodes { id } } }",
            "{ users(filter: { search: \"ana\" }) { nodes { id } } }",
        ] {
            stage.admin.ask(query, json!({})).await.data();
        }
        let mode = "SELECT current_setting('plan_cache_mode')";
        for (planned, expected) in [
            (Planned::Once, "force_generic_plan"),
            (Planned::ByValues, "auto"),
            (Planned::Once, "force_generic_plan"),
        ] {
            let rows = stage.app.db.connection().read(planned, mode, Vec::new()).await;
            let found: String = rows.expect("a session")[0].try_get_by_index(0).expect("a text");
            assert_eq!(found, expected, "{planned:?}");
        }
        let tx = stage
            .app
            .begin_as_system(stage.team)
            .await
            .expect("a transaction");
        let rows = sea_orm::ConnectionTrait::query_all_raw(
            tx.db(),
            Statement::from_string(DbBackend::Postgres, mode),
        );
        let found: String = rows.await.expect("a row")[0].try_get_by_index(0).expect("a text");
        assert_eq!(found, "auto");
    }
    stage.end().await;
}

/// Neither a plan nor an ecosystem is there, and nobody asks for it twice.
#[tokio::test]
async fn what_is_known_not_to_be_there_is_not_asked_for_again() {
    let stage = Stage::new().await;
    let crowd = (0..40).map(|n| person("Ana", "Gil", &format!("ana{n}@shop.test")));
    let ids = people(&stage, crowd.collect()).await;
    let product = stage.product("Plan").await;
    for user in ids.iter().step_by(2) {
        let input = json!({
            "externalId": format!("plan-{user}"), "userId": user, "productId": product, "interval": "MONTHLY",
            "status": "ACTIVE", "startsAt": "2026-01-01T00:00:00Z",
        });
        let office = stage.office().await;
        let answer = office.mutate(
            "planSubscriptionRecord",
            "PlanSubscriptionRecordInput",
            input,
            "planSubscription { id }",
        );
        answer.await.accepted();
    }
    let input = json!({ "externalId": "eco", "name": "Eco", "ownerId": ids[0], "memberIds": ids });
    let office = stage.office().await;
    let answer = office.mutate(
        "ecosystemRecord",
        "EcosystemRecordInput",
        input,
        "ecosystem { id }",
    );
    let ecosystem = answer.await.accepted()["ecosystem"]["id"].clone();
    let of_each = "id planSubscription { status ecosystem { name } product { name } } ecosystem { name }";
    for (query, statements) in [
        (format!("{{ users(first: 50) {{ nodes {{ {of_each} }} }} }}"), 1),
        (
            format!("{{ users(first: 50) {{ edges {{ node {{ {of_each} }} }} }} }}"),
            1,
        ),
        (format!("{{ user(id: \"{}\") {{ {of_each} }} }}", ids[1]), 1),
        (
            format!(
                "{{ node(id: {ecosystem}) {{ ... on Ecosystem {{ members(first: 50) {{ nodes {{ {of_each} }} }} }} }} }}"
            ),
            2,
        ),
    ] {
        stage.admin.ask(&query, json!({})).await.data();
        stage.statements.take();
        stage.admin.ask(&query, json!({})).await.data();
        let asked = stage.statements.take().into_iter();
        let asked: Vec<String> = asked.filter(|sql| !sql.contains("FROM sessions")).collect();
        assert_eq!(asked.len(), statements, "{query}: {asked:#?}");
    }
    stage.run_jobs().await;
    stage.end().await;
}
