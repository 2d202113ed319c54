//! Making and changing people, their subscriptions and their ecosystems (S3).

mod addresses;
mod ecosystems;
mod plans;
mod suspensions;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, AGENT, Sale, Stage, text},
};

const USER: &str =
    "user { id firstName lastName companyEmail phone companyName segment tier role active locale }";

async fn create(stage: &Stage, more: Value) -> tests::client::Payload {
    let mut input = json!({ "firstName": "Ana", "lastName": "Ruiz", "companyEmail": "ana@shop.test" });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    stage
        .admin
        .mutate("userCreate", "UserCreateInput", input, USER)
        .await
}

#[tokio::test]
async fn people_are_made_and_changed_and_bad_input_names_its_field() {
    let stage = Stage::new().await;
    let ana = create(
        &stage,
        json!({ "phone": "+34 600-123-456", "companyName": "Librería Ñ" }),
    )
    .await
    .accepted();
    assert_eq!(
        (&ana["user"]["segment"], &ana["user"]["tier"]),
        (&json!("LEAD"), &json!("STANDARD"))
    );
    for (more, expected) in [
        (json!({}), "CONFLICT companyEmail"),
        (
            json!({ "companyEmail": "ANA@shop.test" }),
            "CONFLICT companyEmail",
        ),
        (json!({ "companyEmail": "nobody" }), "INVALID companyEmail"),
        (
            json!({ "companyEmail": "b@shop.test", "firstName": " " }),
            "INVALID firstName",
        ),
        (
            json!({ "companyEmail": "b@shop.test", "phone": "call me" }),
            "INVALID phone",
        ),
        (
            json!({ "companyEmail": "b@shop.test", "lastName": "x".repeat(101) }),
            "INVALID lastName",
        ),
    ] {
        assert_eq!(
            create(&stage, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
    }
    let input = json!({ "userId": ana["user"]["id"], "lastName": "Núñez", "phone": "", "tier": "VIP" });
    let changed = stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, USER)
        .await
        .accepted();
    assert_eq!(
        (&changed["user"]["lastName"], &changed["user"]["phone"]),
        (&json!("Núñez"), &json!(null))
    );
    let found = "{ users(filter: { search: \"nunez\" }) { totalCount } }";
    assert_eq!(
        stage.admin.ask(found, json!({})).await.data()["users"]["totalCount"],
        1,
        "found by the new name"
    );

    let agent = stage.agent().await;
    let input = json!({ "firstName": "B", "lastName": "B", "companyEmail": "b@shop.test", "role": "ADMIN" });
    let denied = agent
        .try_mutate("userCreate", "UserCreateInput", input, USER)
        .await;
    assert_eq!(denied.code(), "FORBIDDEN", "staff are made by administrators");
    stage.end().await;
}

/// An address is one person's in a team, however it is written and however many ask at once; another team's is free.
#[tokio::test]
async fn an_address_is_one_persons_in_a_team() {
    let stage = Stage::new().await;
    let writings = ["ana@shop.test", "ANA@shop.test", " ana@Shop.TEST "];
    let asked = join_all((0..9).map(|n| create(&stage, json!({ "companyEmail": writings[n % 3] })))).await;
    let refused: Vec<_> = asked.iter().filter(|it| !it.refusals().is_empty()).collect();
    assert_eq!(refused.len(), 8);
    for payload in refused {
        assert_eq!(payload.refusals(), ["CONFLICT companyEmail"]);
    }
    let input = json!({ "firstName": "Ana", "lastName": "Ruiz", "companyEmail": "ana@shop.test" });
    let other = stage.other_team().await;
    other
        .mutate("userCreate", "UserCreateInput", input, USER)
        .await
        .accepted();
    let eva = create(&stage, json!({ "companyEmail": "eva@shop.test" }))
        .await
        .accepted()["user"]["id"]
        .clone();
    let change = async |by: &Client, email: &str| {
        let input = json!({ "userId": eva, "companyEmail": email });
        by.mutate("userUpdate", "UserUpdateInput", input, USER).await
    };
    assert_eq!(
        change(&stage.admin, "Ana@shop.test").await.refusals(),
        ["CONFLICT companyEmail"]
    );
    let own = change(&stage.admin, "EVA@shop.test").await.accepted();
    assert_eq!(
        own["user"]["companyEmail"], "EVA@shop.test",
        "one's own may be written anew"
    );
    let foreign = change(&other, "x@shop.test").await;
    assert_eq!(foreign.refusals(), ["NOT_FOUND userId"]);
    stage.end().await;
}

/// Forms send every field: only another role ends sessions, one's own too (S0.2).
#[tokio::test]
async fn a_form_that_sends_every_field_signs_nobody_out() {
    let stage = Stage::new().await;
    let (ana, agent) = (stage.customer("ana@shop.test").await, stage.agent().await);
    let (agent_id, me) = (
        stage.user_with(AGENT).await.id.to_string(),
        stage.user_with(ADMIN).await.id.to_string(),
    );
    let input = json!({ "userId": ana, "reason": "a look" });
    let started = stage
        .admin
        .mutate(
            "impersonationStart",
            "ImpersonationStartInput",
            input,
            "accessToken",
        )
        .await
        .accepted();
    let through = Client::new(&stage.url, Some(text(&started["accessToken"])));
    let save = async |user: &str, role: &str, features: Value| {
        let input = json!({ "userId": user, "firstName": format!("Now {role}"), "role": role, "active": true,
            "features": features, "tier": "VIP" });
        stage
            .admin
            .mutate("userUpdate", "UserUpdateInput", input, USER)
            .await
            .accepted();
    };
    let status = async |client: &Client| client.ask("{ viewer { scopes } }", json!({})).await.status;
    save(&agent_id, "AGENT", json!([])).await;
    save(&me, "ADMIN", json!(["IMPERSONATION"])).await;
    for client in [&agent, &stage.admin, &through] {
        assert_eq!(status(client).await, 200);
    }
    save(&agent_id, "MEMBER", json!([])).await;
    assert_eq!((status(&agent).await, status(&stage.admin).await), (401, 200));
    stage.end().await;
}

/// S3.2: the first plan subscription makes a lead a customer.
#[tokio::test]
async fn the_first_plan_subscription_makes_a_customer() {
    let stage = Stage::new().await;
    let (ana, plan) = (stage.customer("ana@shop.test").await, stage.product("Plan").await);
    let input = json!({ "externalId": "sub-1", "userId": ana, "productId": plan, "interval": "ANNUAL", "status": "ACTIVE",
        "startsAt": "2026-01-01T00:00:00.000Z", "licensesTotal": 10, "licensesAssigned": 4, "licensesSuspended": 1, "encounters": 7 });
    let selection =
        "planSubscription { id status interval encounters licenses { total available assigned suspended } }";
    let record = async |input: Value| {
        stage
            .admin
            .mutate(
                "planSubscriptionRecord",
                "PlanSubscriptionRecordInput",
                input,
                selection,
            )
            .await
    };
    let first = record(input.clone()).await.accepted()["planSubscription"].clone();
    assert_eq!(
        first["licenses"],
        json!({ "total": 10, "available": 5, "assigned": 4, "suspended": 1 })
    );
    let mut again = input.clone();
    again["status"] = json!("CANCELED");
    assert_eq!(
        record(again).await.accepted()["planSubscription"]["id"],
        first["id"],
        "the same subscription"
    );
    let query = "query($id: ID!) { user(id: $id) { segment planSubscription { status } } }";
    let user = stage.admin.ask(query, json!({ "id": ana })).await.data()["user"].clone();
    assert_eq!(
        user,
        json!({ "segment": "CUSTOMER", "planSubscription": { "status": "CANCELED" } })
    );
    let mut bad = input;
    bad["licensesAssigned"] = json!(10);
    assert_eq!(record(bad).await.refusals(), ["INVALID licensesAssigned"]);
    stage.end().await;
}

/// S3.6–S3.8: one switch, honoured everywhere at once.
#[tokio::test]
async fn suspending_an_ecosystem_closes_it_to_everybody_in_it_and_activating_opens_it() {
    let stage = Stage::new().await;
    let (ana, eva, ivo) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.customer("ivo@shop.test").await,
    );
    let book = stage.product("Rayuela").await;
    for (number, user) in (1..).zip([&ana, &eva, &ivo]) {
        stage.sell(&Sale::of(user, &book, number)).await;
    }
    let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": [eva] });
    let selection =
        "ecosystem { id active suspensionReason owner { id } members { totalCount nodes { id } } }";
    let eco = stage
        .admin
        .mutate("ecosystemRecord", "EcosystemRecordInput", input, selection)
        .await
        .accepted();
    assert_eq!(eco["ecosystem"]["members"]["totalCount"], 2);
    let id = eco["ecosystem"]["id"].clone();

    let input = json!({ "ecosystemId": id, "reason": " " });
    let blank = stage
        .admin
        .mutate("ecosystemSuspend", "EcosystemSuspendInput", input, selection)
        .await;
    assert_eq!(blank.refusals(), ["INVALID reason"]);
    let input = json!({ "ecosystemId": id, "reason": "unpaid" });
    // Who may write need not see who is in it.
    let blind = stage.integration(&["users.write"]).await;
    let unseen = blind.try_mutate(
        "ecosystemActivate",
        "EcosystemActivateInput",
        json!({ "ecosystemId": id }),
        "ecosystem { owner { firstName } }",
    );
    assert_eq!(unseen.await.code(), "FORBIDDEN");
    let suspended = stage
        .admin
        .mutate("ecosystemSuspend", "EcosystemSuspendInput", input, selection)
        .await
        .accepted();
    assert_eq!(suspended["ecosystem"]["suspensionReason"], "unpaid");
    assert!(
        !stage.may_use(&ana, &book).await && !stage.may_use(&eva, &book).await,
        "everybody in it"
    );
    assert!(stage.may_use(&ivo, &book).await, "nobody else");
    let query = "query($id: ID!) { user(id: $id) { active } }";
    assert_eq!(
        stage.admin.ask(query, json!({ "id": eva })).await.data()["user"]["active"],
        false
    );

    let input = json!({ "ecosystemId": id });
    stage
        .admin
        .mutate("ecosystemActivate", "EcosystemActivateInput", input, selection)
        .await
        .accepted();
    assert!(
        stage.may_use(&ana, &book).await && stage.may_use(&eva, &book).await,
        "as it was"
    );
    let audit = "query($id: ID!) { auditLog(subjectId: $id, first: 2) { nodes { action reason } } }";
    let entries =
        stage.admin.ask(audit, json!({ "id": text(&id) })).await.data()["auditLog"]["nodes"].clone();
    assert_eq!(
        entries[1],
        json!({ "action": "ecosystem.suspended", "reason": "unpaid" })
    );
    stage.end().await;
}
