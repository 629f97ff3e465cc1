//! A publisher of a room that has members here.

use std::ops::Range;

use super::open_messages::{OpenMessage, OpenMessages};
use crate::{
    clock::Time,
    ledger::Ranges,
    plan::OwnCopy,
    rooms::{Delivery, Heard, Membership, Publisher, SenderEnd, SenderFates, SenderRecord, Timetable},
};

/// A publisher of a room that has members here. It may be a client of another worker.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) client: u32,
    pub(super) group: u32,
    pub(super) rank: u32,
    pub(super) own: OwnCopy,
    /// Its messages were due up to `next`, without those that were dropped. Of a client of another
    /// worker that is known once the drain has begun.
    pub(super) is_known: bool,
    /// It is a client of this worker.
    pub(super) is_here: bool,
    /// It is a client of another shard, whose clock is not this one.
    pub(super) other_shard: bool,
    pub(super) next: u32,
    /// Messages that the plan has of it.
    planned: u32,
    /// The first that is due in the measured phase.
    pub(super) measured_from: u32,
    /// When it joined, as a receiver here. Never if it has not, or its connection ended.
    pub(super) joined: Time,
    /// The message that was asked for last, and when it is due. Most often the next event is about
    /// the same one.
    last: (u32, Time),
    /// The highest number that came to a receiver, as far as that is known.
    pub(super) highest: Option<u32>,
    pub(super) open: OpenMessages,
    rare: Option<Box<RareState>>,
}

/// What few senders have.
#[derive(Debug, Default)]
pub(super) struct RareState {
    /// Messages that were due, and never sent.
    pub(super) dropped: Ranges,
    /// Its sessions that ended, as far as that is known, without those in which nothing was due.
    ends: Vec<EndedSession>,
    pub(super) lost: Ranges,
    pub(super) damaged: Ranges,
    pub(super) undetermined: Ranges,
    pub(super) undetermined_by_plan: Ranges,
}

/// A session that ended. What was written just before may never have reached the server.
#[derive(Clone, Copy, Debug)]
struct EndedSession {
    end: SenderEnd,
    /// The end of what came to a receiver, as far as that is known.
    heard: u32,
}

/// Messages in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentPart {
    pub(super) numbers: Range<u32>,
    /// Nobody knows whether the server had them: the connection ended, by plan or not, and nobody
    /// heard them or a later one of that session.
    pub(super) doubt: Option<bool>,
}

impl Sender {
    pub(super) fn new(membership: &Membership, number: u32) -> Self {
        let Publisher { client, group, rank } = membership.publisher(number);
        Self {
            client,
            group,
            rank,
            own: membership.own(group as usize),
            is_known: false,
            is_here: false,
            other_shard: false,
            next: 0,
            planned: 0,
            measured_from: 0,
            joined: Time::NEVER,
            last: (u32::MAX, Time::NEVER),
            highest: None,
            open: OpenMessages::default(),
            rare: None,
        }
    }

    pub(super) fn begin(&mut self, timetable: &Timetable) {
        self.planned = narrow(timetable.planned(self.group as usize, self.rank));
        self.measured_from = self.due_before(timetable, timetable.measured_from());
    }

    /// Messages that are due before `time`.
    pub(super) fn due_before(&self, timetable: &Timetable, time: Time) -> u32 {
        narrow(timetable.due_before(self.group as usize, self.rank, time))
    }

    /// When a message is due that the plan has.
    #[inline]
    pub(super) fn due(&mut self, timetable: &Timetable, sequence: u32) -> Time {
        if self.last.0 != sequence {
            self.last = (sequence, timetable.due(self.group as usize, self.rank, sequence.into()));
        }
        self.last.1
    }

    /// The message with this sequence, and when it was due, if it was sent by `at` as far as that
    /// is known. By the clock of another shard it may be due earlier.
    #[inline]
    pub(super) fn sent(&mut self, timetable: &Timetable, sequence: u64, at: Time) -> Option<(u32, Time)> {
        let sequence = u32::try_from(sequence).ok().filter(|&sequence| sequence < self.planned)?;
        if self.is_known && sequence >= self.next {
            return None;
        }
        let due = self.due(timetable, sequence);
        ((due <= at || self.other_shard) && !self.was_dropped(sequence)).then_some((sequence, due))
    }

    #[inline]
    fn was_dropped(&self, sequence: u32) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.dropped.contains(sequence))
    }

    /// The end of the dropped messages in a row from `sequence` on.
    #[inline]
    pub(super) fn end_of_gap(&self, sequence: u32) -> Option<u32> {
        let dropped = &self.rare.as_ref()?.dropped;
        let gap = dropped.gaps(sequence..u32::MAX).next();
        gap.map(|sent| sent.start).filter(|&end| end > sequence)
    }

    /// The parts of a range that were not dropped.
    pub(super) fn sent_of(&self, range: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        let (whole, parts) = match &self.rare {
            Some(rare) => (None, Some(rare.dropped.gaps(range))),
            None => (Some(range), None),
        };
        whole.into_iter().chain(parts.into_iter().flatten())
    }

    /// Its connection ended.
    pub(super) fn end_session(&mut self, by_plan: bool) {
        self.joined = Time::NEVER;
        self.add_end(SenderEnd { before: self.next, by_plan });
    }

    /// Learns that a session ended.
    pub(super) fn add_end(&mut self, end: SenderEnd) {
        let known = self.ends().last().map_or(0, |last| last.end.before);
        if end.before > known {
            self.rare().ends.push(EndedSession { end, heard: 0 });
        }
    }

    /// Its sessions that ended, oldest first: the numbers of what was due.
    pub(super) fn ended_sessions(&self) -> impl Iterator<Item = Range<u32>> {
        let starts = std::iter::once(0).chain(self.ends().iter().map(|session| session.end.before));
        starts.zip(self.ends()).map(|(start, session)| start..session.end.before)
    }

    /// The ends of its sessions, oldest first.
    pub(super) fn session_ends(&self) -> impl Iterator<Item = SenderEnd> {
        self.ends().iter().map(|session| session.end)
    }

    /// What was due, for others that have members of its room.
    pub(super) fn record(&self) -> SenderRecord {
        SenderRecord {
            sender: self.client,
            due: self.next,
            dropped: self.any_rare().map(|rare| rare.dropped.clone()).unwrap_or_default(),
            ends: self.session_ends().collect(),
        }
    }

    /// Learns where the end is of what came of each session that ended.
    pub(super) fn learn_heard(&mut self, heard: impl IntoIterator<Item = u32>) {
        if let Some(rare) = &mut self.rare {
            rare.ends.iter_mut().zip(heard).for_each(|(session, heard)| session.heard = session.heard.max(heard));
        }
    }

    /// A range, cut where the session ended before the server may have had them.
    pub(super) fn parts(&self, range: Range<u32>) -> impl Iterator<Item = SentPart> {
        let highest = self.highest.map_or(0, |highest| highest.saturating_add(1));
        let ended = self.ended_sessions().zip(self.ends()).flat_map(move |(numbers, session)| {
            // What is above the highest number that came may be of the last session only.
            let heard = if highest > numbers.end { session.heard } else { session.heard.max(highest) };
            let heard = heard.clamp(numbers.start, numbers.end);
            let doubt = Some(session.end.by_plan);
            [SentPart { numbers: numbers.start..heard, doubt: None }, SentPart { numbers: heard..numbers.end, doubt }]
        });
        let last = self.ends().last().map_or(0, |session| session.end.before);
        let parts = ended.chain([SentPart { numbers: last..u32::MAX, doubt: None }]);
        parts.filter_map(move |SentPart { numbers, doubt }| {
            let numbers = numbers.start.max(range.start)..numbers.end.min(range.end);
            (!numbers.is_empty()).then_some(SentPart { numbers, doubt })
        })
    }

    fn ends(&self) -> &[EndedSession] {
        self.rare.as_ref().map_or(&[], |rare| &rare.ends)
    }

    /// Messages that the plan has of it.
    pub(super) fn planned(&self) -> u32 {
        self.planned
    }

    /// What was never sent is not open.
    pub(super) fn forget_open(&mut self, never_sent: &Range<u32>) {
        self.open.retain(|sequence| !never_sent.contains(&sequence));
    }

    /// What became of its messages that did not come whole to everyone.
    pub(super) fn fates(&self) -> Option<SenderFates> {
        let RareState { lost, damaged, undetermined, undetermined_by_plan, dropped, .. } = self.rare.as_deref()?;
        let mut sent = Ranges::default();
        damaged.iter().flat_map(|range| dropped.gaps(range)).for_each(|range| sent.insert_all(range));
        let all = [lost, &sent, undetermined, undetermined_by_plan];
        all.iter().any(|ranges| !ranges.is_empty()).then(|| SenderFates {
            sender: self.client,
            measured_from: self.measured_from,
            lost: lost.clone(),
            damaged: sent.clone(),
            undetermined: undetermined.clone(),
            undetermined_by_plan: undetermined_by_plan.clone(),
        })
    }

    pub(super) fn rare(&mut self) -> &mut RareState {
        self.rare.get_or_insert_default()
    }

    /// Its rare state, if it has any.
    pub(super) fn any_rare(&self) -> Option<&RareState> {
        self.rare.as_deref()
    }

    pub(super) fn delivery(&self, receiver: u32, sequence: u32, due: Time) -> Delivery {
        Delivery { receiver, sender: self.client, sequence: sequence.into(), due }
    }

    pub(super) fn heard(&mut self, timetable: &Timetable, open: OpenMessage) -> Heard {
        let OpenMessage { first, last, sequence, .. } = open;
        Heard { sender: self.client, sequence, due: self.due(timetable, sequence), first, last }
    }
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
