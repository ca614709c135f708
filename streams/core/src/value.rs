//! What a property or an attribute is worth, compared as Python compares it: the twin of `streams.engine.values`.
//!
//! Equality is Python's (`True == 1 == 1.0`), `same` tells a boolean from a number. Does not know: journeys, JSON.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::plan::Test;

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Box<str>),
}

/// Exact, however large the whole number is.
fn compare_mixed(whole: i64, float: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    #[allow(clippy::cast_possible_truncation)] // it lies within
    let cut = float.trunc() as i64;
    whole.cmp(&cut).then_with(|| 0.0_f64.total_cmp(&(float.fract() + 0.0)))
}

impl Value {
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Of numbers only; a boolean is none.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Float(b)) => Some(compare_mixed(*a, *b)),
            (Self::Float(a), Self::Int(b)) => Some(compare_mixed(*b, *a).reverse()),
            _ => None,
        }
    }

    /// As Python's `==`.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Missing, Self::Missing) => true,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Bool(a), _) => Self::Int(i64::from(*a)).compare(other) == Some(Ordering::Equal),
            (_, Self::Bool(b)) => self.compare(&Self::Int(i64::from(*b))) == Some(Ordering::Equal),
            _ => self.compare(other) == Some(Ordering::Equal),
        }
    }

    /// Equal, and true is not 1.
    pub fn same(&self, other: &Self) -> bool {
        matches!(self, Self::Bool(_)) == matches!(other, Self::Bool(_)) && self.equals(other)
    }

    pub fn passes(&self, tests: &[Test]) -> bool {
        tests.iter().all(|test| self.passes_one(test))
    }

    fn passes_one(&self, test: &Test) -> bool {
        if let Test::Known(known) = test {
            return *known != self.is_missing();
        }
        match (test, self) {
            (_, Self::Missing) => false,
            (Test::Is(x), _) => self.same(x),
            (Test::In(some), _) => some.iter().any(|x| self.same(x)),
            (Test::StartsWith(some), Self::Text(own)) => some.iter().any(|x| own.starts_with(&**x)),
            (Test::EndsWith(some), Self::Text(own)) => some.iter().any(|x| own.ends_with(&**x)),
            (Test::AtLeast(x), _) => self.compare(x).is_some_and(Ordering::is_ge),
            (Test::LessThan(x), _) => self.compare(x).is_some_and(Ordering::is_lt),
            _ => false,
        }
    }
}
