//! What a job of a refund works on: the refund, its purchase, the gateway that both are at, and the time that one
//! attempt has there.

use std::time::Duration;

use entities::{PaymentGateway, RefundId, RefundStatus, TeamId, purchase, refund};
use sea_orm::ConnectionTrait;
use tokio::time::{Instant, timeout_at};

use super::store;
use crate::{
    adapters::gateways::{GatewayAccount, GatewayRefund, OrderError, PaymentRef, RefundOrder, Unanswered},
    app::App,
    error::Outcome,
    jobs::ClaimedJob,
    scoped::Scoped,
    teams,
    tx::Tx,
};

/// The refund, its purchase and the gateway that both are at.
pub(super) struct Case {
    pub refund: refund::Model,
    pub purchase: purchase::Model,
    gateway: Option<Box<dyn GatewayAccount>>,
    began: Instant,
    /// For all calls of the attempt together.
    limit: Duration,
}

impl Case {
    /// The gateway is the one with the team's credentials now; none if there are none any more.
    pub async fn new(
        app: &App,
        connection: &impl ConnectionTrait,
        refund: refund::Model,
        purchase: purchase::Model,
    ) -> Outcome<Self> {
        let (team, at): (TeamId, PaymentGateway) = (purchase.team_id, purchase.gateway);
        Ok(Self {
            refund,
            purchase,
            gateway: teams::secrets::open_gateway(app, team, at, connection).await?,
            began: Instant::now(),
            limit: app.gateways.attempt_limit(),
        })
    }

    /// As it is now, without a lock: to know what to ask. What follows is decided anew under the lock.
    pub async fn load(app: &App, team: TeamId, id: RefundId) -> Outcome<Option<Self>> {
        let connection = app.db.connection();
        let found = refund::Entity::of_by_id(team, id).one(connection).await?;
        let Some(refund) = found else { return Ok(None) };
        let purchase = purchase::Entity::of_by_id(team, refund.purchase_id)
            .one(connection)
            .await?
            .ok_or_else(|| anyhow::anyhow!("the purchase of {id} is gone"))?;
        Ok(Some(Self::new(app, connection, refund, purchase).await?))
    }

    /// With another limit for all calls together: a person waits for the answer.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = self.limit.min(limit);
        self
    }

    pub fn gateway(&self) -> Result<&dyn GatewayAccount, NoCredentials> {
        self.gateway.as_deref().ok_or(NoCredentials)
    }

    pub fn payment(&self) -> PaymentRef {
        let id = self.purchase.gateway_payment_id.clone().unwrap_or_default();
        PaymentRef {
            id,
            currency: self.purchase.currency,
        }
    }

    pub fn order(&self) -> RefundOrder {
        RefundOrder {
            refund_id: self.refund.id,
            payment_id: self.payment().id,
            amount: self.refund.amount(),
            reason: self.refund.reason,
            note: self.refund.note.clone(),
        }
    }

    /// Waits for the answer to a question. Where an order may follow, half of the time is kept for it.
    pub async fn answer<T>(
        &self,
        question: impl Future<Output = Result<T, Unanswered>>,
    ) -> Result<T, Unanswered> {
        let may_follow = matches!(
            self.refund.status,
            RefundStatus::Requested | RefundStatus::Processing
        );
        let limit = if may_follow { self.limit / 2 } else { self.limit };
        self.answer_within(limit, question).await
    }

    /// Waits for the answer to a question that comes after the order: for what is left of the time.
    pub async fn answer_afterwards<T>(
        &self,
        question: impl Future<Output = Result<T, Unanswered>>,
    ) -> Result<T, Unanswered> {
        self.answer_within(self.limit, question).await
    }

    async fn answer_within<T>(
        &self,
        limit: Duration,
        question: impl Future<Output = Result<T, Unanswered>>,
    ) -> Result<T, Unanswered> {
        match timeout_at(self.began + limit, question).await {
            Ok(answered) => answered,
            Err(_) => Err(Unanswered::unknown(TOO_LATE)),
        }
    }

    /// Pauses a recurring agreement; safe to repeat.
    pub async fn pause(&self, subscription: &str) -> Result<(), OrderError> {
        let paused = self.gateway()?.pause_subscription(subscription);
        match timeout_at(self.began + self.limit, paused).await {
            Ok(paused) => paused,
            Err(_) => Err(OrderError::Unknown {
                detail: TOO_LATE.into(),
            }),
        }
    }

    /// Sends the order, for as long as the attempt has time. It must be recorded before as one that may have been carried
    /// out: after a time-out nobody knows.
    pub async fn send(&self, order: &RefundOrder) -> Result<GatewayRefund, OrderError> {
        let ordered = self.gateway()?.refund(order);
        match timeout_at(self.began + self.limit, ordered).await {
            Ok(told) => told,
            Err(_) => Err(OrderError::Unknown {
                detail: TOO_LATE.into(),
            }),
        }
    }
}

const TOO_LATE: &str = "no answer within the time of an attempt";

/// The team has no credentials for the gateway, or none that can be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoCredentials;

const NONE: &str = "the team has no credentials for this gateway";

impl From<NoCredentials> for OrderError {
    fn from(_: NoCredentials) -> Self {
        Self::Credentials { detail: NONE.into() }
    }
}

impl From<NoCredentials> for Unanswered {
    fn from(_: NoCredentials) -> Self {
        Self::Credentials { detail: NONE.into() }
    }
}

/// Begins a transaction with the payment locked, every purchase of it, and the refund as it is then.
pub(super) async fn begin(
    app: &App,
    job: &ClaimedJob,
    id: RefundId,
) -> Outcome<(Tx, refund::Model, purchase::Model)> {
    let tx = app.begin_for(job).await?;
    let (refund, purchase) = lock(&tx, id).await?;
    Ok((tx, refund, purchase))
}

/// The refund and its purchase, with every purchase of the payment locked.
pub(super) async fn lock(tx: &Tx, id: RefundId) -> Outcome<(refund::Model, purchase::Model)> {
    // The purchases first, as everywhere; which one it is never changes.
    let purchase = store::lock_payment(tx, id).await?;
    Ok((store::by_id(tx, id).await?, purchase))
}
