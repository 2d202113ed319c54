//! S4.7, S4.8, S4.17, S4.18: who may use what, what it costs to ask, and who may change it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::stage::{Sale, Stage, text};

use super::{ENTITLEMENT, access, diagnosis::diagnosis, extend, grant, revoke};

/// One look-up, however many are asked about; none of the session's while it is known.
#[tokio::test]
async fn asking_costs_one_statement() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let mut products = Vec::new();
    for n in 0..50 {
        let product = stage.product(&format!("Book {n}")).await;
        if n % 2 == 0 {
            grant(&stage.admin, &ana, &product, json!({})).await.accepted();
        }
        products.push(product);
    }
    let key = stage.integration(&["commerce.entitlements.read"]).await;
    stage.statements.take();
    access(&key, &ana, &products[0]).await;
    assert!(
        stage.statements.take().len() <= 3,
        "the key, its use and the look-up"
    );
    for count in [1, 2, 50] {
        let (mut variables, mut asked, mut values) = (String::new(), String::new(), json!({}));
        for (n, product) in products[..count].iter().enumerate() {
            variables.push_str(&format!("$u{n}: ID!, $p{n}: ID!, "));
            asked.push_str(&format!(
                "a{n}: access(userId: $u{n}, productId: $p{n}) {{ allowed }} "
            ));
            values[format!("u{n}")] = json!(ana);
            values[format!("p{n}")] = json!(product);
        }
        stage.statements.take();
        let seen = key
            .ask(&format!("query({variables}) {{ {asked} }}"), values)
            .await
            .data();
        let asked: Vec<String> = stage.statements.take();
        // Whose key it is may be asked again at any time.
        let asked: Vec<&String> = asked.iter().filter(|sql| !sql.contains("api_keys")).collect();
        assert_eq!(asked.len(), 1, "{count}: {asked:#?}");
        for n in 0..count {
            assert_eq!(seen[format!("a{n}")]["allowed"], n % 2 == 0);
        }
    }
    stage.end().await;
}

/// Another team's people and products answer as those that do not exist.
#[tokio::test]
async fn a_foreign_id_may_use_nothing() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let granted = grant(&stage.admin, &ana, &book, json!({})).await.accepted()["entitlement"]["id"].clone();
    let other = stage.other_team().await;
    let made = json!({ "externalId": "theirs", "name": "Theirs" });
    let made = other
        .mutate("productRecord", "ProductRecordInput", made, "product { id }")
        .await;
    let theirs = text(&made.accepted()["product"]["id"]);
    let (nobody, nothing) = (
        "user_01h455vb4pex5vsknk084sn02q",
        "product_01h455vb4pex5vsknk084sn02q",
    );
    let none = json!({ "allowed": false, "status": null, "until": null });
    for (user, product) in [
        (ana.as_str(), book.as_str()),
        (nobody, nothing),
        (&ana, &theirs),
        ("", "x"),
    ] {
        assert_eq!(access(&other, user, product).await, none);
    }
    assert_eq!(
        diagnosis(&other, &ana, &book).await,
        diagnosis(&other, nobody, nothing).await,
        "not even the cause tells them apart"
    );
    assert_eq!(
        diagnosis(&stage.admin, &ana, &theirs).await,
        diagnosis(&stage.admin, &ana, nothing).await
    );
    let missing = json!("entitlement_01h455vb4pex5vsknk084sn02q");
    assert_eq!(
        revoke(&other, &granted, None).await.0,
        revoke(&other, &missing, None).await.0
    );
    let until = "2027-01-01T00:00:00.000Z";
    assert_eq!(
        extend(&other, &granted, until).await.0,
        extend(&other, &missing, until).await.0
    );
    let foreign = grant(&other, &ana, &theirs, json!({})).await;
    assert_eq!(foreign.refusals(), ["NOT_FOUND userId"]);
    assert_eq!(
        grant(&stage.admin, &ana, &theirs, json!({})).await.refusals(),
        ["NOT_FOUND productId"]
    );
    stage.end().await;
}

/// S4.7, S4.8: product, status, start, expiry or lifetime, and what remains, second by second.
#[tokio::test]
async fn what_remains_runs_down_with_the_clock() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let (book, forever) = (stage.product("Rayuela").await, stage.product("Ficciones").await);
    let until = json!({ "expiresAt": "2026-03-02T13:00:00.000Z" });
    grant(&stage.admin, &ana, &book, until).await.accepted();
    grant(&stage.admin, &ana, &forever, json!({})).await.accepted();
    let query = format!(
        "query($id: ID!) {{ user(id: $id) {{ entitlements(status: [ACTIVE, EXPIRED]) {{ nodes {{ product {{ name }} {} }} }} }} }}",
        ENTITLEMENT
            .trim_start_matches("entitlement { ")
            .trim_end_matches(" }")
    );
    let seen = async || {
        let data = stage.admin.ask(&query, json!({ "id": ana })).await.data();
        let mut nodes = data["user"]["entitlements"]["nodes"]
            .as_array()
            .expect("nodes")
            .clone();
        nodes.sort_by_key(|node| text(&node["product"]["name"]));
        (nodes[0].clone(), nodes[1].clone())
    };
    for (minutes, remaining, status) in [
        (0, 3600, "ACTIVE"),
        (59, 60, "ACTIVE"),
        (1, 0, "EXPIRED"),
        (60, 0, "EXPIRED"),
    ] {
        stage.pass(TimeDelta::minutes(minutes));
        let (lifetime, limited) = seen().await;
        assert_eq!(
            (
                &lifetime["lifetime"],
                &lifetime["expiresAt"],
                &lifetime["secondsRemaining"],
                &lifetime["status"]
            ),
            (&json!(true), &Value::Null, &Value::Null, &json!("ACTIVE"))
        );
        assert_eq!(
            (
                &limited["lifetime"],
                &limited["secondsRemaining"],
                &limited["status"]
            ),
            (&json!(false), &json!(remaining), &json!(status))
        );
        assert_eq!(
            (&limited["startsAt"], &limited["expiresAt"]),
            (
                &json!("2026-03-02T12:00:00.000Z"),
                &json!("2026-03-02T13:00:00.000Z")
            )
        );
    }
    stage.announce().await;
    stage.run_jobs().await;
    stage.end().await;
}

/// S4.17: without the module nobody changes access by hand; what was bought still opens.
#[tokio::test]
async fn by_hand_takes_the_module() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let until = json!({ "expiresAt": "2026-04-01T12:00:00.000Z" });
    let granted = grant(&stage.admin, &ana, &book, until).await.accepted()["entitlement"]["id"].clone();
    let other = stage.product("Ficciones").await;
    stage.sql("UPDATE teams SET modules = '[]'").await;
    let refused = ["MODULE_DISABLED"];
    assert_eq!(
        grant(&stage.admin, &ana, &other, json!({})).await.refusals(),
        refused
    );
    assert_eq!(
        extend(&stage.admin, &granted, "2027-01-01T00:00:00.000Z")
            .await
            .refusals(),
        refused
    );
    assert_eq!(revoke(&stage.admin, &granted, None).await.refusals(), refused);
    assert!(stage.may_use(&ana, &book).await);
    stage.sell(&Sale::of(&ana, &other, 1)).await;
    assert!(stage.may_use(&ana, &other).await);
    stage.end().await;
}

/// S4.18: one scope to read, one to write.
#[tokio::test]
async fn reading_and_writing_take_a_scope_each() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let reader = stage
        .integration(&["users.read", "commerce.entitlements.read"])
        .await;
    let writer = stage
        .integration(&["users.read", "commerce.entitlements.write"])
        .await;
    let list =
        "query($id: ID!) { user(id: $id) { entitlements { totalCount } entitlementHistory { totalCount } } }";
    assert_eq!(writer.ask(list, json!({ "id": ana })).await.code(), "FORBIDDEN");
    let asked = "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed } }";
    assert_eq!(
        writer.ask(asked, json!({ "u": ana, "p": book })).await.code(),
        "FORBIDDEN"
    );
    let input = json!({ "userId": ana, "productId": book });
    let denied = reader
        .try_mutate(
            "entitlementGrant",
            "EntitlementGrantInput",
            input,
            "entitlement { id }",
        )
        .await;
    assert_eq!(denied.code(), "FORBIDDEN");
    let granted = grant(&writer, &ana, &book, json!({})).await.accepted()["entitlement"]["id"].clone();
    reader.ask(list, json!({ "id": ana })).await.data();
    for (field, kind, input) in [
        (
            "entitlementExtend",
            "EntitlementExtendInput",
            json!({ "entitlementId": granted, "expiresAt": "2027-01-01T00:00:00.000Z" }),
        ),
        (
            "entitlementRevoke",
            "EntitlementRevokeInput",
            json!({ "entitlementId": granted }),
        ),
    ] {
        let denied = reader.try_mutate(field, kind, input, "entitlement { id }").await;
        assert_eq!(denied.code(), "FORBIDDEN", "{field}");
    }
    revoke(&writer, &granted, None).await.accepted();
    stage.end().await;
}
