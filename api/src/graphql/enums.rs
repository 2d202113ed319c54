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
    /// The languages that people are addressed in.
    Locale = "entities::Locale" {
        /// English.
        En,
        /// Spanish.
        Es,
        /// Portuguese.
        Pt,
    }
    /// A part of the product that a team has switched on.
    Module = "entities::Module" {
        /// Invoices, payments and the portal.
        Billing,
        /// Access to products by hand.
        Commerce,
        /// Tickets and mail.
        Support,
    }
    /// What somebody is in the team.
    UserRole = "entities::UserRole" {
        /// Staff who may do everything.
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
        /// Has registered only.
        Lead,
    }
    /// How much a customer matters to the business.
    CustomerTier = "entities::CustomerTier" {
        /// As everybody.
        Standard,
        /// Above the usual.
        Premium,
        /// Among the most important.
        Vip,
        /// With a contract of their own.
        Enterprise,
    }
    /// A special ability of a member of staff.
    Feature = "entities::Feature" {
        /// May see the platform as another user.
        Impersonation,
    }
    /// How often a plan is paid.
    BillingInterval = "entities::BillingInterval" {
        /// Each month.
        Monthly,
        /// Each year.
        Annual,
    }
    /// Where a plan subscription stands.
    PlanSubscriptionStatus = "entities::PlanSubscriptionStatus" {
        /// Being tried out.
        Trialing,
        /// Paid and running.
        Active,
        /// Running, with a payment missing.
        PastDue,
        /// Stopped for a while.
        Paused,
        /// Ended by somebody.
        Canceled,
        /// Ended by itself.
        Expired,
    }
    /// How something was sold.
    PurchaseKind = "entities::PurchaseKind" {
        /// One title, once. The only kind that can be refunded here.
        Single,
        /// Paid for a period in advance.
        Prepaid,
        /// Paid again and again.
        Recurring,
        /// Sold by somebody else.
        Retail,
    }
    /// Where the money moved.
    PaymentGateway = "entities::PaymentGateway" {
        /// Stripe.
        Stripe,
        /// MercadoPago.
        MercadoPago,
        /// PayPal.
        Paypal,
        /// Recorded by hand.
        Manual,
    }
    /// Where a purchase stands.
    PurchaseStatus = "entities::PurchaseStatus" {
        /// Not paid yet.
        Pending,
        /// Paid.
        Active,
        /// Ended; the money has not come back, or not yet.
        Canceled,
        /// All of the money has gone back.
        Refunded,
        /// Some of the money has gone back.
        PartiallyRefunded,
    }
    /// Why money goes back.
    RefundReason = "entities::RefundReason" {
        /// Paid twice. Access stays while another paid purchase of the product stands.
        Duplicate,
        /// A fraudulent payment: all access to the product ends at once, and the card is blocked at Stripe.
        Fraudulent,
        /// The customer wants it.
        RequestedByCustomer,
        /// Anything else; takes a note.
        Other,
    }
    /// Where a refund stands.
    RefundStatus = "entities::RefundStatus" {
        /// Accepted and recorded; access is revoked.
        Requested,
        /// A worker is talking to the gateway.
        Processing,
        /// The gateway has it and will confirm.
        Pending,
        /// The money is on its way to the customer.
        Succeeded,
        /// The gateway refused it for good; plan and access were restored unless the reason was fraud.
        Failed,
        /// The gateway's answer is unknown after every attempt to ask it again; an operator has to look.
        NeedsAttention,
        /// The gateway took a success back days later; the purchase can be refunded again.
        Reversed,
    }
    /// One thing that a refund brings about.
    RefundEffectKind = "entities::RefundEffectKind" {
        /// The plan that was bought ends.
        CancelPlan,
        /// What the purchase opened is closed.
        RevokeAccess,
        /// The gateway gives the money back.
        RefundAtGateway,
        /// A recurring agreement is paused at the gateway.
        PauseSubscription,
        /// The purchase becomes REFUNDED or PARTIALLY_REFUNDED.
        UpdateOrder,
        /// The customer is told how it came out.
        NotifyCustomer,
    }
    /// How far an effect has come.
    EffectStatus = "entities::EffectStatus" {
        /// Still to come.
        Pending,
        /// Has happened.
        Done,
        /// Was not called for.
        Skipped,
        /// Could not be done.
        Failed,
        /// Has happened and was taken back.
        Undone,
    }
    /// Where an access stands at the moment of asking.
    EntitlementStatus = "entities::EntitlementStatus" {
        /// Starts later.
        Scheduled,
        /// May be used.
        Active,
        /// Has expired and may still be used for a few days.
        GracePeriod,
        /// Has ended by itself.
        Expired,
        /// Was taken away. Final.
        Revoked,
    }
    /// What happened to an access.
    EntitlementAction = "entities::EntitlementAction" {
        /// It was given, or has begun.
        Granted,
        /// Its end was moved.
        Extended,
        /// It has expired and is tolerated for a while.
        EnteredGracePeriod,
        /// It has ended by itself.
        Expired,
        /// It was taken away.
        Revoked,
        /// It was given back after a refund that failed.
        Restored,
    }
    /// What is done for many at once.
    EntitlementBatchAction = "entities::EntitlementBatchAction" {
        /// Access is granted.
        Grant,
        /// Access is taken away.
        Revoke,
    }
    /// Where a batch stands.
    EntitlementBatchStatus = "entities::EntitlementBatchStatus" {
        /// Accepted; nothing is done yet.
        Requested,
        /// A worker goes through the people.
        Running,
        /// Everybody has a result.
        Succeeded,
        /// Stopped before the end; what was done stays done.
        Canceled,
        /// Given up before the end; what was done stays done.
        Failed,
    }
    /// What became of one user in a batch.
    EntitlementBatchOutcome = "entities::EntitlementBatchOutcome" {
        /// Access was granted.
        Granted,
        /// Access was taken away.
        Revoked,
        /// Nothing was changed, for a reason that is told.
        Refused,
        /// Nothing was changed, for a fault of ours.
        Failed,
    }
    /// What an event is about.
    EventTopic = "entities::EventTopic" {
        /// Somebody new.
        UserCreated,
        /// Somebody's data changed.
        UserUpdated,
        /// An ecosystem was closed to everybody in it.
        EcosystemSuspended,
        /// An ecosystem was opened again.
        EcosystemActivated,
        /// A refund or one of its effects went on.
        RefundUpdated,
        /// A purchase is new or changed.
        PurchaseUpdated,
        /// Access was granted, extended, revoked, restored, or went on by itself.
        EntitlementChanged,
        /// A change of access for many went on.
        EntitlementBatchUpdated,
        /// An invoice changed.
        InvoiceUpdated,
        /// A payment came in.
        PaymentReceived,
        /// A new ticket.
        TicketCreated,
        /// A ticket changed.
        TicketUpdated,
        /// Somebody wrote in a ticket.
        TicketMessageAdded,
        /// A payment verification went on.
        PaymentVerificationUpdated,
        /// An export went on.
        ExportUpdated,
    }
    /// Why a mutation was refused.
    UserErrorCode = "domain::UserErrorCode" {
        /// A field's value cannot be taken.
        Invalid,
        /// There is no such object in this team.
        NotFound,
        /// It clashes with what is already there.
        Conflict,
        /// Tried too often; the message says when it is worth trying again.
        RateLimited,
        /// Address and password do not belong together.
        CredentialsInvalid,
        /// The token is unknown, used, expired or revoked.
        TokenInvalid,
        /// This user cannot be impersonated, or not by this administrator.
        ImpersonationNotAllowed,
        /// Not while seeing the platform as somebody else.
        NotAllowedWhileImpersonating,
        /// The team has not switched this module on.
        ModuleDisabled,
        /// Only single purchases can be refunded.
        RefundKindNotSupported,
        /// Only Stripe and MercadoPago payments can be refunded.
        RefundGatewayNotSupported,
        /// The purchase is neither active nor recently canceled.
        RefundPurchaseNotActive,
        /// Nothing is left to refund: a refund has it all.
        RefundAlreadyRequested,
        /// A note is needed.
        RefundNoteRequired,
        /// More than what is left of the payment.
        RefundAmountExceedsPaid,
        /// Too much was read: takes `overridePolicy`, a note and the scope `refunds.override`.
        RefundPolicyOverrideRequired,
        /// The user has access to this product already.
        EntitlementAlreadyActive,
        /// Access for life cannot be extended.
        EntitlementLifetime,
        /// The access is not active any more.
        EntitlementNotActive,
        /// An extension has to end later than the access does.
        EntitlementExpiryNotLater,
        /// The product is not active.
        ProductInactive,
        /// The invoice is no draft any more.
        InvoiceNotDraft,
        /// The invoice cannot be paid.
        InvoiceNotPayable,
        /// The team has not set this gateway up.
        GatewayNotConfigured,
        /// The credit would exceed the tier's limit.
        CreditLimitExceeded,
        /// The ticket is closed.
        TicketClosed,
        /// There is nothing to export.
        ExportEmpty,
        /// The export is finished: there is nothing left to cancel.
        ExportNotCancelable,
        /// This job is not one that can be tried again.
        JobNotRetryable,
    }
    /// What an export holds, and in which form.
    ExportKind = "entities::ExportKind" {
        /// Invoices as PDF, in one ZIP.
        InvoicesZip,
        /// Customers as a spreadsheet.
        CustomersXlsx,
        /// Leads as a spreadsheet.
        LeadsXlsx,
    }
    /// How far an export is.
    ExportStatus = "entities::ExportStatus" {
        /// Waiting for a worker.
        Queued,
        /// Being written.
        Running,
        /// Whole, and there to be downloaded.
        Ready,
        /// It could not be written.
        Failed,
        /// Somebody did not want it any more.
        Canceled,
        /// Its time is over and the file is deleted.
        Expired,
    }
    /// An item of the checklist that an agent goes through before a refund.
    RefundCheckItem = "domain::refunds::evidence::CheckItem" {
        /// It is a single purchase.
        KindIsSingle,
        /// It was paid through Stripe or MercadoPago.
        GatewaySupported,
        /// It is active, or was canceled lately.
        PurchaseActiveOrRecentlyCanceled,
        /// No more was read than the team's policy allows.
        ReadLessThanHalf,
        /// Something was read: if not, look for a technical fault first.
        ReadingRecorded,
        /// Nothing of it has been refunded.
        NotRefundedBefore,
        /// The bank has not opened a dispute.
        NoDispute,
        /// No duplicates and no earlier refunds.
        PurchaseHistoryClean,
    }
}

/// Which end of a list comes first.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderDirection {
    /// Smallest, earliest, A to Z.
    Asc,
    /// Largest, latest, Z to A.
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
