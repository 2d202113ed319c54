//! What follows from what is known of a purchase.

use entities::{PurchaseStatus, purchase};

/// What a purchase is after money went back, came back, or was promised.
pub fn purchase_status(purchase: &purchase::Model) -> PurchaseStatus {
    match purchase.refunded().minor {
        refunded if refunded == purchase.amount_minor => PurchaseStatus::Refunded,
        refunded if refunded > 0 => PurchaseStatus::PartiallyRefunded,
        _ if purchase.canceled().is_some() => PurchaseStatus::Canceled,
        _ => PurchaseStatus::Active,
    }
}
