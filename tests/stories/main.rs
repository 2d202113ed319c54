//! What Postventa promises, told as stories.

mod entitlements;
mod impersonation;
mod jobs;
mod people;
mod refunds;
