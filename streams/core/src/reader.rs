//! What the log keeps of an event's properties: the twin of `streams.engine.reader`, for properties that are plain.
//!
//! None: a string with escapes, a number that is none of 64 bits, a timestamp in an unusual spelling, a long value to be
//! compared; then the plain reader is asked. Does not know: the envelope.

use crate::instants;
use crate::json::{Cursor, plain_string};
use crate::msgpack;
use crate::plan::{Machine, Reader, Source, Type};
use crate::state::Kept;
use crate::value::Value;

const LONG: usize = 64;
const SURE_DIGITS: usize = 18;

/// The outermost members, as they are written.
struct Properties<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Properties<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut found = Vec::new();
        Cursor::new(text).members(0, |name, value| {
            found.push((name, value));
            Some(())
        })?;
        Some(Self(found))
    }

    /// Of two with the same name the last.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

fn number(text: &str) -> Option<Value> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return (text.len() <= SURE_DIGITS).then(|| text.parse().ok().map(Value::Int))?;
    }
    let float = text.contains(['.', 'e', 'E']);
    if float {
        return text.parse().ok().filter(|value: &f64| value.is_finite()).map(Value::Float);
    }
    (text.len() <= SURE_DIGITS && text != "-0").then(|| text.parse().ok().map(Value::Int))?
}

/// The value if it is of that type, else Missing.
fn typed(value: Option<&str>, kind: Option<Type>) -> Option<Value> {
    let (Some(value), Some(kind)) = (value, kind) else { return Some(Value::Missing) };
    let first = value.bytes().next()?;
    Some(match (kind, first) {
        (Type::String, b'"') => Value::Text(plain_string(value)?.into()),
        (Type::Number, b'-' | b'0'..=b'9') => number(value)?,
        (Type::Boolean, b't' | b'f') => Value::Bool(first == b't'),
        (Type::Timestamp, b'"') => Value::Int(instants::read(plain_string(value)?)?),
        _ => Value::Missing,
    })
}

/// A value that is only ever compared: short, and (tagged) told from an equal one of another type.
fn comparable(value: Value, kind: Type, tagged: bool) -> Option<Value> {
    if let Value::Text(text) = &value {
        (text.len() <= LONG || text.chars().count() <= LONG).then_some(())?;
    }
    if !tagged {
        return Some(value);
    }
    Some(match (value, kind) {
        (Value::Missing, _) => Value::Missing,
        (Value::Text(text), _) => Value::Text(format!("string {text}").into()),
        (Value::Bool(value), _) => Value::Text(if value { "boolean True" } else { "boolean False" }.into()),
        (Value::Int(value), Type::Timestamp) => Value::Text(format!("timestamp {value}").into()),
        (Value::Int(value), _) => Value::Text(format!("number {value}").into()),
        (Value::Float(_), _) => return None,
    })
}

/// (is the attribute set, to what).
fn setting(properties: &Properties, source: &Source) -> Option<(bool, Value)> {
    let (name, kind, default, values, otherwise) = match source {
        Source::Const(applies, value) => return Some((*applies, value.clone())),
        Source::Property { name, kind, default, values, otherwise } => (name, *kind, default, values, otherwise),
    };
    let Some(raw) = properties.get(name) else { return Some((false, Value::Missing)) };
    if raw == "null" {
        return Some((true, default.clone()));
    }
    let value = typed(Some(raw), Some(kind))?;
    if value.is_missing() {
        return Some((false, Value::Missing));
    }
    if values.as_ref().is_some_and(|values| !values.iter().any(|x| value.same(x))) {
        return Some((otherwise.is_some(), otherwise.clone().unwrap_or(Value::Missing)));
    }
    Some((true, value))
}

impl Reader {
    fn bare(&self) -> bool {
        self.values.is_empty() && self.sources.is_empty()
    }

    fn read(&self, properties: &Properties) -> Option<Kept> {
        let (mut kept, mut bit) = (Kept::default(), 1);
        for parts in &self.wheres {
            let mut holds = true;
            for part in parts {
                holds = holds && typed(properties.get(&part.name), part.kind)?.passes(&part.tests);
            }
            kept.mask |= if holds { bit } else { 0 };
            bit <<= 1;
        }
        for (name, kind, tagged) in &self.values {
            kept.values.push(comparable(typed(properties.get(name), Some(*kind))?, *kind, *tagged)?);
        }
        for source in &self.sources {
            let (applies, value) = setting(properties, source)?;
            kept.mask |= if applies { bit } else { 0 };
            kept.values.push(value);
            bit <<= 1;
        }
        Some(kept)
    }
}

/// What every journey that an event of this kind concerns keeps of it; `packed` takes it as it stands in a log.
pub fn read(machine: &Machine, kind: usize, properties: &[u8], packed: &mut Vec<u8>) -> Option<Vec<Kept>> {
    let kind = &machine.kinds[kind];
    if !kind.reads {
        packed.push(0);
        return Some(Vec::new());
    }
    let properties = Properties::read(std::str::from_utf8(properties).ok()?)?;
    msgpack::write_array(packed, kind.targets.len());
    let mut all = Vec::with_capacity(kind.targets.len());
    for &(journey, handler) in &kind.targets {
        let Some(reader) = &machine.programs[journey].handlers[handler].read else {
            packed.push(0);
            all.push(Kept::default());
            continue;
        };
        let kept = reader.read(&properties)?;
        if !reader.bare() {
            msgpack::write_array(packed, 1 + kept.values.len());
        }
        msgpack::write_int(packed, kept.mask);
        kept.values.iter().for_each(|value| msgpack::write_value(packed, value));
        all.push(kept);
    }
    Some(all)
}
