//! Typed ids: UUIDv7 in the database, TypeIDs outside (`refund_01h455vb4pex5vsknk084sn02q`).
//!
//! Format: the TypeID specification 0.3 (prefix, underscore, the UUID in Crockford's base32).

use std::{fmt, str::FromStr};

use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// Why a text is not the id that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("not a TypeID")]
    Malformed,
    #[error("the id of another type")]
    WrongType,
}

/// Splits a TypeID into prefix and UUID, whatever its type.
pub fn parse_any(text: &str) -> Result<(String, Uuid), IdError> {
    // The longest id has a prefix of 63 characters: anything else need not be read at all.
    if text.len() > 90 {
        return Err(IdError::Malformed);
    }
    let id = TypeSafeId::<DynamicType>::from_str(text).map_err(|_| IdError::Malformed)?;
    Ok((id.type_prefix().to_owned(), id.uuid()))
}

fn write_id(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    let kind = DynamicType::new(prefix).map_err(|_| fmt::Error)?;
    write!(f, "{}", TypeSafeId::from_type_and_uuid(kind, uuid))
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sea_orm::DeriveValueType)]
            pub struct $name(pub Uuid);

            impl $name {
                /// What stands before the underscore in the public form.
                pub const PREFIX: &'static str = $prefix;
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write_id(f, Self::PREFIX, self.0)
                }
            }

            impl FromStr for $name {
                type Err = IdError;

                fn from_str(text: &str) -> Result<Self, IdError> {
                    let (prefix, uuid) = parse_any(text)?;
                    if prefix == Self::PREFIX { Ok(Self(uuid)) } else { Err(IdError::WrongType) }
                }
            }

            impl From<Uuid> for $name {
                fn from(uuid: Uuid) -> Self {
                    Self(uuid)
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }

            impl sea_orm::TryFromU64 for $name {
                fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                    Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
                }
            }
        )*

        /// Every prefix that the product hands out.
        pub const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

typed_ids! {
    /// A business that runs on Postventa.
    TeamId = "team",
    UserId = "user",
    SessionId = "session",
    ApiKeyId = "key",
    AuditEntryId = "audit",
    EventId = "event",
    JobId = "job",
    ProductId = "product",
    EcosystemId = "ecosystem",
    PlanSubscriptionId = "plan",
    PurchaseId = "purchase",
    ReadingSessionId = "reading",
    RefundId = "refund",
    EntitlementId = "entitlement",
    /// One reason why an entitlement stands: a purchase, or a grant by hand.
    GrantId = "grant",
    EntitlementEventId = "entitlementevent",
    EntitlementBatchId = "entitlementbatch",
    MailId = "mail",
    FollowUpId = "followup",
    GatewayEventId = "gatewayevent",
    WorkerId = "worker",
    ExportId = "export",
    /// A refund at a gateway that nobody has asked us for.
    ExternalRefundId = "externalrefund",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_the_same_type_only() {
        let id = RefundId(Uuid::parse_str("0188bac7-4afa-78aa-bc3b-bd1eef28d881").expect("a uuid"));
        assert_eq!(id.to_string(), "refund_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!("refund_01h2xcejqtf2nbrexx3vqjhp41".parse(), Ok(id));
        assert_eq!(
            "purchase_01h2xcejqtf2nbrexx3vqjhp41".parse::<RefundId>(),
            Err(IdError::WrongType)
        );
        for bad in [
            "",
            "refund",
            "refund_",
            "refund_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "refund_01h2xcejqtf2nbrexx3vqjhp4",
            "1",
            "refund_01h2xcejqtf2nbrexx3vqjhp4é",
        ] {
            assert_eq!(bad.parse::<RefundId>(), Err(IdError::Malformed), "{bad}");
        }
    }
}
