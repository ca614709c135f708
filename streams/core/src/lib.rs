//! The native engine as Python sees it: `Core`, one input partition, used by `streams.core.processor`.
//!
//! Here records are taken apart, the plain engine is asked about those that are not plainly in order, and effects are
//! handed over; `fetched`, `pairs` and `batches` are what Python holds besides. A fault or a panic becomes an exception;
//! the partition is of no use then.

#![deny(unsafe_code)]

mod batches;
mod envelope;
mod fetched;
mod fold;
mod instants;
mod json;
mod log;
mod msgpack;
mod pairs;
mod partition;
mod plan;
mod reader;
mod records;
mod rewind;
mod run;
mod seal;
mod state;
mod timeline;
mod timers;
mod value;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use rustc_hash::FxHashMap;

use crate::envelope::Event;
use crate::fetched::{Fetched, Records};
use crate::msgpack::{Fault, Sure};
use crate::pairs::{Origins, Pairs};
use crate::partition::{Arrived, Effects, Journaled, Partition, Plain, Rejected};
use crate::plan::Machine;

/// Entities are many small pieces; the allocator of the C library takes a third of all time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The callables of the plain engine.
struct Asked {
    read: Py<PyAny>,
    texts: Py<PyAny>,
}

impl Asked {
    fn text(&self, method: &str, args: impl for<'py> pyo3::call::PyCallArgs<'py>) -> Sure<String> {
        let ask = |py: Python<'_>| self.texts.bind(py).call_method1(method, args)?.extract();
        Python::attach(ask).map_err(|_: PyErr| Fault("the plain encoder has failed"))
    }
}

impl Plain for Asked {
    fn read(&self, kind: usize, properties: &[u8]) -> Sure<Vec<u8>> {
        let ask = |py: Python<'_>| self.read.bind(py).call1((kind, PyBytes::new(py, properties)))?.extract();
        Python::attach(ask).map_err(|_: PyErr| Fault("the plain reader has failed"))
    }

    fn path(&self, code: usize, mask: i64) -> Sure<String> {
        self.text("path", (code, mask))
    }

    fn also(&self, code: usize, mask: i64) -> Sure<String> {
        self.text("also", (code, mask))
    }

    fn week(&self, week: i64) -> Sure<String> {
        self.text("week", (week,))
    }
}

/// No panic crosses into Python.
fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(PyRuntimeError::new_err("the engine has panicked")))
}

fn sure<T>(found: Sure<T>) -> PyResult<T> {
    found.map_err(|Fault(why)| PyRuntimeError::new_err(why))
}

#[pyclass]
struct Core {
    partition: Partition,
    asked: Asked,
    decode: Py<PyAny>,
}

type Fields = (String, String, Option<String>, Option<i64>, Vec<u8>); // id, type, account, occurred, properties

impl Core {
    /// The event in a record, or why there is none. whole: the record as Python sees it.
    fn event<'a, 'py>(
        &self,
        record: &Fetched<'a>,
        whole: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Result<Event<'a>, Rejected>> {
        if let (Some(names), Some(value)) = (&self.partition.machine.names, record.value)
            && let Some(event) = envelope::read(value, record.key.unwrap_or_default(), names)
        {
            return Ok(Ok(event));
        }
        let whole = whole()?;
        let found = self.decode.bind(whole.py()).call1((whole,))?;
        if found.len()? == 2 {
            return Ok(Err(found.extract()?));
        }
        let (id, name, account, occurred, properties): Fields = found.extract()?;
        let (id, name, account) = (Cow::Owned(id), Cow::Owned(name), account.map(Cow::Owned));
        Ok(Ok(Event { id, name, account, occurred, properties: Cow::Owned(properties) }))
    }

    /// (budget used, was it taken).
    fn take<'py>(
        &mut self,
        record: &Fetched<'_>,
        whole: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
        decided: Option<&String>,
        budget: usize,
    ) -> PyResult<(usize, bool)> {
        if let Some(reason) = decided {
            self.partition.decide(record.offset, reason);
            return Ok((1, true));
        }
        let event = self.event(record, whole)?;
        let Fetched { offset, timestamp, key, .. } = *record;
        sure(self.partition.take(
            &Arrived { offset, timestamp, key: key.unwrap_or_default() },
            event,
            budget,
            &self.asked,
        ))
    }
}

#[pymethods]
impl Core {
    /// document: JSON, see `plan.rs`. decode, read, texts: the plain engine's, see `streams.core.processor`.
    #[new]
    fn new(document: &[u8], gauges: usize, decode: Py<PyAny>, read: Py<PyAny>, texts: Py<PyAny>) -> PyResult<Self> {
        let machine = Machine::read(document).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let mut partition = Partition::new(Arc::new(machine));
        partition.gauges = vec![0; gauges];
        Ok(Self { partition, asked: Asked { read, texts }, decode })
    }

    /// records: as they were fetched, or a sequence of objects with their fields.
    #[allow(clippy::needless_pass_by_value)] // PyO3 hands over what it has converted
    fn apply(
        &mut self,
        py: Python<'_>,
        records: &Bound<'_, PyAny>,
        decisions: FxHashMap<i64, String>,
        budget: usize,
    ) -> PyResult<usize> {
        guarded(|| {
            let (mut used, mut taken) = (0, 0);
            if let Ok(records) = records.cast::<Records>() {
                let records = records.get();
                for record in records.iter() {
                    if used >= budget {
                        break;
                    }
                    let whole = || Ok(Bound::new(py, records.record(py, taken)?)?.into_any());
                    let (more, done) = self.take(&record, whole, decisions.get(&record.offset), budget - used)?;
                    used += more;
                    if !done {
                        break;
                    }
                    taken += 1;
                }
                return Ok(taken);
            }
            for record in records.try_iter()? {
                if used >= budget {
                    break;
                }
                let record = record?;
                let (key, value) = (record.getattr(intern!(py, "key"))?, record.getattr(intern!(py, "value"))?);
                let fetched = Fetched {
                    offset: record.getattr(intern!(py, "offset"))?.extract()?,
                    timestamp: record.getattr(intern!(py, "timestamp"))?.extract()?,
                    key: key.extract()?,
                    value: value.extract()?,
                };
                let whole = || Ok(record.clone());
                let (more, done) = self.take(&fetched, whole, decisions.get(&fetched.offset), budget - used)?;
                used += more;
                if !done {
                    break;
                }
                taken += 1;
            }
            Ok(taken)
        })
    }

    fn tick(&mut self, clock: i64) {
        self.partition.tick(clock);
    }

    fn due(&self) -> bool {
        self.partition.due()
    }

    fn advance(&mut self, budget: usize) -> PyResult<bool> {
        guarded(|| sure(self.partition.advance(budget, &self.asked)))
    }

    /// A record of the journal that the caller has written.
    fn note(&mut self, record: Vec<u8>) {
        self.partition.effects.journal.push(Journaled::Definitions(self.partition.next_offset, record));
    }

    fn seal<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        guarded(|| {
            let instances = self.partition.instances();
            let effects = sure(self.partition.seal())?;
            Self::hand_over(py, effects, instances)
        })
    }

    fn load(&mut self, rows: &Bound<'_, PyAny>) -> PyResult<()> {
        for row in rows.try_iter()? {
            let row = row?;
            let (key, state): (Bound<'_, PyAny>, Bound<'_, PyAny>) = row.extract()?;
            self.partition.load(key.extract()?, state.extract()?);
        }
        Ok(())
    }

    fn loaded(&mut self, clock: i64, next_offset: i64, gauges: Vec<i64>) -> PyResult<()> {
        sure(self.partition.loaded(clock, next_offset, gauges))
    }

    /// (records, due steps, bytes of transitions) since the last seal.
    #[getter]
    fn pending(&self) -> (usize, usize, usize) {
        let effects = &self.partition.effects;
        (effects.records, effects.steps, effects.transitions.bytes.len())
    }

    #[getter]
    fn clock(&self) -> i64 {
        self.partition.clock
    }

    #[getter]
    fn next_offset(&self) -> i64 {
        self.partition.next_offset
    }

    #[getter]
    fn entities(&self) -> usize {
        self.partition.entities()
    }

    #[getter]
    fn timers(&self) -> usize {
        self.partition.timers()
    }

    #[getter]
    fn gauges(&self) -> Vec<i64> {
        self.partition.gauges.clone()
    }

    /// Keys of the entities of which a due step has failed, in order.
    #[getter]
    fn frozen<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.partition.frozen.iter().map(|key| PyBytes::new(py, key)).collect()
    }
}

impl Core {
    /// `Sealed` of native.pyi.
    fn hand_over(py: Python<'_>, effects: Effects, instances: Vec<i64>) -> PyResult<Bound<'_, PyTuple>> {
        let bytes = |found: &[u8]| PyBytes::new(py, found);
        let pairs = (effects.transitions, Origins(effects.origins), effects.members, effects.states);
        let journal = PyList::empty(py);
        for entry in &effects.journal {
            match entry {
                Journaled::Clock(before, clock) => journal.append((before, clock))?,
                Journaled::Rejection(offset, reason) => journal.append((offset, reason))?,
                Journaled::Definitions(before, record) => journal.append((before, bytes(record)))?,
            }
        }
        let frozen: Vec<_> = effects.frozen.iter().map(|(key, at, why)| (bytes(key), *at, why.clone())).collect();
        let counters = PyList::empty(py);
        for counted in [&effects.first, &effects.revised, &effects.retracted] {
            let dict = PyDict::new(py);
            for (code, n) in counted {
                dict.set_item(code, n)?;
            }
            counters.append(dict)?;
        }
        let told = (effects.rejected, effects.late, journal, frozen);
        let facts = (effects.results.to_vec(), counters, effects.durations, instances);
        (pairs, told, facts).into_pyobject(py)
    }
}

#[pymodule]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Core>()?;
    module.add_class::<batches::RecordBatch>()?;
    module.add_class::<fetched::InputRecord>()?;
    module.add_class::<Records>()?;
    module.add_class::<Origins>()?;
    module.add_class::<Pairs>()?;
    module.add_function(wrap_pyfunction!(batches::pack, module)?)?;
    module.add_function(wrap_pyfunction!(batches::pack_transitions, module)?)
}
