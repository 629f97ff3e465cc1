//! Rooms without sockets: who gets what, who is woken, and what is held.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

use frames::{Kind, Message};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{Member, OwnCopy, Rooms, RoomsOptions};
use crate::registry::memory::{MemoryAccount, MemoryBudget};

/// Counts how often a task was woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Task {
    fn woken(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn rooms(own: OwnCopy, held_limit: usize) -> Rc<Rooms> {
    rooms_with(RoomsOptions { own, ..RoomsOptions::default() }, held_limit)
}

fn rooms_with(options: RoomsOptions, held_limit: usize) -> Rc<Rooms> {
    let account = MemoryAccount::new(Arc::new(MemoryBudget::new(usize::MAX, 1, 0)), 0);
    Rc::new(Rooms::new(options, held_limit, Rc::new(account), None))
}

fn join(rooms: &Rc<Rooms>, path: &str) -> (Member, Arc<Task>) {
    let task = Arc::new(Task::default());
    (rooms.join(path, None, ([127, 0, 0, 1], 1).into(), Waker::from(Arc::clone(&task))), task)
}

fn publish(member: &mut Member, text: &str) {
    member.publish(Message { kind: Kind::Text, payload: text.as_bytes() });
}

fn taken(member: &mut Member) -> Vec<String> {
    let mut texts = Vec::new();
    let taken: Result<(), ()> = member.take_messages(false, |broadcast| {
        texts.push(String::from_utf8_lossy(broadcast.message.payload).into_owned());
        Ok(())
    });
    taken.expect("nothing fails");
    texts
}

#[test]
fn members_are_woken_once_for_all_that_they_have_not_looked_at() {
    let rooms = rooms(OwnCopy::Expect, 1000);
    let ((mut one, task_of_one), (mut two, task_of_two), (_other, task_of_other)) =
        (join(&rooms, "/a"), join(&rooms, "/a"), join(&rooms, "/b"));
    publish(&mut one, "1");
    assert_eq!(task_of_two.woken(), 0, "not announced yet");
    one.announce();
    publish(&mut one, "2");
    one.announce();
    assert_eq!((task_of_one.woken(), task_of_two.woken(), task_of_other.woken()), (0, 1, 0));
    assert_eq!((taken(&mut one), taken(&mut two)), (vec!["1".into(), "2".into()], vec!["1".into(), "2".into()]));
    publish(&mut one, "3");
    one.announce();
    assert_eq!(task_of_two.woken(), 1);
}

#[test]
fn a_full_room_takes_no_more_until_its_members_have_taken_some() {
    let rooms = rooms(OwnCopy::Refuse, 0);
    let ((mut one, task), (mut two, _)) = (join(&rooms, "/"), join(&rooms, "/"));
    assert!(one.may_publish());
    publish(&mut one, "1");
    one.announce();
    assert!(!one.may_publish());
    assert_eq!((taken(&mut one).len(), task.woken()), (0, 0), "the other one has yet to take it");
    assert_eq!((taken(&mut two).len(), task.woken()), (1, 1));
    assert!(one.may_publish());
}

#[test]
fn a_member_that_leaves_holds_up_nobody() {
    let rooms = rooms(OwnCopy::Expect, 0);
    let ((mut one, task), (two, _)) = (join(&rooms, "/"), join(&rooms, "/"));
    publish(&mut one, "1");
    one.announce();
    assert_eq!((taken(&mut one).len(), one.may_publish()), (1, false));
    drop(two);
    assert_eq!((task.woken(), one.may_publish()), (1, true));
}

#[test]
fn the_last_to_take_makes_room_even_if_another_left_before() {
    let rooms = rooms(OwnCopy::Expect, 0);
    let ((mut one, _), (two, _), (mut three, _)) = (join(&rooms, "/"), join(&rooms, "/"), join(&rooms, "/"));
    publish(&mut one, "1");
    one.announce();
    assert_eq!(taken(&mut three).len(), 1);
    drop(two);
    assert_eq!((one.may_publish(), taken(&mut one).len(), one.may_publish()), (false, 1, true));
}

#[test]
fn messages_are_forgotten_although_someone_is_always_behind() {
    let rooms = rooms(OwnCopy::Expect, 1000);
    let ((mut one, _), (mut two, _)) = (join(&rooms, "/"), join(&rooms, "/"));
    for _ in 0..1000 {
        publish(&mut one, "to be taken by the second member first");
        taken(&mut two);
        publish(&mut one, "to be taken by the first member first");
        taken(&mut one);
        assert!(one.may_publish());
    }
}

#[test]
fn what_rooms_hold_is_counted_and_given_back() {
    let budget = Arc::new(MemoryBudget::new(0, 1, 0));
    let account = Rc::new(MemoryAccount::new(budget, 0));
    let rooms = Rc::new(Rooms::new(RoomsOptions::default(), 1 << 20, Rc::clone(&account), None));
    let ((mut one, _), (mut two, _)) = (join(&rooms, "/"), join(&rooms, "/"));
    let empty = account.excess();
    publish(&mut one, &"x".repeat(1000));
    assert!((1000..1200).contains(&(account.excess() - empty)), "once, and not for each member");
    taken(&mut one);
    taken(&mut two);
    assert_eq!(account.excess(), empty);
    publish(&mut one, "left behind");
    drop((one, two));
    assert_eq!(account.excess(), 0);
}

fn join_after(rooms: &Rc<Rooms>, path: &str, after: &str) -> (Member, Arc<Task>) {
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    (rooms.join(path, Some(after.as_bytes()), ([127, 0, 0, 1], 1).into(), waker), task)
}

#[test]
fn who_comes_back_takes_what_was_kept_first() {
    let rooms = rooms_with(RoomsOptions { replay: 3, ..RoomsOptions::default() }, 0);
    let (mut one, _) = join(&rooms, "/a");
    for text in ["m0", "m1", "m2", "m3"] {
        publish(&mut one, text);
        one.announce();
        taken(&mut one);
        assert!(one.may_publish(), "what is only kept holds up nobody");
    }
    let kept = |after| {
        let (mut member, task) = join_after(&rooms, "/a", after);
        let woken = task.woken();
        let texts = taken(&mut member).join(" ");
        assert_eq!(woken, usize::from(!texts.is_empty()));
        texts
    };
    // The first one is not kept any more, so it may have been the last that was heard.
    assert_eq!(["m3", "m2", "m1", "m0", ""].map(kept), ["", "m3", "m2 m3", "m1 m2 m3", "m1 m2 m3"]);
    let (mut new, task) = join(&rooms, "/a");
    assert_eq!((task.woken(), taken(&mut new).len()), (0, 0), "who asks for nothing gets nothing of the past");
    let (mut back, _) = join_after(&rooms, "/a", "m2");
    publish(&mut one, "m4");
    one.announce();
    assert_eq!((taken(&mut back).join(" "), taken(&mut new).join(" ")), ("m3 m4".to_owned(), "m4".to_owned()));
}

#[test]
fn rooms_that_nobody_is_in_keep_messages() {
    let rooms = rooms_with(RoomsOptions { replay: 2, ..RoomsOptions::default() }, 0);
    let path = |number: usize| format!("/{number}");
    let leave = |number| {
        let (mut member, _) = join_after(&rooms, &path(number), "");
        let before = taken(&mut member).len();
        publish(&mut member, "x");
        before
    };
    assert_eq!((leave(0), leave(1), leave(0), leave(0)), (0, 0, 1, 2));
    for number in 2..=4096 {
        leave(number);
    }
    assert_eq!((leave(0), leave(1)), (2, 0), "the one that was left first is forgotten");
}

/// What a member must get, and what it got.
struct Checked {
    member: Member,
    number: u64,
    path: usize,
    owed: VecDeque<String>,
}

/// Joins, leaves, messages and takes in any order: every member gets exactly the messages of its
/// room between its joining and its leaving, in their order.
#[test]
fn any_history_gives_each_member_what_it_is_owed() {
    for seed in 0..200 {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let own = if seed % 2 == 0 { OwnCopy::Expect } else { OwnCopy::Refuse };
        let rooms = rooms(own, 1 << 20);
        let (mut members, mut joined) = (Vec::<Checked>::new(), 0);
        for step in 0..300 {
            let chosen = random.random_range(0..members.len().max(1));
            match random.random_range(0..10) {
                0..2 if members.len() < 12 => {
                    let path = random.random_range(0..3);
                    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
                    let member = rooms.join(["/a", "/b", "/c"][path], None, peer, Waker::noop().clone());
                    members.push(Checked { member, number: joined, path, owed: VecDeque::new() });
                    joined += 1;
                }
                2 if !members.is_empty() => drop(members.swap_remove(chosen)),
                3..6 if !members.is_empty() => {
                    let (path, sender, text) = (members[chosen].path, members[chosen].number, format!("{step}"));
                    publish(&mut members[chosen].member, &text);
                    members[chosen].member.announce();
                    let gets =
                        |other: &&mut Checked| other.path == path && (own == OwnCopy::Expect || other.number != sender);
                    members.iter_mut().filter(gets).for_each(|other| other.owed.push_back(text.clone()));
                }
                _ if !members.is_empty() => {
                    let checked = &mut members[chosen];
                    let owed: Vec<_> = checked.owed.drain(..).collect();
                    assert_eq!(taken(&mut checked.member), owed, "seed {seed}, step {step}");
                }
                _ => {}
            }
        }
    }
}
