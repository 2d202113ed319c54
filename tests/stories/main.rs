//! What Postventa promises, told as stories.

mod jobs;
mod refunds;
