//! S0.1, S0.5, S0.10: what is seen through somebody's eyes, from how many devices, and how it ends.

use chrono::TimeDelta;
use domain::database::Sql;
use serde_json::{Value, json};
use tests::{
    client::Client,
    live::Live,
    stage::{AGENT, Sale, Stage, text},
};

use super::{seeing, start};

/// What a document answers: the data, and the codes of what was refused.
async fn answer(client: &Client, document: &str, variables: &Value) -> Value {
    let body = client.ask(document, variables.clone()).await.body;
    let errors = body["errors"].as_array().into_iter().flatten();
    let codes: Vec<&Value> = errors.map(|error| &error["extensions"]["code"]).collect();
    json!({ "data": body["data"], "codes": codes })
}

/// S0.1: each query and mutation answers as it would for that user, and none as it would for the administrator.
#[tokio::test]
async fn every_document_answers_as_it_does_for_the_user() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let agent = stage.agent().await;
    let agent_id = stage.user_with(AGENT).await.id.to_string();
    let book = stage.product("Rayuela").await;
    let hers = stage.sell(&Sale::of(&ana, &book, 1)).await;
    let others = stage.sell(&Sale::of(&eva, &book, 2)).await;
    stage.read(&ana, &book, 10.0, 5).await;
    let ids = json!({ "me": ana, "other": eva, "book": book, "mine": hers, "theirs": others });
    let documents = [
        "{ viewer { user { id companyEmail role active entitlements { nodes { status } } purchases { nodes { id } } } team { id } scopes } }",
        "query($me: ID!, $book: ID!) { access(userId: $me, productId: $book) { allowed status until } }",
        "query($other: ID!, $book: ID!) { access(userId: $other, productId: $book) { allowed status until } }",
        "query($me: ID!, $book: ID!) { accessDiagnosis(userId: $me, productId: $book) { findings } }",
        "query($me: ID!) { user(id: $me) { readingStats { totalSeconds } entitlementHistory { totalCount } grantableProducts { totalCount } } }",
        "query($other: ID!) { user(id: $other) { companyEmail } }",
        "query($mine: ID!) { node(id: $mine) { id } }",
        "query($theirs: ID!) { node(id: $theirs) { id } }",
        "query($mine: ID!) { node(id: $mine) { ... on Purchase { refundEligibility { eligible } } } }",
        "{ users { totalCount nodes { companyEmail } } }",
        "{ products { nodes { name } } }",
        "{ auditLog { nodes { id } } }",
        "{ impersonations { totalCount } }",
        "{ events { nodes { id } } }",
        "{ apiKeys { nodes { id } } }",
        "mutation($other: ID!) { userUpdate(input: { userId: $other, lastName: \"X\" }) { user { id } userErrors { code } } }",
        "mutation($me: ID!) { userUpdate(input: { userId: $me, tier: VIP }) { user { id } userErrors { code } } }",
        "mutation($me: ID!, $book: ID!) { entitlementGrant(input: { userId: $me, productId: $book }) { userErrors { code } } }",
        "mutation { userCreate(input: { firstName: \"A\", lastName: \"B\", companyEmail: \"x@shop.test\", role: ADMIN }) { userErrors { code } } }",
        "mutation { apiKeyCreate(input: { name: \"x\", scopes: [] }) { userErrors { code } } }",
        "mutation { teamSettingsUpdate(input: {}) { userErrors { code } } }",
    ];
    for (user, themself) in [(&ana, stage.customer_session(&ana).await), (&agent_id, agent)] {
        let through = seeing(&stage, &start(&stage.admin, user, "a look").await.accepted());
        for document in documents {
            let (own, seen) = (
                answer(&themself, document, &ids).await,
                answer(&through, document, &ids).await,
            );
            assert_eq!(own, seen, "{document}");
        }
        let blocked = answer(
            &through,
            "query($me: ID!) { user(id: $me) { impersonationBlocker } }",
            &ids,
        )
        .await;
        assert_eq!(
            blocked["data"]["user"]["impersonationBlocker"], "NOT_ALLOWED_WHILE_IMPERSONATING",
            "S0.4"
        );
    }
    stage.run_jobs().await;
    stage.end().await;
}

/// S0.5, S0.10: stopping ends it on every device, on every process, and whatever is open; only for those two.
#[tokio::test]
async fn stopping_ends_all_that_is_open_of_it_and_nothing_else() {
    let stage = Stage::new().await;
    let agent = stage.agent().await;
    let id = stage.user_with(AGENT).await.id.to_string();
    let second = stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let row = stage.user_with("second@aurora.test").await;
    let input = json!({ "userId": row.id.to_string(), "features": ["IMPERSONATION"] });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, "user { features }")
        .await
        .accepted();
    let phone = seeing(&stage, &start(&stage.admin, &id, "a look").await.accepted());
    let laptop = seeing(
        &stage,
        &start(&stage.admin, &id, "a second look").await.accepted(),
    );
    let elsewhere = stage.elsewhere(&laptop).await;
    let theirs = seeing(&stage, &start(&second, &id, "another look").await.accepted());
    let scopes = "{ viewer { scopes impersonator { companyEmail } } }";
    for device in [&phone, &laptop, &elsewhere, &theirs] {
        let viewer = device.ask(scopes, json!({})).await.data()["viewer"].clone();
        assert!(!viewer["impersonator"].is_null(), "the banner is to be shown");
    }
    let events = "subscription { events { topic } }";
    let (socket, stream) = (
        Live::socket(&elsewhere, events, json!({})).await,
        Live::stream(&phone, events, json!({})).await,
    );
    let stop = "mutation { impersonationStop { userErrors { code } } }";
    assert_eq!(
        phone.ask(stop, json!({})).await.data()["impersonationStop"]["userErrors"],
        json!([])
    );
    assert_eq!(
        (socket.ended().await, stream.ended().await),
        ("4403".into(), "UNAUTHENTICATED".into())
    );
    for device in [&phone, &laptop, &elsewhere] {
        assert_eq!(device.ask(scopes, json!({})).await.status, 401);
    }
    assert_eq!(
        phone.ask(stop, json!({})).await.status,
        401,
        "there is nothing left to stop"
    );
    for other in [&theirs, &agent, &stage.admin, &second] {
        assert_eq!(other.ask(scopes, json!({})).await.status, 200);
    }
    let none = stage.admin.ask(stop, json!({})).await.data()["impersonationStop"]["userErrors"].clone();
    assert_eq!(
        none,
        json!([{ "code": "IMPERSONATION_NOT_ALLOWED" }]),
        "nobody else's eyes"
    );
    stage.end().await;
}

/// S0.7: an open socket ends with the hour, and with the administrator who ends it.
#[tokio::test]
async fn what_is_open_ends_with_the_hour_and_with_an_administrators_word() {
    let stage = Stage::new().await;
    stage.agent().await;
    let id = stage.user_with(AGENT).await.id.to_string();
    let events = "subscription { events { topic } }";
    let ended = seeing(&stage, &start(&stage.admin, &id, "a look").await.accepted());
    let socket = Live::socket(&ended, events, json!({})).await;
    let query = "{ impersonations { nodes { id startedAt expiresAt } } }";
    let live = stage.admin.ask(query, json!({})).await.data()["impersonations"]["nodes"].clone();
    assert_eq!(
        (&live[0]["startedAt"], &live[0]["expiresAt"]),
        (
            &json!("2026-03-02T12:00:00.000Z"),
            &json!("2026-03-02T13:00:00.000Z")
        )
    );
    let end = async |by: &Client| {
        let input = json!({ "impersonationId": live[0]["id"] });
        by.mutate("impersonationEnd", "ImpersonationEndInput", input, "")
            .await
    };
    let other = stage.other_team().await;
    assert_eq!(end(&other).await.refusals(), ["NOT_FOUND impersonationId"]);
    end(&stage.admin).await.accepted();
    assert_eq!(socket.ended().await, "4403");
    end(&stage.admin).await.accepted();

    let hour = seeing(&stage, &start(&stage.admin, &id, "a look").await.accepted());
    let stream = Live::stream(&hour, events, json!({})).await;
    stage.pass(TimeDelta::minutes(60));
    assert_eq!(stream.ended().await, "UNAUTHENTICATED");
    assert_eq!(
        stage.admin.ask(query, json!({})).await.data()["impersonations"]["nodes"],
        json!([]),
        "it is no longer listed"
    );
    stage.end().await;
}

/// S0.2: without the feature nobody goes on looking, in no process; their own work and others' looks go on.
#[tokio::test]
async fn taking_the_feature_away_ends_what_it_has_opened() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let second = stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let id = stage.user_with("second@aurora.test").await.id.to_string();
    let set = async |change: Value| {
        let mut input = change;
        input["userId"] = json!(id);
        stage
            .admin
            .mutate("userUpdate", "UserUpdateInput", input, "user { features }")
            .await
            .accepted();
    };
    set(json!({ "features": ["IMPERSONATION"] })).await;
    let theirs = seeing(&stage, &start(&second, &ana, "a look").await.accepted());
    let others = seeing(&stage, &start(&stage.admin, &ana, "a look").await.accepted());
    let elsewhere = stage.elsewhere(&theirs).await;
    set(json!({ "features": ["IMPERSONATION"], "lastName": "Two" })).await;
    let socket = Live::socket(&elsewhere, "subscription { events { topic } }", json!({})).await;
    let scopes = "{ viewer { scopes } }";
    assert_eq!(
        theirs.ask(scopes, json!({})).await.status,
        200,
        "nothing was taken"
    );

    set(json!({ "features": [] })).await;
    assert_eq!(socket.ended().await, "4403");
    for client in [&theirs, &elsewhere] {
        assert_eq!(client.ask(scopes, json!({})).await.status, 401);
    }
    for client in [&second, &others, &stage.admin] {
        assert_eq!(client.ask(scopes, json!({})).await.status, 200);
    }
    assert_eq!(
        start(&second, &ana, "a look").await.refusals(),
        ["IMPERSONATION_NOT_ALLOWED userId"]
    );
    set(json!({ "features": ["IMPERSONATION"] })).await;
    assert_eq!(
        theirs.ask(scopes, json!({})).await.status,
        401,
        "it does not come back"
    );
    stage.end().await;
}

/// S0.3: nobody sees the platform as an administrator, also not as somebody who becomes one at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_looks_through_the_eyes_of_a_new_administrator() {
    let stage = Stage::new().await;
    let scopes = "{ viewer { scopes } }";
    for round in 0..12 {
        let user = stage.customer(&format!("{round}@shop.test")).await;
        let input = json!({ "userId": user, "role": "ADMIN" });
        let (started, promoted) = futures::join!(
            start(&stage.admin, &user, "a look"),
            stage
                .admin
                .mutate("userUpdate", "UserUpdateInput", input, "user { id }")
        );
        promoted.accepted();
        if started.refusals().is_empty() {
            let through = seeing(&stage, &started.accepted());
            assert_eq!(through.ask(scopes, json!({})).await.status, 401, "round {round}");
        }
        let live = "SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id \
                    WHERE s.impersonator_id IS NOT NULL AND s.revoked_at IS NULL AND u.role = 'ADMIN'";
        let live = stage.app.db.connection().rows(live, vec![]).await.expect("rows");
        assert_eq!(live.len(), 0, "round {round}: begun after the promotion");
    }
    // Whatever made them one: the session itself is looked at.
    let late = stage.customer("late@shop.test").await;
    let through = seeing(&stage, &start(&stage.admin, &late, "a look").await.accepted());
    assert_eq!(through.ask(scopes, json!({})).await.status, 200);
    stage
        .sql("UPDATE users SET role = 'ADMIN' WHERE email_key = 'late@shop.test'")
        .await;
    let through = stage.elsewhere(&through).await;
    assert_eq!(through.ask(scopes, json!({})).await.status, 401);
    stage.end().await;
}

/// S0.2–S0.4: each thing that stands in the way is said in its own words, in each language.
#[tokio::test]
async fn each_thing_in_the_way_has_its_own_words() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let input = json!({ "userId": eva, "active": false });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, "user { id }")
        .await
        .accepted();
    let second = stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let other = stage.user_with("second@aurora.test").await.id.to_string();
    let admin = stage.user_with("admin@aurora.test").await.id;
    let boreal = stage.other_team().await;
    let theirs = boreal.ask("{ viewer { user { id } } }", json!({})).await.data();
    let theirs = text(&theirs["viewer"]["user"]["id"]);
    let me = admin.to_string();
    let message = |payload: &tests::client::Payload| text(&payload.0["userErrors"][0]["message"]);
    let mut words = std::collections::BTreeSet::new();
    for locale in [entities::Locale::En, entities::Locale::Es, entities::Locale::Pt] {
        for email in ["admin@aurora.test", "second@aurora.test"] {
            stage.speaks(stage.user_with(email).await.id, locale).await;
        }
        let admin = stage.client_of(admin, None).await;
        let second = stage
            .client_of(stage.user_with("second@aurora.test").await.id, None)
            .await;
        for (by, user, code) in [
            (&second, &ana, "IMPERSONATION_NOT_ALLOWED userId"),
            (&admin, &me, "IMPERSONATION_NOT_ALLOWED userId"),
            (&admin, &other, "IMPERSONATION_NOT_ALLOWED userId"),
            (&admin, &eva, "IMPERSONATION_NOT_ALLOWED userId"),
            (&admin, &theirs, "NOT_FOUND userId"),
        ] {
            let refused = start(by, user, "a look").await;
            assert_eq!(refused.refusals(), [code]);
            assert!(
                words.insert(message(&refused)),
                "said before: {}",
                message(&refused)
            );
        }
    }
    let entries = "{ auditLog(first: 100) { nodes { action } } }";
    let entries = stage.admin.ask(entries, json!({})).await.data().to_string();
    assert!(
        !entries.contains("impersonation.started"),
        "S0.3: nothing has begun"
    );
    drop(second);
    stage.end().await;
}
