//! Steps of one journey, one after the other: all events of an instant, then every rule; and time passing between.
//!
//! Part of `Timeline`, whose rules hold. Does not know: logs, what was published.

use std::sync::Arc;

use crate::log::LogEvent;
use crate::msgpack::Sure;
use crate::run::Run;
use crate::state::{COHORT, Head, Kept, NEVER};
use crate::timeline::{NOTHING, STILL, Step, Timeline};
use crate::value::Value;

const DAY_MS: i64 = 86_400_000;

impl Timeline {
    /// All events (handler, what is kept) of one instant, then every rule once; next due instant.
    pub fn step(&mut self, j: usize, head: &mut Head, at: i64, events: &[(usize, &Kept)]) -> i64 {
        let program = &self.machine.programs[j];
        let mut values: Vec<(usize, &Value)> = Vec::new();
        for &(handler, kept) in events {
            let handler = &program.handlers[handler];
            Run::new(program, head, at, kept, &mut self.counts[j], &mut self.scratch).call(handler.touch);
            for &(bit, place, setter) in &handler.sets {
                if kept.mask & bit != 0 {
                    match values.iter_mut().find(|(other, _)| *other == setter) {
                        Some(found) => found.1 = &kept.values[place],
                        None => values.push((setter, &kept.values[place])),
                    }
                }
            }
        }
        let mut run = Run::new(program, head, at, &NOTHING, &mut self.counts[j], &mut self.scratch);
        for (setter, value) in values {
            run.give(setter, value.clone());
        }
        if run.head.ints[COHORT] == 0 {
            run.head.ints[COHORT] = -((at.div_euclid(DAY_MS) + 3).div_euclid(7));
        }
        run.call(program.entries.every)
    }

    /// All steps of journey j, of its events and of time up to `until`; returns what is due next.
    fn fold(
        &mut self,
        j: usize,
        head: &mut Head,
        events: &[&LogEvent],
        until: i64,
        steps: &mut Vec<Step>,
    ) -> Sure<i64> {
        let machine = Arc::clone(&self.machine);
        let (mut due, mut i) = (self.next_due(j, head), 0);
        loop {
            let at = events.get(i).map_or(NEVER, |event| event.at);
            self.scratch.rows.clear();
            let mut ids = Vec::new();
            if due < at {
                if due > until {
                    return Ok(due);
                }
                let before = due;
                due = self.due(j, head, before).1;
                if due <= before {
                    return Err(STILL);
                }
            } else if at == NEVER {
                return Ok(due);
            } else {
                let mut mine = Vec::new();
                while let Some(event) = events.get(i).filter(|event| event.at == at) {
                    for (place, &(journey, handler)) in machine.kinds[event.kind].targets.iter().enumerate() {
                        if journey == j {
                            mine.push((handler, event.kept.get(place).unwrap_or(&NOTHING)));
                            ids.push(event.id.clone());
                        }
                    }
                    i += 1;
                }
                if mine.is_empty() {
                    continue;
                }
                due = self.step(j, head, at, &mine);
            }
            if !self.scratch.rows.is_empty() {
                let rows = self.scratch.rows.clone();
                steps.push(Step { rows, ids: ids.into(), standing: self.describe(j, head) });
            }
        }
    }

    /// As `fold`, but the outcomes of instances are given back instead of being counted.
    pub fn counting(
        &mut self,
        j: usize,
        head: &mut Head,
        events: &[&LogEvent],
        until: i64,
        steps: &mut Vec<Step>,
    ) -> Sure<Vec<i64>> {
        let n = self.counts[j].len();
        let counted = std::mem::replace(&mut self.counts[j], vec![0; n]);
        self.fold(j, head, events, until, steps)?;
        Ok(std::mem::replace(&mut self.counts[j], counted))
    }
}
