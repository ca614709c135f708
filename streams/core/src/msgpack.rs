//! `MessagePack` as msgspec writes it: the shortest form of every whole number, floats of 64 bits.
//!
//! Reading takes any form. Does not know: what the values mean.

use crate::value::Value;

/// Something of ours that is not as it must be: a state that cannot be read, time that stands still.
#[derive(Debug)]
pub struct Fault(pub &'static str);

pub type Sure<T> = Result<T, Fault>;
const TORN: Fault = Fault("a state is not what this engine writes");

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // each arm has looked at the range
pub fn write_int(out: &mut Vec<u8>, n: i64) {
    match n {
        -0x20..=0x7f => out.push(n as u8),
        0x80..=0xff => out.extend([0xcc, n as u8]),
        0x100..=0xffff => head(out, 0xcd, &(n as u16).to_be_bytes()),
        0x1_0000..=0xffff_ffff => head(out, 0xce, &(n as u32).to_be_bytes()),
        0x1_0000_0000.. => head(out, 0xcf, &n.to_be_bytes()),
        -0x80..=-0x21 => out.extend([0xd0, n as u8]),
        -0x8000..=-0x81 => head(out, 0xd1, &(n as i16).to_be_bytes()),
        -0x8000_0000..=-0x8001 => head(out, 0xd2, &(n as i32).to_be_bytes()),
        _ => head(out, 0xd3, &n.to_be_bytes()),
    }
}

fn head(out: &mut Vec<u8>, mark: u8, bytes: &[u8]) {
    out.push(mark);
    out.extend_from_slice(bytes);
}

/// small: up to how many have a form of their own, `fixed` with the length in it; then one of 8, 16 or 32 bits.
#[allow(clippy::cast_possible_truncation)] // each arm has looked at the range
fn write_len(out: &mut Vec<u8>, n: usize, small: usize, fixed: u8, marks: [Option<u8>; 3]) {
    match (n, marks) {
        (_, _) if n < small => out.push(fixed | n as u8),
        (0..=0xff, [Some(mark), ..]) => out.extend([mark, n as u8]),
        (0..=0xffff, [_, Some(mark), _]) => head(out, mark, &(n as u16).to_be_bytes()),
        (_, [.., mark]) => head(out, mark.unwrap_or_default(), &(n as u32).to_be_bytes()),
    }
}

pub fn write_array(out: &mut Vec<u8>, n: usize) {
    write_len(out, n, 16, 0x90, [None, Some(0xdc), Some(0xdd)]);
}

pub fn write_map(out: &mut Vec<u8>, n: usize) {
    write_len(out, n, 16, 0x80, [None, Some(0xde), Some(0xdf)]);
}

pub fn write_text(out: &mut Vec<u8>, text: &str) {
    write_len(out, text.len(), 32, 0xa0, [Some(0xd9), Some(0xda), Some(0xdb)]);
    out.extend_from_slice(text.as_bytes());
}

pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_len(out, bytes.len(), 0, 0, [Some(0xc4), Some(0xc5), Some(0xc6)]);
    out.extend_from_slice(bytes);
}

pub fn write_nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

pub fn write_bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Missing => write_nil(out),
        Value::Bool(x) => write_bool(out, *x),
        Value::Int(x) => write_int(out, *x),
        Value::Float(x) => head(out, 0xcb, &x.to_be_bytes()),
        Value::Text(x) => write_text(out, x),
    }
}

pub struct Input<'a> {
    pub data: &'a [u8],
    pub at: usize,
}

impl<'a> Input<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub fn done(&self) -> bool {
        self.at >= self.data.len()
    }

    fn take(&mut self, n: usize) -> Sure<&'a [u8]> {
        let end = self.at.checked_add(n).ok_or(TORN)?;
        let found = self.data.get(self.at..end).ok_or(TORN)?;
        self.at = end;
        Ok(found)
    }

    fn mark(&mut self) -> Sure<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn peek(&self) -> Sure<u8> {
        self.data.get(self.at).copied().ok_or(TORN)
    }

    fn unsigned(&mut self, n: usize) -> Sure<u64> {
        Ok(self.take(n)?.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }

    fn size(&mut self, n: usize) -> Sure<usize> {
        usize::try_from(self.unsigned(n)?).map_err(|_| TORN)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // as many bits as were read
    fn int_after(&mut self, mark: u8) -> Sure<i64> {
        Ok(match mark {
            0..=0x7f => i64::from(mark),
            0xe0..=0xff => i64::from(mark as i8),
            0xcc => self.unsigned(1)? as i64,
            0xcd => self.unsigned(2)? as i64,
            0xce => self.unsigned(4)? as i64,
            0xcf => i64::try_from(self.unsigned(8)?).map_err(|_| TORN)?,
            0xd0 => i64::from(self.unsigned(1)? as i8),
            0xd1 => i64::from(self.unsigned(2)? as i16),
            0xd2 => i64::from(self.unsigned(4)? as i32),
            0xd3 => self.unsigned(8)? as i64,
            _ => return Err(TORN),
        })
    }

    pub fn int(&mut self) -> Sure<i64> {
        let mark = self.mark()?;
        self.int_after(mark)
    }

    pub fn count(&mut self) -> Sure<usize> {
        usize::try_from(self.int()?).map_err(|_| TORN)
    }

    pub fn array(&mut self) -> Sure<usize> {
        match self.mark()? {
            mark @ 0x90..=0x9f => Ok(usize::from(mark & 0x0f)),
            0xdc => self.size(2),
            0xdd => self.size(4),
            _ => Err(TORN),
        }
    }

    pub fn map(&mut self) -> Sure<usize> {
        match self.mark()? {
            mark @ 0x80..=0x8f => Ok(usize::from(mark & 0x0f)),
            0xde => self.size(2),
            0xdf => self.size(4),
            _ => Err(TORN),
        }
    }

    pub fn bytes(&mut self) -> Sure<&'a [u8]> {
        let size = match self.mark()? {
            0xc4 => self.size(1)?,
            0xc5 => self.size(2)?,
            0xc6 => self.size(4)?,
            _ => return Err(TORN),
        };
        self.take(size)
    }

    fn text_after(&mut self, mark: u8) -> Sure<&'a str> {
        let size = match mark {
            0xa0..=0xbf => usize::from(mark & 0x1f),
            0xd9 => self.size(1)?,
            0xda => self.size(2)?,
            0xdb => self.size(4)?,
            _ => return Err(TORN),
        };
        std::str::from_utf8(self.take(size)?).map_err(|_| TORN)
    }

    pub fn text(&mut self) -> Sure<&'a str> {
        let mark = self.mark()?;
        self.text_after(mark)
    }

    /// None for nil.
    pub fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Sure<T>) -> Sure<Option<T>> {
        if self.peek()? == 0xc0 {
            self.at += 1;
            return Ok(None);
        }
        read(self).map(Some)
    }

    pub fn bool(&mut self) -> Sure<bool> {
        match self.mark()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            _ => Err(TORN),
        }
    }

    pub fn value(&mut self) -> Sure<Value> {
        Ok(match self.mark()? {
            0xc0 => Value::Missing,
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            0xcb => Value::Float(f64::from_bits(self.unsigned(8)?)),
            mark @ (0xa0..=0xbf | 0xd9..=0xdb) => Value::Text(self.text_after(mark)?.into()),
            mark => Value::Int(self.int_after(mark)?),
        })
    }
}
