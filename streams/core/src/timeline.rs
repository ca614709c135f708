//! The timeline of one entity: events in order, time passing; the twin of `streams.engine.timeline`, whose rules hold.
//!
//! Its parts: `log` what can be rewound, `fold` steps, `rewind` what comes out of order. Does not know: the clock (it is an argument), other entities, records.

use std::sync::Arc;

use crate::log::{forget, newest};
use crate::msgpack::{Fault, Sure};
use crate::plan::{Machine, Program, RowKind};
use crate::run::{Row, Run, Scratch};
use crate::state::{self, Entity, Head, Kept, NEVER};

pub const STILL: Fault = Fault("time stands still: a rule asks for the same instant again");

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Applied,
    Duplicate,
    Late,
}

/// What a record says of the entity at the end of a step.
#[derive(Clone, Copy, Default)]
pub struct Standing {
    pub path: i64,
    pub week: i64,
    pub complete: bool,
    pub inside: bool,
}

pub type Ids = Arc<[Box<str>]>;

/// A change of a row.
pub struct Publication {
    pub row: Row,
    pub revision: i64,
    pub retracted: bool,
    pub cause: &'static str,
    pub standing: Standing,
    pub ids: Ids,
}

/// Rows of one step, the ids of its own events, and what stood at its end.
pub struct Step {
    pub rows: Vec<Row>,
    pub ids: Ids,
    pub standing: Standing,
}

/// An event as it is received. entry: as it will stand in the log.
pub struct Received<'a> {
    pub at: i64,
    pub id: &'a str,
    pub kind: usize,
    pub kept: &'a [Kept],
    pub entry: &'a [u8],
}

/// What a machine does to its entities, one at a time. counts: of instances, by journey, drop-off and outcome.
pub struct Timeline {
    pub machine: Arc<Machine>,
    pub counts: Vec<Vec<i64>>,
    pub scratch: Scratch,
    nobody: Ids,
}

pub static NOTHING: Kept = Kept { mask: 0, values: Vec::new() };

impl Timeline {
    pub fn new(machine: Arc<Machine>) -> Self {
        let counts = machine.programs.iter().map(|p| vec![0; p.instances]).collect();
        Self { machine, counts, scratch: Scratch::default(), nobody: Arc::new([]) }
    }

    fn several(&self) -> bool {
        self.machine.programs.len() > 1
    }

    // -- the functions of a program
    /// Call a function of journey j; rows and answers are left in `scratch`.
    fn call(&mut self, j: usize, head: &mut Head, at: i64, choose: impl Fn(&Program) -> usize) -> i64 {
        let program = &self.machine.programs[j];
        Run::new(program, head, at, &NOTHING, &mut self.counts[j], &mut self.scratch).call(choose(program))
    }

    pub fn next_due(&mut self, j: usize, head: &mut Head) -> i64 {
        self.call(j, head, 0, |p| p.entries.next_due)
    }

    /// The rules that are due: (did anything change, next due instant).
    pub fn due(&mut self, j: usize, head: &mut Head, at: i64) -> (bool, i64) {
        self.call(j, head, at, |p| p.entries.due);
        (self.scratch.answers[0] != 0, self.scratch.answers[1])
    }

    pub fn describe(&mut self, j: usize, head: &mut Head) -> Standing {
        self.call(j, head, 0, |p| p.entries.describe);
        let found = &self.scratch.answers;
        Standing { path: found[0], week: found[1], complete: found[2] != 0, inside: found[3] != 0 }
    }

    /// Since when the entity is in each place of journey j, or 0.
    pub fn places(&mut self, j: usize, head: &mut Head) -> &[i64] {
        self.call(j, head, 0, |p| p.entries.places);
        &self.scratch.answers
    }

    /// A bit for each gauge of the machine, the least significant byte first, without zeros at the end.
    pub fn census(&mut self, e: &mut Entity) -> Vec<u8> {
        let (mut found, mut n) = (Vec::new(), 0);
        for j in 0..e.heads.len() {
            self.call(j, &mut e.heads[j], 0, |p| p.entries.census);
            for bit in &self.scratch.answers {
                if n % 8 == 0 {
                    found.push(0);
                }
                if *bit != 0 {
                    found[n / 8] |= 1 << (n % 8);
                }
                n += 1;
            }
        }
        while found.last() == Some(&0) {
            found.pop();
        }
        found
    }

    // -- one event
    /// An event that is not beyond the horizon of the clock; everything due before it has been run.
    pub fn receive(
        &mut self,
        e: &mut Entity,
        event: &Received,
        clock: i64,
        out: &mut Vec<Publication>,
    ) -> Sure<Verdict> {
        let horizon = clock - self.machine.lateness_ms;
        if e.base.is_none() || (e.rest.is_none() && newest(e) <= horizon) {
            self.begin_log(e, Some(event.entry));
        } else {
            let verdict = self.admit(e, event, horizon)?;
            if verdict != Verdict::Applied {
                return Ok(verdict);
            }
            e.log.extend_from_slice(event.entry);
            e.events += 1;
        }
        let machine = Arc::clone(&self.machine);
        for (i, &(journey, handler)) in machine.kinds[event.kind].targets.iter().enumerate() {
            if event.at > e.heads[journey].at() {
                let kept = event.kept.get(i).unwrap_or(&NOTHING);
                self.append(e, event, (journey, handler), kept, out);
            } else {
                self.rewind(e, journey, (event.at, event.id), clock, out)?;
            }
        }
        if self.several() {
            e.wake = self.earliest_due(e);
        }
        if e.wake <= clock {
            self.pass_time(e, clock, out)?;
        }
        Ok(Verdict::Applied)
    }

    /// The common case: it comes after everything that this journey has seen.
    fn append(
        &mut self,
        e: &mut Entity,
        event: &Received,
        (j, handler): (usize, usize),
        kept: &Kept,
        out: &mut Vec<Publication>,
    ) {
        let due = if self.several() { self.next_due(j, &mut e.heads[j]) } else { e.wake };
        self.scratch.rows.clear();
        let machine = Arc::clone(&self.machine);
        let program = &machine.programs[j];
        let head = &mut e.heads[j];
        e.wake = if event.at < due && head.at() != 0 && (!program.history || head.complete()) {
            let apply = program.handlers[handler].apply;
            Run::new(program, head, event.at, kept, &mut self.counts[j], &mut self.scratch).call(apply)
        } else {
            self.step(j, head, event.at, &[(handler, kept)])
        };
        if !self.scratch.rows.is_empty() {
            let ids: Ids = Arc::new([event.id.into()]);
            self.publish(e, j, &ids, out);
        }
    }

    /// The earliest instant that any journey waits for.
    pub fn earliest_due(&mut self, e: &mut Entity) -> i64 {
        let mut earliest = NEVER;
        for j in 0..e.heads.len() {
            earliest = earliest.min(self.next_due(j, &mut e.heads[j]));
        }
        earliest
    }

    /// Run what is due at or before `until`, one instant after the other, journeys by name.
    pub fn pass_time(&mut self, e: &mut Entity, until: i64, out: &mut Vec<Publication>) -> Sure<()> {
        while e.wake <= until {
            let at = e.wake;
            let fresh = e.base.is_none();
            if fresh {
                self.begin_log(e, None);
            }
            let (mut changed, mut wake) = (false, NEVER);
            for j in 0..e.heads.len() {
                let mut due = self.next_due(j, &mut e.heads[j]);
                if due <= at {
                    self.scratch.rows.clear();
                    let (did, next) = self.due(j, &mut e.heads[j], at);
                    changed |= did;
                    due = next;
                    if !self.scratch.rows.is_empty() {
                        let nobody = Arc::clone(&self.nobody);
                        self.publish(e, j, &nobody, out);
                    }
                }
                wake = wake.min(due);
            }
            if wake <= at {
                return Err(STILL);
            }
            e.wake = wake;
            if fresh && !changed && e.rest.is_none() {
                forget(e);
            }
        }
        Ok(())
    }

    /// The rows of the last step, in order: into the log, and out.
    fn publish(&mut self, e: &mut Entity, j: usize, ids: &Ids, out: &mut Vec<Publication>) {
        let standing = self.describe(j, &mut e.heads[j]);
        for &row in &self.scratch.rows {
            let revision = e.rest.as_mut().map_or(0, |rest| rest.revision(row[1], row[2]));
            state::write_row(&mut e.log, &[row[0], row[1], row[2], row[3], revision]);
            e.rows += 1;
            let cause = self.cause(row[1], standing, ids.is_empty());
            out.push(Publication { row, revision, retracted: false, cause, standing, ids: Arc::clone(ids) });
        }
    }

    /// Why a row came about, in order; timed: its step had no event.
    fn cause(&self, code: i64, standing: Standing, timed: bool) -> &'static str {
        let code = &self.machine.codes[usize::try_from(code).unwrap_or(usize::MAX)];
        match code.kind {
            RowKind::Exited if !standing.inside => "population",
            RowKind::DroppedOff => "deadline",
            RowKind::Withdrawn => "population",
            _ if timed => "time",
            _ => "event",
        }
    }
}
