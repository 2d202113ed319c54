//! The words that are stored: each enum is kept as the text that the API shows.

use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;

/// A stored word that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind}: {word}")]
pub struct UnknownWord {
    kind: &'static str,
    word: String,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        #[sea_orm(value_type = "String")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(UnknownWord { kind: stringify!($name), word: text.to_owned() }),
                }
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

words! {
    Locale { En = "EN", Es = "ES", Pt = "PT" }
    Module { Billing = "BILLING", Commerce = "COMMERCE", Support = "SUPPORT" }
    UserRole { Admin = "ADMIN", Agent = "AGENT", Member = "MEMBER" }
    /// S3.2: customers have bought a subscription, leads have not.
    UserSegment { Customer = "CUSTOMER", Lead = "LEAD" }
    CustomerTier { Standard = "STANDARD", Premium = "PREMIUM", Vip = "VIP", Enterprise = "ENTERPRISE" }
    Feature { Impersonation = "IMPERSONATION" }
    BillingInterval { Monthly = "MONTHLY", Annual = "ANNUAL" }
    PlanSubscriptionStatus {
        Trialing = "TRIALING",
        Active = "ACTIVE",
        PastDue = "PAST_DUE",
        Paused = "PAUSED",
        Canceled = "CANCELED",
        Expired = "EXPIRED",
    }
    /// What becomes of access when the whole payment was given back past us.
    ExternalRefundAccess { Keep = "KEEP", Revoke = "REVOKE" }
    /// As a gateway tells it of a refund that is none of ours; a failure is final.
    ExternalRefundStatus { Pending = "PENDING", Succeeded = "SUCCEEDED", Failed = "FAILED" }
    PurchaseKind { Single = "SINGLE", Prepaid = "PREPAID", Recurring = "RECURRING", Retail = "RETAIL" }
    PaymentGateway { Stripe = "STRIPE", MercadoPago = "MERCADO_PAGO", Paypal = "PAYPAL", Manual = "MANUAL" }
    PurchaseStatus {
        Pending = "PENDING",
        Active = "ACTIVE",
        Canceled = "CANCELED",
        Refunded = "REFUNDED",
        PartiallyRefunded = "PARTIALLY_REFUNDED",
    }
    RefundReason {
        Duplicate = "DUPLICATE",
        Fraudulent = "FRAUDULENT",
        RequestedByCustomer = "REQUESTED_BY_CUSTOMER",
        Other = "OTHER",
    }
    RefundStatus {
        Requested = "REQUESTED",
        Processing = "PROCESSING",
        Pending = "PENDING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        NeedsAttention = "NEEDS_ATTENTION",
        Reversed = "REVERSED",
    }
    RefundEffectKind {
        CancelPlan = "CANCEL_PLAN",
        RevokeAccess = "REVOKE_ACCESS",
        RefundAtGateway = "REFUND_AT_GATEWAY",
        PauseSubscription = "PAUSE_SUBSCRIPTION",
        UpdateOrder = "UPDATE_ORDER",
        NotifyCustomer = "NOTIFY_CUSTOMER",
    }
    EffectStatus { Pending = "PENDING", Done = "DONE", Skipped = "SKIPPED", Failed = "FAILED", Undone = "UNDONE" }
    EntitlementStatus {
        Scheduled = "SCHEDULED",
        Active = "ACTIVE",
        GracePeriod = "GRACE_PERIOD",
        Expired = "EXPIRED",
        Revoked = "REVOKED",
    }
    EntitlementAction {
        Granted = "GRANTED",
        Extended = "EXTENDED",
        EnteredGracePeriod = "ENTERED_GRACE_PERIOD",
        Expired = "EXPIRED",
        Revoked = "REVOKED",
        Restored = "RESTORED",
    }
    EntitlementBatchAction { Grant = "GRANT", Revoke = "REVOKE" }
    EntitlementBatchStatus {
        Requested = "REQUESTED",
        Running = "RUNNING",
        Succeeded = "SUCCEEDED",
        Canceled = "CANCELED",
        Failed = "FAILED",
    }
    EntitlementBatchOutcome { Granted = "GRANTED", Revoked = "REVOKED", Refused = "REFUSED", Failed = "FAILED" }
    /// What an entitlement stands on.
    GrantSource { Purchase = "PURCHASE", Manual = "MANUAL" }
    EventTopic {
        UserCreated = "USER_CREATED",
        UserUpdated = "USER_UPDATED",
        EcosystemSuspended = "ECOSYSTEM_SUSPENDED",
        EcosystemActivated = "ECOSYSTEM_ACTIVATED",
        RefundUpdated = "REFUND_UPDATED",
        PurchaseUpdated = "PURCHASE_UPDATED",
        EntitlementChanged = "ENTITLEMENT_CHANGED",
        EntitlementBatchUpdated = "ENTITLEMENT_BATCH_UPDATED",
        InvoiceUpdated = "INVOICE_UPDATED",
        PaymentReceived = "PAYMENT_RECEIVED",
        TicketCreated = "TICKET_CREATED",
        TicketUpdated = "TICKET_UPDATED",
        TicketMessageAdded = "TICKET_MESSAGE_ADDED",
        PaymentVerificationUpdated = "PAYMENT_VERIFICATION_UPDATED",
        ExportUpdated = "EXPORT_UPDATED",
    }
    JobStatus {
        Pending = "PENDING",
        Scheduled = "SCHEDULED",
        Running = "RUNNING",
        Done = "DONE",
        Retrying = "RETRYING",
        Dead = "DEAD",
    }
    ExportKind { InvoicesZip = "INVOICES_ZIP", CustomersXlsx = "CUSTOMERS_XLSX", LeadsXlsx = "LEADS_XLSX" }
    ExportStatus {
        Queued = "QUEUED",
        Running = "RUNNING",
        Ready = "READY",
        Failed = "FAILED",
        Canceled = "CANCELED",
        Expired = "EXPIRED",
    }
    MailStatus { Queued = "QUEUED", Sent = "SENT", Failed = "FAILED" }
}
