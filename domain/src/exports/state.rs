//! An export's life.
//!
//! queued ──start──▶ running ──complete──▶ ready ──expire──▶ expired
//!    │                 │ ▲ └─start: another worker begins anew
//!    ├─────cancel──────┼─┴──▶ canceled
//!    └──────fail───────┴────▶ failed

use entities::ExportStatus;

/// What happens to an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
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
pub const fn next(status: ExportStatus, step: Step) -> Option<ExportStatus> {
    use ExportStatus as S;
    match (status, step) {
        (S::Queued | S::Running, Step::Start) => Some(S::Running),
        (S::Running, Step::Complete) => Some(S::Ready),
        (S::Queued | S::Running, Step::Fail) => Some(S::Failed),
        // Canceled twice is canceled.
        (S::Queued | S::Running | S::Canceled, Step::Cancel) => Some(S::Canceled),
        (S::Ready, Step::Expire) => Some(S::Expired),
        (S::Ready, Step::Start | Step::Complete | Step::Fail | Step::Cancel)
        | (S::Failed | S::Expired, Step::Start | Step::Complete | Step::Fail | Step::Cancel | Step::Expire)
        | (S::Canceled, Step::Start | Step::Complete | Step::Fail | Step::Expire)
        | (S::Queued, Step::Complete | Step::Expire)
        | (S::Running, Step::Expire) => None,
    }
}

/// Whether a worker is at it, or is going to be.
pub const fn is_unfinished(status: ExportStatus) -> bool {
    next(status, Step::Fail).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ExportStatus::{Canceled, Expired, Failed, Queued, Ready, Running};

    #[test]
    fn what_is_finished_is_never_taken_up_again() {
        for status in [Ready, Failed, Canceled, Expired] {
            for step in [Step::Start, Step::Complete, Step::Fail] {
                assert_eq!(next(status, step), None, "{status} {step:?}");
            }
            assert!(!is_unfinished(status));
        }
    }

    #[test]
    fn the_way_to_a_file_and_out_of_it() {
        let steps = |steps: &[Step]| steps.iter().try_fold(Queued, |status, step| next(status, *step));
        assert_eq!(steps(&[Step::Start, Step::Start, Step::Complete]), Some(Ready));
        assert_eq!(steps(&[Step::Start, Step::Complete, Step::Expire]), Some(Expired));
        assert_eq!(steps(&[Step::Cancel, Step::Cancel]), Some(Canceled));
        assert_eq!(steps(&[Step::Start, Step::Cancel]), Some(Canceled));
        assert_eq!(steps(&[Step::Fail]), Some(Failed));
        assert_eq!(steps(&[Step::Start, Step::Fail]), Some(Failed));
        // A file that nobody has begun is not complete, and one that is there stays.
        assert_eq!(steps(&[Step::Complete]), None);
        assert_eq!(steps(&[Step::Start, Step::Complete, Step::Cancel]), None);
        assert_eq!(steps(&[Step::Start, Step::Expire]), None);
        assert!(is_unfinished(Queued) && is_unfinished(Running));
    }
}
