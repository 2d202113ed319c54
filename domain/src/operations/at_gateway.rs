//! Compares what we believe of refunds with what the gateways say: at most one of theirs for each of ours,
//! and exactly one if it succeeded.

use entities::{RefundId, RefundStatus, purchase, refund};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Violation;
use crate::{
    adapters::gateways::{GatewayRefund, GatewayRefundStatus, PaymentRef},
    app::App,
    error::Outcome,
    teams,
};

const ONCE: &str = "at-gateway-once";
const AGREES: &str = "at-gateway-agrees";
const ANSWERED: &str = "at-gateway-answered";

/// Asks the gateways about the newest `limit` refunds that succeeded or are pending there. Reading only, one
/// question after the other.
pub async fn verify_with_gateway(app: &App, limit: u64) -> Outcome<Vec<Violation>> {
    let refunds = refund::Entity::find()
        .filter(refund::Column::Status.is_in([RefundStatus::Succeeded, RefundStatus::Pending]))
        .order_by_desc(refund::Column::RequestedAt)
        .order_by_desc(refund::Column::Id)
        .limit(limit);
    let mut violations = Vec::new();
    for refund in refunds.all(app.db.connection()).await? {
        violations.extend(check(app, &refund).await?);
    }
    Ok(violations)
}

async fn check(app: &App, refund: &refund::Model) -> Outcome<Vec<Violation>> {
    let purchase = purchase::Entity::find_by_id(refund.purchase_id)
        .one(app.db.connection())
        .await?;
    let payment = purchase.and_then(|purchase| purchase.gateway_payment_id);
    let connection = app.db.connection();
    let gateway = teams::secrets::open_gateway(app, refund.team_id, refund.gateway, connection).await?;
    let (Some(id), Some(gateway)) = (payment, gateway) else {
        return Ok(vec![violation(
            ANSWERED,
            refund.id,
            "there is nobody to ask".into(),
        )]);
    };
    let currency = refund.currency;
    Ok(match gateway.refunds_of(&PaymentRef { id, currency }).await {
        Ok(known) => compare(refund, &known),
        Err(error) => vec![violation(ANSWERED, refund.id, error.to_string())],
    })
}

fn compare(refund: &refund::Model, known: &[GatewayRefund]) -> Vec<Violation> {
    let ours: Vec<&GatewayRefund> = known
        .iter()
        .filter(|told| match told.our_refund {
            Some(id) => id == refund.id,
            // Where the gateway keeps no id of ours, we keep its.
            None => refund.gateway_refund_id.as_deref() == Some(told.id.as_str()),
        })
        .collect();
    let mut violations = Vec::new();
    if ours.len() > 1 {
        let ids: Vec<&str> = ours.iter().map(|told| told.id.as_str()).collect();
        violations.push(violation(
            ONCE,
            refund.id,
            format!("refunded more than once: {}", ids.join(", ")),
        ));
    }
    let succeeded = refund.status == RefundStatus::Succeeded;
    if succeeded && ours.is_empty() {
        violations.push(violation(
            ONCE,
            refund.id,
            "the gateway knows no such refund".into(),
        ));
    }
    for told in ours {
        if told.amount != refund.amount() {
            let detail = format!("{} of {} instead of {}", told.id, told.amount, refund.amount());
            violations.push(violation(AGREES, refund.id, detail));
        }
        if succeeded && told.status == GatewayRefundStatus::Failed {
            violations.push(violation(
                AGREES,
                refund.id,
                format!("{} failed at the gateway", told.id),
            ));
        }
    }
    violations
}

fn violation(rule: &'static str, refund: RefundId, detail: String) -> Violation {
    Violation {
        rule,
        subject: refund.to_string(),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use entities::{Currency, Money, PurchaseId, RefundReason, TeamId, UserId};
    use uuid::Uuid;

    use entities::PaymentGateway;

    use super::*;

    fn ours(status: RefundStatus) -> refund::Model {
        let at = DateTime::<Utc>::UNIX_EPOCH;
        refund::Model {
            id: RefundId(Uuid::from_u128(1)),
            team_id: TeamId(Uuid::nil()),
            purchase_id: PurchaseId(Uuid::nil()),
            user_id: UserId(Uuid::nil()),
            gateway: PaymentGateway::Stripe,
            amount_minor: 500,
            currency: Currency::EUR,
            reason: RefundReason::Duplicate,
            note: None,
            override_policy: false,
            status,
            takes_access: true,
            gateway_refund_id: Some("re_1".into()),
            failure_code: None,
            failure_message: None,
            first_sent_at: Some(at),
            in_doubt_since: None,
            inquiries: 0,
            answers: 0,
            hindrance: None,
            hindered_since: None,
            hindered_times: 0,
            resolved_by: None,
            requested_by: UserId(Uuid::nil()),
            api_key_id: None,
            idempotency_key: None,
            request_fingerprint: String::new(),
            requested_at: at,
            completed_at: None,
            percent_read_at_request: 0.0,
            seconds_read_at_request: 0,
            evidence: serde_json::Value::Null,
            updated_at: at,
        }
    }

    fn theirs(id: &str, minor: i64, of: Option<u128>, status: GatewayRefundStatus) -> GatewayRefund {
        GatewayRefund {
            id: id.into(),
            amount: Money::new(minor, Currency::EUR),
            status,
            our_refund: of.map(|id| RefundId(Uuid::from_u128(id))),
            created_at: None,
            failure: None,
        }
    }

    #[test]
    fn one_refund_of_ours_is_one_of_theirs() {
        use GatewayRefundStatus::{Failed, Pending, Succeeded};
        let one = theirs("re_1", 500, Some(1), Succeeded);
        let nameless = theirs("re_1", 500, None, Succeeded);
        let again = theirs("re_2", 500, Some(1), Succeeded);
        let other = theirs("re_3", 900, Some(2), Succeeded);
        let less = theirs("re_1", 499, Some(1), Succeeded);
        let failed = theirs("re_1", 500, Some(1), Failed);
        let waiting = theirs("re_1", 500, Some(1), Pending);
        let cases: [(RefundStatus, Vec<&GatewayRefund>, &[&str]); 9] = [
            (RefundStatus::Succeeded, vec![&one, &other], &[]),
            (RefundStatus::Succeeded, vec![&nameless], &[]),
            (RefundStatus::Succeeded, vec![&one, &again], &[ONCE]),
            (RefundStatus::Succeeded, vec![&other], &[ONCE]),
            (RefundStatus::Succeeded, vec![&less], &[AGREES]),
            (RefundStatus::Succeeded, vec![&failed], &[AGREES]),
            (RefundStatus::Pending, vec![&waiting], &[]),
            (RefundStatus::Pending, vec![], &[]),
            (RefundStatus::Pending, vec![&waiting, &again], &[ONCE]),
        ];
        for (status, known, expected) in cases {
            let known: Vec<GatewayRefund> = known.into_iter().cloned().collect();
            let found: Vec<&str> = compare(&ours(status), &known).iter().map(|it| it.rule).collect();
            assert_eq!(found, expected, "{status} and {known:?}");
        }
    }
}
