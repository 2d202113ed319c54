//! The words for people and what they have deployed and subscribed to.

use crate::graphql::words::words;

words! {
    /// A language in which people are addressed.
    Locale = "entities::Locale" {
        /// English.
        En,
        /// Spanish.
        Es,
        /// Portuguese.
        Pt,
    }
    /// Role of a user in the team.
    UserRole = "entities::UserRole" {
        /// Staff with every scope.
        Admin,
        /// Staff who look after customers.
        Agent,
        /// A customer or lead.
        Member,
    }
    /// A customer has bought a subscription; a lead has registered and has not.
    UserSegment = "entities::UserSegment" {
        /// Has bought a subscription.
        Customer,
        /// Has registered and not bought a subscription.
        Lead,
    }
    /// Service level of a customer.
    CustomerTier = "entities::CustomerTier" {
        /// The usual level.
        Standard,
        /// Above standard.
        Premium,
        /// The most important customers.
        Vip,
        /// Customers with a contract of their own.
        Enterprise,
    }
    /// A special ability of a member of staff.
    Feature = "entities::Feature" {
        /// May see the platform as another user, if the role is ADMIN.
        Impersonation,
    }
    /// How often a plan is billed.
    BillingInterval = "entities::BillingInterval" {
        /// Billed once a month.
        Monthly,
        /// Billed once a year.
        Annual,
    }
    /// Status of a plan subscription.
    PlanSubscriptionStatus = "entities::PlanSubscriptionStatus" {
        /// In its trial period.
        Trialing,
        /// Running and paid.
        Active,
        /// Running, with a payment overdue.
        PastDue,
        /// Interrupted for a while.
        Paused,
        /// Canceled before its end.
        Canceled,
        /// Ended by itself.
        Expired,
    }
}
