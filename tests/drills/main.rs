//! Drills: the real program in real processes, and everything dies on them. Each counts the faults that
//! landed and has a planted bug that its detectors must find.

mod command_line;
mod crowded;
mod elsewhere;
mod forgetful;
mod graceful_stop;
mod killed_process;
mod killed_workers;
mod past_us;
mod pooler;
mod postgres_restart;
mod redis_outages;
mod replaced;
mod taken_up_again;
