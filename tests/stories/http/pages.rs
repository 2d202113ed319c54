//! Probes for operators, pages for people.

use std::sync::Arc;

use entities::mail;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::json;
use tests::stage::{Sale, Stage, text};

use super::{get, server};

#[tokio::test]
async fn a_process_says_whether_it_lives_and_whether_it_can_work() {
    let stage = Stage::new().await;
    assert_eq!(get(&format!("{}/healthz", stage.url)).await, (200, "ok\n".into()));
    assert_eq!(
        get(&format!("{}/readyz", stage.url)).await,
        (200, "ready\n".into())
    );
    assert_eq!(
        get(&format!("{}/metrics", stage.url)).await.0,
        404,
        "this process keeps none"
    );
    let (client, _stop) = server(&stage, |_| {}).await;
    assert_eq!(get(&format!("{}/metrics", client.url)).await.0, 200);
    let (idle, _stop) = server(&stage, |server| server.ready = Arc::new(|| false)).await;
    assert_eq!(
        get(&format!("{}/readyz", idle.url)).await.0,
        503,
        "no job has been done lately"
    );
    assert_eq!(
        get(&format!("{}/healthz", idle.url)).await.0,
        200,
        "that is no reason to be killed"
    );

    stage.sql("ALTER TABLE teams RENAME TO not_yet").await;
    let (status, why) = get(&format!("{}/readyz", stage.url)).await;
    assert!(status == 503 && why.contains("not migrated"), "{why}");
    stage.sql("ALTER TABLE not_yet RENAME TO teams").await;
    stage.end().await;
}

#[tokio::test]
async fn the_first_page_needs_nobody_else() {
    let stage = Stage::new().await;
    let (status, page) = get(&format!("{}/", stage.url)).await;
    assert_eq!(status, 200);
    let mut loaded = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.split(attribute).skip(1) {
            let address = rest.split('"').next().unwrap_or_default();
            assert!(
                address.starts_with('/') && !address.starts_with("//") || address.starts_with("data:"),
                "{address}"
            );
            if address.starts_with('/') {
                let (status, body) = get(&format!("{}{}", stage.url, address)).await;
                assert!(status == 200 && !body.is_empty(), "{address}");
                assert!(
                    !address.contains(".css") || !body.contains("@import"),
                    "{address}"
                );
                loaded += 1;
            }
        }
    }
    assert!(loaded >= 4, "the page and its parts were looked at");
    let (closed, _stop) = server(&stage, |server| server.introspection = false).await;
    assert_eq!(
        get(&format!("{}/", closed.url)).await.0,
        404,
        "switched off with introspection"
    );
    assert!(
        closed
            .ask("{ __schema { types { name } } }", json!({}))
            .await
            .body
            .to_string()
            .len()
            < 1000
    );
    stage.end().await;
}

#[tokio::test]
async fn the_mailbox_shows_hostile_mails_as_text() {
    let stage = Stage::new().await;
    let hostile = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";
    let input = json!({ "firstName": hostile, "lastName": hostile, "companyEmail": "ana@shop.test" });
    let ana = stage
        .admin
        .mutate("userCreate", "UserCreateInput", input, "user { id }");
    let ana = text(&ana.await.accepted()["user"]["id"]);
    let product = stage.product(&format!("Rayuela {hostile}")).await;
    let purchase = stage.sell(&Sale::of(&ana, &product, 1)).await;
    let input = json!({ "purchaseId": purchase, "reason": "DUPLICATE" });
    stage
        .admin
        .mutate("refundRequest", "RefundRequestInput", input, "refund { id }")
        .await
        .accepted();
    stage.run_jobs().await;
    stage.hear_gateways().await;
    let mails = stage.mails().await;
    assert!(!mails.is_empty());
    for mail in mails {
        let mut row = mail.clone().into_active_model();
        row.subject = Set(hostile.into());
        row.to_address = Set(format!("{hostile}@shop.test"));
        row.update(stage.app.db.connection()).await.expect("a change");
        for page in [
            "/mailbox".to_owned(),
            format!("/mailbox/{}", mail.id),
            format!("/mailbox/{}/html", mail.id),
        ] {
            let (status, html) = get(&format!("{}{page}", stage.url)).await;
            assert!(
                status == 200 && !html.contains("<script>alert") && !html.contains("<img src=x"),
                "{page}: {html}"
            );
        }
        let (_, page) = get(&format!("{}/mailbox/{}", stage.url, mail.id)).await;
        assert!(
            page.contains("sandbox"),
            "the mail itself runs in a frame without rights"
        );
    }
    for missing in [
        "mail_01h455vb4pex5vsknk084sn02q",
        "..%2f..%2fetc",
        "%00",
        "<script>",
    ] {
        assert_eq!(
            get(&format!("{}/mailbox/{missing}", stage.url)).await.0,
            404,
            "{missing}"
        );
    }
    let (without, _stop) = server(&stage, |server| server.mailbox = false).await;
    assert_eq!(get(&format!("{}/mailbox", without.url)).await.0, 404);
    assert!(
        mail::Entity::find()
            .one(stage.app.db.connection())
            .await
            .expect("mails")
            .is_some()
    );
    stage.end().await;
}
