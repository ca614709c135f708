//! One input partition: its clock, its timers, its entities; the twin of `streams.partition.processor`, whose rules hold.
//!
//! States are bytes; those that are touched stay decoded until the outcome is sealed. Does not know: Kafka, and of Python
//! only that an outcome goes there.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envelope::Event;
use crate::instants::{EARLIEST_MS, LATEST_MS};
use crate::log;
use crate::msgpack::{Input, Sure};
use crate::pairs::Pairs;
use crate::plan::Machine;
use crate::reader;
use crate::records::Texts;
use crate::state::{self, Entity, Kept, NEVER};
use crate::timeline::{Publication, Received, Timeline, Verdict};

pub const UNTOUCHED: usize = usize::MAX;

pub type Key = Arc<[u8]>;

/// What is asked of the plain engine.
pub trait Plain {
    /// What is kept of an event's properties, packed.
    fn read(&self, kind: usize, properties: &[u8]) -> Sure<Vec<u8>>;
    /// The texts of `records::Texts`.
    fn path(&self, code: usize, mask: i64) -> Sure<String>;
    fn also(&self, code: usize, mask: i64) -> Sure<String>;
    fn week(&self, week: i64) -> Sure<String>;
}

/// Why a record is no event: reason and detail.
pub type Rejected = (String, String);

/// An input record without its value.
pub struct Arrived<'a> {
    pub offset: i64,
    pub timestamp: i64,
    pub key: &'a [u8],
}

#[derive(Clone, Copy)]
pub enum Outcome {
    Applied,
    Irrelevant,
    Duplicate,
    Late,
    Rejected,
}

/// What is to be journaled, in order.
pub enum Journaled {
    Clock(i64, i64),           // before, clock
    Rejection(i64, String),    // offset, reason
    Definitions(i64, Vec<u8>), // before; what the caller has written
}

/// Since the last seal.
#[derive(Default)]
pub struct Effects {
    pub transitions: Pairs,
    pub origins: Vec<(i64, i64)>,
    pub members: Pairs,
    pub states: Pairs,
    pub rejected: Vec<(i64, Rejected)>,
    pub late: Vec<(i64, usize)>, // offset, kind
    pub journal: Vec<Journaled>,
    pub frozen: Vec<(Key, i64, String)>,
    pub results: [i64; 5],
    pub first: FxHashMap<i64, i64>,
    pub revised: FxHashMap<i64, i64>,
    pub retracted: FxHashMap<i64, i64>,
    pub durations: Vec<(i64, i64)>,
    pub records: usize,
    pub steps: usize,
}

pub struct Stored {
    pub state: Box<[u8]>,
    pub touched: usize, // its place among those that are, or UNTOUCHED
}

pub struct Touched {
    pub key: Key,
    pub entity: Entity,
    pub moved: Vec<(usize, i64, bool)>, // in which journeys; when last, and whether nothing from before the log was missing
}

pub struct Partition {
    pub machine: Arc<Machine>,
    pub clock: i64,
    pub next_offset: i64,
    pub gauges: Vec<i64>,
    pub frozen: BTreeSet<Key>,
    pub effects: Effects,
    pub timeline: Timeline,
    pub entities: FxHashMap<Key, Stored>,
    pub touched: Vec<Option<Touched>>,
    pub moved: Vec<usize>, // places of the touched with rows, in the order of their first ones
    pub timers: BinaryHeap<Reverse<(i64, Key)>>,
    pub ticked: bool,
    pub texts: Texts,
    pub publications: Vec<Publication>,
    pub entry: Vec<u8>,
    packed: Vec<u8>,
}

impl Partition {
    pub fn new(machine: Arc<Machine>) -> Self {
        Self {
            clock: -1,
            next_offset: 0,
            gauges: Vec::new(),
            frozen: BTreeSet::new(),
            effects: Effects::default(),
            timeline: Timeline::new(Arc::clone(&machine)),
            entities: FxHashMap::default(),
            touched: Vec::new(),
            moved: Vec::new(),
            timers: BinaryHeap::new(),
            ticked: false,
            texts: Texts::default(),
            publications: Vec::new(),
            entry: Vec::new(),
            packed: Vec::new(),
            machine,
        }
    }

    // -- what its owner asks
    pub fn entities(&self) -> usize {
        self.entities.len()
    }

    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// Of instances, by journey, drop-off and outcome, since this was asked last.
    pub fn instances(&mut self) -> Vec<i64> {
        let counts = self.timeline.counts.concat();
        self.forget_instances();
        counts
    }

    fn forget_instances(&mut self) {
        self.timeline.counts.iter_mut().for_each(|counts| counts.fill(0));
    }

    pub fn load(&mut self, key: &[u8], state: Option<&[u8]>) {
        match state {
            Some(state) => {
                self.entities.insert(key.into(), Stored { state: state.into(), touched: UNTOUCHED });
            }
            None => {
                self.entities.remove(key);
            }
        }
    }

    /// All states are there.
    pub fn loaded(&mut self, clock: i64, next_offset: i64, gauges: Vec<i64>) -> Sure<()> {
        (self.clock, self.next_offset, self.gauges) = (clock, next_offset, gauges);
        let mut timers = Vec::with_capacity(self.entities.len());
        for (key, stored) in &self.entities {
            let wake = state::wake_of(&stored.state)?;
            if wake < NEVER {
                timers.push(Reverse((wake, Arc::clone(key))));
            }
        }
        self.timers = timers.into();
        Ok(())
    }

    pub fn tick(&mut self, clock: i64) {
        if clock > self.clock {
            self.clock = clock;
            self.ticked = true;
        }
    }

    pub fn due(&self) -> bool {
        self.timers.peek().is_some_and(|Reverse((wake, _))| *wake <= self.clock)
    }

    // -- records
    /// Returns (budget used, was it taken): not if due steps are left that come before it.
    pub fn take(
        &mut self,
        record: &Arrived,
        event: Result<Event, Rejected>,
        budget: usize,
        plain: &dyn Plain,
    ) -> Sure<(usize, bool)> {
        let mut used = 0;
        let timed = event.and_then(|event| {
            let times = self.times(&event, record.timestamp)?;
            Ok((event, times))
        });
        let outcome = match timed {
            Err(why) => self.reject(record.offset, why),
            Ok((event, (instant, arrival))) => {
                if arrival > self.clock + 1 {
                    self.clock = arrival - 1;
                    self.ticked = false;
                }
                if self.due() {
                    used += self.run_due(budget, plain)?;
                    if self.due() {
                        return Ok((used, false));
                    }
                }
                match self.machine.routes.get(&*event.name) {
                    None => Outcome::Irrelevant,
                    Some(&kind) => self.receive(record, &event, kind, (instant, arrival), plain)?,
                }
            }
        };
        if self.ticked {
            self.journal_tick();
        }
        self.effects.results[outcome as usize] += 1;
        self.effects.records += 1;
        self.next_offset = record.offset + 1;
        Ok((used + 1, true))
    }

    /// (instant, arrival) of an event in a record with this timestamp; time.md section 1.
    fn times(&self, event: &Event, timestamp: i64) -> Result<(i64, i64), Rejected> {
        let mut arrival = timestamp;
        let mut instant = event.occurred.unwrap_or(arrival);
        if event.occurred.is_some() && self.machine.arrival_is_occurred {
            arrival = instant;
        } else if instant > arrival {
            if instant > arrival + self.machine.future_skew_ms {
                let detail = format!("it occurred {} ms after its arrival", instant - arrival);
                return Err(("future_timestamp".into(), detail));
            }
            instant = arrival;
        }
        if instant >= EARLIEST_MS && arrival <= LATEST_MS {
            return Ok((instant, arrival));
        }
        Err(("bad_timestamp".into(), "the instant lies outside 1971 to 9999".into()))
    }

    fn reject(&mut self, offset: i64, why: Rejected) -> Outcome {
        self.effects.rejected.push((offset, why));
        Outcome::Rejected
    }

    /// A rejection that does not follow from the record alone.
    pub fn decide(&mut self, offset: i64, reason: &str) {
        self.reject(offset, (reason.into(), String::new()));
        self.effects.journal.push(Journaled::Rejection(offset, reason.into()));
        if self.ticked {
            self.journal_tick();
        }
        self.effects.results[Outcome::Rejected as usize] += 1;
        self.effects.records += 1;
        self.next_offset = offset + 1;
    }

    fn receive(
        &mut self,
        record: &Arrived,
        event: &Event,
        kind: usize,
        (instant, arrival): (i64, i64),
        plain: &dyn Plain,
    ) -> Sure<Outcome> {
        if instant <= self.clock - self.machine.lateness_ms {
            return Ok(self.too_late(record.offset, kind));
        }
        if !self.frozen.is_empty() && self.frozen.contains(record.key) {
            let why = ("engine_error".into(), "its entity is frozen: a due step of it has raised".into());
            return Ok(self.reject(record.offset, why));
        }
        let kept = self.keep(kind, &event.properties, plain)?;
        self.entry.clear();
        log::write_event(&mut self.entry, instant, &event.id, kind, &self.packed);
        let place = self.touch(record.key)?;
        let Some(touched) = &mut self.touched[place] else { unreachable!("it has just been touched") };
        let before = touched.entity.wake;
        let received = Received { at: instant, id: &event.id, kind, kept: &kept, entry: &self.entry };
        match self.timeline.receive(&mut touched.entity, &received, self.clock, &mut self.publications)? {
            Verdict::Late => return Ok(self.too_late(record.offset, kind)),
            Verdict::Duplicate => return Ok(Outcome::Duplicate),
            Verdict::Applied => {}
        }
        if let Some(account) = &event.account
            && touched.entity.account.as_deref() != Some(&**account)
        {
            touched.entity.account = Some(account.as_ref().into());
        }
        if touched.entity.wake < before {
            self.timers.push(Reverse((touched.entity.wake, Arc::clone(&touched.key))));
        }
        self.publish(place, arrival, record.offset, plain)?;
        Ok(Outcome::Applied)
    }

    fn too_late(&mut self, offset: i64, kind: usize) -> Outcome {
        self.effects.late.push((offset, kind));
        Outcome::Late
    }

    /// What is kept of the properties; `packed` has it as it stands in a log.
    fn keep(&mut self, kind: usize, properties: &[u8], plain: &dyn Plain) -> Sure<Vec<Kept>> {
        self.packed.clear();
        if let Some(kept) = reader::read(&self.machine, kind, properties, &mut self.packed) {
            return Ok(kept);
        }
        self.packed = plain.read(kind, properties)?;
        log::read_kept(&mut Input::new(&self.packed))
    }

    // -- states
    /// The place of the entity among the touched ones.
    pub fn touch(&mut self, key: &[u8]) -> Sure<usize> {
        if let Some(stored) = self.entities.get_mut(key) {
            if stored.touched == UNTOUCHED {
                let entity = Entity::read(&self.machine, &stored.state)?;
                stored.touched = self.touched.len();
                let Some((key, _)) = self.entities.get_key_value(key) else { unreachable!("it is there") };
                let key = Arc::clone(key);
                self.touched.push(Some(Touched { key, entity, moved: Vec::new() }));
                return Ok(self.touched.len() - 1);
            }
            return Ok(stored.touched);
        }
        let (key, touched): (Key, usize) = (key.into(), self.touched.len());
        self.entities.insert(Arc::clone(&key), Stored { state: Box::default(), touched });
        self.touched.push(Some(Touched { key, entity: Entity::new(&self.machine), moved: Vec::new() }));
        Ok(touched)
    }
}
