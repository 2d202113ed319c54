//! What a user may use, decided from the clock and from what has been granted.
//!
//! scheduled ─▶ active ─▶ grace period ─▶ expired        any of the first three ──▶ revoked (final)

use chrono::{DateTime, TimeDelta, Utc};
use entities::{EntitlementStatus, entitlement, entitlement_grant};

/// From when until when something may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub starts_at: DateTime<Utc>,
    /// For life if none.
    pub expires_at: Option<DateTime<Utc>>,
    /// S4.22: tolerance after a natural end.
    pub grace_ends_at: Option<DateTime<Utc>>,
}

/// S4.22: computed whenever it is asked for, so that no worker has to be on time.
pub fn status(row: &entitlement::Model, now: DateTime<Utc>) -> EntitlementStatus {
    if row.revoked_at.is_some() {
        return EntitlementStatus::Revoked;
    }
    let span = Span {
        starts_at: row.starts_at,
        expires_at: row.expires_at,
        grace_ends_at: row.grace_ends_at,
    };
    span.status(now)
}

impl Span {
    pub fn status(&self, now: DateTime<Utc>) -> EntitlementStatus {
        match (self.expires_at, self.grace_ends_at) {
            _ if now < self.starts_at => EntitlementStatus::Scheduled,
            (None, _) => EntitlementStatus::Active,
            (Some(end), _) if now < end => EntitlementStatus::Active,
            (Some(_), Some(end)) if now < end => EntitlementStatus::GracePeriod,
            (Some(_), _) => EntitlementStatus::Expired,
        }
    }

    /// When the status changes by itself.
    pub fn until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.status(now) {
            EntitlementStatus::Scheduled => Some(self.starts_at),
            EntitlementStatus::Active => self.expires_at,
            EntitlementStatus::GracePeriod => self.grace_ends_at,
            EntitlementStatus::Expired | EntitlementStatus::Revoked => None,
        }
    }
}

/// What the grants that still stand give together: from the first start to the last end (S0.45). None if
/// nothing stands.
pub fn span(grants: &[entitlement_grant::Model], grace_days: i64) -> Option<Span> {
    let standing = || grants.iter().filter(|grant| grant.revoked_at.is_none());
    let starts_at = standing().map(|grant| grant.starts_at).min()?;
    let for_life = standing().any(|grant| grant.expires_at.is_none());
    let expires_at = if for_life {
        None
    } else {
        standing().filter_map(|grant| grant.expires_at).max()
    };
    let grace_ends_at = expires_at
        .filter(|_| grace_days > 0)
        .map(|end| end + TimeDelta::days(grace_days));
    Some(Span {
        starts_at,
        expires_at,
        grace_ends_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    #[test]
    fn s4_22_the_status_follows_the_clock() {
        let span = Span {
            starts_at: at(1),
            expires_at: Some(at(3)),
            grace_ends_at: Some(at(5)),
        };
        for (hour, status, until) in [
            (0, EntitlementStatus::Scheduled, Some(1)),
            (1, EntitlementStatus::Active, Some(3)),
            (2, EntitlementStatus::Active, Some(3)),
            (3, EntitlementStatus::GracePeriod, Some(5)),
            (5, EntitlementStatus::Expired, None),
        ] {
            assert_eq!(
                (span.status(at(hour)), span.until(at(hour))),
                (status, until.map(at)),
                "{hour}"
            );
        }
        let for_life = Span {
            expires_at: None,
            grace_ends_at: None,
            ..span
        };
        assert_eq!(
            (for_life.status(at(999)), for_life.until(at(999))),
            (EntitlementStatus::Active, None)
        );
        let no_grace = Span {
            grace_ends_at: None,
            ..span
        };
        assert_eq!(no_grace.status(at(3)), EntitlementStatus::Expired);
    }
}
