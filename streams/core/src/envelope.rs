//! An input record -> an event, if the plain envelope is plainly in order; else None, and `codec.careful` looks.
//!
//! What it accepts is what `codec.careful` accepts, with the same event; a property test holds the two together.
//! Does not know: arrival and clock.

use std::borrow::Cow;

use crate::instants;
use crate::json::{Cursor, MAX_KEYS, plain_string};
use crate::plan::Names;

const MAX_BYTES: usize = 256 * 1024;
const MAX_ID_BYTES: usize = 256;
const SURE_DIGITS: usize = 18; // of a whole number that fits into 64 bits, whatever they are

/// properties: one JSON object, as it was written.
pub struct Event<'a> {
    pub id: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub account: Option<Cow<'a, str>>,
    pub occurred: Option<i64>,
    pub properties: Cow<'a, [u8]>,
}

/// A string without control characters or escapes, or a whole number.
fn identifier(value: &str) -> Option<&str> {
    if let Some(text) = plain_string(value) {
        let control = |c: char| c == '\x7f' || ('\u{80}'..='\u{9f}').contains(&c);
        let fine = if text.is_ascii() { !text.contains('\x7f') } else { !text.contains(control) };
        return (!text.is_empty() && text.len() <= MAX_ID_BYTES && fine).then_some(text);
    }
    let whole = value.len() <= SURE_DIGITS && value.bytes().all(|byte| byte.is_ascii_digit());
    whole.then_some(value)
}

/// names: of the six members, which of them is read at most once.
pub fn read<'a>(value: &'a [u8], key: &[u8], names: &Names) -> Option<Event<'a>> {
    (value.len() <= MAX_BYTES).then_some(())?;
    let text = std::str::from_utf8(value).ok()?;
    let ours = [&names.id, &names.r#type, &names.entity_id, &names.account_id, &names.occurred_at, &names.properties];
    let mut found: [Option<&str>; 6] = [None; 6];
    let mut cursor = Cursor::new(text);
    cursor.members(0, |name, value| {
        if let Some(i) = ours.iter().position(|ours| *ours == name) {
            found[i].is_none().then_some(())?;
            found[i] = Some(value);
        }
        Some(())
    })?;
    cursor.space();
    (cursor.at == text.len() && cursor.keys <= MAX_KEYS).then_some(())?;
    let [id, name, entity, account, occurred, properties] = found.map(|value| value.filter(|value| *value != "null"));
    (identifier(entity?)?.as_bytes() == key).then_some(())?;
    let properties = properties.unwrap_or("{}");
    properties.starts_with('{').then_some(())?;
    Some(Event {
        id: Cow::Borrowed(identifier(id?)?),
        name: Cow::Borrowed(plain_string(name?)?),
        account: account.map(identifier).map_or(Some(None), |account| account.map(|text| Some(Cow::Borrowed(text))))?,
        occurred: match occurred {
            Some(value) => Some(instants::read(plain_string(value)?)?),
            None => None,
        },
        properties: Cow::Borrowed(properties.as_bytes()),
    })
}
