//! Where the outside world begins: one folder for each thing that is not ours.

pub mod gateways;
