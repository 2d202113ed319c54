//! `userErrors`: why a mutation was refused, for the person who filled in the form.

use async_graphql::SimpleObject;
use domain::Refusal;
use entities::Locale;

use super::words::words;

words! {
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
}

/// Why a mutation was refused, for the person who filled in the form.
#[derive(SimpleObject, Clone, Debug)]
pub struct UserError {
    /// The reason as a code for programs.
    pub code: UserErrorCode,
    /// The reason in the viewer's language.
    pub message: String,
    /// Path of the input field at fault, e.g. ["input", "expiresAt"]; null if it is none in particular.
    pub field: Option<Vec<String>>,
}

impl UserError {
    pub fn new(refusal: Refusal, locale: Locale) -> Self {
        let path = refusal.field.iter().map(ToString::to_string);
        let field =
            (!refusal.field.is_empty()).then(|| std::iter::once("input".to_owned()).chain(path).collect());
        Self {
            code: refusal.code.into(),
            message: refusal.message.render(locale),
            field,
        }
    }
}
