//! An export's life.
//!
//! queued ──start──▶ running ──complete──▶ ready ──expire──▶ expired
//!    │                 │ ▲ └─start: another worker begins anew
//!    ├─────cancel──────┼─┴──▶ canceled
//!    └──────fail───────┴────▶ failed

use entities::ExportStatus;

/// What happens to an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A worker begins, or begins anew after another has died.
    Start,
    /// The whole file is in its place.
    Complete,
    /// No worker is going to try again.
    Fail,
    /// Somebody does not want it any more.
    Cancel,
    /// The file's time is over.
    Expire,
}

/// The one transition table. None: this cannot happen to it, and nothing changes.
pub const fn next(status: ExportStatus, step: Transition) -> Option<ExportStatus> {
    use ExportStatus as S;
    match (status, step) {
        (S::Queued | S::Running, Transition::Start) => Some(S::Running),
        (S::Running, Transition::Complete) => Some(S::Ready),
        (S::Queued | S::Running, Transition::Fail) => Some(S::Failed),
        // Canceled twice is canceled.
        (S::Queued | S::Running | S::Canceled, Transition::Cancel) => Some(S::Canceled),
        (S::Ready, Transition::Expire) => Some(S::Expired),
        (S::Ready, Transition::Start | Transition::Complete | Transition::Fail | Transition::Cancel)
        | (
            S::Failed | S::Expired,
            Transition::Start
            | Transition::Complete
            | Transition::Fail
            | Transition::Cancel
            | Transition::Expire,
        )
        | (S::Canceled, Transition::Start | Transition::Complete | Transition::Fail | Transition::Expire)
        | (S::Queued, Transition::Complete | Transition::Expire)
        | (S::Running, Transition::Expire) => None,
    }
}

/// Whether a worker is at it, or is going to be.
pub const fn is_unfinished(status: ExportStatus) -> bool {
    next(status, Transition::Fail).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ExportStatus::{Canceled, Expired, Failed, Queued, Ready, Running};

    #[test]
    fn what_is_finished_is_never_taken_up_again() {
        for status in [Ready, Failed, Canceled, Expired] {
            for step in [Transition::Start, Transition::Complete, Transition::Fail] {
                assert_eq!(next(status, step), None, "{status} {step:?}");
            }
            assert!(!is_unfinished(status));
        }
    }

    #[test]
    fn the_way_to_a_file_and_out_of_it() {
        let steps = |steps: &[Transition]| steps.iter().try_fold(Queued, |status, step| next(status, *step));
        assert_eq!(
            steps(&[Transition::Start, Transition::Start, Transition::Complete]),
            Some(Ready)
        );
        assert_eq!(
            steps(&[Transition::Start, Transition::Complete, Transition::Expire]),
            Some(Expired)
        );
        assert_eq!(steps(&[Transition::Cancel, Transition::Cancel]), Some(Canceled));
        assert_eq!(steps(&[Transition::Start, Transition::Cancel]), Some(Canceled));
        assert_eq!(steps(&[Transition::Fail]), Some(Failed));
        assert_eq!(steps(&[Transition::Start, Transition::Fail]), Some(Failed));
        // A file that nobody has begun is not complete, and one that is there stays.
        assert_eq!(steps(&[Transition::Complete]), None);
        assert_eq!(
            steps(&[Transition::Start, Transition::Complete, Transition::Cancel]),
            None
        );
        assert_eq!(steps(&[Transition::Start, Transition::Expire]), None);
        assert!(is_unfinished(Queued) && is_unfinished(Running));
    }
}
