//! Passwords are set by their owners, or by an administrator for other staff.

use domain::identity::staff;
use entities::{Locale, UserRole};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, AGENT, PASSWORD, Stage},
};

use super::{is_in, sign_in};

const NEW: &str = "a new password";

async fn set(client: &Client, input: Value) -> Payload {
    client.mutate("passwordSet", "PasswordSetInput", input, "").await
}

#[tokio::test]
async fn ones_own_takes_the_current_one_and_ends_the_other_sessions() {
    let stage = Stage::new().await;
    let other = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    for current in [json!(null), json!(""), json!("wrong"), json!(NEW)] {
        let refused = set(
            &stage.admin,
            json!({ "currentPassword": current, "newPassword": NEW }),
        )
        .await;
        assert_eq!(refused.refusals(), ["CREDENTIALS_INVALID currentPassword"]);
    }
    assert!(is_in(&other).await);
    set(
        &stage.admin,
        json!({ "currentPassword": PASSWORD, "newPassword": NEW }),
    )
    .await
    .accepted();
    assert!(is_in(&stage.admin).await && !is_in(&other).await);
    assert_eq!(
        sign_in(&stage.anonymous(), ADMIN, PASSWORD).await.refusals(),
        ["CREDENTIALS_INVALID"]
    );
    sign_in(&stage.anonymous(), ADMIN, NEW).await.accepted();
    stage.end().await;
}

#[tokio::test]
async fn an_administrator_sets_that_of_other_staff() {
    let stage = Stage::new().await;
    let agent = stage.staff(AGENT, UserRole::Agent).await;
    let id = stage.user_with(AGENT).await.id.to_string();
    set(&stage.admin, json!({ "userId": id, "newPassword": NEW }))
        .await
        .accepted();
    assert!(!is_in(&agent).await, "whoever had it is out");
    let agent = Client::sign_in(&stage.url, AGENT, NEW).await;
    let admin = stage.user_with(ADMIN).await.id.to_string();
    let input = json!({ "userId": admin, "newPassword": NEW });
    let answer = agent
        .try_mutate("passwordSet", "PasswordSetInput", input, "")
        .await;
    assert_eq!(answer.code(), "FORBIDDEN");
    stage.end().await;
}

/// S3.1: a sign-in with the old password that is under way when another one is set leads nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_sign_in_outlives_the_password_that_it_was_begun_with() {
    let stage = Stage::new().await;
    stage.staff(AGENT, UserRole::Agent).await;
    let id = stage.user_with(AGENT).await.id.to_string();
    let under_way = async || {
        // The password has been checked; the session is not open yet.
        let mut held = stage.statements.hold("FROM \"users\"");
        let client = stage.anonymous();
        let signing_in = tokio::spawn(async move { sign_in(&client, AGENT, PASSWORD).await });
        held.reached().await;
        (signing_in, held)
    };
    let (signing_in, held) = under_way().await;
    set(&stage.admin, json!({ "userId": id, "newPassword": NEW }))
        .await
        .accepted();
    drop(held);
    let late = signing_in.await.expect("an answer");
    assert_eq!(late.refusals(), ["CREDENTIALS_INVALID"]);
    sign_in(&stage.anonymous(), AGENT, NEW).await.accepted();

    set(&stage.admin, json!({ "userId": id, "newPassword": PASSWORD }))
        .await
        .accepted();
    let (signing_in, held) = under_way().await;
    let input = json!({ "userId": id, "active": false });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, "user { id }")
        .await
        .accepted();
    drop(held);
    let late = signing_in.await.expect("an answer");
    assert_eq!(late.refusals(), ["CREDENTIALS_INVALID"], "suspended meanwhile");
    stage.end().await;
}

/// An operator who sets it at the console, too.
#[tokio::test]
async fn a_password_from_the_console_ends_every_session() {
    let stage = Stage::new().await;
    assert!(is_in(&stage.elsewhere(&stage.admin).await).await);
    staff::create_admin(&stage.app, stage.team, ADMIN, &NEW.to_owned().into(), Locale::En)
        .await
        .expect("a new password");
    assert!(!is_in(&stage.elsewhere(&stage.admin).await).await);
    sign_in(&stage.anonymous(), ADMIN, NEW).await.accepted();
    stage.end().await;
}

#[tokio::test]
async fn what_is_too_short_too_long_or_not_for_staff_is_refused() {
    let stage = Stage::new().await;
    let other = stage.other_team().await;
    let ana = stage.customer("ana@shop.test").await;
    for (password, refusal) in [("123456789", "INVALID newPassword"), ("", "INVALID newPassword")] {
        let refused = set(
            &stage.admin,
            json!({ "currentPassword": PASSWORD, "newPassword": password }),
        )
        .await;
        assert_eq!(refused.refusals(), [refusal]);
    }
    let long = json!({ "currentPassword": PASSWORD, "newPassword": "ñ".repeat(201) });
    assert_eq!(set(&stage.admin, long).await.refusals(), ["INVALID newPassword"]);
    let member = set(&stage.admin, json!({ "userId": ana, "newPassword": NEW })).await;
    assert_eq!(
        member.refusals(),
        ["NOT_FOUND userId"],
        "customers have no password"
    );
    let foreign = set(
        &other,
        json!({ "userId": stage.user_with(ADMIN).await.id.to_string(), "newPassword": NEW }),
    )
    .await;
    assert_eq!(foreign.0, member.0, "a foreign id answers like a missing one");
    let customer = stage.customer_client("ana@shop.test").await;
    let own = set(&customer, json!({ "newPassword": NEW })).await;
    assert_eq!(own.refusals(), ["CREDENTIALS_INVALID currentPassword"]);
    sign_in(&stage.anonymous(), ADMIN, PASSWORD).await.accepted();
    stage.end().await;
}

#[tokio::test]
async fn an_open_screen_gives_no_endless_guesses() {
    let stage = Stage::new().await;
    for _ in 0..10 {
        set(
            &stage.admin,
            json!({ "currentPassword": "a guess", "newPassword": NEW }),
        )
        .await;
    }
    let right = set(
        &stage.admin,
        json!({ "currentPassword": PASSWORD, "newPassword": NEW }),
    )
    .await;
    assert_eq!(right.refusals(), ["RATE_LIMITED"]);
    stage.end().await;
}
