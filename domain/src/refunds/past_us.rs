//! A payment of which more went back than we know: somebody has given it back at the gateway, and no webhook has told
//! us. It is found when a refund is about to be ordered, and booked; a refund for which too little is left fails and says
//! so.

use entities::{Money, refund};

use super::{
    case::Case,
    settle::{Learned, note_of},
    state::Observation,
    store,
};
use crate::{
    adapters::gateways::{GatewayPayment, GatewayRefund, GatewayRefundStatus, Unanswered},
    app::App,
    error::Outcome,
    jobs::ClaimedJob,
    message::Message,
    payments::external,
    purchases,
};

/// Why a refund has failed whose money went back past us.
const PAST_US: &str = "refunded_past_us";

/// Asks for the payment's refunds and books them, if more of it went back than we know of.
pub(super) async fn book(
    app: &App,
    job: &ClaimedJob,
    case: &Case,
    payment: &GatewayPayment,
) -> Outcome<Result<(), Unanswered>> {
    if payment.refunded.minor <= 0 || payment.refunded.minor <= known(app, case).await? {
        return Ok(Ok(()));
    }
    let asked = async { case.gateway()?.refunds_of(&case.payment()).await };
    match case.answer(asked).await {
        Err(unanswered) => Ok(Err(unanswered)),
        Ok(told) => {
            book_all(app, job, case, &told).await?;
            Ok(Ok(()))
        }
    }
}

/// The gateway has refused an order as "already refunded" and knows no refund of ours. If what others gave back explains
/// it, the refund has failed; if not, a person has to look.
pub(super) async fn explain_already_refunded(
    app: &App,
    job: &ClaimedJob,
    case: &Case,
) -> Outcome<Result<Learned, Unanswered>> {
    let asked = async {
        let gateway = case.gateway()?;
        let payment = gateway.payment(&case.payment().id).await?;
        Ok((payment, gateway.refunds_of(&case.payment()).await?))
    };
    let (payment, told) = match case.answer_afterwards(asked).await {
        Ok(answered) => answered,
        Err(unanswered) => return Ok(Err(unanswered)),
    };
    book_all(app, job, case, &told).await?;
    let ours = store::of_payment(app.db.connection(), &case.purchase).await?;
    let live: Vec<&GatewayRefund> = told
        .iter()
        .filter(|it| it.status != GatewayRefundStatus::Failed)
        .collect();
    let sum = |refunds: &[&GatewayRefund]| refunds.iter().map(|it| it.amount.minor).sum::<i64>();
    let others: Vec<&GatewayRefund> = live.iter().filter(|it| !is_ours(it, &ours)).copied().collect();
    let (gone, past_us) = (sum(&live), sum(&others));
    let left = payment.captured.minor - gone;
    if past_us == 0 || left >= case.refund.amount_minor {
        return Ok(Ok(Learned::new(Observation::GaveUp)));
    }
    let money = |minor| Money::new(minor, case.refund.currency);
    Ok(Ok(learned(&case.refund, money(past_us), money(left.max(0)))))
}

fn learned(refund: &refund::Model, gone: Money, left: Money) -> Learned {
    let note = note_of("follow-up-refund-past-us", refund)
        .with("gone", gone)
        .with("left", left);
    let detail = Message::key("timeline-past-us")
        .with("gone", gone)
        .with("left", left);
    Learned {
        // Nobody has refused it: what there is to say stands in the timeline, in the viewer's language.
        failure: Some((PAST_US.to_owned(), None)),
        follow_up: Some(note),
        detail: Some(detail),
        ..Learned::new(Observation::Refused)
    }
}

/// Whether a refund has failed because its money went back past us.
pub(super) fn explains_failure(refund: &refund::Model) -> bool {
    refund.failure_code.as_deref() == Some(PAST_US)
}

fn is_ours(told: &GatewayRefund, ours: &[refund::Model]) -> bool {
    ours.iter()
        .any(|it| told.our_refund == Some(it.id) || it.gateway_refund_id.as_deref() == Some(&told.id))
}

/// What went back of all purchases of the payment, as far as we know.
async fn known(app: &App, case: &Case) -> Outcome<i64> {
    let (team, gateway) = (case.purchase.team_id, case.purchase.gateway);
    let payments = [case.payment().id];
    let purchases = purchases::of_payments(app.db.connection(), team, gateway, &payments).await?;
    let gone = |it: &entities::purchase::Model| it.refunded_minor + it.refunded_externally_minor;
    Ok(purchases.iter().map(gone).sum())
}

async fn book_all(app: &App, job: &ClaimedJob, case: &Case, told: &[GatewayRefund]) -> Outcome<()> {
    let at = (case.purchase.team_id, case.purchase.gateway);
    external::book(app, job, at, &[case.payment().id], told).await?;
    Ok(())
}
