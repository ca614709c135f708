//! Out of order: the same steps again as if an event had come in order, and what that changes of what was published.
//!
//! The twin of `Timeline.rewind` and of `streams.engine.revisions` (time.md section 4). A row is known by code and
//! episode; its instant, its other segment and its existence count as a change. Does not know: how steps come about.

use std::sync::Arc;

use crate::log::{self, LogEvent, drop_rest, write_log};
use crate::msgpack::Sure;
use crate::run::Row;
use crate::state::{self, Entity, LogRow, Rest};
use crate::timeline::{Ids, Publication, Step, Timeline};

const OUTCOMES: usize = 5; // armed, met, dropped, cancelled, followed

/// retracted: with the revision of the retraction. made: new or different, with revision and step. standing: all.
struct Changes {
    retracted: Vec<LogRow>,
    made: Vec<(Row, i64, usize)>,
    standing: Vec<LogRow>,
}

impl Timeline {
    /// The steps of journey j again with the late event (instant, id), which stands in the log; what differs goes out.
    pub fn rewind(
        &mut self,
        e: &mut Entity,
        j: usize,
        late: (i64, &str),
        until: i64,
        out: &mut Vec<Publication>,
    ) -> Sure<()> {
        let (events, rows) = log::read_log(e)?;
        let base = e.base.as_deref().unwrap_or_default();
        let mut head = state::base_heads(&self.machine, base)?.swap_remove(j);
        let mut before = state::base_heads(&self.machine, base)?.swap_remove(j);
        let mut steps = Vec::new();
        let with: Vec<&LogEvent> = events.iter().collect();
        let without: Vec<&LogEvent> = events.iter().filter(|event| (event.at, &*event.id) != late).collect();
        let now = self.counting(j, &mut head, &with, until, &mut steps)?;
        let was = self.counting(j, &mut before, &without, until, &mut Vec::new())?;
        for (count, change) in self.counts[j].iter_mut().zip(recount(&was, &now)) {
            *count += change;
        }
        e.wake = self.next_due(j, &mut head);
        let standing = self.describe(j, &mut head);
        e.heads[j] = head;
        let (published, mut kept): (Vec<LogRow>, Vec<LogRow>) =
            rows.iter().partition(|row| self.journey_of(row[1]) == j);
        let changes = difference(&published, &steps, e.rest.get_or_insert_with(Rest::default));
        let ids: Ids = Arc::new([late.1.into()]);
        for gone in changes.retracted {
            let row = [gone[0], gone[1], gone[2], gone[3], 0, 0, 0];
            let ids = Arc::clone(&ids);
            out.push(Publication { row, revision: gone[4], retracted: true, cause: "late_event", standing, ids });
        }
        for (row, revision, step) in changes.made {
            let Step { standing, ids, .. } = &steps[step];
            let (standing, ids) = (*standing, Arc::clone(ids));
            out.push(Publication { row, revision, retracted: false, cause: "late_event", standing, ids });
        }
        kept.extend(changes.standing);
        write_log(e, &events, &kept);
        drop_rest(e);
        Ok(())
    }

    fn journey_of(&self, code: i64) -> usize {
        self.machine.codes[usize::try_from(code).unwrap_or(usize::MAX)].journey
    }
}

/// Rows that were published against those of the new steps; `rest` remembers what was taken back.
fn difference(before: &[LogRow], steps: &[Step], rest: &mut Rest) -> Changes {
    let same_row = |a: &LogRow, b: &Row| a[1] == b[1] && a[2] == b[2];
    let stands = |row: &LogRow| steps.iter().any(|step| step.rows.iter().any(|new| same_row(row, new)));
    let retracted: Vec<LogRow> =
        before.iter().filter(|row| !stands(row)).map(|row| [row[0], row[1], row[2], row[3], row[4] + 1]).collect();
    rest.taken_back.extend(&retracted);
    let (mut made, mut standing) = (Vec::new(), Vec::new());
    for (i, step) in steps.iter().enumerate() {
        for &row in &step.rows {
            let old = before.iter().rev().find(|old| same_row(old, &row));
            let revision = match old {
                Some(old) if old[..4] == row[..4] => {
                    standing.push(*old);
                    continue;
                }
                Some(old) => old[4] + 1,
                None => rest.revision(row[1], row[2]),
            };
            standing.push([row[0], row[1], row[2], row[3], revision]);
            made.push((row, revision, i));
        }
    }
    Changes { retracted, made, standing }
}

/// What a rewind adds to the counts of instances, so that they only go up and balance; see `revisions.recount`.
fn recount(was: &[i64], now: &[i64]) -> Vec<i64> {
    let mut out = Vec::with_capacity(now.len());
    for (was, now) in was.chunks_exact(OUTCOMES).zip(now.chunks_exact(OUTCOMES)) {
        let change: Vec<i64> = now.iter().zip(was).map(|(now, was)| now - was).collect();
        let [met, dropped, cancelled, followed] = [1, 2, 3, 4].map(|i| change[i].max(0));
        let armed = met + dropped + cancelled + change[0] - change[1] - change[2] - change[3];
        out.extend([armed.max(0), met, dropped, cancelled + (-armed).max(0), followed]);
    }
    out
}
