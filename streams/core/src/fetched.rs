//! Record batches of Kafka (format 2) -> input records, which stay where they are until somebody asks for one.
//!
//! Layout: <https://kafka.apache.org/documentation/#recordbatch>. The twin is in `streams.live.records`. Does not know:
//! checksums, compression, transactions (`streams.live.fetching` does).

use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice, PyTuple};

const BEYOND: &str = "a record goes beyond its batch";

/// One record: where its parts are in the batch, with their lengths, of which -1 is none; headers: how many.
struct Row {
    offset: i64,
    timestamp: i64,
    key_at: usize,
    key_len: i64,
    value_at: usize,
    value_len: i64,
    headers_at: usize,
    headers: i64,
}

/// The records of one batch. appended: the timestamps are the broker's.
struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    appended: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, &'static str>;

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Read<i64> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let byte = *self.bytes.get(self.at).ok_or(BEYOND)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                #[allow(clippy::cast_possible_wrap)] // zigzag
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
            if shift > 63 {
                return Err("a number is too long");
            }
        }
    }

    /// Where a string or bytes begin, and their length, -1 for none.
    fn span(&mut self) -> Read<(usize, i64)> {
        let (len, at) = (self.varint()?, self.at);
        let n = usize::try_from(len.max(0)).map_err(|_| BEYOND)?;
        self.at = at.checked_add(n).filter(|end| *end <= self.bytes.len()).ok_or(BEYOND)?;
        Ok((at, len))
    }

    fn take(&mut self) -> Read<Option<&'a [u8]>> {
        let (at, len) = self.span()?;
        Ok((len >= 0).then(|| &self.bytes[at..self.at]))
    }

    fn row(&mut self, base_offset: i64, base_timestamp: i64) -> Read<Row> {
        let size = usize::try_from(self.varint()?).map_err(|_| BEYOND)?;
        let end = self.at.checked_add(size).ok_or(BEYOND)?;
        self.at += 1; // attributes, of which there are none
        let timestamp = base_timestamp.wrapping_add(self.varint()?);
        let offset = base_offset.wrapping_add(self.varint()?);
        let ((key_at, key_len), (value_at, value_len)) = (self.span()?, self.span()?);
        let (headers, headers_at) = (self.varint()?, self.at);
        for _ in 0..headers {
            self.span()?; // which ends at the end of the batch, however many it says there are
            self.span()?;
        }
        if self.at != end || headers < 0 {
            return Err("a record has another length than it says");
        }
        Ok(Row { offset, timestamp, key_at, key_len, value_at, value_len, headers_at, headers })
    }
}

fn part(bytes: &[u8], at: usize, len: i64) -> Option<&[u8]> {
    usize::try_from(len).ok().map(|len| &bytes[at..at + len])
}

impl Batch {
    fn key(&self, row: &Row) -> Option<&[u8]> {
        part(&self.bytes, row.key_at, row.key_len)
    }

    fn value(&self, row: &Row) -> Option<&[u8]> {
        part(&self.bytes, row.value_at, row.value_len)
    }
}

/// A record without its headers.
pub struct Fetched<'a> {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

/// Some rows of a batch.
#[derive(Clone)]
struct Piece {
    batch: Arc<Batch>,
    begin: usize,
    end: usize,
}

/// One input record, as aiokafka's `ConsumerRecord`.
#[pyclass(frozen, get_all)]
pub struct InputRecord {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: i64,
    timestamp_type: u8,
    key: Option<Py<PyBytes>>,
    value: Option<Py<PyBytes>>,
    headers: Py<PyTuple>,
}

/// Records of one partition in the order of their offsets.
#[pyclass(frozen, sequence)]
pub struct Records {
    topic: Arc<str>,
    partition: i32,
    pieces: Vec<Piece>,
    len: usize,
}

impl Records {
    fn of(&self, pieces: Vec<Piece>) -> Self {
        let len = pieces.iter().map(|piece| piece.end - piece.begin).sum();
        Self { topic: Arc::clone(&self.topic), partition: self.partition, pieces, len }
    }

    /// Those from `begin` on, but not from `end` on.
    fn between(&self, begin: usize, end: usize) -> Self {
        let (mut pieces, mut first) = (Vec::new(), 0);
        for piece in &self.pieces {
            let (size, batch) = (piece.end - piece.begin, Arc::clone(&piece.batch));
            let (from, to) = (begin.max(first), end.min(first + size));
            if from < to {
                pieces.push(Piece { batch, begin: piece.begin + from - first, end: piece.begin + to - first });
            }
            first += size;
        }
        self.of(pieces)
    }

    fn rows(&self) -> impl Iterator<Item = (&Batch, &Row)> {
        self.pieces
            .iter()
            .flat_map(|piece| piece.batch.rows[piece.begin..piece.end].iter().map(|row| (&*piece.batch, row)))
    }

    pub fn iter(&self) -> impl Iterator<Item = Fetched<'_>> {
        self.rows().map(|(batch, row)| Fetched {
            offset: row.offset,
            timestamp: row.timestamp,
            key: batch.key(row),
            value: batch.value(row),
        })
    }

    pub fn record(&self, py: Python<'_>, place: usize) -> PyResult<InputRecord> {
        let mut left = place;
        for piece in &self.pieces {
            if left < piece.end - piece.begin {
                return self.made(py, &piece.batch, &piece.batch.rows[piece.begin + left]);
            }
            left -= piece.end - piece.begin;
        }
        Err(PyIndexError::new_err("no such record"))
    }

    fn made(&self, py: Python<'_>, batch: &Batch, row: &Row) -> PyResult<InputRecord> {
        let bytes = |some: Option<&[u8]>| some.map(|some| PyBytes::new(py, some).unbind());
        let mut reader = Reader { bytes: &batch.bytes, at: row.headers_at };
        let mut headers = Vec::new();
        for _ in 0..row.headers {
            let name = reader.take().map_err(PyValueError::new_err)?.unwrap_or_default();
            let value = reader.take().map_err(PyValueError::new_err)?;
            headers.push((String::from_utf8_lossy(name), value.map(|value| PyBytes::new(py, value))));
        }
        Ok(InputRecord {
            topic: self.topic.to_string(),
            partition: self.partition,
            offset: row.offset,
            timestamp: row.timestamp,
            timestamp_type: u8::from(batch.appended),
            key: bytes(batch.key(row)),
            value: bytes(batch.value(row)),
            headers: PyTuple::new(py, headers)?.unbind(),
        })
    }
}

#[pymethods]
impl Records {
    /// The records of one batch. body: of its records, not compressed. times: of the batch, the first and the latest.
    #[new]
    fn new(
        topic: &str,
        partition: i32,
        body: &[u8],
        count: usize,
        base_offset: i64,
        times: (i64, i64),
        appended: bool,
    ) -> PyResult<Self> {
        let mut reader = Reader { bytes: body, at: 0 };
        let mut rows = Vec::with_capacity(count.min(body.len()));
        for _ in 0..count {
            let mut row = reader.row(base_offset, times.0).map_err(PyValueError::new_err)?;
            if appended {
                row.timestamp = times.1;
            }
            rows.push(row);
        }
        if reader.at != body.len() {
            return Err(PyValueError::new_err("something follows on the last record of a batch"));
        }
        let len = rows.len();
        let batch = Arc::new(Batch { bytes: body.to_vec(), rows, appended });
        Ok(Self { topic: topic.into(), partition, pieces: vec![Piece { batch, begin: 0, end: len }], len })
    }

    /// These, and then the others.
    #[allow(clippy::needless_pass_by_value)] // PyO3 hands over what it has converted
    fn joined(&self, others: Vec<PyRef<'_, Self>>) -> Self {
        let others = others.iter().flat_map(|other| other.pieces.iter());
        self.of(self.pieces.iter().chain(others).cloned().collect())
    }

    fn __len__(&self) -> usize {
        self.len
    }

    fn __getitem__<'py>(&self, py: Python<'py>, place: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let len = isize::try_from(self.len)?;
        if let Ok(slice) = place.cast::<PySlice>() {
            let found = slice.indices(len)?;
            if found.step != 1 {
                return Err(PyValueError::new_err("records are sliced without a step"));
            }
            let some = self.between(found.start.try_into()?, found.stop.max(found.start).try_into()?);
            return Ok(Bound::new(py, some)?.into_any());
        }
        let place: isize = place.extract()?;
        let place = usize::try_from(if place < 0 { place + len } else { place });
        let place = place.map_err(|_| PyIndexError::new_err("no such record"))?;
        Ok(Bound::new(py, self.record(py, place)?)?.into_any())
    }

    /// Those from this offset on.
    fn since(&self, offset: i64) -> Self {
        self.between(self.rows().take_while(|(_, row)| row.offset < offset).count(), self.len)
    }

    /// Offsets of those that claim to be later; a timestamp that a broker has set claims nothing.
    fn later(&self, instant: i64) -> Vec<i64> {
        let claims = self.rows().filter(|(batch, row)| !batch.appended && row.timestamp > instant);
        claims.map(|(_, row)| row.offset).collect()
    }

    /// Those that have headers.
    fn headed(&self, py: Python<'_>) -> PyResult<Vec<InputRecord>> {
        let some = self.rows().filter(|(_, row)| row.headers > 0);
        some.map(|(batch, row)| self.made(py, batch, row)).collect()
    }

    /// The one with this offset.
    fn at(&self, py: Python<'_>, offset: i64) -> PyResult<InputRecord> {
        let some =
            |piece: &Piece| piece.batch.rows[piece.begin..piece.end].last().is_none_or(|row| row.offset < offset);
        let found = self.pieces.get(self.pieces.partition_point(some)).and_then(|piece| {
            let rows = &piece.batch.rows[piece.begin..piece.end];
            let row = rows.get(rows.partition_point(|row| row.offset < offset))?;
            (row.offset == offset).then_some((piece, row))
        });
        let (piece, row) = found.ok_or_else(|| PyIndexError::new_err("no such record"))?;
        self.made(py, &piece.batch, row)
    }
}
