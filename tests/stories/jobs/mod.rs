//! Background work and events: what happens when things go wrong.

mod endings;
mod events;
mod leases;
mod running;
mod without_redis;
