//! What the gateways tell us: verified, kept as it came, once, and worked off by a job.

pub(crate) mod external;
mod jobs;
mod promises;
mod shares;
pub mod webhooks;

use anyhow::Context;
use entities::{
    EventTopic, GatewayEventId, PaymentGateway, RefundStatus, TeamId, gateway_event, purchase, refund,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, ExprTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

pub use jobs::HandleGatewayEvent;
pub(crate) use promises::PROMISES;
pub use webhooks::{Addressed, Received, receive};

use crate::{
    adapters::gateways::GatewayNotice,
    app::App,
    error::Outcome,
    jobs::{ClaimedJob, Ending, Handled},
    purchases, refunds,
    scoped::Scoped,
};

/// Takes in what a gateway told us. Whatever it says, the same as before or older than what is known, the
/// end is the same.
async fn handle(app: &App, job: &ClaimedJob, id: GatewayEventId) -> Handled {
    let team = job.team()?;
    let found = gateway_event::Entity::of_by_id(team, id)
        .one(app.db.connection())
        .await?;
    let Some(event) = found else {
        return Ok(Ending::Dead {
            reason: format!("{id} is gone"),
        });
    };
    if event.processed_at.is_some() {
        return Ok(Ending::Done);
    }
    let notice = match read(app, &event) {
        Ok(notice) => notice,
        Err(error) => {
            note_outcome(app, event, &error.to_string()).await?;
            return Ok(Ending::Done);
        }
    };
    let outcome = take_in(app, job, team, event.gateway, &notice).await?;
    note_outcome(app, event, &outcome).await?;
    Ok(Ending::Done)
}

fn read(app: &App, event: &gateway_event::Model) -> anyhow::Result<GatewayNotice> {
    let adapter = app.gateways.of(event.gateway);
    let adapter = adapter.with_context(|| format!("{} sends no webhooks", event.gateway))?;
    Ok(adapter.webhooks().read_kept(&event.payload)?)
}

async fn take_in(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    gateway: PaymentGateway,
    notice: &GatewayNotice,
) -> Outcome<String> {
    if !notice.concerns_money() {
        return Ok(format!("{} concerns nothing here", notice.kind));
    }
    let concerned = concerned_refunds(app, team, gateway, notice).await?;
    for refund in &concerned {
        // What a signed event says of our refund is a fact, however old it is.
        let hints = notice.hints.iter().filter(|hint| {
            hint.our_refund == Some(refund.id)
                || refund.gateway_refund_id.as_deref() == Some(hint.id.as_str())
        });
        for hint in hints {
            refunds::observe(app, job, refund.id, hint).await?;
        }
        if notice.hints.is_empty() {
            refunds::ask_now(app, job, team, refund.id).await?;
        }
    }
    let past_us = book_external(app, job, team, gateway, notice).await?;
    if notice.disputed {
        note_dispute(app, job, team, gateway, notice).await?;
    }
    let concerned = match concerned.len() {
        0 => "no refund of ours".to_owned(),
        n => format!("{n} refund(s) looked at"),
    };
    Ok(match past_us {
        0 => concerned,
        n => format!("{concerned}, {n} made past us"),
    })
}

/// Books the refunds that the notice tells of and nobody has asked us for. Stripe says what they are; MercadoPago only
/// that something happened to the payment.
async fn book_external(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    gateway: PaymentGateway,
    notice: &GatewayNotice,
) -> Outcome<usize> {
    if !notice.hints.is_empty() {
        return external::book(app, job, (team, gateway), &notice.payment_ids, &notice.hints).await;
    }
    let mut booked = 0;
    for payment in &notice.payment_ids {
        booked += external::ask_and_book(app, job, team, gateway, payment).await?;
    }
    Ok(booked)
}

/// The refunds that a notice may be about: named by the gateway's id or ours, or of the named payments.
async fn concerned_refunds(
    app: &App,
    team: TeamId,
    gateway: PaymentGateway,
    notice: &GatewayNotice,
) -> Outcome<Vec<refund::Model>> {
    let connection = app.db.connection();
    let ours: Vec<_> = notice.hints.iter().filter_map(|hint| hint.our_refund).collect();
    let named = refund::Entity::of(team)
        .filter(refund::Column::Gateway.eq(gateway))
        .filter(
            refund::Column::GatewayRefundId
                .is_in(notice.refund_ids.iter().cloned())
                .or(refund::Column::Id.is_in(ours)),
        );
    let mut refunds = named.all(connection).await?;
    if notice.hints.is_empty() {
        let purchases = purchases::of_payments(connection, team, gateway, &notice.payment_ids).await?;
        let ids: Vec<_> = purchases.iter().map(|purchase| purchase.id).collect();
        refunds.extend(refunds::of_purchases(connection, team, &ids).await?);
    }
    refunds.sort_by_key(|refund| refund.id);
    refunds.dedup_by_key(|refund| refund.id);
    // One that has not been sent has nothing to hear. A success can be taken back days later.
    refunds.retain(|refund| refund.first_sent_at.is_some() && refund.status != RefundStatus::Reversed);
    Ok(refunds)
}

/// S0.51: a payment that the bank disputes shows it in the checklist.
async fn note_dispute(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    gateway: PaymentGateway,
    notice: &GatewayNotice,
) -> Outcome<()> {
    let mut tx = app.begin_for(job).await?;
    let purchases = purchases::of_payments(tx.db(), team, gateway, &notice.payment_ids).await?;
    for purchase in purchases
        .into_iter()
        .filter(|purchase| purchase.disputed_at.is_none())
    {
        let id = purchase.id;
        let mut row: purchase::ActiveModel = purchase.into_active_model();
        row.disputed_at = Set(Some(tx.now()));
        row.updated_at = Set(tx.now());
        row.update(tx.db()).await?;
        tx.audit("purchase.disputed", id);
        tx.publish(EventTopic::PurchaseUpdated, id, json!({ "disputed": true }));
    }
    tx.commit().await
}

async fn note_outcome(app: &App, event: gateway_event::Model, outcome: &str) -> Outcome<()> {
    let tx = app.begin_as_system(event.team_id).await?;
    let mut row = event.into_active_model();
    row.processed_at = Set(Some(tx.now()));
    row.outcome = Set(Some(outcome.to_owned()));
    row.update(tx.db()).await?;
    tx.commit().await
}
