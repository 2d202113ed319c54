//! S3.1: staff sign in with e-mail and password.

use chrono::TimeDelta;
use domain::identity::staff;
use entities::{Locale, UserRole};
use serde_json::{Value, json};
use tests::stage::{ADMIN, AGENT, PASSWORD, Stage};

use super::{is_in, sign_in};

#[tokio::test]
async fn staff_come_in_and_go_out() {
    let stage = Stage::new().await;
    let anonymous = stage.anonymous();
    assert!(!is_in(&anonymous).await);
    let payload = sign_in(&anonymous, " Admin@AURORA.test ", PASSWORD)
        .await
        .accepted();
    assert_eq!(payload["viewer"]["user"]["companyEmail"], ADMIN);
    assert_eq!(payload["expiresAt"], "2026-03-03T00:00:00.000Z", "a working day");
    let mut client = anonymous.clone();
    client.token = payload["accessToken"].as_str().map(str::to_owned);
    assert!(is_in(&client).await);

    client
        .ask("mutation { signOut { userErrors { code } } }", json!({}))
        .await
        .data();
    assert!(!is_in(&client).await, "the token is dead at once");
    assert!(is_in(&stage.admin).await, "the other session goes on");
    stage.pass(TimeDelta::hours(12));
    assert!(!is_in(&stage.admin).await, "and ends by itself");
    stage.end().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let stage = Stage::new().await;
    stage.customer("ana@shop.test").await;
    let agent = stage.staff(AGENT, UserRole::Agent).await;
    stage
        .sql("UPDATE users SET suspended_at = created_at WHERE email_key = 'agent@aurora.test'")
        .await;
    let anonymous = stage.anonymous();
    let wrong = sign_in(&anonymous, ADMIN, "not the password").await;
    assert_eq!(wrong.refusals(), ["CREDENTIALS_INVALID"]);
    for (who, password) in [
        ("nobody@aurora.test", PASSWORD),
        ("ana@shop.test", PASSWORD),
        (AGENT, PASSWORD),
        ("", ""),
        ("' OR 1=1 --", "x"),
        ("a\u{0}b@aurora.test", "x"),
        (ADMIN, ""),
    ] {
        assert_eq!(sign_in(&anonymous, who, password).await.0, wrong.0, "{who:?}");
    }
    stage.pass(TimeDelta::minutes(1));
    let fresh = stage.client_of(stage.user_with(AGENT).await.id, None).await;
    assert!(!is_in(&fresh).await, "a suspended person's sessions do not count");
    drop(agent);
    stage.end().await;
}

#[tokio::test]
async fn one_address_in_two_teams_has_two_passwords() {
    let stage = Stage::new().await;
    stage.other_team().await;
    let boreal = stage.user_with("admin@boreal.test").await.team_id;
    for (team, password) in [(stage.team, "the password here"), (boreal, "the password there")] {
        let password = password.to_owned().into();
        staff::create_admin(&stage.app, team, "both@group.test", &password, Locale::En)
            .await
            .expect("an administrator");
    }
    for (password, team) in [("the password here", "Aurora"), ("the password there", "Boreal")] {
        let payload = sign_in(&stage.anonymous(), "both@group.test", password)
            .await
            .accepted();
        assert_eq!(payload["viewer"]["team"]["name"], team);
    }
    stage.end().await;
}

#[tokio::test]
async fn guessing_ends_after_ten_tries_for_an_address() {
    let stage = Stage::new().await;
    let anonymous = stage.anonymous();
    for _ in 0..10 {
        assert_eq!(
            sign_in(&anonymous, ADMIN, "a guess").await.refusals(),
            ["CREDENTIALS_INVALID"]
        );
    }
    let said = |language| {
        let caller = anonymous.speaking(language);
        async move { sign_in(&caller, ADMIN, PASSWORD).await }
    };
    for language in ["en", "es", "pt"] {
        let refused = said(language).await;
        assert_eq!(
            refused.refusals(),
            ["RATE_LIMITED"],
            "also with the right password"
        );
        assert!(
            refused.0["userErrors"][0]["message"]
                .as_str()
                .is_some_and(|it| it.contains("300")),
            "{:#}",
            refused.0
        );
    }
    assert_eq!(
        sign_in(&anonymous, "other@aurora.test", "x").await.refusals(),
        ["CREDENTIALS_INVALID"]
    );
    stage.pass(TimeDelta::seconds(299));
    assert_eq!(said("en").await.refusals(), ["RATE_LIMITED"]);
    stage.pass(TimeDelta::seconds(1));
    said("en").await.accepted();
    stage.end().await;
}

#[tokio::test]
async fn guessing_ends_for_an_ip_address_whoever_is_guessed() {
    let stage = Stage::new().await;
    let anonymous = stage.anonymous();
    sign_in(&anonymous, "one@aurora.test", "x").await;
    stage
        .sql("UPDATE rate_limits SET used = 100 WHERE key LIKE 'sign-in-from:%'")
        .await;
    let refused = sign_in(&anonymous, ADMIN, PASSWORD).await;
    assert_eq!(refused.refusals(), ["RATE_LIMITED"]);
    let elsewhere = json!({
        "query": "mutation($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }",
        "variables": { "input": { "email": ADMIN, "password": PASSWORD } },
    });
    let by_proxy = anonymous
        .http()
        .post(format!("{}/graphql", stage.url))
        .json(&elsewhere);
    let by_proxy = by_proxy.header("x-forwarded-for", "192.0.2.99, 203.0.113.7");
    let answer: Value = by_proxy
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(
        answer["data"]["signIn"]["userErrors"],
        json!([]),
        "somebody else, behind the same proxy"
    );
    let log = stage
        .admin
        .ask("{ auditLog(first: 1) { nodes { ipAddress } } }", json!({}))
        .await;
    assert_eq!(log.data()["auditLog"]["nodes"][0]["ipAddress"], "203.0.113.7");
    stage.pass(TimeDelta::minutes(5));
    sign_in(&anonymous, ADMIN, PASSWORD).await.accepted();
    stage.end().await;
}

#[tokio::test]
async fn borrowed_eyes_close_with_their_owner() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await.parse().expect("an id");
    let admin = stage.user_with(ADMIN).await.id;
    let through = stage.client_of(ana, Some(admin)).await;
    let query = "{ viewer { user { companyEmail } impersonator { companyEmail } scopes } }";
    let seen = through.ask(query, json!({})).await.data();
    assert_eq!(
        seen["viewer"],
        json!({ "user": { "companyEmail": "ana@shop.test" }, "impersonator": { "companyEmail": ADMIN }, "scopes": [] })
    );
    for change in ["suspended_at = created_at", "role = 'AGENT'"] {
        stage
            .sql(&format!("UPDATE users SET {change} WHERE email_key = '{ADMIN}'"))
            .await;
        assert!(!is_in(&stage.client_of(ana, Some(admin)).await).await, "{change}");
        stage
            .sql(&format!(
                "UPDATE users SET suspended_at = NULL, role = 'ADMIN' WHERE email_key = '{ADMIN}'"
            ))
            .await;
    }
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "another password" });
    stage
        .admin
        .mutate("passwordSet", "PasswordSetInput", input, "")
        .await
        .accepted();
    assert!(!is_in(&through).await, "a new password ends those sessions, too");
    stage.end().await;
}
