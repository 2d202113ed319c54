//! A refund's life. Every step may be told twice and in any order, and ends the same.
//!
//! requested ──start──▶ processing ──succeed──▶ succeeded ──refuse──▶ reversed
//!                          ├──accept──▶ pending ──▶ succeeded | failed
//!                          ├──refuse──▶ failed ──succeed──▶ reversed (the success was told too late)
//!                          └──give up─▶ needs attention ──▶ whatever the gateway, or staff, say in the end
//!
//! What staff have declared failed and the gateway has made after all is open again before its word is taken in
//! (`resolve::reopened`): it was never taken back.

use entities::RefundStatus;

/// What we learn of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A worker has taken it up.
    Started,
    /// The gateway has it and will confirm.
    Accepted,
    /// The money is on its way.
    Succeeded,
    /// The money stays with the seller: refused, failed or canceled.
    Refused,
    /// Nobody could tell, or what was told is not what was ordered.
    GaveUp,
}

/// The one transition table.
pub const fn next(status: RefundStatus, observation: Observation) -> RefundStatus {
    use Observation as O;
    use RefundStatus as S;
    match (status, observation) {
        (S::Requested | S::Processing, O::Started) => S::Processing,
        (S::Requested | S::Processing | S::Pending | S::NeedsAttention, O::Accepted)
        | (S::Pending, O::Started) => S::Pending,
        (S::Requested | S::Processing | S::Pending | S::NeedsAttention, O::Succeeded)
        | (S::Succeeded, O::Started | O::Accepted | O::Succeeded | O::GaveUp) => S::Succeeded,
        (S::Requested | S::Processing | S::Pending | S::NeedsAttention, O::Refused)
        | (S::Failed, O::Started | O::Accepted | O::Refused | O::GaveUp) => S::Failed,
        (S::Requested | S::Processing | S::Pending, O::GaveUp)
        | (S::NeedsAttention, O::Started | O::GaveUp) => S::NeedsAttention,
        // Succeeded and refused, in whichever order we heard of it: it was taken back.
        (S::Succeeded, O::Refused)
        | (S::Failed, O::Succeeded)
        | (S::Reversed, O::Started | O::Accepted | O::Succeeded | O::Refused | O::GaveUp) => S::Reversed,
    }
}

/// Whether the outcome is still to come: money may move without us doing anything.
pub const fn is_unsettled(status: RefundStatus) -> bool {
    match status {
        RefundStatus::Requested
        | RefundStatus::Processing
        | RefundStatus::Pending
        | RefundStatus::NeedsAttention => true,
        RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Reversed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(observations: &[Observation]) -> RefundStatus {
        observations
            .iter()
            .fold(RefundStatus::Processing, |status, observation| {
                next(status, *observation)
            })
    }

    #[test]
    fn what_the_gateway_says_may_come_in_any_order_and_any_number() {
        use Observation::{Accepted, Refused, Succeeded};
        let words = [Accepted, Succeeded, Refused];
        // All sequences of up to five words: 3 + 9 + 27 + 81 + 243.
        let mut sequences: Vec<Vec<Observation>> = vec![vec![]];
        let mut checked = 0;
        for _ in 0..5 {
            sequences = sequences
                .iter()
                .flat_map(|sequence| words.map(|word| [sequence.as_slice(), &[word]].concat()))
                .collect();
            for sequence in &sequences {
                let expected = match (sequence.contains(&Succeeded), sequence.contains(&Refused)) {
                    (true, true) => RefundStatus::Reversed,
                    (true, false) => RefundStatus::Succeeded,
                    (false, true) => RefundStatus::Failed,
                    (false, false) => RefundStatus::Pending,
                };
                assert_eq!(end(sequence), expected, "{sequence:?}");
                checked += 1;
            }
        }
        assert_eq!(checked, 363);
    }

    #[test]
    fn what_is_settled_stays_settled() {
        use Observation::{Accepted, GaveUp, Started};
        for status in [
            RefundStatus::Succeeded,
            RefundStatus::Failed,
            RefundStatus::Reversed,
        ] {
            for observation in [Started, Accepted, GaveUp] {
                assert_eq!(next(status, observation), status);
            }
        }
    }
}
