//! Every order and doubling of up to five gateway events ends in the same state: the set of what was told
//! decides, not when or how often it was told.

use std::collections::{BTreeMap, BTreeSet};

use entities::{PurchaseStatus, RefundStatus as Ours, entitlement_grant};
use futures::future::join_all;
use sandbox::{FaultKind, RefundStatus};
use sea_orm::EntityTrait;
use tests::stage::Stage;

use super::webhooks::{charge, dispute, event, post_stripe, refund_object};
use super::{Bought, accepted, buy, purchase_rows, refund_rows};

/// What Stripe may tell about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Created,
    Succeeded,
    Failed,
    ChargeRefunded,
    Disputed,
}

use Told::{ChargeRefunded, Created, Disputed, Failed, Succeeded};

/// All orders of all subsets.
fn orders(of: &[Told]) -> Vec<Vec<Told>> {
    let mut all = Vec::new();
    let mut longest = vec![Vec::new()];
    for _ in of {
        longest = longest
            .iter()
            .flat_map(|order: &Vec<Told>| {
                let left = of.iter().filter(|told| !order.contains(told));
                left.map(|told| [order.as_slice(), &[*told]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
        all.extend(longest.clone());
    }
    all
}

fn body(
    number: usize,
    position: usize,
    told: Told,
    bought: &Bought,
    refund: &str,
    at_gateway: &str,
) -> String {
    let id = format!("evt_{number}_{position}");
    let refund = |status| refund_object(at_gateway, &bought.payment, refund, status);
    match told {
        Created => event(&id, "refund.created", refund("pending")),
        Succeeded => event(&id, "refund.updated", refund("succeeded")),
        Failed => event(&id, "refund.failed", refund("failed")),
        ChargeRefunded => event(&id, "charge.refunded", charge(&bought.payment)),
        Disputed => event(&id, "charge.dispute.created", dispute(&bought.payment)),
    }
}

/// Where a refund is after it was sent, no answer came, and this was told, in any order; the last two make
/// us ask, and the gateway then says how it stands.
fn end(told: &BTreeSet<Told>, truth: RefundStatus) -> Ours {
    let asked = told.contains(&ChargeRefunded) || told.contains(&Disputed);
    let succeeded = told.contains(&Succeeded) || (asked && truth == RefundStatus::Succeeded);
    let failed = told.contains(&Failed) || (asked && truth == RefundStatus::Failed);
    match (succeeded, failed) {
        (true, true) => Ours::Reversed,
        (true, false) => Ours::Succeeded,
        (false, true) => Ours::Failed,
        (false, false) if told.contains(&Created) => Ours::Pending,
        (false, false) => Ours::Processing,
    }
}

async fn all_end_alike(sequences: Vec<Vec<Told>>, truth: RefundStatus) {
    let stage = Stage::new().await;
    stage.sandbox.stripe.hold_webhooks();
    let mut cases = BTreeMap::new();
    for (number, sequence) in (0u32..).zip(&sequences) {
        let bought = buy(&stage, "STRIPE", number).await;
        bought.fault(&stage, FaultKind::CutConnection);
        let refund = accepted(&stage, &bought.purchase, serde_json::json!({})).await;
        cases.insert(refund, (bought, sequence));
    }
    stage.run_jobs().await;
    assert_eq!(
        stage.sandbox.stripe.faults_landed()["cut_connection"],
        sequences.len() as u64
    );
    let posts = cases
        .iter()
        .enumerate()
        .map(|(number, (refund, (bought, sequence)))| {
            let at_gateway = bought.at_gateway(&stage);
            if truth == RefundStatus::Failed {
                stage
                    .sandbox
                    .stripe
                    .settle(&at_gateway, RefundStatus::Failed, None);
            }
            let stage = &stage;
            async move {
                for (position, told) in sequence.iter().enumerate() {
                    let delivery = body(number, position, *told, bought, refund, &at_gateway);
                    assert_eq!(post_stripe(stage, &delivery).await, 200);
                    // Delivered again now and then, and told again by another event.
                    if (number + position) % 3 == 0 {
                        assert_eq!(post_stripe(stage, &delivery).await, 200);
                    }
                    if (number + position) % 3 == 1 {
                        let again = body(
                            number,
                            position + 100,
                            sequence[number % (position + 1)],
                            bought,
                            refund,
                            &at_gateway,
                        );
                        assert_eq!(post_stripe(stage, &again).await, 200);
                    }
                }
            }
        });
    join_all(posts).await;
    stage.run_jobs().await;
    compare(&stage, &cases, |told| end(told, truth)).await;

    // In the end the gateway is asked wherever no answer has settled it.
    stage.later(chrono::TimeDelta::hours(1)).await;
    stage.later(chrono::TimeDelta::hours(1)).await;
    compare(&stage, &cases, |told| {
        let asked = told.iter().copied().chain([ChargeRefunded]).collect();
        match end(told, truth) {
            Ours::Processing | Ours::Pending => end(&asked, truth),
            settled => settled,
        }
    })
    .await;
    for refund in cases.keys() {
        assert_eq!(stage.sandbox.stripe.journal().refunds_with_key(refund).len(), 1);
    }
    stage.end().await;
}

async fn compare(
    stage: &Stage,
    cases: &BTreeMap<String, (Bought, &Vec<Told>)>,
    end: impl Fn(&BTreeSet<Told>) -> Ours,
) {
    let purchases: BTreeMap<_, _> = purchase_rows(stage)
        .await
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let grants = entitlement_grant::Entity::find().all(stage.app.db.connection());
    let grants: BTreeMap<_, _> = grants
        .await
        .expect("grants")
        .into_iter()
        .map(|row| (row.purchase_id, row.revoked_at))
        .collect();
    for refund in refund_rows(stage).await {
        let sequence = cases[&refund.id.to_string()].1;
        let told: BTreeSet<Told> = sequence.iter().copied().collect();
        let expected = end(&told);
        assert_eq!(refund.status, expected, "{sequence:?}");
        let purchase = &purchases[&refund.purchase_id];
        let (status, reserved, refunded, taken) = match expected {
            Ours::Succeeded => (PurchaseStatus::Refunded, 0, 3000, true),
            Ours::Failed | Ours::Reversed => (PurchaseStatus::Active, 0, 0, false),
            _ => (PurchaseStatus::Canceled, 3000, 0, true),
        };
        assert_eq!(
            (purchase.status, purchase.reserved_minor, purchase.refunded_minor),
            (status, reserved, refunded),
            "{sequence:?}"
        );
        assert_eq!(
            grants[&Some(purchase.id)].is_some(),
            taken,
            "the access after {sequence:?}"
        );
        assert_eq!(
            purchase.disputed_at.is_some(),
            told.contains(&Disputed),
            "{sequence:?}"
        );
    }
}

const OF_A_FAILURE: [Told; 5] = [Created, Succeeded, Failed, ChargeRefunded, Disputed];

/// The orders of all five events, one half or the other.
async fn all_five_end_alike(half: usize) {
    let longest = orders(&OF_A_FAILURE).into_iter().filter(|order| order.len() == 5);
    let sequences: Vec<_> = longest.skip(half).step_by(2).collect();
    assert_eq!(sequences.len(), 60);
    all_end_alike(sequences, RefundStatus::Failed).await;
}

/// The four that are told of a refund that succeeds: 64 orders of all and of some of them.
#[tokio::test]
async fn every_order_of_a_success_ends_alike() {
    let sequences = orders(&[Created, Succeeded, ChargeRefunded, Disputed]);
    assert_eq!(sequences.len(), 64);
    all_end_alike(sequences, RefundStatus::Succeeded).await;
}

/// All five, of a refund that is taken back: 120 orders, in two halves.
#[tokio::test]
async fn every_order_of_a_failure_ends_alike() {
    all_five_end_alike(0).await;
}

#[tokio::test]
async fn every_other_order_of_a_failure_ends_alike() {
    all_five_end_alike(1).await;
}
