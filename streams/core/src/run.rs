//! Walks the trees of a journey: one function of its program, for one entity, at one instant.
//!
//! Everything a function may touch stands in `Run`. The nodes are those of `streams.core.lowering`; each does what the
//! Python that it was made of does. Does not know: what the functions mean.

use crate::plan::{Any, Num, Program, Stmt};
use crate::state::{Head, Kept};
use crate::value::Value;

pub type Row = [i64; 7]; // instant, code, episode, other segment, previous, anchor, also matched

/// What outlives a call and is used again.
#[derive(Default)]
pub struct Scratch {
    stack: Vec<i64>,
    pub answers: Vec<i64>,
    pub rows: Vec<Row>,
}

pub struct Run<'a> {
    pub program: &'a Program,
    pub head: &'a mut Head,
    pub now: i64,
    pub kept: &'a Kept,
    pub counts: &'a mut [i64],
    pub scratch: &'a mut Scratch,
    base: usize,
    new: Value,
    old: Value,
}

enum Flow {
    Next,
    Break,
    Return(i64),
}

impl<'a> Run<'a> {
    pub fn new(
        program: &'a Program,
        head: &'a mut Head,
        now: i64,
        kept: &'a Kept,
        counts: &'a mut [i64],
        scratch: &'a mut Scratch,
    ) -> Self {
        Self { program, head, now, kept, counts, scratch, base: 0, new: Value::Missing, old: Value::Missing }
    }

    /// Call a function; what it gives if that is one number, else that is in `answers`.
    pub fn call(&mut self, place: usize) -> i64 {
        let function = &self.program.functions[place];
        let before = self.base;
        self.base = self.scratch.stack.len();
        self.scratch.stack.resize(self.base + function.locals, 0);
        let flow = self.body(&function.body);
        self.scratch.stack.truncate(self.base);
        self.base = before;
        match flow {
            Flow::Return(value) => value,
            Flow::Next | Flow::Break => 0,
        }
    }

    /// Call the setter of an attribute.
    pub fn give(&mut self, setter: usize, value: Value) {
        self.new = value;
        self.call(setter);
    }

    fn body(&mut self, statements: &'a [Stmt]) -> Flow {
        for statement in statements {
            match self.statement(statement) {
                Flow::Next => {}
                flow => return flow,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &'a Stmt) -> Flow {
        match statement {
            Stmt::SetLocal(place, x) => {
                let value = self.number(x);
                self.scratch.stack[self.base + place] = value;
            }
            Stmt::SetSlot(place, x) => self.head.ints[*place] = self.number(x),
            Stmt::Do(x) => {
                self.number(x);
            }
            Stmt::If(test, then, otherwise) => {
                let branch = if self.number(test) != 0 { then } else { otherwise };
                return self.body(branch);
            }
            Stmt::Once(test, body) => {
                if self.number(test) != 0
                    && let Flow::Return(value) = self.body(body)
                {
                    return Flow::Return(value);
                }
            }
            Stmt::Break => return Flow::Break,
            Stmt::Return(x) => return Flow::Return(self.number(x)),
            Stmt::Answer(parts) => {
                self.scratch.answers.clear();
                for part in parts {
                    let value = self.number(part);
                    self.scratch.answers.push(value);
                }
                return Flow::Return(0);
            }
            Stmt::Count(place) => self.counts[*place] += 1,
            Stmt::Row(items) => {
                let mut row = [0; 7];
                for (item, x) in row.iter_mut().zip(items.iter()) {
                    *item = self.number(x);
                }
                self.scratch.rows.push(row);
            }
            Stmt::Give(setter, x) => {
                let value = self.any(x).clone();
                self.give(*setter, value);
            }
            other => self.store(other),
        }
        Flow::Next
    }

    /// Statements about slots that hold more than a number.
    fn store(&mut self, statement: &Stmt) {
        match statement {
            Stmt::SetValue(place, x) => {
                let value = self.any(x).clone();
                self.head.anys[*place] = value;
            }
            Stmt::Remember(place) => self.old = self.head.anys[*place].clone(),
            Stmt::Push(place) => self.head.lists[*place].push(self.now),
            Stmt::DropOldest(place) => {
                self.head.lists[*place].remove(0);
            }
            Stmt::Clear(place) => self.head.lists[*place].clear(),
            Stmt::CopyList(to, from) => {
                let copy = self.head.lists[*from].clone();
                self.head.lists[*to] = copy;
            }
            Stmt::Forget(place, x) => {
                if let Some(i) = self.holds(*place, x) {
                    self.head.helds[*place].remove(i);
                }
            }
            Stmt::Put(place, x) => {
                let value = self.any(x).clone();
                match self.holds(*place, x) {
                    Some(i) => self.head.helds[*place][i].1 = self.now,
                    None => self.head.helds[*place].push((value, self.now)),
                }
            }
            Stmt::DropFirst(place) => {
                self.head.helds[*place].remove(0);
            }
            Stmt::Empty(place) => self.head.helds[*place].clear(),
            Stmt::CopyHeld(to, from) => {
                let copy = self.head.helds[*from].clone();
                self.head.helds[*to] = copy;
            }
            _ => unreachable!("every other statement has been taken before"),
        }
    }

    fn any<'b>(&'b self, x: &'b Any) -> &'b Value {
        match x {
            Any::Slot(place) => &self.head.anys[*place],
            Any::Kept(place) => self.kept.values.get(*place).unwrap_or(&Value::Missing),
            Any::New => &self.new,
            Any::Old => &self.old,
            Any::Const(value) => value,
        }
    }

    fn holds(&self, place: usize, x: &Any) -> Option<usize> {
        let value = self.any(x);
        self.head.helds[place].iter().position(|(held, _)| held.equals(value))
    }

    fn number(&mut self, x: &'a Num) -> i64 {
        match x {
            Num::Const(value) => *value,
            Num::Now => self.now,
            Num::Mask => self.kept.mask,
            Num::Local(place) => self.scratch.stack[self.base + place],
            Num::Slot(place) => self.head.ints[*place],
            Num::Less(pair) => i64::from(self.number(&pair.0) < self.number(&pair.1)),
            Num::Same(pair) => i64::from(self.number(&pair.0) == self.number(&pair.1)),
            Num::Not(part) => i64::from(self.number(part) == 0),
            Num::Neg(part) => -self.number(part),
            Num::Add(pair) => self.number(&pair.0) + self.number(&pair.1),
            Num::Sub(pair) => self.number(&pair.0) - self.number(&pair.1),
            Num::Div(pair) => self.number(&pair.0).div_euclid(self.number(&pair.1)),
            Num::BitAnd(pair) => self.number(&pair.0) & self.number(&pair.1),
            Num::BitOr(pair) => self.number(&pair.0) | self.number(&pair.1),
            Num::Shl(pair) => self.number(&pair.0) << self.number(&pair.1),
            Num::If(parts) => {
                if self.number(&parts.0) != 0 {
                    self.number(&parts.1)
                } else {
                    self.number(&parts.2)
                }
            }
            Num::Let(place, part) => {
                let value = self.number(part);
                self.scratch.stack[self.base + place] = value;
                value
            }
            Num::And(parts) => self.first(parts, |value| value == 0),
            Num::Or(parts) => self.first(parts, |value| value != 0),
            Num::Call(place) => self.call(*place),
            other => self.look(other),
        }
    }

    /// The first that is so, else the last.
    fn first(&mut self, parts: &'a [Num], so: impl Fn(i64) -> bool) -> i64 {
        let mut value = 0;
        for part in parts {
            value = self.number(part);
            if so(value) {
                break;
            }
        }
        value
    }

    /// The rarer forms.
    fn look(&mut self, x: &'a Num) -> i64 {
        match x {
            Num::Date(place) => match self.head.anys[*place] {
                Value::Int(value) => value,
                _ => 0,
            },
            Num::Min(parts) => parts.iter().map(|part| self.number(part)).min().unwrap_or(0),
            Num::Max(parts) => parts.iter().map(|part| self.number(part)).max().unwrap_or(0),
            Num::Abs(part) => self.number(part).abs(),
            Num::Kth(parts, k) => {
                let mut values: Vec<i64> = parts.iter().map(|part| self.number(part)).collect();
                values.sort_unstable();
                values[values.len() - k]
            }
            Num::Pick(values, place) => values[usize::try_from(self.number(place)).unwrap_or(usize::MAX)],
            Num::Len(place) => size(self.head.lists[*place].len()),
            Num::Newest(place, n) => {
                let list = &self.head.lists[*place];
                list[list.len() - n]
            }
            Num::Held(place) => size(self.head.helds[*place].len()),
            Num::HeldAt(place, n) => {
                let held = &self.head.helds[*place];
                let i = if *n < 0 { size(held.len()) + n } else { *n };
                held[usize::try_from(i).unwrap_or(usize::MAX)].1
            }
            Num::Holds(place, value) => i64::from(self.holds(*place, value).is_some()),
            Num::Passes(value, tests) => i64::from(self.any(value).passes(&self.program.tests[*tests])),
            Num::Equal(a, b) => i64::from(self.any(a).equals(self.any(b))),
            Num::Missing(value) => i64::from(self.any(value).is_missing()),
            _ => unreachable!("every other number has been taken before"),
        }
    }
}

fn size(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
