//! Time in a partition: which entity is due next, its step, and what becomes of one whose step fails.
//!
//! Part of `Partition`, whose rules hold: at least one timer at or before the wake of every entity; one that comes too
//! early moves on, equal ones are taken together. Does not know: records, what a step does.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::msgpack::{Fault, Sure};
use crate::partition::{Journaled, Key, Partition, Plain, UNTOUCHED};
use crate::state::{self, Entity, NEVER};

const TIME_ALONE: i64 = -1; // what caused it, in the place of an offset

impl Partition {
    /// Due steps up to the clock; true: none is left.
    pub fn advance(&mut self, budget: usize, plain: &dyn Plain) -> Sure<bool> {
        self.run_due(budget, plain)?;
        Ok(!self.due())
    }

    /// At most `budget` due steps, in order of (instant, entity); returns how many there were.
    pub fn run_due(&mut self, budget: usize, plain: &dyn Plain) -> Sure<usize> {
        let mut steps = 0;
        while steps < budget && self.due() {
            let Some(entry) = self.timers.pop() else { break };
            while self.timers.peek() == Some(&entry) {
                self.timers.pop();
            }
            let Reverse((at, key)) = entry;
            if self.frozen.contains(&key) {
                continue;
            }
            let mut wake = self.wake(&key)?;
            if wake <= at {
                wake = self.wake_up(&key, at, plain);
                steps += 1;
            }
            if wake < NEVER {
                self.timers.push(Reverse((wake, key)));
            }
        }
        self.effects.steps += steps;
        Ok(steps)
    }

    fn wake(&self, key: &Key) -> Sure<i64> {
        let stored = self.entities.get(key).ok_or(Fault("a timer of nobody"))?;
        match self.touched.get(stored.touched) {
            Some(Some(touched)) => Ok(touched.entity.wake),
            _ => state::wake_of(&stored.state),
        }
    }

    /// A due step of one entity; whatever goes wrong with it is that entity's, which is frozen.
    fn wake_up(&mut self, key: &Key, at: i64, plain: &dyn Plain) -> i64 {
        if self.ticked {
            self.journal_tick();
        }
        let place = self.entities[key].touched;
        let before = self.touched.get(place).and_then(|touched| touched.as_ref().map(|t| t.entity.clone()));
        let counted = self.timeline.counts.clone();
        let done = catch_unwind(AssertUnwindSafe(|| self.due_step(key, at, plain)));
        let why = match done {
            Ok(Ok(wake)) => return wake,
            Ok(Err(Fault(why))) => why,
            Err(_) => "the engine has panicked",
        };
        self.publications.clear();
        self.timeline.counts = counted;
        self.untouch(key, place, before);
        self.frozen.insert(Arc::clone(key));
        self.effects.frozen.push((Arc::clone(key), at, why.into()));
        NEVER
    }

    fn due_step(&mut self, key: &Key, at: i64, plain: &dyn Plain) -> Sure<i64> {
        let place = self.touch(key)?;
        let Some(touched) = &mut self.touched[place] else { unreachable!("it has just been touched") };
        self.timeline.tidy(&mut touched.entity, self.clock - self.machine.lateness_ms)?;
        self.timeline.pass_time(&mut touched.entity, at, &mut self.publications)?;
        let wake = touched.entity.wake;
        self.publish(place, self.clock, TIME_ALONE, plain)?;
        Ok(wake)
    }

    /// As if the entity had not been touched since `before`, None: since the last seal.
    fn untouch(&mut self, key: &Key, place: usize, before: Option<Entity>) {
        match (before, self.touched.get_mut(place)) {
            (Some(entity), Some(Some(touched))) => touched.entity = entity,
            _ => {
                if let Some(stored) = self.entities.get_mut(key)
                    && stored.touched != UNTOUCHED
                {
                    self.touched[stored.touched] = None;
                    stored.touched = UNTOUCHED;
                }
            }
        }
    }

    pub fn journal_tick(&mut self) {
        self.effects.journal.push(Journaled::Clock(self.next_offset, self.clock));
        self.ticked = false;
    }
}
