//! What Postventa promises, told as stories.

mod access;
mod jobs;
mod refunds;
