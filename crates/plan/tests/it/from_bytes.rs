//! Small worlds out of bytes, for a fuzzer: every text of bytes is a world, and few bytes decide much.
//!
//! Half bytes are read in a fixed order and bytes that are missing are zero, so that a fuzzer that changes one
//! changes one thing.

use orgform_model::invite::InviteStatus;
use orgform_model::policy::Removal;

use crate::small::{AccountCase, CELLS, End, Ours, PATHS, PEOPLE, ROLES, RoleCase, Seat, Small, There};

/// The world that these bytes stand for.
pub(crate) fn small(bytes: &[u8]) -> Small {
    let mut bits = Bits { bytes, at: 0 };
    let policy = bits.next();
    let accounts = (0..PATHS.len()).map(|index| account(&mut bits, index == 0)).collect();
    let roles = (0..ROLES - 1).map(|owner| role(&mut bits, owner)).collect();
    let (offboarded, unreadable, losses) = (bits.next(), bits.next(), bits.next());
    let places = (0..PATHS.len()).flat_map(|account| (0..PEOPLE.len()).map(move |person| (account, person)));
    Small {
        tree: policy & 1 == 0,
        take: policy & 2 != 0,
        report: policy & 4 != 0,
        with_state: policy & 8 == 0,
        accounts,
        roles,
        offboarded: (0..PEOPLE.len()).filter(|person| usize::from(offboarded) == person + 1).collect(),
        unreadable: [4, 5].into_iter().filter(|person| usize::from(unreadable) == *person).collect(),
        losses: usize::from(losses) % 3,
        seats: places.map(|(account, person)| seat(&mut bits, account, person)).collect(),
    }
    .made_sound()
}

/// Four bits at a time.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn next(&mut self) -> u8 {
        let byte = self.bytes.get(self.at / 2).copied().unwrap_or(0);
        self.at += 1;
        if self.at % 2 == 1 { byte & 15 } else { byte >> 4 }
    }
}

fn account(bits: &mut Bits<'_>, root: bool) -> AccountCase {
    let bit = bits.next();
    let ours = [None, None, Some(Removal::Remove), Some(Removal::Retain)];
    AccountCase {
        declared: root || bit & 1 == 0,
        there: root || bit & 2 == 0,
        ours: ours[usize::from(bit >> 2)],
        partial: bits.next() == 15,
    }
}

fn role(bits: &mut Bits<'_>, owner: usize) -> RoleCase {
    let (declared, there, ours) = (bits.next(), bits.next(), bits.next());
    RoleCase { owner, declared: cells(declared), there: cells(there), ours: ours & 1 == 0 }
}

/// None, each mixture of the narrow cells, or the admin's.
fn cells(bit: u8) -> Option<Vec<&'static str>> {
    match bit {
        0 => None,
        15 => Some(vec![CELLS[3]]),
        mixture => Some((0..3).filter(|cell| mixture & (1 << cell) != 0).map(|cell| CELLS[cell]).collect()),
    }
}

/// The first half byte says which of the three ways there are, so that a seat of zero is empty.
fn seat(bits: &mut Bits<'_>, account: usize, person: usize) -> Seat {
    let ways = bits.next();
    let declared = (ways & 1 != 0).then(|| grants(bits));
    let there = match ways >> 1 & 3 {
        0 => There::Nobody,
        3 => {
            let (status, roles) = (bits.next(), held(bits.next()));
            let times = 1 + usize::from(status & 8 != 0);
            let status = [InviteStatus::Pending, InviteStatus::Expired, InviteStatus::Failed];
            There::Invited { roles, status: status[usize::from(bits.next()) % 3], times }
        }
        way => There::Member { roles: held(bits.next()), disabled: way == 2 && bits.next() == 15 },
    };
    let ours = (ways & 8 != 0).then(|| {
        let (granted, kept, how) = (grants(bits), held(bits.next()), bits.next());
        let kept = kept.into_iter().filter(|role| granted.iter().all(|(one, _)| one != role)).collect();
        let removal = if how & 3 == 3 { Removal::Retain } else { Removal::Remove };
        Ours { granted, kept, removal, joined: how & 4 == 0 }
    });
    Seat { account, person, declared, there, ours }
}

/// One or two roles, each with its end.
fn grants(bits: &mut Bits<'_>) -> Vec<(usize, End)> {
    let ends = [End::Never, End::Never, End::Past, End::Ahead];
    let (roles, end) = (bits.next(), bits.next());
    let roles = match held(roles) {
        none if none.is_empty() => vec![0],
        some => some,
    };
    let end = |nth: usize| ends[usize::from(end >> (2 * nth) & 3)];
    roles.into_iter().enumerate().map(|(nth, role)| (role, end(nth))).collect()
}

/// Up to two roles.
fn held(bit: u8) -> Vec<usize> {
    (0..ROLES).filter(|role| bit & (1 << role) != 0).take(2).collect()
}
