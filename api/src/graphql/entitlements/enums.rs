//! The words for access, and for access that is changed for many.

use crate::graphql::words::words;

words! {
    /// Status of an entitlement at the moment of asking.
    EntitlementStatus = "entities::EntitlementStatus" {
        /// Access starts later.
        Scheduled,
        /// Access may be used.
        Active,
        /// Access has expired and may still be used for the product's grace days.
        GracePeriod,
        /// Access has ended by itself.
        Expired,
        /// Access was taken away: for good if staff revoked it, and given back if a refund took it and that refund fails.
        Revoked,
    }
    /// What happened to an entitlement.
    EntitlementAction = "entities::EntitlementAction" {
        /// It was granted, or its start has come.
        Granted,
        /// What it gives was moved: later by an extension or another grant, or earlier where a refund took one of several.
        Extended,
        /// It expired and entered its grace period.
        EnteredGracePeriod,
        /// It ended by itself.
        Expired,
        /// It was revoked.
        Revoked,
        /// It was given back because the refund that took it has failed.
        Restored,
    }
    /// What a batch does for each user.
    EntitlementBatchAction = "entities::EntitlementBatchAction" {
        /// Access is granted.
        Grant,
        /// Access is revoked.
        Revoke,
    }
    /// Status of a batch.
    EntitlementBatchStatus = "entities::EntitlementBatchStatus" {
        /// Accepted; nobody has been processed yet.
        Requested,
        /// A worker is processing the users.
        Running,
        /// Every user has a result.
        Succeeded,
        /// Stopped before the end; what was done stays done.
        Canceled,
        /// Given up before the end because of an internal error; what was done stays done.
        Failed,
    }
    /// Result of a batch for one user.
    EntitlementBatchOutcome = "entities::EntitlementBatchOutcome" {
        /// Access was granted.
        Granted,
        /// Access was revoked.
        Revoked,
        /// Nothing was changed; `code` and `message` say why.
        Refused,
        /// Nothing was changed because of an internal error.
        Failed,
    }
}
