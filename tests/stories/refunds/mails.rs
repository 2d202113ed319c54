//! S0.49: the customer is told, in their language, once for each thing that happens; and it shows if that
//! did not work.

use chrono::TimeDelta;
use domain::{adapters::mail::MailError, jobs::NewJob, mails::SendMail};
use entities::{Locale, mail};
use sandbox::{FaultKind, RefundStatus};
use serde_json::json;
use tests::stage::{Stage, text};

use super::{Bought, accepted, effect, look, sale};

async fn buy_speaking(stage: &Stage, gateway: &'static str, locale: Locale, number: u32) -> Bought {
    let user = stage
        .customer_speaking(&format!("reader{number}@shop.test"), locale)
        .await;
    let product = stage.product("Rayuela").await;
    let sale = sale(gateway, &user, &product, number);
    Bought {
        purchase: stage.sell(&sale).await,
        payment: sale.payment,
        user,
        product,
        gateway,
    }
}

/// Subject and text, without what differs each time.
fn readable(mails: &[mail::Model], refund: &str) -> String {
    let mails = mails.iter().map(|mail| {
        assert!(
            mail.html.contains("<html") && mail.html.contains(refund),
            "{}",
            mail.html
        );
        format!(
            "{} to {}: {}\n\n{}",
            mail.template, mail.to_address, mail.subject, mail.plain
        )
    });
    mails
        .collect::<Vec<_>>()
        .join("\n----------\n")
        .replace(refund, "[refund]")
}

/// Requested and succeeded, requested and failed; three languages, both gateways.
#[tokio::test]
async fn the_customer_reads_it_in_their_language() {
    let stage = Stage::new().await;
    let mut number = 0;
    for (gateway, refusal) in [("STRIPE", "insufficient_funds"), ("MERCADO_PAGO", "2024")] {
        for locale in [Locale::En, Locale::Es, Locale::Pt] {
            let mut told = String::new();
            for fails in [false, true] {
                number += 1;
                let bought = buy_speaking(&stage, gateway, locale, number).await;
                if fails {
                    bought.fault(&stage, FaultKind::Refuse { code: refusal.into() });
                }
                let before = stage.mails().await.len();
                let refund = accepted(&stage, &bought.purchase, json!({})).await;
                stage.until_quiet().await;
                let mails = stage.mails().await.split_off(before);
                let templates: Vec<&str> = mails.iter().map(|mail| mail.template.as_str()).collect();
                let last = if fails {
                    "refund-failed"
                } else {
                    "refund-succeeded"
                };
                assert_eq!(templates, ["refund-requested", last], "{gateway} {locale}");
                assert!(mails.iter().all(|mail| mail.locale == locale));
                if fails {
                    told += "==========\n";
                }
                told += &readable(&mails, &refund);
            }
            insta::assert_snapshot!(format!("{gateway}_{locale}").to_lowercase(), told);
        }
    }
    assert_eq!(stage.post.taken().len(), 24);
    stage.end().await;
}

/// However often its job runs, a mail goes out once, with a Message-ID that was fixed before.
#[tokio::test]
async fn a_mail_goes_out_once_however_often_its_job_runs() {
    let stage = Stage::new().await;
    let bought = super::buy(&stage, "STRIPE", 1).await;
    accepted(&stage, &bought.purchase, json!({})).await;
    stage.until_quiet().await;
    let mails = stage.mails().await;
    for mail in &mails {
        for _ in 0..3 {
            let mut tx = stage
                .app
                .begin_as_system(stage.team)
                .await
                .expect("a transaction");
            tx.enqueue(NewJob::now::<SendMail>(mail.id));
            tx.commit().await.expect("a commit");
        }
    }
    stage.run_jobs().await;
    let sent: Vec<String> = stage
        .post
        .taken()
        .into_iter()
        .map(|mail| mail.message_id)
        .collect();
    let written: Vec<String> = mails.into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(sent, written);
    stage.end().await;
}

/// A server that is away for a while delays the mail and nothing else.
#[tokio::test]
async fn a_mail_server_that_is_away_delays_the_mail() {
    let stage = Stage::new().await;
    let bought = super::buy(&stage, "STRIPE", 1).await;
    for _ in 0..5 {
        stage
            .post
            .refuse(MailError::Temporary("421 come back later".into()));
    }
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    stage.hear_gateways().await;
    let seen = look(&stage, &refund).await;
    assert_eq!(
        seen["status"], "SUCCEEDED",
        "the money does not wait for the mail"
    );
    assert_eq!(effect(&seen, "NOTIFY_CUSTOMER"), "PENDING");
    stage.until_quiet().await;
    assert_eq!(effect(&look(&stage, &refund).await, "NOTIFY_CUSTOMER"), "DONE");
    assert_eq!(stage.post.taken().len(), 2);
    stage.end().await;
}

/// An address that is refused for good shows in the refund's effects, with the server's words, until a later
/// mail about the same refund arrives.
#[tokio::test]
async fn a_mail_that_is_refused_shows_in_the_effects() {
    let stage = Stage::new().await;
    for (number, (refused, end)) in (1..).zip([(2, "FAILED"), (1, "DONE")]) {
        let bought = super::buy(&stage, "STRIPE", number).await;
        bought.fault(&stage, FaultKind::RefundPending);
        for _ in 0..refused {
            let reason = "550 5.1.1 no such mailbox".to_owned();
            stage.post.refuse(MailError::Permanent(reason));
        }
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(effect(&seen, "NOTIFY_CUSTOMER"), "FAILED");
        let effects = seen["effects"].as_array().expect("effects").clone();
        let told = effects.iter().find(|effect| effect["kind"] == "NOTIFY_CUSTOMER");
        assert!(text(&told.expect("it")["detail"]).contains("no such mailbox"));
        let at_gateway = bought.at_gateway(&stage);
        stage
            .sandbox
            .stripe
            .settle(&at_gateway, RefundStatus::Succeeded, None);
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(
            seen["status"], "SUCCEEDED",
            "the money does not wait for the mail"
        );
        assert_eq!(effect(&seen, "NOTIFY_CUSTOMER"), end);
    }
    stage.end().await;
}

/// A server that is away for days: given up in the end, and shown.
#[tokio::test]
async fn a_mail_server_that_stays_away_shows_in_the_effects() {
    let stage = Stage::new().await;
    let bought = super::buy(&stage, "STRIPE", 1).await;
    for _ in 0..200 {
        stage.post.refuse(MailError::Temporary("no route to host".into()));
    }
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    for _ in 0..60 {
        stage.later(TimeDelta::hours(1)).await;
    }
    let seen = look(&stage, &refund).await;
    assert_eq!(effect(&seen, "NOTIFY_CUSTOMER"), "FAILED");
    stage.end().await;
}
