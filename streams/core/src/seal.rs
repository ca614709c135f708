//! What a partition tells: publications become records as they come, states and members when the outcome is sealed.
//!
//! Part of `Partition`, whose rules hold. Does not know: how publications come about.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::msgpack::{Fault, Sure};
use crate::partition::{Effects, Partition, Plain, Stored, Touched, UNTOUCHED};
use crate::records::{self, Shared};
use crate::timeline::Publication;

impl Partition {
    /// What the last step has published becomes records.
    pub fn publish(&mut self, place: usize, decided_at: i64, cause: i64, plain: &dyn Plain) -> Sure<()> {
        if self.publications.is_empty() {
            return Ok(());
        }
        self.know_texts(plain)?;
        let Some(touched) = &mut self.touched[place] else { unreachable!("it has published") };
        if touched.moved.is_empty() {
            self.moved.push(place);
        }
        let entity = std::str::from_utf8(&touched.key).map_err(|_| Fault("a key is not UTF-8"))?;
        let shared = Shared { entity, account: touched.entity.account.as_deref(), decided_at };
        let effects = &mut self.effects;
        for p in self.publications.drain(..) {
            records::transition(&mut effects.transitions.bytes, &self.machine, &self.texts, &shared, &p);
            effects.transitions.close(Arc::clone(&touched.key));
            let [at, number, .., anchor, _] = p.row;
            effects.origins.push((at, cause));
            let code = &self.machine.codes[usize::try_from(number).unwrap_or(usize::MAX)];
            let counted = match p {
                Publication { retracted: true, .. } => &mut effects.retracted,
                Publication { revision: 0, .. } => &mut effects.first,
                _ => &mut effects.revised,
            };
            *counted.entry(number).or_default() += 1;
            if code.timed && p.revision == 0 && 0 < anchor && anchor <= at {
                effects.durations.push((number, at - anchor));
            }
            let complete = self.timeline.describe(code.journey, &mut touched.entity.heads[code.journey]).complete;
            touched.moved.retain(|(journey, ..)| *journey != code.journey);
            touched.moved.push((code.journey, decided_at, complete));
        }
        Ok(())
    }

    /// Texts that the records of `publications` need.
    fn know_texts(&mut self, plain: &dyn Plain) -> Sure<()> {
        for p in &self.publications {
            let (code, also) = (usize::try_from(p.row[1]).unwrap_or(usize::MAX), p.row[6]);
            let path = (code, p.standing.path);
            if let Entry::Vacant(place) = self.texts.paths.entry(path) {
                place.insert(plain.path(code, p.standing.path)?);
            }
            if also != 0
                && let Entry::Vacant(place) = self.texts.also.entry((code, also))
            {
                place.insert(plain.also(code, also)?);
            }
            if let Entry::Vacant(place) = self.texts.weeks.entry(p.standing.week) {
                place.insert(plain.week(p.standing.week)?);
            }
        }
        Ok(())
    }

    /// Everything since the last seal; touched states become bytes, and what has changed about them is told.
    pub fn seal(&mut self) -> Sure<Effects> {
        if self.ticked {
            self.journal_tick();
        }
        self.tell_members()?;
        for touched in std::mem::take(&mut self.touched).into_iter().flatten() {
            let Touched { key, mut entity, .. } = touched;
            let now = self.timeline.census(&mut entity);
            if now != entity.census {
                self.shift(&entity.census, &now);
                entity.census = now;
            }
            self.entry.clear();
            entity.write(&self.machine, &mut self.entry);
            if let Some(stored) = self.entities.get_mut(&key) {
                *stored = Stored { state: self.entry.as_slice().into(), touched: UNTOUCHED };
            }
            self.effects.states.push(key, Some(&self.entry));
        }
        Ok(std::mem::take(&mut self.effects))
    }

    fn tell_members(&mut self) -> Sure<()> {
        for place in std::mem::take(&mut self.moved) {
            let Some(touched) = &mut self.touched[place] else { continue };
            let key = std::str::from_utf8(&touched.key).map_err(|_| Fault("a key is not UTF-8"))?;
            touched.moved.sort_unstable();
            for &(j, at, complete) in &touched.moved {
                let (head, parts) = (&mut touched.entity.heads[j], &self.machine.members[j]);
                let record = records::member(parts, key, self.timeline.places(j, head), complete, at);
                let prefixed = [parts.prefix.as_bytes(), touched.key.as_ref()].concat();
                self.effects.members.push(prefixed.into(), record.as_deref());
            }
        }
        Ok(())
    }

    /// An entity is something else than before, bit by bit of the census.
    fn shift(&mut self, before: &[u8], now: &[u8]) {
        for (bit, gauge) in self.gauges.iter_mut().enumerate() {
            let is = |census: &[u8]| census.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
            *gauge += i64::from(is(now)) - i64::from(is(before));
        }
    }
}
