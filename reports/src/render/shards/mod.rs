//! Sentences about the processes that shared a run, and about when they began. They may hold any
//! text, since they come from files.

mod names;
mod places;

pub(super) use places::machine;

use self::names::named;
use super::tone::Tone;
use crate::{
    human::{bytes, count, nanoseconds, seconds},
    merge::MissingShards,
    model::{ClockRecord, Report, ShardRecord, StartRecord},
};

/// Something to know about the shards of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShardFact {
    /// A name in lower case, at most 9 characters.
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl ShardFact {
    fn plain(name: &'static str, text: String) -> Self {
        Self { name, text, tone: Tone::Plain }
    }

    fn doubtful(name: &'static str, text: String) -> Self {
        Self { name, text, tone: Tone::Doubtful }
    }
}

/// Most shards that a sentence is about one by one.
const NAMED: usize = 5;

/// Everything to know about shards and their start. Empty if one process had all clients and began
/// at no planned instant.
pub(super) fn facts(report: &Report) -> Vec<ShardFact> {
    let mut facts = match report.shards.as_slice() {
        [] => report.start.iter().flat_map(begin).collect(),
        [shard] => of_one(report, shard),
        shards => of_several(report, shards),
    };
    facts.extend(open_deliveries(report));
    facts
}

/// Deliveries of rooms that shards cut, whose fate only a merge of all shards can tell. `None`
/// without any.
fn open_deliveries(report: &Report) -> Option<ShardFact> {
    let rooms = report.unresolved.rooms.as_ref()?;
    let each = rooms.open.iter().map(|open| u64::from(open.sequences.numbers).saturating_mul(open.receivers.into()));
    let all = each.fold(rooms.open_not_kept, u64::saturating_add);
    (all > 0).then(|| {
        let text = format!("{} deliveries did not come, and their senders are on other shards", count(all));
        ShardFact::plain("open", text)
    })
}

/// A shard that is the whole of its result.
fn of_one(report: &Report, shard: &ShardRecord) -> Vec<ShardFact> {
    let [number, of] = [shard.number, shard.of].map(|n| count(n.into()));
    let clients = format!("{} of {} clients", count(shard.all_clients()), count(report.plan.clients()));
    let part = if report.partial {
        format!("{number} of {of}, with {clients}: a part of the run, and loadgen merge makes the whole of all parts")
    } else {
        format!("{number} of {of}, with {clients}")
    };
    std::iter::once(ShardFact::plain("shard", part)).chain(begin(&shard.start)).collect()
}

/// When one process began, and what its clock is worth.
fn begin(start: &StartRecord) -> Vec<ShardFact> {
    let (Some(planned), Some(error)) = (&start.planned, start.error_s) else { return vec![clock(start)] };
    let beside = beside(error);
    let tone = if start.is_late() { Tone::Doubtful } else { Tone::Plain };
    let mut facts = vec![ShardFact { name: "start", text: format!("{beside} {planned}"), tone }];
    if !start.ready {
        let text = "not every connection had been tried at the planned instant".to_owned();
        facts.push(ShardFact::doubtful("not ready", text));
    }
    facts.push(clock(start));
    facts
}

/// `1.20 ms after`, `3 s before`, or `at` if a clock hardly tells them apart.
fn beside(error_s: f64) -> String {
    match error_s {
        error if error.abs() < 1e-6 => "at".to_owned(),
        error if error < 0.0 => format!("{} before", seconds(-error)),
        error => format!("{} after", seconds(error)),
    }
}

fn clock(start: &StartRecord) -> ShardFact {
    match start.clock {
        Some(ClockRecord { synchronized: true, offset_s, max_error_s }) => {
            let way = if offset_s < 0.0 { "ahead" } else { "behind" };
            let [offset, most] = [offset_s.abs(), max_error_s].map(time);
            ShardFact::plain("clock", format!("{offset} {way} when last measured, {most} off at most"))
        }
        Some(_) => ShardFact::doubtful("clock", "no time service keeps it in step".to_owned()),
        None => ShardFact::plain("clock", "the system does not tell how far it is off".to_owned()),
    }
}

/// A time of a clock, which has more digits than a plan.
fn time(s: f64) -> String {
    nanoseconds((s * 1e9).round())
}

/// The shards of a merged result.
fn of_several(report: &Report, shards: &[ShardRecord]) -> Vec<ShardFact> {
    let mut facts = vec![number_of(report, shards)];
    facts.extend(start_of_all(report));
    let with = |is: fn(&ShardRecord) -> bool| shards.iter().filter(move |shard| is(shard));
    let late = with(|shard| shard.start.is_late());
    facts.extend(each("late", late, |shard| shard.start.error_s.map_or_else(String::new, seconds)));
    let unready = named(with(|shard| shard.start.planned.is_some() && !shard.start.ready).map(number));
    facts.extend(unready.map(|names| {
        let text = format!("{names}: not every connection had been tried at the planned instant");
        ShardFact::doubtful("not ready", text)
    }));
    let interrupted = with(|shard| shard.interrupted);
    facts.extend(each("stopped", interrupted, |shard| format!("after {}", seconds(shard.measured_s))));
    facts.push(clocks(shards));
    facts.extend(places::elsewhere(report).map(|text| ShardFact::plain("machines", text)));
    facts
}

/// How many shards there are, and which are missing.
fn number_of(report: &Report, shards: &[ShardRecord]) -> ShardFact {
    let here = count(shards.len() as u64);
    match MissingShards::beside(shards).filter(|_| report.partial) {
        Some(missing) => ShardFact::doubtful("shards", format!("{here} merged; {missing}")),
        None => ShardFact::plain("shards", here),
    }
}

fn number(shard: &ShardRecord) -> u32 {
    shard.number
}

/// How far apart the shards began, and when the last did. They have no instant in common if each
/// counted from its own beginning.
fn start_of_all(report: &Report) -> Option<ShardFact> {
    let spread = time(report.start_spread_s()?);
    let start = report.start.as_ref();
    let is_common = report.shards.windows(2).all(|pair| pair[0].start.planned == pair[1].start.planned);
    let latest = match start.and_then(|start| Some((start.error_s?, start.planned.as_ref()?))) {
        Some((error, planned)) if is_common => format!(", the last {} {planned}", beside(error)),
        _ => String::new(),
    };
    Some(ShardFact::plain("start", format!("within {spread} of each other{latest}")))
}

/// A fact about each of some shards. `None` without any.
fn each<'a>(
    name: &'static str,
    shards: impl Iterator<Item = &'a ShardRecord>,
    what: impl Fn(&ShardRecord) -> String,
) -> Option<ShardFact> {
    let all: Vec<_> = shards.collect();
    let mut texts: Vec<String> =
        all.iter().take(NAMED).map(|shard| format!("shard {} {}", count(shard.number.into()), what(shard))).collect();
    if all.len() > NAMED {
        texts.push(format!("{} more", count((all.len() - NAMED) as u64)));
    }
    (!texts.is_empty()).then(|| ShardFact::doubtful(name, texts.join(", ")))
}

/// What the clocks are worth, the worst last.
fn clocks(shards: &[ShardRecord]) -> ShardFact {
    let kept = shards.iter().filter_map(|shard| shard.start.clock.filter(|clock| clock.synchronized));
    let worst = kept.map(|clock| clock.max_error_s).reduce(f64::max);
    let loose = shards.iter().filter(|shard| shard.start.clock.is_some_and(|clock| !clock.synchronized));
    let silent = shards.iter().filter(|shard| shard.start.clock.is_none());
    let (loose, silent) = (named(loose.map(number)), named(silent.map(number)));
    let tone = if loose.is_some() { Tone::Doubtful } else { Tone::Plain };
    let said = [
        worst.map(|worst| format!("{} off at most", time(worst))),
        loose.map(|names| format!("not kept in step: {names}")),
        silent.map(|names| format!("not told: {names}")),
    ];
    ShardFact { name: "clocks", text: said.into_iter().flatten().collect::<Vec<_>>().join("; "), tone }
}

/// The largest resident memory of the generator, which had several processes if shards were merged.
pub(super) fn peak(report: &Report) -> String {
    let of = if report.shards.len() > 1 { " in the largest shard" } else { "" };
    format!("{}{of}", bytes(report.generator.peak_rss_bytes as f64))
}

#[cfg(test)]
mod tests;
