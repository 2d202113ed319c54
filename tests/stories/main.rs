//! What Postventa promises, told as stories. Numbers such as `S3.17` are the rules of docs/REQUIREMENTS.md.

mod access;
mod contract;
mod database;
mod elsewhere;
mod entitlements;
mod exports;
mod http;
mod identity;
mod impersonation;
mod inputs;
mod jobs;
mod refunds;
mod stats;
mod teams;
mod users;
