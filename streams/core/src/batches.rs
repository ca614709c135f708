//! Records -> record batches of Kafka (format 2, not compressed), as aiokafka's `BatchBuilder` makes them.
//!
//! `RecordBatch` has the methods that aiokafka's accumulator calls on a builder that is closed; the twin is in
//! `streams.live.batches`, and a test holds the bytes equal. Does not know: topics, when a batch is sent.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustc_hash::FxHashMap;

use crate::pairs::{Origins, Pairs};

const HEADER: usize = 61; // bytes in front of the first record
const LENGTH_AT: usize = 8; // what it counts begins behind it
const EPOCH_AT: usize = 12;
const CRC_AT: usize = 17; // likewise
const ATTRIBUTES_AT: usize = 21;
const LAST_DELTA_AT: usize = 23;
const TIMES_AT: usize = 27;
const PRODUCER_AT: usize = 43;
const COUNT_AT: usize = 57;
const MAGIC: u8 = 2;
const TRANSACTIONAL: i16 = 0x10;

/// name, value.
pub type Header<'a> = (&'a str, Option<&'a [u8]>);

fn varint(out: &mut Vec<u8>, value: i64) {
    #[allow(clippy::cast_sign_loss)] // zigzag
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    #[allow(clippy::cast_possible_truncation)] // seven bits are left
    out.push(rest as u8);
}

/// Of a length.
fn varint_size(n: usize) -> usize {
    match n {
        0..=0x3f => 1,
        0x40..=0x1fff => 2,
        0x2000..=0xf_ffff => 3,
        0x10_0000..=0x7ff_ffff => 4,
        _ => 5,
    }
}

fn length(out: &mut Vec<u8>, n: usize) {
    varint(out, i64::try_from(n).unwrap_or(i64::MAX));
}

fn bytes(out: &mut Vec<u8>, parts: Option<[&[u8]; 2]>) {
    let Some([begin, end]) = parts else { return varint(out, -1) };
    length(out, begin.len() + end.len());
    out.extend_from_slice(begin);
    out.extend_from_slice(end);
}

#[pyclass]
pub struct RecordBatch {
    buffer: Vec<u8>,
    count: i32,
    sealed: Option<Py<PyBytes>>,
}

impl RecordBatch {
    fn new(now_ms: i64) -> Self {
        let mut buffer = vec![0; HEADER];
        buffer[EPOCH_AT..CRC_AT - 1].fill(0xff); // the leader's epoch: none
        buffer[CRC_AT - 1] = MAGIC;
        buffer[ATTRIBUTES_AT..LAST_DELTA_AT].copy_from_slice(&TRANSACTIONAL.to_be_bytes());
        buffer[TIMES_AT..TIMES_AT + 8].copy_from_slice(&now_ms.to_be_bytes());
        buffer[TIMES_AT + 8..PRODUCER_AT].copy_from_slice(&now_ms.to_be_bytes());
        Self { buffer, count: 0, sealed: None }
    }
}

/// Makes batches of at most `limit` bytes each; a record that is larger is alone in its own.
pub struct Packer {
    pub done: Vec<RecordBatch>,
    now_ms: i64,
    limit: usize,
    body: Vec<u8>,
}

impl Packer {
    /// `now_ms`: the timestamp of every record.
    pub fn new(now_ms: i64, limit: usize) -> Self {
        Self { done: Vec::new(), now_ms, limit, body: Vec::new() }
    }

    /// prefix: comes before the key.
    pub fn append<'a>(
        &mut self,
        prefix: &[u8],
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = Header<'a>> + Clone,
    ) {
        let (place, size) = self.done.last().map_or((0, usize::MAX / 2), |batch| (batch.count, batch.buffer.len()));
        self.encode(place, prefix, key, value, headers.clone());
        if size + self.body.len() + varint_size(self.body.len()) > self.limit {
            self.done.push(RecordBatch::new(self.now_ms));
            self.encode(0, prefix, key, value, headers);
        }
        if let Some(batch) = self.done.last_mut() {
            length(&mut batch.buffer, self.body.len());
            batch.buffer.extend_from_slice(&self.body);
            batch.count += 1;
        }
    }

    fn encode<'a>(
        &mut self,
        place: i32,
        prefix: &[u8],
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl ExactSizeIterator<Item = Header<'a>>,
    ) {
        let out = &mut self.body;
        out.clear();
        out.extend([0, 0]); // attributes; the timestamp is that of the batch
        varint(out, i64::from(place));
        bytes(out, key.map(|key| [prefix, key]));
        bytes(out, value.map(|value| [value, &[]]));
        length(out, headers.len());
        for (name, value) in headers {
            bytes(out, Some([name.as_bytes(), &[]]));
            bytes(out, value.map(|value| [value, &[]]));
        }
    }
}

#[pymethods]
impl RecordBatch {
    #[allow(clippy::unused_self)] // there is nothing to be closed
    fn close(&self) {}

    #[allow(clippy::unused_self)]
    fn closed(&self) -> bool {
        true
    }

    fn record_count(&self) -> i32 {
        self.count
    }

    fn size(&self) -> usize {
        self.buffer.len()
    }

    fn _set_producer_state(&mut self, producer: i64, epoch: i16, sequence: i32) {
        self.buffer[PRODUCER_AT..PRODUCER_AT + 8].copy_from_slice(&producer.to_be_bytes());
        self.buffer[PRODUCER_AT + 8..PRODUCER_AT + 10].copy_from_slice(&epoch.to_be_bytes());
        self.buffer[PRODUCER_AT + 10..COUNT_AT].copy_from_slice(&sequence.to_be_bytes());
        self.sealed = None;
    }

    fn _build(&mut self, py: Python<'_>) -> Py<PyBytes> {
        if let Some(sealed) = &self.sealed {
            return sealed.clone_ref(py);
        }
        let size = u32::try_from(self.buffer.len() - LENGTH_AT - 4).unwrap_or(u32::MAX);
        self.buffer[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&size.to_be_bytes());
        self.buffer[LAST_DELTA_AT..TIMES_AT].copy_from_slice(&(self.count - 1).to_be_bytes());
        self.buffer[COUNT_AT..HEADER].copy_from_slice(&self.count.to_be_bytes());
        let crc = crc32c::crc32c(&self.buffer[ATTRIBUTES_AT..]);
        self.buffer[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        let sealed = PyBytes::new(py, &self.buffer).unbind();
        self.sealed = Some(sealed.clone_ref(py));
        sealed
    }
}

/// Pairs without headers; `prefix` comes before every key but that of the last one, if there is one.
#[pyfunction]
pub fn pack(
    pairs: &Pairs,
    now_ms: i64,
    limit: usize,
    prefix: &[u8],
    last: Option<(Vec<u8>, Vec<u8>)>,
) -> Vec<RecordBatch> {
    let mut packer = Packer::new(now_ms, limit);
    for (key, value) in pairs.iter() {
        packer.append(prefix, Some(key), value, std::iter::empty());
    }
    if let Some((key, value)) = last {
        packer.append(&[], Some(&key), Some(&value), std::iter::empty());
    }
    packer.done
}

/// Transitions, each with the headers of all, how old it is, and the trace of what caused it.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // PyO3 hands over what it has converted
pub fn pack_transitions(
    pairs: &Pairs,
    origins: &Origins,
    traces: FxHashMap<i64, (String, Option<Vec<u8>>)>,
    now_ms: i64,
    limit: usize,
) -> Vec<RecordBatch> {
    let (mut packer, mut age) = (Packer::new(now_ms, limit), itoa::Buffer::new());
    for ((key, value), (at, cause)) in pairs.iter().zip(&origins.0) {
        let age = age.format(now_ms - at).as_bytes();
        let known = [("journeys-schema", Some(&b"transition/1"[..])), ("journeys-age-ms", Some(age))];
        match traces.get(cause) {
            None => packer.append(&[], Some(key), value, known.into_iter()),
            Some((name, trace)) => {
                let all = [known[0], known[1], (name.as_str(), trace.as_deref())];
                packer.append(&[], Some(key), value, all.into_iter());
            }
        }
    }
    packer.done
}
