//! The state of an entity, in memory and as bytes: the twin of `streams.engine.state`, and the same bytes.
//!
//! A head is the State of one journey: numbers and booleans together, then attributes, lists of instants, and values
//! with their instants. Does not know: what the slots mean.

use crate::msgpack::{self, Fault, Input, Sure};
use crate::plan::{Field, Machine};
use crate::value::Value;

pub const NEVER: i64 = (1 << 62) - 1;
const AT: usize = 0;
pub const COHORT: usize = 1;
const KNOWN: usize = 2;
const ROW_ITEMS: usize = 5;

pub type Held = Vec<(Value, i64)>;
pub type LogRow = [i64; ROW_ITEMS]; // instant, code, episode, other segment, revision

#[derive(Clone, Default)]
pub struct Head {
    pub ints: Vec<i64>,
    pub anys: Vec<Value>,
    pub lists: Vec<Vec<i64>>,
    pub helds: Vec<Held>,
}

impl Head {
    /// Nothing has been heard.
    pub fn blank(fields: &[Field]) -> Self {
        let mut head = Self::default();
        for field in fields {
            match field {
                Field::Int(x) => head.ints.push(*x),
                Field::Bool(x) => head.ints.push(i64::from(*x)),
                Field::Any(x) => head.anys.push(x.clone()),
                Field::List => head.lists.push(Vec::new()),
                Field::Held => head.helds.push(Vec::new()),
            }
        }
        head
    }

    /// The last step that had an event or changed anything.
    pub fn at(&self) -> i64 {
        self.ints[AT]
    }

    /// Whether nothing from before the log is missing; asked where there is a history.
    pub fn complete(&self) -> bool {
        self.ints[KNOWN] == 1
    }

    fn write(&self, fields: &[Field], out: &mut Vec<u8>) {
        let (mut ints, mut anys) = (self.ints.iter(), self.anys.iter());
        let (mut lists, mut helds) = (self.lists.iter(), self.helds.iter());
        msgpack::write_array(out, fields.len());
        for field in fields {
            match field {
                Field::Int(_) => ints.next().into_iter().for_each(|x| msgpack::write_int(out, *x)),
                Field::Bool(_) => ints.next().into_iter().for_each(|x| msgpack::write_bool(out, *x != 0)),
                Field::Any(_) => anys.next().into_iter().for_each(|x| msgpack::write_value(out, x)),
                Field::List => {
                    if let Some(list) = lists.next() {
                        msgpack::write_array(out, list.len());
                        for x in list {
                            msgpack::write_int(out, *x);
                        }
                    }
                }
                Field::Held => {
                    if let Some(held) = helds.next() {
                        msgpack::write_map(out, held.len());
                        for (value, at) in held {
                            msgpack::write_value(out, value);
                            msgpack::write_int(out, *at);
                        }
                    }
                }
            }
        }
    }

    fn read(fields: &[Field], blank: &Self, input: &mut Input) -> Sure<Self> {
        if input.array()? != fields.len() {
            return Err(Fault("a state has another number of fields"));
        }
        let mut head = Self {
            ints: Vec::with_capacity(blank.ints.len()),
            anys: Vec::with_capacity(blank.anys.len()),
            lists: Vec::with_capacity(blank.lists.len()),
            helds: Vec::with_capacity(blank.helds.len()),
        };
        for field in fields {
            match field {
                Field::Int(_) => head.ints.push(input.int()?),
                Field::Bool(_) => head.ints.push(i64::from(input.bool()?)),
                Field::Any(_) => head.anys.push(input.value()?),
                Field::List => {
                    let n = input.array()?;
                    head.lists.push((0..n).map(|_| input.int()).collect::<Sure<_>>()?);
                }
                Field::Held => {
                    let n = input.map()?;
                    head.helds.push((0..n).map(|_| Ok((input.value()?, input.int()?))).collect::<Sure<_>>()?);
                }
            }
        }
        Ok(head)
    }
}

pub fn write_heads(machine: &Machine, heads: &[Head], out: &mut Vec<u8>) {
    msgpack::write_array(out, heads.len());
    for (program, head) in machine.programs.iter().zip(heads) {
        head.write(&program.fields, out);
    }
}

fn read_heads(machine: &Machine, input: &mut Input) -> Sure<Vec<Head>> {
    if input.array()? != machine.programs.len() {
        return Err(Fault("a state is of another number of journeys"));
    }
    machine.programs.iter().map(|p| Head::read(&p.fields, &p.blank, input)).collect()
}

/// The heads at a base, to be folded on; an empty base is that of nobody.
pub fn base_heads(machine: &Machine, base: &[u8]) -> Sure<Vec<Head>> {
    if base.is_empty() {
        return Ok(machine.programs.iter().map(|p| p.blank.clone()).collect());
    }
    read_heads(machine, &mut Input::new(base))
}

/// What few entities have.
#[derive(Clone, Default)]
pub struct Rest {
    pub base_at: i64,
    pub taken_back: Vec<LogRow>,
}

impl Rest {
    /// 0, or one more than that of the retraction which this row overtakes.
    pub fn revision(&mut self, code: i64, episode: i64) -> i64 {
        match self.taken_back.iter().position(|gone| gone[1] == code && gone[2] == episode) {
            Some(i) => self.taken_back.remove(i)[4] + 1,
            None => 0,
        }
    }

    pub fn empty(&self) -> bool {
        self.base_at == 0 && self.taken_back.is_empty()
    }
}

#[derive(Clone)]
pub struct Entity {
    pub wake: i64,
    pub heads: Vec<Head>,
    pub base: Option<Vec<u8>>,
    pub log: Vec<u8>,
    pub events: usize,
    pub rows: usize,
    pub account: Option<Box<str>>,
    pub census: Vec<u8>,
    pub rest: Option<Rest>,
}

impl Entity {
    pub fn new(machine: &Machine) -> Self {
        Self {
            wake: NEVER,
            heads: machine.programs.iter().map(|p| p.blank.clone()).collect(),
            base: None,
            log: Vec::new(),
            events: 0,
            rows: 0,
            account: None,
            census: Vec::new(),
            rest: None,
        }
    }

    pub fn write(&self, machine: &Machine, out: &mut Vec<u8>) {
        msgpack::write_array(out, 9);
        msgpack::write_int(out, self.wake);
        write_heads(machine, &self.heads, out);
        match &self.base {
            Some(base) => msgpack::write_bytes(out, base),
            None => msgpack::write_nil(out),
        }
        msgpack::write_bytes(out, &self.log);
        write_size(out, self.events);
        write_size(out, self.rows);
        match &self.account {
            Some(account) => msgpack::write_text(out, account),
            None => msgpack::write_nil(out),
        }
        msgpack::write_bytes(out, &self.census);
        match &self.rest {
            Some(rest) => {
                msgpack::write_array(out, 2);
                msgpack::write_int(out, rest.base_at);
                msgpack::write_array(out, rest.taken_back.len());
                rest.taken_back.iter().for_each(|row| write_row(out, row));
            }
            None => msgpack::write_nil(out),
        }
    }

    pub fn read(machine: &Machine, data: &[u8]) -> Sure<Self> {
        let input = &mut Input::new(data);
        if input.array()? != 9 {
            return Err(Fault("a state of another shape"));
        }
        Ok(Self {
            wake: input.int()?,
            heads: read_heads(machine, input)?,
            base: input.optional(Input::bytes)?.map(<[u8]>::to_vec),
            log: input.bytes()?.to_vec(),
            events: input.count()?,
            rows: input.count()?,
            account: input.optional(Input::text)?.map(Into::into),
            census: input.bytes()?.to_vec(),
            rest: input.optional(|input| {
                input.array()?;
                let base_at = input.int()?;
                let n = input.array()?;
                let taken_back = (0..n).map(|_| read_row(input)).collect::<Sure<_>>()?;
                Ok(Rest { base_at, taken_back })
            })?,
        })
    }
}

/// The first field of an encoded entity, without reading the rest.
pub fn wake_of(state: &[u8]) -> Sure<i64> {
    let input = &mut Input::new(state);
    input.array()?;
    input.int()
}

pub fn write_size(out: &mut Vec<u8>, n: usize) {
    msgpack::write_int(out, i64::try_from(n).unwrap_or(i64::MAX));
}

pub fn write_row(out: &mut Vec<u8>, row: &LogRow) {
    msgpack::write_array(out, ROW_ITEMS);
    for x in row {
        msgpack::write_int(out, *x);
    }
}

pub fn read_row(input: &mut Input) -> Sure<LogRow> {
    if input.array()? != ROW_ITEMS {
        return Err(Fault("a row of another shape"));
    }
    let mut row = [0; ROW_ITEMS];
    for item in &mut row {
        *item = input.int()?;
    }
    Ok(row)
}

/// What is kept of an event's properties for one journey.
#[derive(Clone, Default)]
pub struct Kept {
    pub mask: i64,
    pub values: Vec<Value>,
}
