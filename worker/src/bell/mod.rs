//! What wakes the workers: bells in the process, bells over Redis, and the backend that apalis polls.

mod backend;
pub(crate) mod redis;

pub(crate) use backend::{Claimed, JobBackend};
