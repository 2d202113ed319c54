//! A sale as the demo tells it: what was bought, what was read of it, and what came back.

use entities::{
    PaymentGateway,
    PurchaseKind::{self, Single},
    RefundReason,
};

/// How a payment stands, before any refund.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Paid {
    Pending,
    Yes,
    /// Canceled by the store so many days ago.
    Canceled(i64),
    /// Given back by the store itself, so many days ago.
    GivenBack(i64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ForLife,
    /// Until so many days from now; in the past if negative.
    Until(i64),
}

/// A refund that has come to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Succeeded,
    Failed,
    Reversed,
}

#[derive(Clone, Copy)]
pub struct Refunded {
    pub ended: Ended,
    pub reason: RefundReason,
    pub note: Option<&'static str>,
    /// In minor units; all of it if none.
    pub part: Option<i64>,
    pub days_ago: i64,
}

/// Something that was bought.
#[derive(Clone)]
pub struct Sale {
    pub key: String,
    pub person: &'static str,
    pub product: &'static str,
    pub kind: PurchaseKind,
    pub gateway: PaymentGateway,
    pub amount: i64,
    pub currency: &'static str,
    pub days_ago: i64,
    pub paid: Paid,
    pub access: Access,
    /// Whether a recurring agreement at the gateway hangs on it.
    pub agreement: bool,
    /// The furthest point, and in how many sessions.
    pub read: Option<(f64, i64)>,
    pub refund: Option<Refunded>,
}

impl Sale {
    /// Paid, for life, and unread.
    pub fn new(
        key: impl Into<String>,
        person: &'static str,
        product: &'static str,
        payment: (PaymentGateway, i64, &'static str),
        days_ago: i64,
    ) -> Self {
        let (gateway, amount, currency) = payment;
        Self {
            key: key.into(),
            person,
            product,
            kind: Single,
            gateway,
            amount,
            currency,
            days_ago,
            paid: Paid::Yes,
            access: Access::ForLife,
            agreement: false,
            read: None,
            refund: None,
        }
    }

    pub fn read(self, percent: f64, sessions: i64) -> Self {
        Self {
            read: Some((percent, sessions)),
            ..self
        }
    }

    pub fn kind(self, kind: PurchaseKind, access: Access) -> Self {
        Self { kind, access, ..self }
    }

    pub fn agreed(self) -> Self {
        Self {
            agreement: true,
            ..self
        }
    }

    pub fn paid(self, paid: Paid) -> Self {
        Self { paid, ..self }
    }

    pub fn refunded(self, ended: Ended, reason: RefundReason, days_ago: i64) -> Self {
        let refund = Refunded {
            ended,
            reason,
            note: None,
            part: None,
            days_ago,
        };
        Self {
            refund: Some(refund),
            ..self
        }
    }

    pub fn noted(mut self, note: &'static str, part: Option<i64>) -> Self {
        if let Some(refund) = &mut self.refund {
            refund.note = Some(note);
            refund.part = part;
        }
        self
    }
}

/// Access that an agent has given by hand.
pub struct Gift {
    pub person: &'static str,
    pub product: &'static str,
    /// In days from now.
    pub starts: i64,
    pub ends: Option<i64>,
    /// How many days ago it was revoked, and why.
    pub revoked: Option<(i64, &'static str)>,
}
