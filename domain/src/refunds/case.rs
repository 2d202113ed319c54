//! What a job of a refund works on: the refund, its purchase, and the gateway that both are at.

use entities::{PurchaseId, RefundId, TeamId, purchase, refund};

use super::store;
use crate::{
    adapters::gateways::{GatewayError, PaymentRef, RefundGateway},
    app::App,
    error::Outcome,
    jobs::ClaimedJob,
    purchases, teams,
    tx::Tx,
};

/// The refund, its purchase and the gateway that both are at.
pub(super) struct Case {
    pub refund: refund::Model,
    pub purchase: purchase::Model,
    pub gateway: Option<Box<dyn RefundGateway>>,
}

impl Case {
    /// The gateway is the one with the team's credentials now; none if there are none any more.
    pub async fn new(app: &App, tx: &Tx, refund: refund::Model, purchase: purchase::Model) -> Outcome<Self> {
        let gateway = teams::secrets::open_gateway(app, purchase.team_id, purchase.gateway, tx.db()).await?;
        Ok(Self {
            refund,
            purchase,
            gateway,
        })
    }

    pub fn gateway(&self) -> Result<&dyn RefundGateway, GatewayError> {
        self.gateway.as_deref().ok_or_else(|| GatewayError::Credentials {
            detail: "the team has no credentials for this gateway".into(),
        })
    }

    pub fn payment(&self) -> PaymentRef {
        let id = self.purchase.gateway_payment_id.clone().unwrap_or_default();
        PaymentRef {
            id,
            currency: self.purchase.currency,
        }
    }
}

/// Begins a transaction with the purchase locked and the refund as it is then.
pub(super) async fn begin(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    id: RefundId,
) -> Outcome<(Tx, refund::Model, purchase::Model)> {
    let tx = app
        .begin_as_system(team)
        .await?
        .on_behalf_of(job.payload.by.clone());
    let (refund, purchase) = lock(&tx, id).await?;
    Ok((tx, refund, purchase))
}

/// The refund with its purchase locked.
async fn lock(tx: &Tx, id: RefundId) -> Outcome<(refund::Model, purchase::Model)> {
    // The purchase first, as everywhere; which one it is never changes.
    let of: PurchaseId = store::by_id(tx, id).await?.purchase_id;
    let purchase = purchases::store::lock(tx, of).await?;
    let purchase = purchase.ok_or_else(|| anyhow::anyhow!("{of} is gone"))?;
    Ok((store::by_id(tx, id).await?, purchase))
}
