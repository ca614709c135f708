//! The native engine as Python sees it: `Core`, one input partition, used by `streams.core.processor`.
//!
//! Only this file knows Python. It takes records apart, asks the plain engine about those that are not plainly in
//! order, and hands effects over. A fault or a panic becomes an exception; the partition is of no use then.

#![deny(unsafe_code)]

mod batches;
mod envelope;
mod fold;
mod instants;
mod json;
mod log;
mod msgpack;
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

use crate::envelope::Event;
use crate::msgpack::{Fault, Sure};
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
    /// The event in a record, or why there is none.
    fn event<'a>(
        &self,
        record: &Bound<'_, PyAny>,
        key: &[u8],
        value: Option<&'a [u8]>,
    ) -> PyResult<Result<Event<'a>, Rejected>> {
        if let (Some(names), Some(value)) = (&self.partition.machine.names, value)
            && let Some(event) = envelope::read(value, key, names)
        {
            return Ok(Ok(event));
        }
        let found = self.decode.bind(record.py()).call1((record,))?;
        if found.len()? == 2 {
            return Ok(Err(found.extract()?));
        }
        let (id, name, account, occurred, properties): Fields = found.extract()?;
        let (id, name, account) = (Cow::Owned(id), Cow::Owned(name), account.map(Cow::Owned));
        Ok(Ok(Event { id, name, account, occurred, properties: Cow::Owned(properties) }))
    }

    fn take(
        &mut self,
        record: &Bound<'_, PyAny>,
        decisions: &Bound<'_, PyAny>,
        budget: usize,
    ) -> PyResult<(usize, bool)> {
        let py = record.py();
        let offset = record.getattr(intern!(py, "offset"))?.extract()?;
        if decisions.len()? > 0 && decisions.contains(offset)? {
            let reason: String = decisions.get_item(offset)?.extract()?;
            self.partition.decide(offset, &reason);
            return Ok((1, true));
        }
        let (key, value) = (record.getattr(intern!(py, "key"))?, record.getattr(intern!(py, "value"))?);
        let key: &[u8] = key.extract::<Option<&[u8]>>()?.unwrap_or_default();
        let event = self.event(record, key, value.extract()?)?;
        let arrived = Arrived { offset, timestamp: record.getattr(intern!(py, "timestamp"))?.extract()?, key };
        sure(self.partition.take(&arrived, event, budget, &self.asked))
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

    fn apply(&mut self, records: &Bound<'_, PyAny>, decisions: &Bound<'_, PyAny>, budget: usize) -> PyResult<usize> {
        guarded(|| {
            let (mut used, mut taken) = (0, 0);
            for record in records.try_iter()? {
                if used >= budget {
                    break;
                }
                let (more, done) = self.take(&record?, decisions, budget - used)?;
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
            self.hand_over(py, effects, instances)
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
        (effects.records, effects.steps, effects.bytes.len())
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
    /// The fields of `streams.core.processor.Sealed`.
    fn hand_over<'py>(&self, py: Python<'py>, effects: Effects, instances: Vec<i64>) -> PyResult<Bound<'py, PyTuple>> {
        let bytes = |found: &[u8]| PyBytes::new(py, found);
        let (transitions, mut begin) = (PyList::empty(py), 0);
        for (key, end) in &effects.transitions {
            transitions.append((bytes(key), bytes(&effects.bytes[begin..*end])))?;
            begin = *end;
        }
        let states = PyList::empty(py);
        for key in &effects.states {
            states.append((bytes(key), bytes(self.partition.state(key).unwrap_or_default())))?;
        }
        let members = PyList::empty(py);
        for (key, record) in &effects.members {
            members.append((bytes(key), record.as_deref().map(bytes)))?;
        }
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
        (transitions, effects.origins, members, states, told, facts).into_pyobject(py)
    }
}

#[pymodule]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Core>()?;
    module.add_class::<batches::RecordBatch>()?;
    module.add_function(wrap_pyfunction!(batches::pack, module)?)?;
    module.add_function(wrap_pyfunction!(batches::pack_transitions, module)?)
}
