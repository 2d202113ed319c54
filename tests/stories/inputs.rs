//! What clients send: taken as they write it, or refused by the name of the field; never our fault.

use serde_json::{Value, json};
use tests::stage::{Stage, text};

/// A good input of each mutation that takes times and numbers, by its name and its input's type.
async fn reports(stage: &Stage) -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let user = stage.customer("ana@shop.test").await;
    let product = stage.product("Rayuela").await;
    vec![
        (
            "purchaseRecord",
            "PurchaseRecordInput",
            "purchase { id }",
            json!({ "externalId": "order-1", "userId": user, "productId": product, "kind": "SINGLE", "gateway": "MANUAL",
                "amount": { "amount": "30.00", "currency": "EUR" }, "purchasedAt": "2026-03-01T00:00:00Z",
                "accessUntil": "2027-03-01T00:00:00Z", "gatewayPaymentId": "p", "gatewaySubscriptionId": "s",
                "status": "ACTIVE" }),
        ),
        (
            "planSubscriptionRecord",
            "PlanSubscriptionRecordInput",
            "planSubscription { id endsAt }",
            json!({ "externalId": "sub-1", "userId": user, "productId": product, "interval": "MONTHLY", "status": "ACTIVE",
                "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2027-01-01T00:00:00Z", "licensesTotal": 10,
                "licensesAssigned": 4, "licensesSuspended": 1, "encounters": 7 }),
        ),
        (
            "readingSessionsRecord",
            "ReadingSessionsRecordInput",
            "recorded",
            json!({ "sessions": [{ "externalId": "t-1", "userId": user, "productId": product, "seconds": 60,
                "startedAt": "2026-03-01T10:00:00Z", "endedAt": "2026-03-01T11:00:00Z", "percentRead": 10,
                "device": "tablet" }] }),
        ),
        (
            "entitlementGrant",
            "EntitlementGrantInput",
            "entitlement { id expiresAt lifetime }",
            json!({ "userId": user, "productId": stage.product("Bestiario").await, "startsAt": "2026-03-01T00:00:00Z",
                "expiresAt": "2027-03-01T00:00:00Z", "note": "a gift", "notifyCustomer": false }),
        ),
        (
            "entitlementsGrant",
            "EntitlementsGrantInput",
            "batch { id }",
            json!({ "userIds": [user], "productId": product, "startsAt": "2026-03-01T00:00:00Z",
                "expiresAt": "2027-03-01T00:00:00Z", "note": "a gift", "idempotencyKey": "k" }),
        ),
        (
            "apiKeyCreate",
            "ApiKeyCreateInput",
            "apiKey { id expiresAt }",
            json!({ "name": "Shop", "scopes": ["users.read"], "expiresAt": "2027-03-01T00:00:00Z" }),
        ),
        (
            "productRecord",
            "ProductRecordInput",
            "product { id }",
            json!({ "externalId": "title-9", "name": "Rayuela", "active": true, "graceDays": 3 }),
        ),
        (
            "teamSettingsUpdate",
            "TeamSettingsUpdateInput",
            "team { id }",
            json!({ "recentPaymentDays": 30, "recurringIssueCount": 3, "supportAddress": "help@shop.test" }),
        ),
        (
            "userCreate",
            "UserCreateInput",
            "user { id }",
            json!({ "firstName": "Ana", "lastName": "Gil", "companyEmail": "b@shop.test", "phone": "600123456",
                "companyName": "Sol", "locale": "ES", "tier": "VIP" }),
        ),
        (
            "userUpdate",
            "UserUpdateInput",
            "user { id }",
            json!({ "userId": user, "firstName": "Ana", "phone": "600123456" }),
        ),
        (
            "signIn",
            "SignInInput",
            "accessToken",
            json!({ "email": "ana@shop.test", "password": "a long password" }),
        ),
    ]
}

/// The paths of all values in an input that have none inside.
fn leaves(input: &Value, path: &str, found: &mut Vec<String>) {
    match input {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| leaves(value, &format!("{path}/{name}"), found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| leaves(value, &format!("{path}/{index}"), found)),
        _ => found.push(path.to_owned()),
    }
}

fn with(input: &Value, path: &str, value: Value) -> Value {
    let mut input = input.clone();
    *input.pointer_mut(path).expect("a field") = value;
    input
}

/// Stores say "never" with the last time of their language: it is an end that never comes.
#[tokio::test]
async fn the_year_9999_as_an_end_means_that_there_is_none() {
    let stage = Stage::new().await;
    let reports = reports(&stage).await;
    for (never, number) in [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T00:00:00+0000",
        "+275760-09-13T00:00:00.000Z",
    ]
    .iter()
    .zip(1..)
    {
        let user = stage.customer(&format!("c{number}@shop.test")).await;
        let product = stage.product(&format!("Title {number}")).await;
        for (field, end) in [
            ("purchaseRecord", "/accessUntil"),
            ("planSubscriptionRecord", "/endsAt"),
            ("apiKeyCreate", "/expiresAt"),
        ] {
            let (_, kind, selection, good) = reports.iter().find(|report| report.0 == field).expect("one");
            let mut input = with(good, end, json!(never));
            if field != "apiKeyCreate" {
                (input["userId"], input["productId"]) = (json!(user), json!(product));
                input["externalId"] = json!(format!("{field}-{number}"));
            }
            let made = stage.admin.mutate(field, kind, input, selection).await.accepted();
            let (_, object) = made
                .as_object()
                .expect("a payload")
                .iter()
                .next()
                .expect("an object");
            assert!(
                object.get(&end[1..]).is_none_or(Value::is_null),
                "{field} {never}: {made}"
            );
        }
        let access = "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed status until } }";
        let seen = stage.admin.ask(access, json!({ "u": user, "p": product })).await;
        assert_eq!(
            seen.data()["access"],
            json!({ "allowed": true, "status": "ACTIVE", "until": null })
        );
    }
    // By hand: granted to the last second before, then for life; many at once.
    let grant = &reports[3];
    let input = with(&grant.3, "/expiresAt", json!("9998-12-31T23:59:59Z"));
    let granted = stage
        .admin
        .mutate(grant.0, grant.1, input, grant.2)
        .await
        .accepted();
    assert_eq!(granted["entitlement"]["expiresAt"], "9998-12-31T23:59:59.000Z");
    let input = json!({ "entitlementId": granted["entitlement"]["id"], "expiresAt": "9999-12-31T23:59:59Z" });
    let extended = stage
        .admin
        .mutate("entitlementExtend", "EntitlementExtendInput", input, grant.2);
    assert_eq!(extended.await.accepted()["entitlement"]["lifetime"], true);
    let many = &reports[4];
    let input = with(&many.3, "/expiresAt", json!("9999-12-31T23:59:59Z"));
    stage.admin.mutate(many.0, many.1, input, many.2).await.accepted();
    stage.until_quiet().await;
    stage.end().await;
}

/// Grace reaches over the last end that there is, on both databases.
#[tokio::test]
async fn the_last_end_that_there_is_can_be_reckoned_with() {
    let stage = Stage::new().await;
    let user = stage.customer("ana@shop.test").await;
    let input = json!({ "externalId": "book", "name": "Rayuela", "graceDays": 365 });
    let made = stage
        .admin
        .mutate("productRecord", "ProductRecordInput", input, "product { id }")
        .await;
    let product = text(&made.accepted()["product"]["id"]);
    let input = json!({ "userId": user, "productId": product, "expiresAt": "9998-12-31T23:59:59.999Z" });
    let seen = "entitlement { id expiresAt graceEndsAt secondsRemaining }";
    let granted = stage
        .admin
        .mutate("entitlementGrant", "EntitlementGrantInput", input, seen)
        .await
        .accepted();
    assert_eq!(granted["entitlement"]["expiresAt"], "9998-12-31T23:59:59.999Z");
    assert_eq!(granted["entitlement"]["graceEndsAt"], "9999-12-31T23:59:59.999Z");
    assert_eq!(granted["entitlement"]["secondsRemaining"], i32::MAX);
    stage.until_quiet().await;
    stage.end().await;
}

/// What is no time, or too far away for a start, is refused as data, beside all other mistakes.
#[tokio::test]
async fn times_and_numbers_that_cannot_be_are_refused_by_name() {
    let stage = Stage::new().await;
    let mut answered = 0;
    for (field, kind, selection, good) in reports(&stage).await {
        let mut paths = Vec::new();
        leaves(&good, "", &mut paths);
        for path in paths {
            let value = good.pointer(&path).expect("a field");
            let is_time = value.as_str().is_some_and(|text| text.ends_with("00Z"));
            let wrong = if is_time {
                vec![
                    json!("tomorrow"),
                    json!("2026-12-31"),
                    json!("0000-01-01T00:00:00Z"),
                    json!(1_763_631_000),
                ]
            } else if value.is_i64() {
                vec![json!(3_000_000_000_i64), json!(-1)]
            } else {
                continue;
            };
            let name = path.rsplit('/').next().expect("a name");
            for wrong in wrong {
                let input = with(&good, &path, wrong.clone());
                let refused = stage.admin.mutate(field, kind, input, selection).await.refusals();
                assert!(
                    refused.contains(&format!("INVALID {name}")),
                    "{field} {path} {wrong}: {refused:?}"
                );
                answered += 1;
            }
        }
    }
    assert!(answered > 50, "{answered}");
    let (field, kind, selection, good) = reports(&stage).await.swap_remove(0);
    let several = with(
        &with(&good, "/purchasedAt", json!("")),
        "/amount/amount",
        json!("x".repeat(5000)),
    );
    let refused = stage
        .admin
        .mutate(field, kind, several, selection)
        .await
        .refusals();
    assert_eq!(refused, ["INVALID amount", "INVALID purchasedAt"]);
    stage.until_quiet().await;
    stage.end().await;
}

/// Numbers as other languages write them, and what has no place in a field: data, or an error that names the field.
#[tokio::test]
async fn whatever_is_sent_is_taken_or_named() {
    let stage = Stage::new().await;
    let nonsense = [
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!(" "),
        json!("\u{200b}"),
        json!("\u{fffd}"),
        json!("x".repeat(100_000)),
        json!("'; DROP TABLE users; --"),
        json!(1),
        json!(1.5),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(true),
        json!([]),
        json!([["a"]]),
        json!({ "a": 1 }),
        Value::Null,
    ];
    for (field, kind, selection, good) in reports(&stage).await {
        let mut paths = Vec::new();
        leaves(&good, "", &mut paths);
        for path in paths {
            for wrong in &nonsense {
                let input = with(&good, &path, wrong.clone());
                let answer = stage.admin.try_mutate(field, kind, input, selection).await;
                let Some(error) = answer.body["errors"].get(0) else {
                    continue;
                };
                let shown = wrong.to_string().chars().take(30).collect::<String>();
                let case = format!("{field} {path} {shown}: {error}");
                assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{case}");
                let mut names = path.split('/').filter(|name| name.parse::<u32>().is_err());
                let message = error["message"].as_str().expect("a message");
                assert!(
                    names.next_back().is_some_and(|name| message.contains(name)),
                    "{case}"
                );
            }
        }
    }
    // Whole numbers and amounts, as they come out of a float; an argument that has no bounds of its own.
    let raw = async |variables: &str, query: &str| {
        let body = format!(r#"{{"query":{},"variables":{variables}}}"#, json!(query));
        let request = stage.admin.http().post(format!("{}/graphql", stage.url));
        let request = request.header("content-type", "application/json").body(body);
        let request = request.header("accept", "application/graphql-response+json");
        let request = request.bearer_auth(stage.admin.token.as_deref().expect("a token"));
        let answer = request.send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let record = "mutation($i: ProductRecordInput!) { productRecord(input: $i) { product { name graceDays } userErrors { field } } }";
    let made = raw(
        r#"{"i":{"externalId":"f","name":"Ana \ud83e","graceDays":1e1}}"#,
        record,
    )
    .await;
    assert_eq!(
        made["data"]["productRecord"]["product"],
        json!({ "name": "Ana \u{fffd}", "graceDays": 10 }),
        "{made}"
    );
    let users = "query($n: Int, $s: String) { users(first: $n, filter: { search: $s }) { totalCount } }";
    assert_eq!(raw(r#"{"n":1.0}"#, users).await.get("errors"), None);
    let refused = raw(r#"{"n":3000000000}"#, users).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    assert_eq!(
        raw(r#"{"s":"\udd8a\u0000"}"#, users).await["data"]["users"]["totalCount"],
        0
    );
    stage.until_quiet().await;
    stage.end_with_jobs_left().await;
}
