//! The words for refunds.

use crate::graphql::words::words;

words! {
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
