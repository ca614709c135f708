//! Transition and member records: the bytes of `streams.codec.transition` and `streams.codec.member`.
//!
//! Constant texts come from those two; what depends on a mask is asked of them once and remembered. Does not know:
//! when a record is due.

use rustc_hash::FxHashMap;

use crate::instants;
use crate::json::write_string;
use crate::plan::{Code, Machine, Member};
use crate::timeline::{Publication, Standing};

const EVENT_IDS_KEPT: usize = 8;

/// Texts that depend on a number: of the funnel by code and mask, of `also_matched` by code and mask, of a week.
#[derive(Default)]
pub struct Texts {
    pub paths: FxHashMap<(usize, i64), String>,
    pub also: FxHashMap<(usize, i64), String>,
    pub weeks: FxHashMap<i64, String>,
}

/// What all records of one step share.
pub struct Shared<'a> {
    pub entity: &'a str,
    pub account: Option<&'a str>,
    pub decided_at: i64,
}

fn whole(out: &mut Vec<u8>, n: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// Whole seconds without a point, else with milliseconds.
fn seconds(out: &mut Vec<u8>, ms: i64) {
    whole(out, ms.div_euclid(1_000));
    let millis = ms.rem_euclid(1_000);
    if millis != 0 {
        out.extend_from_slice(format!(".{millis:03}").trim_end_matches('0').as_bytes());
    }
}

fn transition_id(code: &Code, entity: &str, episode: i64) -> [u8; 32] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut seed = Vec::with_capacity(code.seed.len() + entity.len() + 8);
    seed.extend_from_slice(code.seed.as_bytes());
    seed.push(0);
    seed.extend_from_slice(entity.as_bytes());
    seed.push(0);
    whole(&mut seed, episode);
    let digest = blake2b_simd::Params::new().hash_length(16).hash(&seed);
    let mut out = [0; 32];
    for (pair, byte) in out.chunks_exact_mut(2).zip(digest.as_bytes()) {
        pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    out
}

/// One transition record, appended.
pub fn transition(out: &mut Vec<u8>, machine: &Machine, texts: &Texts, shared: &Shared, p: &Publication) {
    let [at, code, episode, other, previous, anchor, also] = p.row;
    let place = usize::try_from(code).unwrap_or(usize::MAX);
    let (code, Standing { path, week, complete, .. }) = (&machine.codes[place], p.standing);
    out.extend_from_slice(b"{\"transition_id\":\"");
    out.extend_from_slice(&transition_id(code, shared.entity, episode));
    out.extend_from_slice(b"\",\"revision\":");
    whole(out, p.revision);
    out.extend_from_slice(if p.retracted { b",\"retracted\":true" } else { b",\"retracted\":false" });
    out.extend_from_slice(code.before.as_bytes());
    write_string(out, shared.entity);
    out.extend_from_slice(b",\"account_id\":");
    match shared.account {
        Some(account) => write_string(out, account),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(code.rule.as_bytes());
    whole(out, episode);
    out.extend_from_slice(code.sides[usize::try_from(other).unwrap_or(usize::MAX)].as_bytes());
    out.extend_from_slice(code.edge.as_bytes());
    instants::write(out, at);
    out.extend_from_slice(b"\",\"decided_at\":\"");
    instants::write(out, shared.decided_at);
    out.extend_from_slice(b"\",\"cause\":\"");
    out.extend_from_slice(p.cause.as_bytes());
    out.extend_from_slice(b"\",\"evidence\":{\"anchor_at\":");
    if anchor != 0 && code.anchored {
        quoted_instant(out, anchor);
    } else {
        out.extend_from_slice(b"null");
    }
    out.extend_from_slice(b",\"event_ids\":[");
    for (i, id) in p.ids.iter().take(EVENT_IDS_KEPT).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_string(out, id);
    }
    out.extend_from_slice(b"]}");
    out.extend_from_slice(texts.paths[&(place, path)].as_bytes());
    if previous == 0 {
        out.extend_from_slice(b"null");
    } else {
        seconds(out, at - previous);
    }
    out.extend_from_slice(b",\"cohort\":\"");
    out.extend_from_slice(texts.weeks[&week].as_bytes());
    out.extend_from_slice(if complete { b"\",\"complete\":true" } else { b"\",\"complete\":false" });
    out.extend_from_slice(b",\"also_matched\":");
    match also {
        0 => out.extend_from_slice(b"[]"),
        _ => out.extend_from_slice(texts.also[&(place, also)].as_bytes()),
    }
    out.push(b'}');
}

fn quoted_instant(out: &mut Vec<u8>, ms: i64) {
    out.push(b'"');
    instants::write(out, ms);
    out.push(b'"');
}

/// Where an entity is in a journey; None: nowhere. places: since when it is in each, or 0.
pub fn member(parts: &Member, entity: &str, places: &[i64], complete: bool, updated_at: i64) -> Option<Vec<u8>> {
    if places.iter().all(|since| *since == 0) {
        return None;
    }
    let mut lists: [Vec<u8>; 3] = [const { Vec::new() }; 3];
    let mut groups: Vec<&str> = vec!["null"; parts.groups.len()];
    for ((kind, name, group), since) in parts.places.iter().zip(places).filter(|(_, since)| **since != 0) {
        let list = &mut lists[*kind];
        if !list.is_empty() {
            list.push(b',');
        }
        list.extend_from_slice(name.as_bytes());
        list.push(b':');
        quoted_instant(list, *since);
        if let Some(group) = group {
            groups[*group] = name;
        }
    }
    let told: Vec<String> = parts.groups.iter().zip(groups).map(|(group, name)| format!("{group}:{name}")).collect();
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(parts.head.as_bytes());
    write_string(&mut out, entity);
    out.extend_from_slice(b",\"segments\":{");
    out.extend_from_slice(&lists[0]);
    out.extend_from_slice(b"},\"groups\":{");
    out.extend_from_slice(told.join(",").as_bytes());
    out.extend_from_slice(b"},\"milestones\":{");
    out.extend_from_slice(&lists[1]);
    out.extend_from_slice(b"},\"dropped\":{");
    out.extend_from_slice(&lists[2]);
    out.extend_from_slice(if complete { b"},\"complete\":true" } else { b"},\"complete\":false" });
    out.extend_from_slice(b",\"updated_at\":");
    quoted_instant(&mut out, updated_at);
    out.push(b'}');
    Some(out)
}
