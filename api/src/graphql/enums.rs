//! The contract's words: each stands for the stored word of the same name.

use async_graphql::Enum;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $remote:literal { $($(#[$vdoc:meta])* $variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[graphql(remote = $remote)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
    )*};
}

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
    /// A part of the product that a team can switch on.
    Module = "entities::Module" {
        /// Invoices, payments and the customers' portal.
        Billing,
        /// Granting, extending and revoking access to products by hand.
        Commerce,
        /// Tickets and incoming mail.
        Support,
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
    /// How a product was sold.
    PurchaseKind = "entities::PurchaseKind" {
        /// One title, paid once. The only kind that can be refunded here.
        Single,
        /// Paid in advance for a period.
        Prepaid,
        /// Paid repeatedly.
        Recurring,
        /// Sold by a retailer.
        Retail,
    }
    /// The payment provider through which a payment was made.
    PaymentGateway = "entities::PaymentGateway" {
        /// Stripe.
        Stripe,
        /// MercadoPago.
        MercadoPago,
        /// PayPal.
        Paypal,
        /// None: the payment was recorded by hand.
        Manual,
    }
    /// Status of a purchase.
    PurchaseStatus = "entities::PurchaseStatus" {
        /// Not paid yet.
        Pending,
        /// Paid.
        Active,
        /// Canceled; the money has not gone back, or not yet.
        Canceled,
        /// The whole payment has been refunded.
        Refunded,
        /// Part of the payment has been refunded.
        PartiallyRefunded,
    }
    /// What becomes of access when the whole payment was given back past Postventa: by hand at the gateway, or by the store.
    ExternalRefundAccess = "entities::ExternalRefundAccess" {
        /// Access stays until staff revoke it.
        Keep,
        /// What the purchase gave ends, as with a refund of Postventa's.
        Revoke,
    }
    /// Reason for a refund.
    RefundReason = "entities::RefundReason" {
        /// The customer paid twice. Access stays while another paid purchase of the product stands.
        Duplicate,
        /// The payment was fraudulent: all access to the product ends at once, and the card is blocked at Stripe.
        Fraudulent,
        /// The customer asked for it.
        RequestedByCustomer,
        /// Any other reason; requires a note.
        Other,
    }
    /// How a refund has ended, as staff say.
    RefundOutcome = "domain::refunds::Declared" {
        /// The money went back to the customer.
        Succeeded,
        /// It did not go back, and will not: plan and access come back, but not after fraud.
        Failed,
    }
    /// Status of a refund.
    RefundStatus = "entities::RefundStatus" {
        /// Accepted and recorded; access is revoked.
        Requested,
        /// A worker is talking to the gateway.
        Processing,
        /// The gateway has it and will confirm.
        Pending,
        /// The gateway has executed it: the money is on its way to the customer.
        Succeeded,
        /// The gateway refused it for good; plan and access were restored unless the reason was fraud.
        Failed,
        /// The gateway's answer is unknown after every attempt to ask it again; an operator has to look.
        NeedsAttention,
        /// The gateway took a success back days later; the purchase can be refunded again.
        Reversed,
    }
    /// A consequence of a refund.
    RefundEffectKind = "entities::RefundEffectKind" {
        /// The purchased plan is canceled.
        CancelPlan,
        /// The access that the purchase granted is revoked.
        RevokeAccess,
        /// The gateway refunds the payment.
        RefundAtGateway,
        /// The recurring agreement tied to the purchase is paused at the gateway.
        PauseSubscription,
        /// The purchase becomes REFUNDED or PARTIALLY_REFUNDED.
        UpdateOrder,
        /// The customer is told the result by mail.
        NotifyCustomer,
    }
    /// Status of a refund's effect.
    EffectStatus = "entities::EffectStatus" {
        /// It is still to come.
        Pending,
        /// It has happened.
        Done,
        /// It was not needed; `detail` says why.
        Skipped,
        /// It could not be done.
        Failed,
        /// It happened and was taken back.
        Undone,
    }
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
    /// What an event is about.
    EventTopic = "entities::EventTopic" {
        /// A user was created.
        UserCreated,
        /// A user's data changed.
        UserUpdated,
        /// An ecosystem was suspended, which ends the access of everybody in it.
        EcosystemSuspended,
        /// An ecosystem was activated again.
        EcosystemActivated,
        /// A refund or one of its effects changed its status.
        RefundUpdated,
        /// A purchase was recorded or changed.
        PurchaseUpdated,
        /// Access was granted, extended, revoked or restored, or changed its status by itself.
        EntitlementChanged,
        /// The status or progress of a batch changed.
        EntitlementBatchUpdated,
        /// An invoice changed.
        InvoiceUpdated,
        /// A payment was received.
        PaymentReceived,
        /// A ticket was opened.
        TicketCreated,
        /// A ticket changed.
        TicketUpdated,
        /// A message was added to a ticket.
        TicketMessageAdded,
        /// The status of a payment verification changed.
        PaymentVerificationUpdated,
        /// The status or progress of an export changed.
        ExportUpdated,
    }
    /// Why a mutation was refused.
    UserErrorCode = "domain::UserErrorCode" {
        /// The value of a field is not valid.
        Invalid,
        /// There is no such object in this team, or none that the caller may see.
        NotFound,
        /// It conflicts with what is already there, such as an address or an idempotency key that is in use.
        Conflict,
        /// Too many attempts; the message says how long to wait.
        RateLimited,
        /// The e-mail address or the password is wrong.
        CredentialsInvalid,
        /// The address belongs to several teams: name one of them.
        TeamRequired,
        /// The token is unknown, used, expired or revoked.
        TokenInvalid,
        /// This user cannot be impersonated, or not by this administrator.
        ImpersonationNotAllowed,
        /// This is not allowed during an impersonation.
        NotAllowedWhileImpersonating,
        /// The team has not switched on the module that this takes.
        ModuleDisabled,
        /// Only single purchases can be refunded.
        RefundKindNotSupported,
        /// Only payments through Stripe and MercadoPago can be refunded.
        RefundGatewayNotSupported,
        /// The purchase is neither active nor recently canceled.
        RefundPurchaseNotActive,
        /// Nothing is left to refund: it is under way, or has gone back.
        RefundAlreadyRequested,
        /// This refund requires a note.
        RefundNoteRequired,
        /// The amount is more than what is left of the payment.
        RefundAmountExceedsPaid,
        /// More was read than the team's threshold allows: takes `overridePolicy`, a note and the scope `refunds.override`.
        RefundPolicyOverrideRequired,
        /// The gateway cannot move exactly this amount; the message says of what it must be a multiple.
        RefundAmountNotPossible,
        /// The refund is settled, is still on its way by itself, or is being worked on right now.
        RefundNotResolvable,
        /// The user already has active access to this product.
        EntitlementAlreadyActive,
        /// Lifetime access cannot be extended.
        EntitlementLifetime,
        /// The entitlement is not active any more.
        EntitlementNotActive,
        /// The new expiry is not later than the current one.
        EntitlementExpiryNotLater,
        /// The product is not active.
        ProductInactive,
        /// The invoice is not a draft any more.
        InvoiceNotDraft,
        /// The invoice cannot be paid.
        InvoiceNotPayable,
        /// There are no credentials for this gateway.
        GatewayNotConfigured,
        /// The credit would exceed the tier's limit.
        CreditLimitExceeded,
        /// The ticket is closed.
        TicketClosed,
        /// There is nothing to export.
        ExportEmpty,
        /// The export is finished and can no longer be canceled.
        ExportNotCancelable,
        /// The job cannot be retried.
        JobNotRetryable,
    }
    /// What an export holds, and its format.
    ExportKind = "entities::ExportKind" {
        /// Invoices as PDF files in one ZIP archive.
        InvoicesZip,
        /// Customers as a spreadsheet (XLSX).
        CustomersXlsx,
        /// Leads as a spreadsheet (XLSX).
        LeadsXlsx,
    }
    /// Status of an export.
    ExportStatus = "entities::ExportStatus" {
        /// Waiting for a worker.
        Queued,
        /// A worker is writing the file.
        Running,
        /// Complete: the file can be downloaded.
        Ready,
        /// The file could not be written.
        Failed,
        /// Canceled before it was finished.
        Canceled,
        /// The file was kept for its time and is deleted.
        Expired,
    }
    /// An item of the checklist that an agent goes through before a refund.
    RefundCheckItem = "domain::refunds::evidence::CheckItem" {
        /// It is a single purchase.
        KindIsSingle,
        /// It was paid through Stripe or MercadoPago.
        GatewaySupported,
        /// It is active, or was canceled no longer ago than the team allows.
        PurchaseActiveOrRecentlyCanceled,
        /// No more was read than the team's threshold allows.
        ReadLessThanHalf,
        /// Something was read; if not, look for a technical fault first.
        ReadingRecorded,
        /// No part of it has been refunded, and no refund is under way.
        NotRefundedBefore,
        /// The customer's bank has not opened a dispute.
        NoDispute,
        /// The user has no duplicate of it and no refunded other purchase.
        PurchaseHistoryClean,
    }
}

/// Direction of sorting.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderDirection {
    /// Ascending: smallest, earliest, A to Z first.
    Asc,
    /// Descending: largest, latest, Z to A first.
    Desc,
}

impl From<OrderDirection> for domain::page::Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Self::Ascending,
            OrderDirection::Desc => Self::Descending,
        }
    }
}
