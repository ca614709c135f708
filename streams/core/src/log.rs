//! What can still be rewound of an entity: its base and its log, appended to, searched, and tidied.
//!
//! Part of `Timeline`, whose rules hold; the limits are those of `Machine`. Does not know: rules, records.

use memchr::memmem;

use crate::msgpack::{self, Input, Sure};
use crate::state::{self, Entity, Head, Kept, LogRow, Rest, read_row, write_size};
use crate::timeline::{Received, Timeline, Verdict};

const EVENT_ITEMS: usize = 4;
const TIDY_EVERY: usize = 16; // events after which a log is looked through for a part that is older than the horizon

impl Timeline {
    /// Whether the log can take the event in. It is tidied if so.
    pub fn admit(&mut self, e: &mut Entity, event: &Received, horizon: i64) -> Sure<Verdict> {
        if e.rest.as_ref().is_some_and(|rest| event.at <= rest.base_at) {
            return Ok(Verdict::Late);
        }
        if memmem::find(&e.log, event.id.as_bytes()).is_some() {
            let concerns = |kind: usize| self.machine.kinds[kind].targets.iter().map(|t| t.0);
            for seen in read_log(e)?.0 {
                if *seen.id == *event.id
                    && seen.at > horizon
                    && concerns(seen.kind).any(|j| concerns(event.kind).any(|other| other == j))
                {
                    return Ok(Verdict::Duplicate);
                }
            }
        }
        self.tidy(e, horizon)?;
        Ok(Verdict::Applied)
    }

    /// The heads are final: they are the base of what follows, of this event if there is one.
    pub fn begin_log(&self, e: &mut Entity, entry: Option<&[u8]>) {
        let mut base = e.base.take().unwrap_or_default();
        base.clear();
        if newest(e) != 0 {
            state::write_heads(&self.machine, &e.heads, &mut base);
        }
        e.base = Some(base);
        e.log.clear();
        e.log.extend_from_slice(entry.unwrap_or_default());
        (e.events, e.rows) = (usize::from(entry.is_some()), 0);
    }

    /// Drop what is older than the horizon when it is worth while; beyond the limits drop the older half anyway.
    pub fn tidy(&mut self, e: &mut Entity, horizon: i64) -> Sure<()> {
        if e.base.is_none() {
            return Ok(());
        }
        let full = e.events >= self.machine.events_kept || e.log.len() > self.machine.state_bytes / 2;
        if newest(e) <= horizon {
            forget(e);
            if let Some(rest) = &mut e.rest {
                rest.base_at = 0;
                self.begin_log(e, None);
            }
            drop_rest(e);
        } else if full || (e.events >= 2 * TIDY_EVERY && e.events.is_multiple_of(TIDY_EVERY)) {
            let (events, rows) = read_log(e)?;
            let n = events.partition_point(|event| event.at <= horizon);
            if n >= TIDY_EVERY {
                self.move_base(e, &events, &rows, events[n - 1].at)?;
            } else if full && e.events > 1 {
                let last = events[e.events / 2 - 1].at;
                self.move_base(e, &events, &rows, last)?;
                e.rest.get_or_insert_with(Rest::default).base_at = last;
            }
        }
        Ok(())
    }

    /// Fold all steps up to and including instant `last` into the base.
    fn move_base(&mut self, e: &mut Entity, events: &[LogEvent], rows: &[LogRow], last: i64) -> Sure<()> {
        let mut heads = state::base_heads(&self.machine, e.base.as_deref().unwrap_or_default())?;
        let n = events.partition_point(|event| event.at <= last);
        for (j, head) in heads.iter_mut().enumerate() {
            self.counting(j, head, &events[..n].iter().collect::<Vec<_>>(), last, &mut Vec::new())?; // counted before
        }
        let mut base = Vec::new();
        state::write_heads(&self.machine, &heads, &mut base);
        e.base = Some(base);
        let left: Vec<LogRow> = rows.iter().filter(|row| row[0] > last).copied().collect();
        write_log(e, &events[n..], &left);
        Ok(())
    }
}

/// The instant of the last step of any journey, 0 before the first event.
pub fn newest(e: &Entity) -> i64 {
    e.heads.iter().map(Head::at).max().unwrap_or(0)
}

/// Nothing can be rewound any more: the heads stand for themselves.
pub fn forget(e: &mut Entity) {
    e.base = None;
    e.log.clear();
    (e.events, e.rows) = (0, 0);
}

/// An empty rest is none, so that equal entities have equal bytes.
pub fn drop_rest(e: &mut Entity) {
    if e.rest.as_ref().is_some_and(Rest::empty) {
        e.rest = None;
    }
}

/// Put these in the place of the whole log.
pub fn write_log(e: &mut Entity, events: &[LogEvent], rows: &[LogRow]) {
    e.log.clear();
    for event in events {
        e.log.extend_from_slice(&event.raw);
    }
    for row in rows {
        state::write_row(&mut e.log, row);
    }
    (e.events, e.rows) = (events.len(), rows.len());
}

/// An event of a log. raw: as it stands there.
pub struct LogEvent {
    pub at: i64,
    pub id: Box<str>,
    pub kind: usize,
    pub kept: Vec<Kept>,
    pub raw: Vec<u8>,
}

pub fn write_event(out: &mut Vec<u8>, at: i64, id: &str, kind: usize, kept: &[u8]) {
    msgpack::write_array(out, EVENT_ITEMS);
    msgpack::write_int(out, at);
    msgpack::write_text(out, id);
    write_size(out, kind);
    out.extend_from_slice(kept);
}

/// What `streams.engine.machine.Kind.read` gives, packed: 0, or for each journey 0, a mask, or a mask and values.
pub fn read_kept(input: &mut Input) -> Sure<Vec<Kept>> {
    fn one(input: &mut Input) -> Sure<Kept> {
        if input.peek()? < 0x80 || matches!(input.peek()?, 0xcc..=0xd3) {
            return Ok(Kept { mask: input.int()?, values: Vec::new() });
        }
        let n = input.array()?;
        let mask = input.int()?;
        Ok(Kept { mask, values: (1..n).map(|_| input.value()).collect::<Sure<_>>()? })
    }
    if input.peek()? == 0 {
        input.at += 1;
        return Ok(Vec::new());
    }
    let n = input.array()?;
    (0..n).map(|_| one(input)).collect()
}

/// Events by (instant, id), rows as they were published.
pub fn read_log(entity: &Entity) -> Sure<(Vec<LogEvent>, Vec<LogRow>)> {
    let mut input = Input::new(&entity.log);
    let (mut events, mut rows) = (Vec::with_capacity(entity.events), Vec::with_capacity(entity.rows));
    while !input.done() {
        let begin = input.at;
        if input.peek()? != 0x94 {
            rows.push(read_row(&mut input)?);
            continue;
        }
        input.array()?;
        let (at, id, kind) = (input.int()?, input.text()?.into(), input.count()?);
        let kept = read_kept(&mut input)?;
        events.push(LogEvent { at, id, kind, kept, raw: entity.log[begin..input.at].to_vec() });
    }
    events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok((events, rows))
}
