//! What one payment's books are held against, as tables of cases.

use entities::Currency;
use uuid::Uuid;

use super::*;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn ours(number: u128, minor: i64, status: RefundStatus) -> Ours {
    Ours {
        id: RefundId(Uuid::from_u128(number)),
        amount: eur(minor),
        status,
        at_gateway: Some(format!("re_{number}")),
        sent: true,
    }
}

fn nameless(mut ours: Ours) -> Ours {
    ours.at_gateway = None;
    ours
}

fn external(id: &str, minor: i64, status: ExternalRefundStatus) -> External {
    External {
        id: id.into(),
        amount: eur(minor),
        status,
        in_doubt: false,
    }
}

fn theirs(id: &str, minor: i64, of: Option<u128>, status: GatewayRefundStatus) -> GatewayRefund {
    GatewayRefund {
        id: id.into(),
        amount: eur(minor),
        status,
        our_refund: of.map(|id| RefundId(Uuid::from_u128(id))),
        created_at: None,
        failure: None,
    }
}

fn found(
    named: bool,
    refunds: Vec<Ours>,
    external: Vec<External>,
    told: &[GatewayRefund],
) -> Vec<&'static str> {
    let books = Books {
        subject: "purchase_1".into(),
        named,
        refunds,
        external,
        by_store: 0,
    };
    compare(&books, told).iter().map(|it| it.rule).collect()
}

#[test]
fn one_refund_of_ours_is_one_of_theirs() {
    use GatewayRefundStatus::{Failed as No, Pending as Wait, Succeeded as Yes};
    use RefundStatus::{Failed, NeedsAttention, Pending, Processing, Requested, Reversed, Succeeded};
    let one = theirs("re_1", 500, Some(1), Yes);
    let again = theirs("re_9", 500, Some(1), Yes);
    let other = theirs("re_2", 900, Some(2), Yes);
    let less = theirs("re_1", 499, Some(1), Yes);
    let failed = theirs("re_1", 500, Some(1), No);
    let waiting = theirs("re_1", 500, Some(1), Wait);
    let cases: [(RefundStatus, &[&GatewayRefund], &[&str]); 17] = [
        (Succeeded, &[&one], &[]),
        (Succeeded, &[&one, &again], &[ONCE, TOTAL]),
        (Succeeded, &[], &[ONCE, TOTAL]),
        (Succeeded, &[&less], &[AGREES, TOTAL]),
        (Succeeded, &[&failed], &[AGREES, TOTAL]),
        // Carries an id of ours that is none of this payment's.
        (Succeeded, &[&one, &other], &[KNOWN, TOTAL]),
        (Pending, &[&waiting], &[]),
        (Pending, &[], &[]),
        (Pending, &[&waiting, &again], &[ONCE, TOTAL]),
        (Processing, &[], &[]),
        (Processing, &[&one], &[]),
        (Processing, &[&one, &again], &[ONCE, TOTAL]),
        (Requested, &[], &[]),
        (Failed, &[&failed], &[]),
        (Failed, &[&one], &[AGREES, TOTAL]),
        (Reversed, &[&one], &[AGREES, TOTAL]),
        (NeedsAttention, &[&one], &[AGREES]),
    ];
    for (status, told, expected) in cases {
        let told: Vec<GatewayRefund> = told.iter().map(|it| (*it).clone()).collect();
        let found = found(true, vec![ours(1, 500, status)], vec![], &told);
        assert_eq!(found, expected, "{status} and {told:?}");
    }
    let unsent = Ours {
        sent: false,
        ..ours(1, 500, Requested)
    };
    assert_eq!(found(true, vec![unsent], vec![], &[one]), [AGREES]);
}

#[test]
fn totals_of_a_payment_are_the_same() {
    use ExternalRefundStatus as E;
    use GatewayRefundStatus::{Failed as No, Succeeded as Yes};
    use RefundStatus::{Processing, Succeeded};
    let at = false;
    let told = |list: &[(&str, i64)]| -> Vec<GatewayRefund> {
        list.iter()
            .map(|(id, minor)| theirs(id, *minor, None, Yes))
            .collect()
    };
    // A cart: two purchases, two refunds alike.
    let cart = || vec![ours(1, 500, Succeeded), ours(2, 500, Succeeded)];
    assert_eq!(
        found(at, cart(), vec![], &told(&[("re_1", 500), ("re_2", 500)])),
        [""; 0]
    );
    // One was called done that was never made.
    assert_eq!(found(at, cart(), vec![], &told(&[("re_1", 500)])), [ONCE, TOTAL]);
    // One of theirs is nobody's.
    let three = told(&[("re_1", 500), ("re_2", 500), ("re_3", 500)]);
    assert_eq!(found(at, cart(), vec![], &three), [KNOWN, TOTAL]);
    // It was made past us, and is booked, or was and is not any more.
    let booked = |status| vec![external("re_3", 500, status)];
    assert_eq!(found(at, cart(), booked(E::Succeeded), &three), [""; 0]);
    assert_eq!(found(at, cart(), booked(E::Failed), &three), [AGREES, TOTAL]);
    let two = told(&[("re_1", 500), ("re_2", 500)]);
    assert_eq!(found(at, cart(), booked(E::Pending), &two), [AGREES, TOTAL]);
    let mut late = two.clone();
    late.push(theirs("re_3", 500, None, No));
    assert_eq!(found(at, cart(), booked(E::Succeeded), &late), [AGREES, TOTAL]);
    assert_eq!(found(at, cart(), booked(E::Failed), &late), [""; 0]);
    // A nameless one may be the one whose answer is awaited; not if the amount is another.
    let awaited = || vec![nameless(ours(1, 500, Processing))];
    assert_eq!(found(at, awaited(), vec![], &told(&[("re_7", 500)])), [""; 0]);
    assert_eq!(found(at, awaited(), vec![], &told(&[("re_7", 400)])), [KNOWN]);
}
