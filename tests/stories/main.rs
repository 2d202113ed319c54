//! What Postventa promises, told as stories.

mod access;
mod contract;
mod http;
mod identity;
mod jobs;
mod refunds;
mod teams;
mod users;
