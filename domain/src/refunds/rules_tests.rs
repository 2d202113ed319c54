//! The refund rules as tables of cases.

use entities::{Currency, ProductId, PurchaseId, TeamId, UserId};
use uuid::Uuid;

use super::*;

const POLICY: Policy = Policy {
    reading_threshold_percent: 50,
    recently_canceled: TimeDelta::days(30),
    time_zone: chrono_tz::UTC,
};

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let purchase = purchase::Model {
        id: PurchaseId(Uuid::nil()),
        team_id: TeamId(Uuid::nil()),
        external_id: "order-1".into(),
        user_id: UserId(Uuid::nil()),
        product_id: ProductId(Uuid::nil()),
        kind: PurchaseKind::Single,
        gateway: PaymentGateway::Stripe,
        gateway_payment_id: Some("pi_1".into()),
        gateway_subscription_id: None,
        amount_minor: 3000,
        currency: Currency::EUR,
        refunded_minor: 0,
        reserved_minor: 0,
        refunded_externally_minor: 0,
        status: PurchaseStatus::Active,
        purchased_at: now() - TimeDelta::days(3),
        canceled_at: None,
        store_canceled_at: None,
        store_refunded_at: None,
        disputed_at: None,
        access_until: None,
        created_at: now(),
        updated_at: now(),
    };
    let mut facts = Facts {
        now: now(),
        purchase,
        ability: Some(RefundAbility {
            smallest_step: |currency| if currency.decimals() == 3 { 10 } else { 1 },
            carries_our_id: true,
            key_lifetime: TimeDelta::hours(24),
        }),
        gateway_configured: true,
        percent_read: 10.0,
        seconds_read: 600,
        sessions: 2,
        refunds_before: 0,
        refunded_before: eur(0),
        duplicates: 0,
        refunds_elsewhere: 0,
        purchases: 1,
    };
    change(&mut facts);
    facts
}

fn wish(change: impl FnOnce(&mut RefundTerms)) -> RefundTerms {
    let mut wish = RefundTerms {
        reason: RefundReason::RequestedByCustomer,
        note: None,
        amount: None,
        override_policy: false,
        may_override: false,
    };
    change(&mut wish);
    wish
}

fn codes(result: Result<Decision, Vec<RefundRefusal>>) -> Vec<UserErrorCode> {
    result
        .err()
        .unwrap_or_default()
        .iter()
        .map(RefundRefusal::code)
        .collect()
}

#[test]
fn s0_26_to_s0_28_what_can_be_refunded_at_all() {
    use UserErrorCode::{
        GatewayNotConfigured, RefundAlreadyRequested, RefundGatewayNotSupported, RefundKindNotSupported,
        RefundPurchaseNotActive,
    };
    let canceled = |days: i64| {
        facts(|it| {
            it.purchase.status = PurchaseStatus::Canceled;
            it.purchase.canceled_at = Some(now() - TimeDelta::days(days));
        })
    };
    for (name, facts, expected) in [
        ("single, active", facts(|_| {}), vec![]),
        (
            "prepaid",
            facts(|it| it.purchase.kind = PurchaseKind::Prepaid),
            vec![RefundKindNotSupported],
        ),
        (
            "recurring",
            facts(|it| it.purchase.kind = PurchaseKind::Recurring),
            vec![RefundKindNotSupported],
        ),
        (
            "retail",
            facts(|it| it.purchase.kind = PurchaseKind::Retail),
            vec![RefundKindNotSupported],
        ),
        (
            "nobody but a person can",
            facts(|it| it.ability = None),
            vec![RefundGatewayNotSupported],
        ),
        (
            "no credentials",
            facts(|it| it.gateway_configured = false),
            vec![GatewayNotConfigured],
        ),
        (
            "not paid",
            facts(|it| it.purchase.status = PurchaseStatus::Pending),
            vec![RefundPurchaseNotActive],
        ),
        ("canceled 30 days ago", canceled(30), vec![]),
        (
            "canceled 31 days ago",
            canceled(31),
            vec![RefundPurchaseNotActive],
        ),
        (
            "all of it promised",
            facts(|it| it.purchase.reserved_minor = 3000),
            vec![RefundAlreadyRequested],
        ),
        (
            "all of it gone",
            facts(|it| it.purchase.refunded_minor = 3000),
            vec![RefundAlreadyRequested],
        ),
        (
            "several at once",
            facts(|it| {
                it.purchase.kind = PurchaseKind::Retail;
                it.ability = None;
            }),
            vec![RefundKindNotSupported, RefundGatewayNotSupported],
        ),
    ] {
        assert_eq!(codes(decide(POLICY, &facts, &wish(|_| {}))), expected, "{name}");
    }
}

#[test]
fn s0_30_and_s0_43_notes_and_the_policy() {
    use UserErrorCode::{RefundNoteRequired, RefundPolicyOverrideRequired};
    let read = |percent: f64| facts(|it| it.percent_read = percent);
    let note = || Some("the app kept crashing".to_owned());
    let overriding =
        |may: bool| move |it: &mut RefundTerms| (it.override_policy, it.may_override) = (true, may);
    for (name, facts, wish, expected) in [
        (
            "other without a note",
            read(0.0),
            wish(|it| it.reason = RefundReason::Other),
            vec![RefundNoteRequired],
        ),
        (
            "other with a note",
            read(0.0),
            wish(|it| (it.reason, it.note) = (RefundReason::Other, note())),
            vec![],
        ),
        ("half read", read(50.0), wish(|_| {}), vec![]),
        (
            "more than half read",
            read(50.5),
            wish(|_| {}),
            vec![RefundPolicyOverrideRequired],
        ),
        (
            "override without the scope",
            read(80.0),
            wish(|it| {
                overriding(false)(it);
                it.note = note();
            }),
            vec![RefundPolicyOverrideRequired],
        ),
        (
            "override without a note",
            read(80.0),
            wish(overriding(true)),
            vec![RefundNoteRequired],
        ),
        (
            "override as it should be",
            read(80.0),
            wish(|it| {
                overriding(true)(it);
                it.note = note();
            }),
            vec![],
        ),
        (
            "override that was not needed",
            read(1.0),
            wish(|it| {
                overriding(false)(it);
                it.note = note();
            }),
            vec![],
        ),
    ] {
        assert_eq!(codes(decide(POLICY, &facts, &wish)), expected, "{name}");
    }
}

#[test]
fn amounts_stay_within_what_is_left() {
    use UserErrorCode::{Invalid, RefundAmountExceedsPaid};
    let partly = || {
        facts(|it| {
            it.purchase.refunded_minor = 500;
            it.purchase.reserved_minor = 1500;
            it.purchase.status = PurchaseStatus::PartiallyRefunded;
        })
    };
    let of = |money: Money| wish(|it| it.amount = Some(money));
    assert_eq!(
        decide(POLICY, &partly(), &wish(|_| {})),
        Ok(Decision {
            amount: eur(1000),
            takes_access: true
        })
    );
    assert_eq!(
        decide(POLICY, &partly(), &of(eur(999))),
        Ok(Decision {
            amount: eur(999),
            takes_access: false
        })
    );
    assert_eq!(
        codes(decide(POLICY, &partly(), &of(eur(1001)))),
        [RefundAmountExceedsPaid]
    );
    assert_eq!(
        codes(decide(POLICY, &partly(), &of(Money::new(5, Currency::USD)))),
        [Invalid]
    );
    let fraud = wish(|it| (it.amount, it.reason) = (Some(eur(1)), RefundReason::Fraudulent));
    assert_eq!(
        decide(POLICY, &partly(), &fraud),
        Ok(Decision {
            amount: eur(1),
            takes_access: true
        }),
        "S0.46"
    );
}
