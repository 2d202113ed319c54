//! What follows from what is known of a purchase.

use entities::{PurchaseStatus, purchase};

/// The status of a purchase after money went back, came back, or was reserved for a refund.
pub fn purchase_status(purchase: &purchase::Model) -> PurchaseStatus {
    match purchase.refunded().minor {
        refunded if refunded == purchase.amount_minor => PurchaseStatus::Refunded,
        refunded if refunded > 0 => PurchaseStatus::PartiallyRefunded,
        _ if purchase.canceled().is_some() => PurchaseStatus::Canceled,
        _ => PurchaseStatus::Active,
    }
}
