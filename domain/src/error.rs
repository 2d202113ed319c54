//! How a use case can end badly: refused, denied, or broken.

use std::borrow::Cow;

use crate::{message::Message, scope::Scope};

/// What a use case returns.
pub type Outcome<T> = Result<T, Error>;

/// Why a use case did not do what was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can mend it: answered as data.
    #[error("refused: {}", .0.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", "))]
    Refused(Vec<Refusal>),
    /// The caller may not: answered as an error with a code.
    #[error("denied: {0:?}")]
    Denied(Denied),
    /// We could not: logged once, with context, and masked.
    #[error(transparent)]
    Fault(#[from] anyhow::Error),
}

/// Why the caller may not, which no correction of the input mends. Answered as a GraphQL error with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    Unauthenticated,
    Forbidden(Scope),
    /// For administrators only, whatever the scopes.
    AdministratorsOnly,
    /// What the reader saw last is no longer kept: skipping over the gap would lose events.
    CursorExpired,
    /// A cursor of another list, or none at all.
    CursorInvalid,
    /// `first` or `last` outside 1 to 100, or both.
    PageInvalid,
}

macro_rules! codes {
    ($($variant:ident = $text:literal,)*) => {
        /// Why a mutation was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum UserErrorCode { $($variant),* }

        impl UserErrorCode {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

codes! {
    Invalid = "INVALID",
    NotFound = "NOT_FOUND",
    Conflict = "CONFLICT",
    RateLimited = "RATE_LIMITED",
    CredentialsInvalid = "CREDENTIALS_INVALID",
    TeamRequired = "TEAM_REQUIRED",
    TokenInvalid = "TOKEN_INVALID",
    ImpersonationNotAllowed = "IMPERSONATION_NOT_ALLOWED",
    NotAllowedWhileImpersonating = "NOT_ALLOWED_WHILE_IMPERSONATING",
    ModuleDisabled = "MODULE_DISABLED",
    RefundKindNotSupported = "REFUND_KIND_NOT_SUPPORTED",
    RefundGatewayNotSupported = "REFUND_GATEWAY_NOT_SUPPORTED",
    RefundPurchaseNotActive = "REFUND_PURCHASE_NOT_ACTIVE",
    RefundAlreadyRequested = "REFUND_ALREADY_REQUESTED",
    RefundNoteRequired = "REFUND_NOTE_REQUIRED",
    RefundAmountExceedsPaid = "REFUND_AMOUNT_EXCEEDS_PAID",
    RefundPolicyOverrideRequired = "REFUND_POLICY_OVERRIDE_REQUIRED",
    RefundAmountNotPossible = "REFUND_AMOUNT_NOT_POSSIBLE",
    RefundNotResolvable = "REFUND_NOT_RESOLVABLE",
    EntitlementAlreadyActive = "ENTITLEMENT_ALREADY_ACTIVE",
    EntitlementLifetime = "ENTITLEMENT_LIFETIME",
    EntitlementNotActive = "ENTITLEMENT_NOT_ACTIVE",
    EntitlementExpiryNotLater = "ENTITLEMENT_EXPIRY_NOT_LATER",
    ProductInactive = "PRODUCT_INACTIVE",
    InvoiceNotDraft = "INVOICE_NOT_DRAFT",
    InvoiceNotPayable = "INVOICE_NOT_PAYABLE",
    GatewayNotConfigured = "GATEWAY_NOT_CONFIGURED",
    CreditLimitExceeded = "CREDIT_LIMIT_EXCEEDED",
    TicketClosed = "TICKET_CLOSED",
    ExportEmpty = "EXPORT_EMPTY",
    ExportNotCancelable = "EXPORT_NOT_CANCELABLE",
    JobNotRetryable = "JOB_NOT_RETRYABLE",
}

/// One entry of `userErrors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: UserErrorCode,
    /// The path of the input field at fault below `input`; empty if it is none in particular.
    pub field: Vec<Cow<'static, str>>,
    pub message: Message,
}

impl Refusal {
    /// With the code's own sentence: `error-` and the code in kebab case.
    pub fn new(code: UserErrorCode) -> Self {
        let key = format!("error-{}", code.as_str().to_ascii_lowercase().replace('_', "-"));
        Self {
            code,
            field: Vec::new(),
            message: Message::key(&key),
        }
    }

    /// `INVALID` on this input field, with its own sentence.
    pub fn invalid(field: &'static str, message: Message) -> Self {
        Self::new(UserErrorCode::Invalid).on(field).saying(message)
    }

    /// `NOT_FOUND` on this input field, with the sentence `not-found-{what}`. Also for what belongs to another team.
    pub fn not_found(field: &'static str, what: &str) -> Self {
        Self::new(UserErrorCode::NotFound)
            .on(field)
            .saying(Message::key(&format!("not-found-{what}")))
    }

    /// Names the input field at fault, in camel case as the API has it, without `input`. Replaces an earlier one.
    #[must_use]
    pub fn on(mut self, field: &'static str) -> Self {
        self.field = vec![Cow::Borrowed(field)];
        self
    }

    /// Replaces the code's own sentence, and the arguments with it: before [`Refusal::with`].
    #[must_use]
    pub fn saying(mut self, message: Message) -> Self {
        self.message = message;
        self
    }

    /// Adds an argument of the sentence. No effect on a sentence that a person wrote.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.message = self.message.with(name, value);
        self
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Fault(anyhow::Error::new(error).context("database"))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(anyhow::Error::new(error).context("stored JSON"))
    }
}

/// Gathers refusals, so that a form learns of all its mistakes at once.
#[derive(Debug, Default)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    pub fn add(&mut self, refusal: impl Into<Refusal>) {
        self.0.push(refusal.into());
    }

    /// Keeps the value, or notes why there is none.
    pub fn keep<T>(&mut self, result: Result<T, Refusal>) -> Option<T> {
        result.map_err(|refusal| self.0.push(refusal)).ok()
    }

    /// Fails with everything that was gathered, if anything was.
    pub fn check(self) -> Outcome<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Refused(self.0))
        }
    }

    /// The values of all fields of a form. Fails with the refusals among them, in their order, and those that were
    /// gathered, which are of the form as a whole, after them.
    pub fn values<F: Fields>(mut self, fields: F) -> Outcome<F::Values> {
        let mut refused = Self::default();
        let values = fields.values(&mut refused);
        refused.0.append(&mut self.0);
        match values {
            Some(values) if refused.0.is_empty() => Ok(values),
            _ => Err(Error::Refused(refused.0)),
        }
    }
}

/// The values of all fields of a form, or everything that is wrong with them.
pub fn all<F: Fields>(fields: F) -> Outcome<F::Values> {
    Refusals::default().values(fields)
}

/// Fields that were checked, side by side: a tuple of results.
pub trait Fields {
    type Values;

    /// None if a field was refused; why stands in `refused` then.
    fn values(self, refused: &mut Refusals) -> Option<Self::Values>;
}

macro_rules! fields {
    ($($field:ident)*) => {
        impl<$($field),*> Fields for ($(Result<$field, Refusal>,)*) {
            type Values = ($($field,)*);

            #[allow(non_snake_case, reason = "a variable is called like the type of its value")]
            fn values(self, refused: &mut Refusals) -> Option<Self::Values> {
                let ($($field,)*) = self;
                // All of them first, so that each tells what is wrong with it.
                $(let $field = refused.keep($field);)*
                Some(($($field?,)*))
            }
        }
    };
}

fields!(A B);
fields!(A B C);
fields!(A B C D);
fields!(A B C D E);
fields!(A B C D E F);
fields!(A B C D E F G);
fields!(A B C D E F G H);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(field: &'static str) -> Refusal {
        Refusal::invalid(field, Message::key("invalid-required"))
    }

    fn named<T>(outcome: Outcome<T>) -> Vec<String> {
        match outcome {
            Err(Error::Refused(refusals)) => refusals
                .iter()
                .flat_map(|it| &it.field)
                .map(ToString::to_string)
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_form_gives_all_its_values_or_everything_that_is_wrong_with_it() {
        assert_eq!(all((Ok(1), Ok("a"))).expect("two values"), (1, "a"));
        let wrong = all((Err::<(), _>(refused("a")), Ok(1), Err::<(), _>(refused("c"))));
        assert_eq!(named(wrong), ["a", "c"]);
        let mut whole = Refusals::default();
        whole.add(refused("z"));
        assert_eq!(
            named(whole.values((Ok(1), Err::<(), _>(refused("b"))))),
            ["b", "z"]
        );
        let mut whole = Refusals::default();
        whole.add(refused("z"));
        assert_eq!(named(whole.values((Ok(1), Ok(2)))), ["z"]);
    }
}
