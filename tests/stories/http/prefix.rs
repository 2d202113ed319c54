//! An installation that has a part of a site: `https://shop.test/postventa`.

use axum::http::StatusCode;
use domain::{App, Services, Settings};
use reqwest::redirect::Policy;
use serde_json::json;
use tests::{client::Client, live::Live, stage::Stage};

use super::{get, server};

/// The stage's app, reached from outside at another address.
fn reached_at(stage: &Stage, url: &str) -> App {
    let app = &stage.app;
    App::new(Services {
        db: app.db.clone(),
        clock: app.clock.clone(),
        ids: app.ids.clone(),
        wake_ups: app.wake_ups.clone(),
        bus: app.bus.clone(),
        gateways: app.gateways.clone(),
        mail: app.mail.clone(),
        files: app.files.clone(),
        vault: app.vault.clone(),
        settings: Settings {
            public_url: url.parse().expect("an address"),
            ..app.settings.clone()
        },
    })
}

/// The paths that a page links to.
fn links(page: &str) -> Vec<&str> {
    let starts = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1));
    let links = starts.filter_map(|rest| rest.split('"').next());
    links.filter(|link| !link.starts_with("data:")).collect()
}

/// Proxies pass the path on, or take it off: the links have it, and both are answered.
#[tokio::test]
async fn pages_and_links_follow_the_public_address() {
    let stage = Stage::new().await;
    let app = reached_at(&stage, "https://shop.test/after/postventa");
    let (client, _stop) = server(&stage, |server| server.app = app).await;
    let inside = client.url.clone();
    let outside = format!("{inside}/after/postventa");
    for front in [&inside, &outside, &format!("{outside}/")] {
        let (status, page) = get(front).await;
        assert_eq!(status, 200, "{front}");
        assert!(
            page.contains("\"endpoint\":\"/after/postventa/graphql\""),
            "{page}"
        );
        let links = links(&page);
        assert!(links.len() >= 4, "{page}");
        for link in links {
            let beneath = link.strip_prefix("/after/postventa").expect(link);
            for address in [format!("{inside}{link}"), format!("{inside}{beneath}")] {
                assert_eq!(get(&address).await.0, 200, "{address}");
            }
        }
    }
    for probe in ["healthz", "readyz", "metrics", "mailbox"] {
        assert_eq!(get(&format!("{outside}/{probe}")).await.0, 200, "{probe}");
    }
    // Its neighbours on the site are none of ours.
    for elsewhere in [
        "/after",
        "/after/postventas",
        "/postventa/healthz",
        "/after/postventahealthz",
    ] {
        assert_eq!(get(&format!("{inside}{elsewhere}")).await.0, 404, "{elsewhere}");
    }

    for url in [&inside, &outside] {
        let admin = Client::new(url, stage.admin.token.clone());
        admin.ask("{ viewer { scopes } }", json!({})).await.data();
        let query = "subscription { events { topic } }";
        Live::socket(&admin, query, json!({})).await;
        Live::stream(&admin, query, json!({})).await;
        let webhook = reqwest::Client::new()
            .post(format!("{url}/webhooks/stripe"))
            .body("{}");
        let answered = webhook.send().await.expect("an answer").status();
        assert_eq!(answered, StatusCode::UNAUTHORIZED, "{url}");
    }
    stage.end().await;
}

#[tokio::test]
async fn a_file_is_fetched_beneath_the_path() {
    let stage = Stage::new().await;
    stage.customer("ana@shop.test").await;
    let app = reached_at(&stage, "https://shop.test/postventa");
    let (client, _stop) = server(&stage, |server| server.app = app).await;
    let input = json!({ "segment": "LEAD" });
    let made = client
        .mutate("usersExport", "UsersExportInput", input, "export { id }")
        .await
        .accepted();
    stage.run_jobs().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Export { downloadUrl } } }";
    let told = client
        .ask(query, json!({ "id": made["export"]["id"] }))
        .await
        .data();
    let url = told["node"]["downloadUrl"].as_str().expect("a link").to_owned();
    let beneath = url.strip_prefix("https://shop.test").expect(&url);
    assert!(beneath.starts_with("/postventa/exports/"), "{url}");
    let stripped = beneath.strip_prefix("/postventa").expect(beneath);
    let browser = reqwest::Client::builder().redirect(Policy::none()).build();
    let browser = browser.expect("a browser");
    for path in [beneath, stripped] {
        let fetched = browser.get(format!("{}{path}", client.url)).send().await;
        assert_eq!(fetched.expect("an answer").status(), StatusCode::OK, "{path}");
    }
    stage.end().await;
}

/// A mail in the mailbox is found beneath the path, too.
#[tokio::test]
async fn the_mailbox_links_beneath_the_path() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let product = stage.product("Rayuela").await;
    let purchase = stage.sell(&tests::stage::Sale::of(&ana, &product, 1)).await;
    let input = json!({ "purchaseId": purchase, "reason": "DUPLICATE" });
    stage
        .admin
        .mutate("refundRequest", "RefundRequestInput", input, "refund { id }")
        .await
        .accepted();
    stage.run_jobs().await;
    stage.hear_gateways().await;
    let app = reached_at(&stage, "https://shop.test/postventa/");
    let (client, _stop) = server(&stage, |server| server.app = app).await;
    let (_, list) = get(&format!("{}/mailbox", client.url)).await;
    let mails = links(&list);
    assert!(!mails.is_empty(), "{list}");
    for mail in mails {
        assert!(mail.starts_with("/postventa/mailbox/"), "{mail}");
        let (status, page) = get(&format!("{}{mail}", client.url)).await;
        assert_eq!(status, 200);
        let further = links(&page);
        assert!(further.len() >= 2, "{page}");
        for link in further {
            assert!(link.starts_with("/postventa/mailbox"), "{link}");
            assert_eq!(get(&format!("{}{link}", client.url)).await.0, 200, "{link}");
        }
    }
    stage.end().await;
}
