//! What Postventa decides and does.

pub mod language;
