//! Whose refund it is that a gateway tells of.

use entities::{
    Currency, Money, PaymentGateway, PurchaseId, RefundId, RefundReason, RefundStatus, TeamId, UserId,
};
use uuid::Uuid;

use super::*;
use crate::adapters::gateways::GatewayRefundStatus;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
}

/// Nameless, 5.00, ordered in minute 0 without an answer.
fn ours(number: u128, change: impl FnOnce(&mut refund::Model)) -> refund::Model {
    let mut refund = refund::Model {
        id: RefundId(Uuid::from_u128(number)),
        team_id: TeamId(Uuid::nil()),
        purchase_id: PurchaseId(Uuid::from_u128(number)),
        user_id: UserId(Uuid::nil()),
        gateway: PaymentGateway::MercadoPago,
        amount_minor: 500,
        currency: Currency::EUR,
        reason: RefundReason::Other,
        note: None,
        override_policy: false,
        status: RefundStatus::Processing,
        takes_access: true,
        gateway_refund_id: None,
        failure_code: None,
        failure_message: None,
        first_sent_at: Some(at(0)),
        in_doubt_since: Some(at(0)),
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
        requested_at: at(0),
        completed_at: None,
        percent_read_at_request: 0.0,
        seconds_read_at_request: 0,
        evidence: serde_json::Value::Null,
        updated_at: at(0),
    };
    change(&mut refund);
    refund
}

fn theirs(id: &str, minor: i64, minute: i64) -> GatewayRefund {
    GatewayRefund {
        id: id.into(),
        amount: Money::new(minor, Currency::EUR),
        status: GatewayRefundStatus::Succeeded,
        our_refund: None,
        created_at: Some(at(minute)),
        failure: None,
    }
}

fn verdict(found: &Recognition) -> &str {
    match found {
        Recognition::Recognised(told) => &told.id,
        Recognition::NotThere => "not there",
        Recognition::Ambiguous => "ambiguous",
    }
}

#[test]
fn a_nameless_refund_is_ours_only_if_nobody_else_can_have_it() {
    let me = ours(1, |_| {});
    let failed_before = ours(2, |it| {
        it.status = RefundStatus::Failed;
        it.in_doubt_since = None;
    });
    let known = ours(2, |it| {
        it.status = RefundStatus::Succeeded;
        it.gateway_refund_id = Some("100".into());
        it.in_doubt_since = None;
    });
    let in_doubt = ours(2, |it| {
        it.status = RefundStatus::NeedsAttention;
        it.amount_minor = 900;
    });
    let one = theirs("100", 500, 1);
    let two = theirs("101", 500, 2);
    let early = theirs("102", 500, -6);
    let skewed = theirs("103", 500, -5);
    let other = theirs("104", 499, 1);
    for (name, others, told, expected) in [
        ("none at all", vec![], vec![], "not there"),
        ("the only one", vec![], vec![&one], "100"),
        ("of another amount", vec![], vec![&other], "not there"),
        ("made before", vec![], vec![&early], "not there"),
        ("a clock that is behind", vec![], vec![&skewed], "103"),
        ("two that could be", vec![], vec![&one, &two], "ambiguous"),
        (
            "beside one that was refused",
            vec![&failed_before],
            vec![&one],
            "100",
        ),
        ("known as another one", vec![&known], vec![&one], "not there"),
        ("one known, one new", vec![&known], vec![&one, &two], "101"),
        (
            "another one looks for its own",
            vec![&in_doubt],
            vec![&one],
            "ambiguous",
        ),
        ("and there is none", vec![&in_doubt], vec![], "not there"),
    ] {
        let all: Vec<_> = others.into_iter().chain([&me]).cloned().collect();
        let told = told.into_iter().cloned().collect();
        let found = recognise(&me, &all, told, Some(at(0)));
        assert_eq!(verdict(&found), expected, "{name}");
    }
}

/// One that was refused, or never sent, has nothing at the gateway, whatever is there.
#[test]
fn without_doubt_nothing_is_taken_for_it() {
    let me = ours(1, |_| {});
    let found = recognise(&me, std::slice::from_ref(&me), vec![theirs("100", 500, 1)], None);
    assert_eq!(verdict(&found), "not there");
}

#[test]
fn a_name_leaves_no_doubt() {
    let me = ours(1, |_| {});
    let mut named = theirs("re_1", 1, -100);
    named.our_refund = Some(me.id);
    let nameless = theirs("re_2", 500, 1);
    let found = recognise(&me, &[], vec![nameless.clone(), named], None);
    assert_eq!(verdict(&found), "re_1");
    let mut foreign = nameless;
    foreign.our_refund = Some(RefundId(Uuid::from_u128(9)));
    let found = recognise(&me, &[], vec![foreign], Some(at(0)));
    assert_eq!(verdict(&found), "not there");
}
