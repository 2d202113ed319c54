//! Webhooks of whoever likes to send some: nothing is opened for what cannot be genuine, nobody's broken secret is in
//! another's way, and whoever is nobody's signer too often has to wait.

use domain::{
    clock::Clock,
    teams::{GatewaySecrets, SecretName},
};
use serde_json::json;
use tests::stage::Stage;

use super::webhooks::{event, hmac};

fn signature(secret: &str, at: i64, body: &str) -> String {
    format!("t={at},v1={}", hmac(secret, &format!("{at}.{body}")))
}

async fn post(url: &str, from: &str, signature: String, body: &str) -> (u16, Option<String>) {
    let request = reqwest::Client::new().post(url).header("x-forwarded-for", from);
    let request = request
        .header("stripe-signature", signature)
        .body(body.to_owned());
    let answer = request.send().await.expect("an answer");
    let wait = answer.headers().get("retry-after");
    let wait = wait.map(|it| it.to_str().expect("a text").to_owned());
    (answer.status().as_u16(), wait)
}

fn body() -> String {
    event("evt_1", "customer.created", json!({ "id": "cus_1" }))
}

/// What has no signature's form, or is of another time, is refused before the database is asked for a secret.
#[tokio::test]
async fn what_cannot_be_genuine_opens_no_secret() {
    let stage = Stage::new().await;
    let (body, now) = (body(), stage.clock.now().timestamp());
    let good = signature("whsec_sandbox", now, &body);
    stage.statements.take();
    for path in [
        "/webhooks/stripe".to_owned(),
        format!("/webhooks/stripe/{}", stage.team),
    ] {
        let url = format!("{}{path}", stage.url);
        for (name, signature) in [
            ("nothing", String::new()),
            ("no time", good.replacen("t=", "x=", 1)),
            ("no signature", format!("t={now}")),
            ("half of one", good[..40].to_owned()),
            ("no digits", format!("t={now},v1={}", "z".repeat(64))),
            ("old", signature("whsec_sandbox", now - 301, &body)),
            ("from the future", signature("whsec_sandbox", now + 301, &body)),
            ("no time at all", format!("t=soon,v1={}", "0".repeat(64))),
        ] {
            assert_eq!(
                post(&url, "203.0.113.1", signature, &body).await.0,
                401,
                "{path}: {name}"
            );
        }
    }
    let url = format!("{}/webhooks/mercadopago?data.id=1&type=payment", stage.url);
    let http = reqwest::Client::new();
    for signature in [
        "",
        "ts=1",
        "v1=00",
        "ts=1700000000,v1=00",
        &format!("ts={now},v1=00"),
    ] {
        let answer = http
            .post(&url)
            .header("x-signature", signature)
            .body("{}")
            .send()
            .await;
        assert_eq!(answer.expect("an answer").status().as_u16(), 401, "{signature}");
    }
    let asked = stage.statements.take();
    let opened = asked.iter().filter(|sql| sql.contains("team_secrets")).count();
    assert_eq!(opened, 0, "{asked:#?}");
    stage.end().await;
}

/// One team's secret does not open any more: the others' webhooks go on.
#[tokio::test]
async fn a_secret_that_does_not_open_is_in_nobodys_way() {
    let stage = Stage::new().await;
    let boreal = stage.other_team().await;
    let secret = json!({ "stripeWebhookSecret": "whsec_boreal" });
    let set = boreal.mutate(
        "teamSettingsUpdate",
        "TeamSettingsUpdateInput",
        secret,
        "team { id }",
    );
    set.await.accepted();
    let boreal =
        boreal.ask("{ viewer { team { id } } }", json!({})).await.data()["viewer"]["team"]["id"].clone();
    let boreal: entities::TeamId = boreal.as_str().expect("an id").parse().expect("a team");
    let broken = "UPDATE team_secrets SET ciphertext = $1 WHERE team_id = $2";
    let broken = stage
        .app
        .db
        .execute(broken, vec![vec![7_u8; 60].into(), boreal.into()])
        .await;
    assert_eq!(broken.expect("a change").rows_affected(), 1);
    let (body, now) = (body(), stage.clock.now().timestamp());
    let url = format!("{}/webhooks/stripe", stage.url);
    let genuine = signature("whsec_sandbox", now, &body);
    assert_eq!(post(&url, "203.0.113.1", genuine, &body).await.0, 200);
    let theirs = signature("whsec_boreal", now, &body);
    assert_eq!(post(&url, "203.0.113.1", theirs.clone(), &body).await.0, 401);
    let own = format!("{url}/{boreal}");
    assert_eq!(post(&own, "203.0.113.1", theirs, &body).await.0, 401);
    stage.run_jobs().await;
    stage.end().await;
}

/// Sixty in a minute from one network, IPv6 by its first 64 bits; what is genuine, and what is addressed to a team, is
/// not counted.
#[tokio::test]
async fn a_network_that_is_nobodys_signer_has_to_wait() {
    let stage = Stage::new().await;
    let (body, now) = (body(), stage.clock.now().timestamp());
    let url = format!("{}/webhooks/stripe", stage.url);
    let wrong = || signature("whsec_of_nobody", now, &body);
    let genuine = || signature("whsec_sandbox", now, &body);
    for number in 0..60 {
        let from = format!("2001:db8:1:2::{number:x}");
        assert_eq!(post(&url, &from, genuine(), &body).await.0, 200, "{number}");
        assert_eq!(post(&url, &from, wrong(), &body).await.0, 401, "{number}");
    }
    let (status, wait) = post(&url, "2001:db8:1:2:ffff::1", wrong(), &body).await;
    assert_eq!((status, wait.as_deref()), (429, Some("60")));
    assert_eq!(post(&url, "2001:db8:1:3::1", wrong(), &body).await.0, 401);
    assert_eq!(post(&url, "203.0.113.1", wrong(), &body).await.0, 401);
    // Not even the genuine are heard from there; at the team's own address they are.
    assert_eq!(post(&url, "2001:db8:1:2::1", genuine(), &body).await.0, 429);
    let own = format!("{url}/{}", stage.team);
    assert_eq!(post(&own, "2001:db8:1:2::1", genuine(), &body).await.0, 200);
    stage.clock.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(post(&url, "2001:db8:1:2::1", wrong(), &body).await.0, 401);
    stage.run_jobs().await;
    stage.end().await;
}

/// Signed with the installation's secret, for a team that there is not: 404, and nothing that the gateway should repeat.
#[tokio::test]
async fn a_team_that_there_is_not_is_not_found() {
    let stage = Stage::new().await;
    let mut secrets = GatewaySecrets::default();
    secrets.set(
        SecretName::StripeWebhookSecret,
        "whsec_installation".to_owned().into(),
    );
    secrets.set(
        SecretName::MercadoPagoWebhookSecret,
        "mp_installation".to_owned().into(),
    );
    let url = stage.installation_with(secrets).await;
    let (body, now) = (body(), stage.clock.now().timestamp());
    let nobody = "team_01h2xcejqtf2nbrexx3vqjhp41";
    let at = format!("{url}/webhooks/stripe/{nobody}");
    let signed = signature("whsec_installation", now, &body);
    assert_eq!(post(&at, "203.0.113.1", signed.clone(), &body).await.0, 404);
    let wrong = signature("whsec_other", now, &body);
    assert_eq!(post(&at, "203.0.113.1", wrong, &body).await.0, 401);
    let manifest = format!("id:1;request-id:r;ts:{now};");
    let header = format!("ts={now},v1={}", hmac("mp_installation", &manifest));
    let at = format!("{url}/webhooks/mercadopago/{nobody}?data.id=1&type=payment");
    let request = reqwest::Client::new()
        .post(at)
        .header("x-signature", header)
        .header("x-request-id", "r");
    let answer = request
        .body(r#"{"type":"payment","data":{"id":"1"}}"#)
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status().as_u16(), 404);
    // Of a team that there is, and that has a secret of its own, the installation's is no signer.
    let at = format!("{url}/webhooks/stripe/{}", stage.team);
    assert_eq!(post(&at, "203.0.113.1", signed, &body).await.0, 401);
    stage.end().await;
}
