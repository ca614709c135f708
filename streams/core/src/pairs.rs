//! What an outcome holds, handed to Python as sequences: their items become objects only where somebody asks for them.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Keys and values, a missing one being None, in one piece of memory.
#[pyclass(frozen, sequence)]
#[derive(Default)]
pub struct Pairs {
    pub bytes: Vec<u8>,
    rows: Vec<(Arc<[u8]>, Option<usize>)>, // where the value ends, which begins where the one before has ended
}

type Pair<'py> = (Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>);

impl Pairs {
    pub fn push(&mut self, key: Arc<[u8]>, value: Option<&[u8]>) {
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.rows.push((key, value.map(|_| self.bytes.len())));
    }

    /// The value is what was written to `bytes` since the one before.
    pub fn close(&mut self, key: Arc<[u8]>) {
        self.rows.push((key, Some(self.bytes.len())));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let mut begin = 0;
        self.rows.iter().map(move |(key, end)| {
            let value = end.map(|end| &self.bytes[begin..end]);
            begin = end.unwrap_or(begin);
            (&**key, value)
        })
    }
}

#[pymethods]
impl Pairs {
    #[new]
    fn new(rows: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Self {
        let mut made = Self::default();
        for (key, value) in rows {
            made.push(key.into(), value.as_deref());
        }
        made
    }

    fn __len__(&self) -> usize {
        self.rows.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Pair<'py>> {
        let (key, end) = self.rows.get(place).ok_or_else(|| PyIndexError::new_err("no such pair"))?;
        let begin = self.rows[..place].iter().rev().find_map(|(_, end)| *end).unwrap_or(0);
        Ok((PyBytes::new(py, key), end.map(|end| PyBytes::new(py, &self.bytes[begin..end]))))
    }
}

/// Of each transition, its instant and the offset of the record that caused it.
#[pyclass(frozen, sequence)]
pub struct Origins(pub Vec<(i64, i64)>);

#[pymethods]
impl Origins {
    #[new]
    fn new(rows: Vec<(i64, i64)>) -> Self {
        Self(rows)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __getitem__(&self, place: usize) -> PyResult<(i64, i64)> {
        self.0.get(place).copied().ok_or_else(|| PyIndexError::new_err("no such transition"))
    }
}
