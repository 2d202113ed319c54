//! What becomes of a refund and of its mails when a job of them was dead-lettered: nothing hangs for ever.

use domain::{jobs::NewJob, refunds::ProcessRefund};
use serde_json::json;
use tests::stage::Stage;

use super::{accepted, buy, effect, follow_ups, look, status};

/// As a sweep does with a job that is the cause of dead workers.
async fn dead_letter(stage: &Stage, kind: &str) {
    let sql = format!(
        "UPDATE jobs SET status = 'DEAD', finished_at = created_at WHERE kind = '{kind}' AND status <> 'DONE'"
    );
    let dead = stage.app.db.execute(&sql, vec![]).await.expect("jobs");
    assert_eq!(dead.rows_affected(), 1, "{kind}");
}

async fn told(stage: &Stage) -> usize {
    domain::work::tell_of_dead_letters(&stage.app)
        .await
        .expect("told")
}

#[tokio::test]
async fn a_refund_that_no_job_brings_on_needs_a_person() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    dead_letter(&stage, "process_refund").await;
    assert_eq!((told(&stage).await, told(&stage).await), (1, 0));
    let seen = look(&stage, &refund).await;
    assert_eq!(seen["status"], "NEEDS_ATTENTION");
    assert_eq!(follow_ups(&seen).len(), 1);
    stage.run_jobs().await;
    stage.end().await;
}

/// Somebody has asked for the work again before the dead letter was told of: it is not given up.
#[tokio::test]
async fn a_refund_with_another_job_goes_on() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    dead_letter(&stage, "process_refund").await;
    let id = refund.parse().expect("a refund's id");
    let mut tx = stage
        .app
        .begin_as_system(stage.team)
        .await
        .expect("a transaction");
    tx.enqueue(NewJob::now::<ProcessRefund>(id));
    tx.commit().await.expect("a commit");
    assert_eq!((told(&stage).await, told(&stage).await), (1, 0));
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    stage.end().await;
}

#[tokio::test]
async fn a_mail_that_no_job_sends_has_failed() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    dead_letter(&stage, "send_mail").await;
    assert_eq!((told(&stage).await, told(&stage).await), (1, 0));
    assert_eq!(effect(&look(&stage, &refund).await, "NOTIFY_CUSTOMER"), "FAILED");
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    stage.end().await;
}
