//! The journeys of a worker as data: what `streams.core.plan` and `streams.core.lowering` write, one JSON document.
//!
//! Programs are trees over positional slots, places and locals; the meaning of each node stands in `run`. Texts of
//! records come ready from the plain encoders. Does not know: how anything of it is carried out.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::state::Head;
use crate::value::Value;

/// A whole number; true is 1, false is 0.
#[derive(Deserialize)]
pub enum Num {
    Const(i64),
    Now,
    Mask,
    Local(usize),
    Slot(usize),
    Date(usize),
    Add(Box<(Num, Num)>),
    Sub(Box<(Num, Num)>),
    Div(Box<(Num, Num)>),
    BitAnd(Box<(Num, Num)>),
    BitOr(Box<(Num, Num)>),
    Shl(Box<(Num, Num)>),
    Neg(Box<Num>),
    Not(Box<Num>),
    And(Box<[Num]>),
    Or(Box<[Num]>),
    Less(Box<(Num, Num)>),
    Same(Box<(Num, Num)>),
    If(Box<(Num, Num, Num)>),
    Let(usize, Box<Num>),
    Min(Box<[Num]>),
    Max(Box<[Num]>),
    Abs(Box<Num>),
    Kth(Box<[Num]>, usize),
    Pick(Box<[i64]>, Box<Num>),
    Len(usize),
    Newest(usize, usize),
    Held(usize),
    HeldAt(usize, i64),
    Holds(usize, Any),
    Call(usize),
    Passes(Any, usize),
    Equal(Any, Any),
    Missing(Any),
}

#[derive(Deserialize)]
pub enum Any {
    Slot(usize),
    Kept(usize),
    New,
    Old,
    Const(Value),
}

#[derive(Deserialize)]
pub enum Stmt {
    SetLocal(usize, Num),
    SetSlot(usize, Num),
    SetValue(usize, Any),
    Remember(usize),
    Count(usize),
    Push(usize),
    DropOldest(usize),
    Clear(usize),
    CopyList(usize, usize),
    Forget(usize, Any),
    Put(usize, Any),
    DropFirst(usize),
    Empty(usize),
    CopyHeld(usize, usize),
    Row(Box<[Num; 7]>),
    Do(Num),
    Give(usize, Any),
    If(Num, Box<[Stmt]>, Box<[Stmt]>),
    Once(Num, Box<[Stmt]>),
    Break,
    Return(Num),
    Answer(Box<[Num]>),
}

#[derive(Deserialize)]
pub struct Function {
    pub locals: usize,
    pub body: Box<[Stmt]>,
}

#[derive(Deserialize)]
pub enum Field {
    Int(i64),
    Bool(bool),
    Any(Value),
    List,
    Held,
}

#[derive(Deserialize)]
pub struct Entries {
    pub every: usize,
    pub due: usize,
    pub next_due: usize,
    pub describe: usize,
    pub census: usize,
    pub places: usize,
}

#[derive(Deserialize)]
pub enum Test {
    Known(bool),
    Is(Value),
    In(Vec<Value>),
    StartsWith(Vec<Box<str>>),
    EndsWith(Vec<Box<str>>),
    AtLeast(Value),
    LessThan(Value),
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    String,
    Number,
    Boolean,
    Timestamp,
}

/// Where a new value of an attribute comes from.
#[derive(Deserialize)]
pub enum Source {
    Const(bool, Value),
    Property { name: Box<str>, kind: Type, default: Value, values: Option<Vec<Value>>, otherwise: Option<Value> },
}

/// What a `where` asks of one property.
#[derive(Deserialize)]
pub struct Part {
    pub name: Box<str>,
    pub kind: Option<Type>,
    pub tests: Vec<Test>,
}

/// What is kept of an event's properties, see `streams.engine.reader`.
#[derive(Deserialize)]
pub struct Reader {
    pub wheres: Vec<Vec<Part>>,
    pub values: Vec<(Box<str>, Type, bool)>,
    pub sources: Vec<Source>,
}

#[derive(Deserialize)]
pub struct Handler {
    pub touch: usize,
    pub apply: usize,
    pub sets: Vec<(i64, usize, usize)>, // bit, place among what is kept, setter
    pub read: Option<Reader>,
}

#[derive(Deserialize)]
pub struct Program {
    pub fields: Vec<Field>,
    pub functions: Vec<Function>,
    pub tests: Vec<Vec<Test>>,
    pub entries: Entries,
    pub instances: usize,
    pub history: bool,
    pub handlers: Vec<Handler>,
    #[serde(skip)]
    pub blank: Head,
}

#[derive(Deserialize)]
pub struct Kind {
    pub targets: Vec<(usize, usize)>, // journey, handler
    pub reads: bool,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    Achieved,
    Entered,
    Exited,
    DroppedOff,
    Recovered,
    Withdrawn,
}

/// A kind of row, with the constant texts of its records.
#[derive(Deserialize)]
pub struct Code {
    pub journey: usize,
    pub kind: RowKind,
    pub timed: bool,
    pub seed: String,
    pub before: String,
    pub rule: String,
    pub sides: Vec<String>,
    pub edge: String,
    pub anchored: bool,
}

#[derive(Deserialize)]
pub struct Member {
    pub prefix: String,
    pub head: String,
    pub groups: Vec<String>,
    pub places: Vec<(usize, String, Option<usize>)>, // segment, milestone or dropped; its name; its group
}

/// What the producer calls the members of the plain envelope.
#[derive(Deserialize)]
pub struct Names {
    pub id: String,
    pub r#type: String,
    pub entity_id: String,
    pub account_id: String,
    pub occurred_at: String,
    pub properties: String,
}

#[derive(Deserialize)]
pub struct Machine {
    pub programs: Vec<Program>,
    pub kinds: Vec<Kind>,
    pub routes: FxHashMap<Box<str>, usize>,
    pub codes: Vec<Code>,
    pub members: Vec<Member>,
    pub lateness_ms: i64,
    pub events_kept: usize,
    pub state_bytes: usize,
    pub future_skew_ms: i64,
    pub arrival_is_occurred: bool,
    pub names: Option<Names>,
}

impl Machine {
    pub fn read(document: &[u8]) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_slice(document);
        json.disable_recursion_limit(); // as deep as the source that Python has compiled
        let mut machine = Self::deserialize(&mut json)?;
        for program in &mut machine.programs {
            program.blank = Head::blank(&program.fields);
        }
        Ok(machine)
    }
}
