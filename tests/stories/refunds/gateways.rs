//! Whatever goes wrong between us and the gateway: the money goes back once, or a person has to look.

use chrono::TimeDelta;
use domain::{clock::Clock, database::Sql, jobs::NewJob, operations, refunds::ProcessRefund};
use entities::job;
use sandbox::{Fault, FaultKind};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use tests::stage::Stage;

use super::{Bought, GATEWAYS, accepted, buy, follow_ups, give_credentials, look, request, status};

/// One fault on the way to the gateway: how often the refund is sent, and how it ends.
struct Case {
    fault: FaultKind,
    sent: usize,
    executed: usize,
    end: &'static str,
    tasks: usize,
    restored: bool,
}

impl Case {
    fn of(fault: FaultKind, sent: usize) -> Self {
        Self {
            fault,
            sent,
            executed: 1,
            end: "SUCCEEDED",
            tasks: 0,
            restored: false,
        }
    }

    async fn tell(&self, stage: &Stage, gateway: &'static str, number: u32) {
        let name = format!("{gateway}: {}", self.fault.name());
        let bought = buy(stage, gateway, number).await;
        bought.fault(stage, self.fault.clone());
        let landed = || {
            bought
                .simulator(stage)
                .faults_landed()
                .get(self.fault.name())
                .copied()
        };
        let before = landed().unwrap_or_default();
        let refund = accepted(stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;

        assert_eq!(landed(), Some(before + 1), "{name} did not land");
        let seen = look(stage, &refund).await;
        assert_eq!(seen["status"], self.end, "{name}: {seen:#}");
        assert_eq!(
            bought.executions(stage, &refund),
            self.executed,
            "{name}: executed"
        );
        assert_eq!(bought.sent(stage, &refund), self.sent, "{name}: sent");
        assert_eq!(
            follow_ups(&seen).len(),
            self.tasks,
            "{name}: {:?}",
            follow_ups(&seen)
        );
        assert_eq!(bought.may_use(stage).await, self.restored, "{name}: access");
        let gone = bought.simulator(stage).journal().total_refunded(&bought.payment);
        assert!(gone <= 3000, "{name}: {gone} of 3000");
    }
}

/// Gateway errors as docs/ARCHITECTURE.md sorts them: an unknown outcome is asked for; the same key is sent again
/// only where nothing was done.
async fn whatever_happens_on_the_way(gateway: &'static str, refusal: &str) {
    let stage = Stage::new().await;
    let cases = [
        Case::of(FaultKind::TimeoutAfterExecuting, 1),
        Case::of(FaultKind::TimeoutBeforeExecuting, 2),
        Case::of(FaultKind::Error500Before, 2),
        Case::of(FaultKind::Error500Stored, 1),
        Case::of(FaultKind::CutConnection, 1),
        Case::of(FaultKind::RateLimited { retry_after: 90 }, 2),
        Case::of(FaultKind::Slow { ms: 20 }, 1),
        Case {
            executed: 0,
            end: "FAILED",
            tasks: 1,
            restored: true,
            ..Case::of(FaultKind::Refuse { code: refusal.into() }, 1)
        },
        Case {
            end: "NEEDS_ATTENTION",
            tasks: 1,
            ..Case::of(FaultKind::WrongAmount { amount: None }, 1)
        },
        Case {
            end: "NEEDS_ATTENTION",
            tasks: 1,
            ..Case::of(FaultKind::WrongAmount { amount: Some(1) }, 1)
        },
    ];
    for (number, case) in (1..).zip(&cases) {
        case.tell(&stage, gateway, number).await;
    }
    stage.end().await;
}

#[tokio::test]
async fn whatever_happens_on_the_way_to_stripe() {
    whatever_happens_on_the_way("STRIPE", "insufficient_funds").await;
}

#[tokio::test]
async fn whatever_happens_on_the_way_to_mercado_pago() {
    whatever_happens_on_the_way("MERCADO_PAGO", "2024").await;
}

/// The same again and again: five lost answers in a row, to the order and to the questions.
#[tokio::test]
async fn many_lost_answers_in_a_row() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let bought = buy(&stage, gateway, number).await;
        let fault = Fault::once(FaultKind::CutConnection).for_payment(&bought.payment);
        bought.simulator(&stage).hold_webhooks();
        for endpoint in ["refunds.create", "refunds.list"] {
            bought
                .simulator(&stage)
                .fault(fault.clone().on(endpoint).times(5));
        }
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
        assert_eq!(bought.executions(&stage, &refund), 1);
        assert_eq!(bought.simulator(&stage).faults_landed()["cut_connection"], 6);
    }
    stage.end().await;
}

async fn next_attempt(stage: &Stage) -> chrono::DateTime<chrono::Utc> {
    let waiting = job::Entity::find()
        .filter(job::Column::Kind.eq("process_refund"))
        .filter(job::Column::FinishedAt.is_null())
        .one(stage.app.db.connection())
        .await
        .expect("jobs");
    waiting.expect("a job that waits").run_at
}

/// 429 waits for as long as it says, and keeps the key.
#[tokio::test]
async fn a_busy_gateway_is_left_alone_for_as_long_as_it_says() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::RateLimited { retry_after: 90 });
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        assert!(next_attempt(&stage).await >= stage.clock.now() + TimeDelta::seconds(90));
        stage.later(TimeDelta::seconds(89)).await;
        assert_eq!(bought.sent(&stage, &refund), 1, "{gateway}: too early");
        stage.later(TimeDelta::seconds(2)).await;
        assert_eq!(bought.executions(&stage, &refund), 1);
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// "Already refunded" is looked up, not believed. What somebody has given back at the gateway, and nobody has told, is
/// booked, and the refund ends: what is left of the payment can be asked for.
#[tokio::test]
async fn what_was_given_back_outside_is_not_given_back_again() {
    for (gateway, outside) in [
        ("STRIPE", 3000),
        ("STRIPE", 1000),
        ("MERCADO_PAGO", 3000),
        ("MERCADO_PAGO", 1000),
    ] {
        let stage = Stage::new().await;
        let name = format!("{gateway} {outside}");
        let bought = buy(&stage, gateway, 1).await;
        bought.simulator(&stage).hold_webhooks();
        bought.refund_outside(&stage, outside).await;
        stage.pass(TimeDelta::hours(1));
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "FAILED", "{name}: {seen:#}");
        assert_eq!(follow_ups(&seen).len(), 1, "{name}");
        let note = &follow_ups(&seen)[0];
        assert!(note.contains("in the gateway's own pages"), "{name}: {note}");
        assert!(
            seen["failureMessage"].is_null(),
            "{name}: the gateway has said nothing"
        );
        assert!(
            !seen["effects"].to_string().contains("refused"),
            "{name}: nobody has refused it"
        );
        // A part keeps the access, as always.
        let all = outside == 3000;
        assert_eq!(bought.may_use(&stage).await, !all, "{name}");
        assert_eq!(bought.sent(&stage, &refund), 0, "{name}");
        let mails = stage.mails().await;
        assert_eq!(
            mails.len(),
            1,
            "{name}: whoever gave it back has told the customer"
        );
        let found = operations::verify_with_gateway(&stage.app, 100)
            .await
            .expect("an answer");
        assert_eq!(found.len(), 0, "{name}: {found:?}");
        let again = request(&stage, &bought.purchase, json!({})).await;
        if all {
            assert_eq!(
                again.refusals(),
                ["REFUND_ALREADY_REQUESTED purchaseId"],
                "{name}"
            );
        } else {
            assert_eq!(again.accepted()["refund"]["amount"]["amount"], "20.00", "{name}");
        }
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        let gone = bought.simulator(&stage).journal().total_refunded(&bought.payment);
        assert_eq!(gone, 3000, "{name}");
        assert!(!bought.may_use(&stage).await, "{name}");
        stage.end().await;
    }
}

/// The access that went with the request stays away, and nobody is told that it came back. It comes back when the
/// gateway takes back what was given by hand.
#[tokio::test]
async fn access_that_a_refund_by_hand_takes_does_not_come_back_in_between() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    bought.simulator(&stage).hold_webhooks();
    bought.refund_outside(&stage, 3000).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    assert_eq!(status(&stage, &refund).await, "FAILED");
    let events = "SELECT id FROM events WHERE topic = 'ENTITLEMENT_CHANGED' ORDER BY position";
    let events = stage
        .app
        .db
        .connection()
        .rows(events, vec![])
        .await
        .expect("events");
    assert_eq!(events.len(), 2, "granted and revoked");
    let failed = sandbox::RefundStatus::Failed;
    bought
        .simulator(&stage)
        .settle(&bought.at_gateway(&stage), failed, None);
    bought.simulator(&stage).release_webhooks().await;
    stage.until_quiet().await;
    assert!(bought.may_use(&stage).await);
    stage.end().await;
}

/// A part by hand that nobody has told, and a refund that still fits beside it: both are known afterwards.
#[tokio::test]
async fn what_was_given_back_outside_is_booked_beside_a_refund_of_ours() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.simulator(&stage).hold_webhooks();
        bought.refund_outside(&stage, 1000).await;
        stage.pass(TimeDelta::hours(1));
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        let part = json!({ "amount": { "amount": "12.00", "currency": currency } });
        let refund = accepted(&stage, &bought.purchase, part).await;
        stage.run_jobs().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        let found = operations::verify_with_gateway(&stage.app, 100)
            .await
            .expect("an answer");
        assert_eq!(found.len(), 0, "{gateway}: {found:?}");
        let again = accepted(&stage, &bought.purchase, json!({})).await;
        assert_eq!(
            look(&stage, &again).await["amount"]["amount"],
            "8.00",
            "{gateway}"
        );
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// A key that the gateway may have forgotten is never sent again, however the outcome is found.
#[tokio::test]
async fn an_old_key_is_never_sent_again() {
    for gateway in GATEWAYS {
        for executed in [false, true] {
            let stage = Stage::new().await;
            let bought = buy(&stage, gateway, 1).await;
            bought.fault(
                &stage,
                if executed {
                    FaultKind::CutConnection
                } else {
                    FaultKind::Error500Before
                },
            );
            bought.simulator(&stage).hold_webhooks();
            let down = Fault::once(FaultKind::Error500Before).on("refunds.list");
            bought.simulator(&stage).fault(down.times(1000));
            let refund = accepted(&stage, &bought.purchase, json!({})).await;
            for _ in 0..24 {
                stage.run_jobs().await;
                stage.pass(TimeDelta::hours(1));
            }
            assert_eq!(status(&stage, &refund).await, "PROCESSING", "{gateway}: unknown");
            bought.simulator(&stage).clear_faults();
            stage.until_quiet().await;
            let seen = look(&stage, &refund).await;
            let end = if executed { "SUCCEEDED" } else { "NEEDS_ATTENTION" };
            assert_eq!(seen["status"], end, "{gateway}, executed: {executed}");
            assert_eq!(bought.sent(&stage, &refund), 1, "{gateway}: sent again");
            assert_eq!(bought.executions(&stage, &refund), usize::from(executed));
            assert_eq!(follow_ups(&seen).len(), usize::from(!executed));
            stage.end().await;
        }
    }
}

/// Wrong credentials are a person's business: the refund waits for them, and then goes through.
#[tokio::test]
async fn wrong_credentials_wait_until_they_are_mended() {
    let stage = Stage::new().await;
    for (number, (gateway, right)) in
        (1..).zip([("STRIPE", "sk_test_sandbox"), ("MERCADO_PAGO", "TEST-sandbox")])
    {
        let bought: Bought = buy(&stage, gateway, number).await;
        give_credentials(&stage, gateway, "sk_test_of_somebody_else").await;
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        for _ in 0..10 {
            stage.later(TimeDelta::minutes(6)).await;
        }
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "PROCESSING", "{gateway}: not lost, not failed");
        assert_eq!(bought.executions(&stage, &refund), 0);
        // The next try is minutes away, and it is made at once.
        give_credentials(&stage, gateway, right).await;
        stage.run_jobs().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        assert_eq!(bought.executions(&stage, &refund), 1);
    }
    stage.hear_gateways().await;
    stage.end().await;
}

/// The same with a key of another account, which finds nothing, and with the pauses: they begin anew.
#[tokio::test]
async fn other_credentials_begin_the_pauses_anew() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let foreign = FaultKind::ForeignKey { empty_lists: false };
    let foreign = Fault::once(foreign).on("payments.get").times(1000);
    bought.simulator(&stage).fault(foreign);
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    for _ in 0..10 {
        stage.later(TimeDelta::minutes(6)).await;
    }
    assert!(next_attempt(&stage).await - stage.clock.now() > TimeDelta::minutes(2));
    give_credentials(&stage, "STRIPE", "sk_test_of_a_third_account").await;
    stage.run_jobs().await;
    assert!(next_attempt(&stage).await - stage.clock.now() <= TimeDelta::seconds(1));
    bought.simulator(&stage).clear_faults();
    give_credentials(&stage, "STRIPE", "sk_test_sandbox").await;
    stage.run_jobs().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    stage.hear_gateways().await;
    stage.end().await;
}

/// A job that runs again when all is done asks nothing and changes nothing.
#[tokio::test]
async fn a_job_that_runs_again_changes_nothing() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.until_quiet().await;
    let before = look(&stage, &refund).await;
    for _ in 0..3 {
        let id = refund.parse().expect("an id");
        let mut tx = stage
            .app
            .begin_as_system(stage.team)
            .await
            .expect("a transaction");
        tx.enqueue(NewJob::now::<ProcessRefund>(id));
        tx.commit().await.expect("a commit");
        stage.run_jobs().await;
    }
    assert_eq!(look(&stage, &refund).await, before);
    assert_eq!(bought.sent(&stage, &refund), 1);
    stage.end().await;
}
