//! S0.6: what is done counts as the user's, and the administrator stands beside it, everywhere.

use entities::{event, job, mail};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tests::stage::{ADMIN, AGENT, Stage, text};

use super::{seeing, start};

/// S0.6: audit log, events, job payloads and mails, up to the end of what was set in motion.
#[tokio::test]
async fn everything_that_follows_carries_both_names() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    stage.agent().await;
    let (agent, admin) = (stage.user_with(AGENT).await.id, stage.user_with(ADMIN).await.id);
    let desk = seeing(
        &stage,
        &start(&stage.admin, &agent.to_string(), "to see the desk")
            .await
            .accepted(),
    );
    let input = json!({ "userId": ana, "productId": book, "notifyCustomer": true });
    let granted = desk
        .mutate(
            "entitlementGrant",
            "EntitlementGrantInput",
            input,
            "entitlement { id }",
        )
        .await
        .accepted()["entitlement"]["id"]
        .clone();

    let query = "query($id: ID!) { auditLog(subjectId: $id) { nodes { action actor { companyEmail } impersonator { companyEmail } } } \
                 user(id: $id) { id } }";
    let entries = stage.admin.ask(query, json!({ "id": granted })).await.data()["auditLog"]["nodes"].clone();
    let both = |node: &Value| {
        (
            text(&node["actor"]["companyEmail"]),
            text(&node["impersonator"]["companyEmail"]),
        )
    };
    assert_eq!(both(&entries[0]), (AGENT.to_owned(), ADMIN.to_owned()));

    let connection = stage.app.db.connection();
    let events = event::Entity::find()
        .order_by_asc(event::Column::Id)
        .all(connection)
        .await;
    let events = events.expect("events");
    let of_it = events.iter().filter(|event| event.subject_id == text(&granted));
    let names: Vec<_> = of_it
        .map(|event| (event.actor_id, event.impersonator_id))
        .collect();
    assert_eq!(names, [(Some(agent), Some(admin))]);

    let jobs = job::Entity::find().all(connection).await.expect("jobs");
    assert_eq!(jobs.len(), 1);
    assert_eq!(
        (
            &jobs[0].payload["by"]["actor"],
            &jobs[0].payload["by"]["impersonator"]
        ),
        (&json!(agent), &json!(admin))
    );
    stage.run_jobs().await;
    let mails = mail::Entity::find().all(connection).await.expect("mails");
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (
            mails[0].user_id.map(|id| id.to_string()),
            mails[0].actor_id,
            mails[0].impersonator_id
        ),
        (Some(ana), Some(agent), Some(admin))
    );
    assert_eq!(mails[0].status, entities::MailStatus::Sent);
    stage.end().await;
}

/// S0.6, S4.25: whoever follows events or reads the history sees both, and the customer sees no administrator.
#[tokio::test]
async fn events_and_the_history_name_both() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    stage.agent().await;
    let agent = stage.user_with(AGENT).await.id.to_string();
    let through = seeing(&stage, &start(&stage.admin, &agent, "a look").await.accepted());
    let input = json!({ "userId": ana, "productId": book });
    let granted = through.mutate(
        "entitlementGrant",
        "EntitlementGrantInput",
        input,
        "entitlement { id }",
    );
    granted.await.accepted();
    let query = "query($id: ID!) { user(id: $id) { entitlementHistory { nodes { actor { companyEmail } \
                 impersonator { companyEmail } } } } \
                 events(topics: [ENTITLEMENT_CHANGED]) { nodes { actor { companyEmail } impersonator { companyEmail } } } }";
    let seen = stage.admin.ask(query, json!({ "id": ana })).await.data();
    let both = json!([{ "actor": { "companyEmail": AGENT }, "impersonator": { "companyEmail": ADMIN } }]);
    assert_eq!(seen["user"]["entitlementHistory"]["nodes"], both);
    assert_eq!(seen["events"]["nodes"], both);
    let eyes = seeing(&stage, &start(&stage.admin, &ana, "her side").await.accepted());
    let query =
        "query($id: ID!) { user(id: $id) { entitlementHistory { nodes { action impersonator { id } } } } }";
    let hers = eyes.ask(query, json!({ "id": ana })).await.data();
    let entry = json!([{ "action": "GRANTED", "impersonator": null }]);
    assert_eq!(hers["user"]["entitlementHistory"]["nodes"], entry);
    stage.end().await;
}

/// S0.6: without borrowed eyes nobody stands beside it.
#[tokio::test]
async fn ones_own_doing_carries_one_name() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let input = json!({ "userId": ana, "productId": book, "notifyCustomer": true });
    stage
        .admin
        .mutate(
            "entitlementGrant",
            "EntitlementGrantInput",
            input,
            "entitlement { id }",
        )
        .await
        .accepted();
    stage.run_jobs().await;
    let admin = stage.user_with(ADMIN).await.id;
    let mails = stage.mails().await;
    assert_eq!((mails[0].actor_id, mails[0].impersonator_id), (Some(admin), None));
    stage.end().await;
}

/// S0.6: what a customer changes about themselves, through an administrator's hands.
#[tokio::test]
async fn a_change_of_ones_own_names_the_administrator() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let through = seeing(&stage, &start(&stage.admin, &ana, "a typo").await.accepted());
    let input = json!({ "userId": ana, "phone": "+34 600 123 456", "locale": "ES" });
    through
        .mutate("userUpdate", "UserUpdateInput", input, "user { id }")
        .await
        .accepted();
    let query = "query($id: ID!) { auditLog(subjectId: $id, first: 2) { nodes { action reason actor { companyEmail } \
                 impersonator { companyEmail } } } }";
    let entries = stage.admin.ask(query, json!({ "id": ana })).await.data()["auditLog"]["nodes"].clone();
    let admin = json!({ "companyEmail": ADMIN });
    assert_eq!(
        entries,
        json!([
            { "action": "user.updated", "reason": null, "actor": { "companyEmail": "ana@shop.test" }, "impersonator": admin },
            { "action": "impersonation.started", "reason": "a typo", "actor": admin, "impersonator": null },
        ])
    );
    stage.end().await;
}
