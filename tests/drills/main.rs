//! Drills: the real program in real processes, and everything dies on them. Each counts the faults that
//! landed and has a planted bug that its detectors must find.

mod forgetful;
mod killed_workers;
