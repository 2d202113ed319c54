//! The words for what was bought.

use crate::graphql::words::words;

words! {
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
}
