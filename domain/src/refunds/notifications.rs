//! Who is told of a refund: the customer by mail (S0.49), partners and front ends by an event.

use entities::{EffectStatus, EventTopic, RefundEffectKind, RefundId, product, purchase, refund, user};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::store;
use crate::{
    app::App,
    error::Outcome,
    mails::{self, AccessAfter, DeliveryReport, MailContent, RefundFacts},
    message::Message,
    scoped::Scoped,
    tx::Tx,
};

/// What the customer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    Requested,
    Succeeded,
    Failed,
}

/// Writes the mail for an occasion. The effects of the refund must be stored before.
pub(super) async fn customer(
    app: &App,
    tx: &mut Tx,
    refund: &refund::Model,
    purchase: &purchase::Model,
    occasion: Occasion,
) -> Outcome<()> {
    let team = tx.actor().team;
    let user = user::Entity::of_by_id(team, refund.user_id).one(tx.db()).await?;
    let product = product::Entity::of_by_id(team, purchase.product_id)
        .one(tx.db())
        .await?;
    let (Some(user), Some(product)) = (user, product) else {
        return Err(anyhow::anyhow!("the customer or the product of {} is gone", refund.id).into());
    };
    let revoked = store::effect(tx, refund.id, RefundEffectKind::RevokeAccess).await?;
    let access = match (occasion, revoked) {
        (Occasion::Requested, Some(EffectStatus::Done)) => AccessAfter::Ended,
        (Occasion::Requested, _) => AccessAfter::Kept,
        (Occasion::Failed, Some(EffectStatus::Undone)) => AccessAfter::Restored,
        (Occasion::Succeeded | Occasion::Failed, _) => AccessAfter::Untold,
    };
    let facts = RefundFacts {
        locale: user.locale,
        customer: user.first_name.clone(),
        product: product.name,
        amount: refund.amount(),
        at: tx.now(),
        number: refund.id.to_string(),
        gateway: refund.gateway,
        access,
    };
    let (content, name) = match occasion {
        Occasion::Requested => (MailContent::RefundRequested(facts), "requested"),
        Occasion::Succeeded => (MailContent::RefundSucceeded(facts), "succeeded"),
        Occasion::Failed => (MailContent::RefundFailed(facts), "failed"),
    };
    let occasion = format!("{}:{name}", refund.id);
    mails::write(app, tx, &user, &content, occasion, refund.id.to_string()).await
}

pub(super) fn publish_update(tx: &mut Tx, refund: &refund::Model) {
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

/// Notes how the mail about a refund has come out, and tells the followers.
pub(crate) fn mail_delivered<'a>(tx: &'a mut Tx, delivery: &'a DeliveryReport) -> BoxFuture<'a, Outcome<()>> {
    async move {
        let Ok(id) = delivery.subject_id.parse::<RefundId>() else {
            return Ok(());
        };
        let (status, detail) = match &delivery.error {
            None => (EffectStatus::Done, None),
            Some(error) => {
                let detail = Message::key("effect-mail-not-delivered").with("message", error);
                (EffectStatus::Failed, Some(detail))
            }
        };
        let refund = store::by_id(tx, id).await?;
        let mut effects = store::Effects::default();
        effects.set(RefundEffectKind::NotifyCustomer, status, detail);
        effects.store(tx, id).await?;
        publish_update(tx, &refund);
        Ok(())
    }
    .boxed()
}
