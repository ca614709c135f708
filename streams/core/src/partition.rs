//! One input partition: its clock, its timers, its entities; the twin of `streams.partition.processor`, whose rules hold.
//!
//! States are bytes; those that are touched stay decoded until the outcome is sealed. Does not know: Python, Kafka.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, BinaryHeap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::envelope::Event;
use crate::instants::{EARLIEST_MS, LATEST_MS};
use crate::msgpack::{Fault, Input, Sure};
use crate::plan::Machine;
use crate::reader;
use crate::records::{self, Shared, Texts};
use crate::state::{self, Entity, Kept, NEVER};
use crate::timeline::{Publication, Received, Timeline, Verdict};

const UNTOUCHED: usize = usize::MAX;
const TIME_ALONE: i64 = -1;

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

/// Since the last seal. transitions: whose, and where its record ends in `bytes`.
#[derive(Default)]
pub struct Effects {
    pub bytes: Vec<u8>,
    pub transitions: Vec<(Key, usize)>,
    pub origins: Vec<(i64, i64)>,
    pub members: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub states: Vec<Key>,
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

struct Stored {
    state: Box<[u8]>,
    touched: usize, // its place among those that are, or UNTOUCHED
}

struct Touched {
    key: Key,
    entity: Entity,
    moved: Vec<(usize, i64, bool)>, // in which journeys; when last, and whether nothing from before the log was missing
}

pub struct Partition {
    pub machine: Arc<Machine>,
    pub clock: i64,
    pub next_offset: i64,
    pub gauges: Vec<i64>,
    pub frozen: BTreeSet<Key>,
    pub effects: Effects,
    timeline: Timeline,
    entities: FxHashMap<Key, Stored>,
    touched: Vec<Option<Touched>>,
    moved: Vec<usize>, // places of the touched with rows, in the order of their first ones
    timers: BinaryHeap<Reverse<(i64, Key)>>,
    ticked: bool,
    texts: Texts,
    publications: Vec<Publication>,
    entry: Vec<u8>,
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

    /// The state of an entity after the last seal.
    pub fn state(&self, key: &[u8]) -> Option<&[u8]> {
        self.entities.get(key).map(|stored| &*stored.state)
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
        state::write_event(&mut self.entry, instant, &event.id, kind, &self.packed);
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
        state::read_kept(&mut Input::new(&self.packed))
    }

    // -- time
    /// Due steps up to the clock; true: none is left.
    pub fn advance(&mut self, budget: usize, plain: &dyn Plain) -> Sure<bool> {
        self.run_due(budget, plain)?;
        Ok(!self.due())
    }

    /// At most `budget` due steps, in order of (instant, entity); returns how many there were.
    fn run_due(&mut self, budget: usize, plain: &dyn Plain) -> Sure<usize> {
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

    // -- states
    /// The place of the entity among the touched ones.
    fn touch(&mut self, key: &[u8]) -> Sure<usize> {
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

    /// What the last step has published becomes records.
    fn publish(&mut self, place: usize, decided_at: i64, cause: i64, plain: &dyn Plain) -> Sure<()> {
        if self.publications.is_empty() {
            return Ok(());
        }
        self.know_texts(plain)?;
        let Some(touched) = &mut self.touched[place] else { unreachable!("it has published") };
        if touched.moved.is_empty() {
            self.moved.push(place);
        }
        let entity = std::str::from_utf8(&touched.key).map_err(|_| Fault("a key is not UTF-8"))?;
        let shared = Shared { entity, account: touched.entity.account.as_deref(), decided_at };
        let effects = &mut self.effects;
        for p in self.publications.drain(..) {
            records::transition(&mut effects.bytes, &self.machine, &self.texts, &shared, &p);
            effects.transitions.push((Arc::clone(&touched.key), effects.bytes.len()));
            let [at, number, .., anchor, _] = p.row;
            effects.origins.push((at, cause));
            let code = &self.machine.codes[usize::try_from(number).unwrap_or(usize::MAX)];
            let counted = match p {
                Publication { retracted: true, .. } => &mut effects.retracted,
                Publication { revision: 0, .. } => &mut effects.first,
                _ => &mut effects.revised,
            };
            *counted.entry(number).or_default() += 1;
            if code.timed && p.revision == 0 && 0 < anchor && anchor <= at {
                effects.durations.push((number, at - anchor));
            }
            let complete = self.timeline.describe(code.journey, &mut touched.entity.heads[code.journey]).complete;
            touched.moved.retain(|(journey, ..)| *journey != code.journey);
            touched.moved.push((code.journey, decided_at, complete));
        }
        Ok(())
    }

    /// Texts that the records of `publications` need.
    fn know_texts(&mut self, plain: &dyn Plain) -> Sure<()> {
        for p in &self.publications {
            let (code, also) = (usize::try_from(p.row[1]).unwrap_or(usize::MAX), p.row[6]);
            let path = (code, p.standing.path);
            if let Entry::Vacant(place) = self.texts.paths.entry(path) {
                place.insert(plain.path(code, p.standing.path)?);
            }
            if also != 0
                && let Entry::Vacant(place) = self.texts.also.entry((code, also))
            {
                place.insert(plain.also(code, also)?);
            }
            if let Entry::Vacant(place) = self.texts.weeks.entry(p.standing.week) {
                place.insert(plain.week(p.standing.week)?);
            }
        }
        Ok(())
    }

    /// Everything since the last seal; touched states become bytes, and what has changed about them is told.
    pub fn seal(&mut self) -> Sure<Effects> {
        if self.ticked {
            self.journal_tick();
        }
        self.tell_members()?;
        for touched in std::mem::take(&mut self.touched).into_iter().flatten() {
            let Touched { key, mut entity, .. } = touched;
            let now = self.timeline.census(&mut entity);
            if now != entity.census {
                self.shift(&entity.census, &now);
                entity.census = now;
            }
            self.entry.clear();
            entity.write(&self.machine, &mut self.entry);
            if let Some(stored) = self.entities.get_mut(&key) {
                *stored = Stored { state: self.entry.as_slice().into(), touched: UNTOUCHED };
            }
            self.effects.states.push(key);
        }
        Ok(std::mem::take(&mut self.effects))
    }

    fn tell_members(&mut self) -> Sure<()> {
        for place in std::mem::take(&mut self.moved) {
            let Some(touched) = &mut self.touched[place] else { continue };
            let key = std::str::from_utf8(&touched.key).map_err(|_| Fault("a key is not UTF-8"))?;
            touched.moved.sort_unstable();
            for &(j, at, complete) in &touched.moved {
                let (head, parts) = (&mut touched.entity.heads[j], &self.machine.members[j]);
                let record = records::member(parts, key, self.timeline.places(j, head), complete, at);
                let prefixed = [parts.prefix.as_bytes(), touched.key.as_ref()].concat();
                self.effects.members.push((prefixed, record));
            }
        }
        Ok(())
    }

    /// An entity is something else than before, bit by bit of the census.
    fn shift(&mut self, before: &[u8], now: &[u8]) {
        for (bit, gauge) in self.gauges.iter_mut().enumerate() {
            let is = |census: &[u8]| census.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
            *gauge += i64::from(is(now)) - i64::from(is(before));
        }
    }
}
