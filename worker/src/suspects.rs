//! The one place of this process for a suspect: a job that has seen its workers die. No second one runs beside it, so
//! that one which kills its worker takes no other suspect along.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{
    adapters::wake_ups::{LocalWakeUps, WakeUps},
    jobs::Queue,
};

/// What has lived so long gives its place up: work of an hour must not hold up others that were torn away. Should its
/// worker die after that, nothing is held against whoever was beside it.
const PROBATION: Duration = Duration::from_secs(30);

pub(crate) struct Suspects {
    state: Mutex<State>,
    wake_ups: LocalWakeUps,
}

#[derive(Default)]
struct State {
    /// The queues with a suspect that has rested, as far as is known.
    due: HashSet<Queue>,
    taken: Option<Instant>,
    /// Counts the takings: a place that was given up is free no second time.
    takings: u64,
}

/// The place, taken; free again when it is dropped.
pub(crate) struct Place {
    suspects: Arc<Suspects>,
    taking: u64,
}

impl Suspects {
    pub fn new(wake_ups: LocalWakeUps) -> Self {
        Self {
            state: Mutex::default(),
            wake_ups,
        }
    }

    /// The queues in which suspects wait that have rested.
    pub fn note_due(&self, queues: &[Queue]) {
        let mut state = self.state.lock().expect("no panic while held");
        state.due.extend(queues);
    }

    /// None of this queue was found.
    pub fn note_none(&self, queue: Queue) {
        let mut state = self.state.lock().expect("no panic while held");
        state.due.remove(&queue);
    }

    /// Takes the place if it is free and a suspect of this queue may wait.
    pub fn take(self: &Arc<Self>, queue: Queue) -> Option<Place> {
        let mut state = self.state.lock().expect("no panic while held");
        let free = state.taken.is_none_or(|since| since.elapsed() > PROBATION);
        if !free || !state.due.contains(&queue) {
            return None;
        }
        state.taken = Some(Instant::now());
        state.takings += 1;
        Some(Place {
            suspects: self.clone(),
            taking: state.takings,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.suspects.state.lock().expect("no panic while held");
        if state.takings != self.taking {
            return;
        }
        state.taken = None;
        let due: Vec<Queue> = state.due.iter().copied().collect();
        drop(state);
        for queue in due {
            self.suspects.wake_ups.send(queue, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_over_all_queues() {
        let suspects = Arc::new(Suspects::new(LocalWakeUps::default()));
        assert!(suspects.take(Queue::Refunds).is_none(), "none waits");
        suspects.note_due(&[Queue::Refunds, Queue::Exports]);
        let place = suspects.take(Queue::Refunds);
        assert!(place.is_some());
        assert!(suspects.take(Queue::Exports).is_none());
        drop(place);
        let place = suspects.take(Queue::Exports);
        assert!(place.is_some());
        suspects.note_none(Queue::Exports);
        drop(place);
        assert!(suspects.take(Queue::Exports).is_none(), "none waits any more");
    }
}
