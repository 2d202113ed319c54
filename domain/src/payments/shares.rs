//! Which purchases of a payment an external refund has given back: decided from amounts alone.

/// One purchase of the payment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// What of it has neither gone back nor is reserved for a refund, in minor units.
    pub left: i64,
    /// The store says that it went back as a whole.
    pub store_refunded: bool,
}

/// Shares an amount out among purchases. What is more than all of them together is left over.
///
/// What the store calls refunded comes first. An amount that is exactly what is left of one purchase and of no other
/// is that purchase's: one book of a cart was given back. Anything else is spread in proportion to what is left, so
/// that no purchase is taken for refunded by a guess: one is only when all of them are.
pub(super) fn share(amount: i64, parts: &[Part]) -> Vec<i64> {
    let mut shares = vec![0; parts.len()];
    let mut rest = amount;
    for (part, share) in parts.iter().zip(&mut shares) {
        if part.store_refunded {
            *share = part.left.min(rest);
            rest -= *share;
        }
    }
    let left: Vec<i64> = parts
        .iter()
        .map(|part| if part.store_refunded { 0 } else { part.left })
        .collect();
    let mut exact = left.iter().enumerate().filter(|(_, left)| **left == rest);
    if let (true, Some((only, _)), None) = (rest > 0, exact.next(), exact.next()) {
        shares[only] = rest;
        return shares;
    }
    for (share, more) in shares.iter_mut().zip(in_proportion(rest, &left)) {
        *share += more;
    }
    shares
}

fn in_proportion(amount: i64, left: &[i64]) -> Vec<i64> {
    let all: i64 = left.iter().sum();
    if amount >= all {
        return left.to_vec();
    }
    let part = |left: i64| i128::from(amount) * i128::from(left) / i128::from(all);
    let mut shares: Vec<i64> = left
        .iter()
        .map(|left| i64::try_from(part(*left)).unwrap_or_default())
        .collect();
    // The cents that rounding has left over, one each, to the purchases of which most is left.
    for _ in shares.iter().sum::<i64>()..amount {
        let most = (0..left.len()).max_by_key(|n| (left[*n] - shares[*n], usize::MAX - n));
        if let Some(most) = most {
            shares[most] += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_shared_without_guessing() {
        let parts = |left: &[i64], refunded: &[usize]| -> Vec<Part> {
            let part = |(n, left): (usize, &i64)| Part {
                left: *left,
                store_refunded: refunded.contains(&n),
            };
            left.iter().enumerate().map(part).collect()
        };
        for (name, amount, left, refunded, expected) in [
            ("nothing to share it among", 500, &[][..], &[][..], &[][..]),
            ("a part of the only one", 500, &[3000], &[], &[500]),
            ("all of the only one", 3000, &[3000], &[], &[3000]),
            ("more than that", 9000, &[3000], &[], &[3000]),
            ("exactly one of two", 3000, &[3000, 2000], &[], &[3000, 0]),
            ("exactly the other", 2000, &[3000, 2000], &[], &[0, 2000]),
            ("one of two alike", 3000, &[3000, 3000], &[], &[1500, 1500]),
            ("a part of a cart", 1000, &[3000, 2000], &[], &[600, 400]),
            ("cents are not lost", 999, &[100, 100, 1000], &[], &[83, 83, 833]),
            ("the whole cart", 5000, &[3000, 2000], &[], &[3000, 2000]),
            ("nothing is left", 500, &[0, 0], &[], &[0, 0]),
            (
                "what the store calls refunded",
                3000,
                &[3000, 3000],
                &[1],
                &[0, 3000],
            ),
            ("and the rest", 4000, &[3000, 3000, 1000], &[0], &[3000, 0, 1000]),
            ("not all of it", 1000, &[3000, 3000], &[1], &[0, 1000]),
        ] {
            let shares = share(amount, &parts(left, refunded));
            assert_eq!(shares, expected, "{name}");
        }
    }

    #[test]
    fn a_share_is_never_more_than_is_left() {
        let amounts = [0_i64, 1, 2, 3, 99, 100, 101, 3000];
        for a in amounts {
            for b in amounts {
                for c in amounts {
                    for amount in amounts {
                        let parts = [a, b, c].map(|left| Part {
                            left,
                            store_refunded: false,
                        });
                        let shares = share(amount, &parts);
                        let fits = shares.iter().zip([a, b, c]).all(|(share, left)| *share <= left);
                        assert!(fits, "{amount} among {a}, {b}, {c}: {shares:?}");
                        assert_eq!(shares.iter().sum::<i64>(), amount.min(a + b + c), "{a}, {b}, {c}");
                    }
                }
            }
        }
    }
}
