//! Looking a refund up at the gateway: by its id there, else by our id, else by amount and time.

use chrono::{DateTime, TimeDelta, Utc};
use entities::refund;

use super::{case::Case, store};
use crate::{
    adapters::gateways::{GatewayRefund, Unanswered},
    app::App,
    error::Outcome,
    payments::external,
};

/// How far the gateway's clock and ours may differ when a refund is recognised by the time at which it was made.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// What the gateway's answer says of a refund of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recognition {
    Recognised(GatewayRefund),
    /// The gateway knows the payment, and no refund of it that could be this one.
    NotThere,
    /// There are some that could be, and nobody can tell: a person has to.
    Ambiguous,
}

/// Asks the gateway before anything is ordered. `doubt` is since when an order may have been carried out.
pub(super) async fn look_up(
    app: &App,
    case: &Case,
    doubt: Option<DateTime<Utc>>,
) -> Outcome<Result<Recognition, Unanswered>> {
    let asked = case.answer(ask(case)).await;
    judge(app, case, doubt, asked).await
}

/// The same after an order: with what is left of the attempt's time.
pub(super) async fn look_up_afterwards(
    app: &App,
    case: &Case,
    doubt: Option<DateTime<Utc>>,
) -> Outcome<Result<Recognition, Unanswered>> {
    let asked = case.answer_afterwards(ask(case)).await;
    judge(app, case, doubt, asked).await
}

enum Told {
    Of(GatewayRefund),
    All(Vec<GatewayRefund>),
}

async fn ask(case: &Case) -> Result<Told, Unanswered> {
    let gateway = case.gateway()?;
    match &case.refund.gateway_refund_id {
        Some(id) => gateway.refund_by_id(&case.payment(), id).await.map(Told::Of),
        None => gateway.refunds_of(&case.payment()).await.map(Told::All),
    }
}

async fn judge(
    app: &App,
    case: &Case,
    doubt: Option<DateTime<Utc>>,
    asked: Result<Told, Unanswered>,
) -> Outcome<Result<Recognition, Unanswered>> {
    let known = match asked {
        Ok(Told::Of(told)) => return Ok(Ok(Recognition::Recognised(told))),
        Ok(Told::All(known)) => known,
        Err(unanswered) => return Ok(Err(unanswered)),
    };
    let connection = app.db.connection();
    let at = (case.refund.team_id, case.refund.gateway);
    let known = external::not_external(connection, at, known).await?;
    let ours = store::of_payment(connection, &case.purchase).await?;
    let ability = app.gateways.refund_ability(case.refund.gateway);
    let doubt = doubt.filter(|_| ability.is_some_and(|it| !it.carries_our_id));
    Ok(Ok(recognise(&case.refund, &ours, known, doubt)))
}

/// Finds this refund among the gateway's. Where the gateway keeps our id, it is found by that. Where it does not, a refund
/// there is taken for this one only if an order of this one may have been carried out (`doubt` says since when), if it
/// has the amount, was made since then and is known as no other refund of ours, and if it is the only such one. It is
/// never taken while another refund of ours of the same payment is in doubt.
fn recognise(
    refund: &refund::Model,
    ours: &[refund::Model],
    known: Vec<GatewayRefund>,
    doubt: Option<DateTime<Utc>>,
) -> Recognition {
    if let Some(position) = known.iter().position(|told| told.our_refund == Some(refund.id)) {
        return known
            .into_iter()
            .nth(position)
            .map_or(Recognition::NotThere, Recognition::Recognised);
    }
    let Some(doubt) = doubt else {
        return Recognition::NotThere;
    };
    let others = || ours.iter().filter(|other| other.id != refund.id);
    let taken = |id: &str| others().any(|other| other.gateway_refund_id.as_deref() == Some(id));
    let mut candidates = known.into_iter().filter(|told| {
        told.our_refund.is_none()
            && told.amount == refund.amount()
            && told.created_at.is_none_or(|at| at >= doubt - SKEW)
            && !taken(&told.id)
    });
    let Some(first) = candidates.next() else {
        return Recognition::NotThere;
    };
    let rival = others().any(|other| other.gateway_refund_id.is_none() && other.in_doubt_since.is_some());
    if rival || candidates.next().is_some() {
        return Recognition::Ambiguous;
    }
    Recognition::Recognised(first)
}

#[cfg(test)]
#[path = "inquiry_tests.rs"]
mod tests;
