//! Placeholder.

#[cfg(feature = "embedded")]
pub mod sandbox;
