//! Writes a mail: subject, HTML and plain text, in the customer's language (S0.49).

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entities::{Locale, Money, PaymentGateway};

use super::notice::{Detail, Notice};
use crate::language::{self, Value};

/// In whose name a mail is written.
#[derive(Clone, Debug)]
pub struct Brand {
    pub team: String,
    /// Where customers write to.
    pub support_address: String,
    /// Days are told in it.
    pub zone: Tz,
}

/// What a mail is about. The name of each is kept in `mails.template`.
#[derive(Clone, Debug)]
pub enum MailContent {
    RefundRequested(RefundFacts),
    RefundSucceeded(RefundFacts),
    RefundFailed(RefundFacts),
    /// S4.21: only where staff want the customer to be told.
    AccessGranted(AccessFacts),
}

/// What a customer wants to know of an access that was given to them.
#[derive(Clone, Debug)]
pub struct AccessFacts {
    pub locale: Locale,
    pub customer: String,
    pub product: String,
    pub starts_at: DateTime<Utc>,
    /// For life if none.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a customer wants to know of a refund.
#[derive(Clone, Debug)]
pub struct RefundFacts {
    pub locale: Locale,
    pub customer: String,
    pub product: String,
    pub amount: Money,
    /// When what the mail tells happened.
    pub at: DateTime<Utc>,
    /// The refund's public id.
    pub number: String,
    /// Decides how long the money takes.
    pub gateway: PaymentGateway,
    pub access: AccessAfter,
}

/// What the refund means for the access to the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessAfter {
    Ended,
    Kept,
    Restored,
    /// Nothing to tell: there was none, or it has been told before.
    Untold,
}

/// A mail as it is kept and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// One line without control characters.
    pub subject: String,
    pub html: String,
    pub plain: String,
}

/// A template that cannot be filled in or laid out: a fault of ours, never of the data.
#[derive(Clone, Debug, thiserror::Error)]
#[error("a mail cannot be composed: {0}")]
pub struct ComposeError(String);

impl From<minijinja::Error> for ComposeError {
    fn from(error: minijinja::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<mrml::prelude::parser::Error> for ComposeError {
    fn from(error: mrml::prelude::parser::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<mrml::prelude::render::Error> for ComposeError {
    fn from(error: mrml::prelude::render::Error) -> Self {
        Self(error.to_string())
    }
}

impl MailContent {
    /// The word that `mails.template` keeps.
    pub fn template(&self) -> &'static str {
        match self {
            Self::RefundRequested(_) => "refund-requested",
            Self::RefundSucceeded(_) => "refund-succeeded",
            Self::RefundFailed(_) => "refund-failed",
            Self::AccessGranted(_) => "access-granted",
        }
    }

    pub fn locale(&self) -> Locale {
        match self {
            Self::RefundRequested(facts) | Self::RefundSucceeded(facts) | Self::RefundFailed(facts) => {
                facts.locale
            }
            Self::AccessGranted(facts) => facts.locale,
        }
    }
}

/// How a state looks: the colour of its word, of the word's background, and of the card's edge.
struct Tone(&'static str, &'static str, &'static str);

const UNDER_WAY: Tone = Tone("#2c4391", "#e8edfd", "#4f6bd8");
const DONE: Tone = Tone("#17623a", "#e1f4e8", "#2f9e61");
const REFUSED: Tone = Tone("#8a3413", "#fdeee4", "#dd7a3e");

pub fn compose(mail: &MailContent, brand: &Brand) -> Result<Composed, ComposeError> {
    let notice = match mail {
        MailContent::RefundRequested(facts)
        | MailContent::RefundSucceeded(facts)
        | MailContent::RefundFailed(facts) => refund_notice(mail, facts, brand),
        MailContent::AccessGranted(facts) => access_notice(mail, facts, brand),
    };
    Ok(Composed {
        html: notice.html()?,
        plain: notice.plain(),
        subject: notice.subject,
    })
}

fn access_notice(mail: &MailContent, facts: &AccessFacts, brand: &Brand) -> Notice {
    let locale = facts.locale;
    let (team, product) = (one_line(&brand.team, 80), one_line(&facts.product, 80));
    let customer = one_line(&facts.customer, 80);
    let address = one_line(&brand.support_address, 254);
    let variables: &[(&str, Value<'_>)] = &[
        ("name", customer.as_str().into()),
        ("team", team.as_str().into()),
        ("product", product.as_str().into()),
        ("address", address.as_str().into()),
    ];
    let say = |key: &str| language::text(locale, key, variables);
    let about = |part: &str| say(&format!("mail-{}-{part}", mail.template()));
    let Tone(status_color, status_background, accent) = DONE;
    let detail = |label: &str, value: &str| Detail {
        label: say(label),
        value: value.to_owned(),
    };
    let day = |at| language::date(locale, at, brand.zone);
    let until = facts.expires_at.map_or_else(|| say("mail-detail-for-life"), day);
    Notice {
        lang: language::tag_of(locale),
        subject: one_line(&about("subject"), 150),
        preview: about("lead"),
        accent,
        status: about("status"),
        status_color,
        status_background,
        title: about("title"),
        greeting: say(if customer.is_empty() {
            "mail-greeting-nameless"
        } else {
            "mail-greeting"
        }),
        paragraphs: vec![about("lead")],
        details: vec![
            detail("mail-detail-product", &product),
            detail("mail-detail-from", &day(facts.starts_at)),
            detail("mail-detail-until", &until),
        ],
        next_title: about("next-title"),
        next: about("next"),
        questions: say("mail-questions"),
        questions_number: String::new(),
        signature: say("mail-signature"),
        why: say("mail-why"),
        team,
        address,
    }
}

fn refund_notice(mail: &MailContent, facts: &RefundFacts, brand: &Brand) -> Notice {
    let locale = facts.locale;
    let (team, product) = (one_line(&brand.team, 80), one_line(&facts.product, 80));
    let customer = one_line(&facts.customer, 80);
    let address = one_line(&brand.support_address, 254);
    let amount = language::money(locale, facts.amount);
    let variables: &[(&str, Value<'_>)] = &[
        ("name", customer.as_str().into()),
        ("team", team.as_str().into()),
        ("product", product.as_str().into()),
        ("amount", amount.as_str().into()),
        ("address", address.as_str().into()),
        ("gateway", facts.gateway.as_str().into()),
    ];
    let say = |key: &str| language::text(locale, key, variables);
    let about = |part: &str| say(&format!("mail-{}-{part}", mail.template()));

    let (Tone(status_color, status_background, accent), day_label) = match mail {
        MailContent::RefundRequested(_) => (UNDER_WAY, "mail-detail-requested-on"),
        MailContent::RefundSucceeded(_) => (DONE, "mail-detail-refunded-on"),
        MailContent::RefundFailed(_) | MailContent::AccessGranted(_) => (REFUSED, "mail-detail-failed-on"),
    };
    let (next_title, next) = match mail {
        MailContent::RefundFailed(_) => (about("next-title"), about("next")),
        _ => (say("mail-how-long-title"), say("mail-how-long")),
    };
    let access = match facts.access {
        AccessAfter::Ended => Some("mail-access-ended"),
        AccessAfter::Kept => Some("mail-access-kept"),
        AccessAfter::Restored => Some("mail-access-restored"),
        AccessAfter::Untold => None,
    };
    let detail = |label: &str, value: &str| Detail {
        label: say(label),
        value: value.to_owned(),
    };
    Notice {
        lang: language::tag_of(locale),
        subject: one_line(&about("subject"), 150),
        preview: about("lead"),
        accent,
        status: about("status"),
        status_color,
        status_background,
        title: about("title"),
        greeting: say(if customer.is_empty() {
            "mail-greeting-nameless"
        } else {
            "mail-greeting"
        }),
        paragraphs: [Some(about("lead")), access.map(say)]
            .into_iter()
            .flatten()
            .collect(),
        details: vec![
            detail("mail-detail-product", &product),
            detail("mail-detail-amount", &amount),
            detail(day_label, &language::date(locale, facts.at, brand.zone)),
            detail("mail-detail-number", &facts.number),
        ],
        next_title,
        next,
        questions: say("mail-questions"),
        questions_number: say("mail-questions-with-number"),
        signature: say("mail-signature"),
        why: say("mail-why"),
        team,
        address,
    }
}

/// A text that a person typed, made fit for one line: no control characters, no line breaks, none of the
/// marks that turn the direction of what follows, not endlessly long.
fn one_line(text: &str, longest: usize) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = text
        .chars()
        .filter(|c| !turns(*c))
        .map(|c| {
            if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                ' '
            } else {
                c
            }
        })
        .collect();
    // Not `split_whitespace`: the spaces inside an amount must not become breakable.
    let clean = clean
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if clean.chars().count() <= longest {
        return clean;
    }
    let mut short: String = clean.chars().take(longest - 1).collect();
    // Half an emoji is none: give up the joiner that would bind the next part.
    short.truncate(short.trim_end_matches(['\u{200d}', ' ']).len());
    short + "…"
}

#[cfg(test)]
mod tests;
