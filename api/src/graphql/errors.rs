//! `userErrors`: why a mutation was refused, for the person who filled in the form.

use async_graphql::SimpleObject;
use domain::Refusal;
use entities::Locale;

use super::enums::UserErrorCode;

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
