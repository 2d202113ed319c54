//! An address is one person's, however it is written, and stands everywhere as it was written.

use serde_json::json;
use tests::stage::{PASSWORD, Stage};

use super::{USER, create};

/// S3.1, S3.2: the domain in letters or as the DNS has it, in any case and normal form, as a clipboard gives it.
#[tokio::test]
async fn two_writings_of_an_address_are_one_person() {
    let stage = Stage::new().await;
    let made = create(&stage, json!({ "companyEmail": " J@Müller.example " }))
        .await
        .accepted();
    assert_eq!(
        made["user"]["companyEmail"], "J@Müller.example",
        "as it was written"
    );
    for writing in [
        "j@müller.example",
        "j@xn--mller-kva.example",
        "j@XN--MLLER-KVA.Example.",
        "j@mu\u{308}ller.example",
        "ｊ＠müller。example",
        "\u{200b}j@müller.example\u{a0}",
    ] {
        let again = create(&stage, json!({ "companyEmail": writing })).await;
        assert_eq!(again.refusals(), ["CONFLICT companyEmail"], "{writing}");
    }
    let other = create(&stage, json!({ "companyEmail": "j@muller.example" }))
        .await
        .accepted();
    let input = json!({ "userId": other["user"]["id"], "companyEmail": "j@xn--mller-kva.example" });
    let taken = stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, USER)
        .await;
    assert_eq!(taken.refusals(), ["CONFLICT companyEmail"]);
    stage.end().await;
}

#[tokio::test]
async fn an_address_that_no_mail_can_reach_is_refused() {
    let stage = Stage::new().await;
    for (address, sentence) in [
        ("ana@bea@shop.test", "mail"),
        ("ana@shop .test", "mail"),
        ("a na@shop.test", "mail"),
        ("ana\u{0}@shop.test", "mail"),
        ("ana@xn--a.test", "mail"),
        ("\"ana\"@shop.test", "mail"),
        ("ana@-shop.test", "mail"),
        (&format!("{}@shop.test", "a".repeat(65)), "mail"),
        (&format!("ana@{}.test", "a.".repeat(124) + "a"), "254"),
    ] {
        let refused = create(&stage, json!({ "companyEmail": address })).await;
        assert_eq!(refused.refusals(), ["INVALID companyEmail"], "{address:?}");
        let said = refused.0["userErrors"][0]["message"].to_string();
        assert!(said.contains(sentence), "{address:?}: {said}");
    }
    stage.end().await;
}

/// S3.1: staff come in by any writing of theirs.
#[tokio::test]
async fn staff_sign_in_by_any_writing_of_their_address() {
    let stage = Stage::new().await;
    stage
        .staff("Jörg@Müller.example", entities::UserRole::Agent)
        .await;
    for writing in [
        "jörg@xn--mller-kva.example",
        "JO\u{308}RG@MÜLLER.EXAMPLE.",
        " jörg＠müller。example",
    ] {
        let input = json!({ "email": writing, "password": PASSWORD });
        stage
            .anonymous()
            .mutate("signIn", "SignInInput", input, "accessToken")
            .await
            .accepted();
    }
    stage.end().await;
}

/// Two people may have had one address before addresses had one form: both still come in, both can be changed, and
/// once one of them has another address the other is alone with it.
#[tokio::test]
async fn two_who_had_one_address_keep_it_until_one_gets_another() {
    let stage = Stage::new().await;
    let (one, other) = ("j@xn--mller-kva.example", "j@else.example");
    for email in [one, other] {
        stage.staff(email, entities::UserRole::Agent).await;
    }
    let (first, second) = (stage.user_with(one).await.id, stage.user_with(other).await.id);
    let clash = "email_key = 'j@müller.example', company_email = 'j@müller.example'";
    stage
        .sql(&format!(
            "UPDATE users SET {clash}, email_clashes_with = (SELECT id FROM users WHERE email_key = '{one}') \
             WHERE email_key = '{other}'"
        ))
        .await;
    let violations = domain::operations::verify(&stage.app).await.expect("an answer");
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(
        (violations[0].rule, violations[0].subject.as_str()),
        ("address-once", second.to_string().as_str())
    );
    let update = async |user: entities::UserId, change: serde_json::Value| {
        let mut input = json!({ "userId": user.to_string() });
        for (name, value) in change.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        stage
            .admin
            .mutate("userUpdate", "UserUpdateInput", input, USER)
            .await
    };
    update(second, json!({ "lastName": "Changed" })).await.accepted();
    let sign_in = async |email: &str| {
        let input = json!({ "email": email, "password": PASSWORD });
        let anonymous = stage.anonymous();
        anonymous
            .mutate(
                "signIn",
                "SignInInput",
                input,
                "viewer { user { lastName } } teams { id }",
            )
            .await
    };
    let opened = sign_in(one).await.accepted();
    assert_eq!(opened["viewer"]["user"]["lastName"], "Story");
    let opened = sign_in("j@müller.example").await.accepted();
    assert_eq!(opened["viewer"]["user"]["lastName"], "Changed");

    update(first, json!({ "companyEmail": "first@else.example" }))
        .await
        .accepted();
    assert_eq!(stage.user_row(second).await.email_key, one);
    assert_eq!(
        update(first, json!({ "companyEmail": "J@Müller.example" }))
            .await
            .refusals(),
        ["CONFLICT companyEmail"]
    );
    stage.end().await;
}
