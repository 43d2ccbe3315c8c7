//! What chance may come up with, and what is taken out of that because nobody would have it.

use orgform_model::invite::InviteStatus;
use orgform_model::policy::Removal;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{AccountCase, CELLS, End, Ours, PATHS, PEOPLE, ROLES, RoleCase, Seat, Small, There};

fn end() -> impl Strategy<Value = End> {
    prop_oneof![6 => Just(End::Never), 1 => Just(End::Past), 1 => Just(End::Ahead)]
}

fn grants() -> impl Strategy<Value = Vec<(usize, End)>> {
    subsequence((0..ROLES).collect::<Vec<_>>(), 1..=2)
        .prop_flat_map(|roles| roles.into_iter().map(|role| (Just(role), end())).collect::<Vec<_>>())
}

fn held() -> impl Strategy<Value = Vec<usize>> {
    subsequence((0..ROLES).collect::<Vec<_>>(), 0..=2)
}

fn there() -> impl Strategy<Value = There> {
    let status = prop_oneof![
        4 => Just(InviteStatus::Pending), 1 => Just(InviteStatus::Expired), 1 => Just(InviteStatus::Failed)
    ];
    prop_oneof![
        2 => Just(There::Nobody),
        3 => (held(), prop::bool::weighted(0.1)).prop_map(|(roles, disabled)| There::Member { roles, disabled }),
        1 => (held(), status, 1..=2_usize).prop_map(|(roles, status, times)| There::Invited { roles, status, times }),
    ]
}

fn ours() -> impl Strategy<Value = Ours> {
    let removal = prop_oneof![4 => Just(Removal::Remove), 1 => Just(Removal::Retain)];
    (grants(), held(), removal, any::<bool>()).prop_map(|(granted, kept, removal, joined)| {
        let kept = kept.into_iter().filter(|role| granted.iter().all(|(one, _)| one != role)).collect();
        Ours { granted, kept, removal, joined }
    })
}

fn seat(account: usize, person: usize) -> impl Strategy<Value = Seat> {
    (prop::option::of(grants()), there(), prop::option::of(ours()))
        .prop_map(move |(declared, there, ours)| Seat { account, person, declared, there, ours })
}

fn cells() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![9 => subsequence(CELLS[..3].to_vec(), 0..=3), 1 => Just(vec![CELLS[3]])]
}

fn role(owner: usize) -> impl Strategy<Value = RoleCase> {
    (prop::option::weighted(0.8, cells()), prop::option::weighted(0.8, cells()), any::<bool>())
        .prop_map(move |(declared, there, ours)| RoleCase { owner, declared, there, ours })
}

fn account(root: bool) -> impl Strategy<Value = AccountCase> {
    let often = if root { 1.0 } else { 0.8 };
    let removal = select(vec![Removal::Remove, Removal::Retain]);
    (
        prop::bool::weighted(often),
        prop::bool::weighted(often),
        prop::option::of(removal),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(declared, there, ours, partial)| AccountCase { declared, there, ours, partial })
}

pub(crate) fn small() -> impl Strategy<Value = Small> {
    let accounts = [account(true), account(false), account(false), account(false)];
    let seats: Vec<_> = (0..PATHS.len())
        .flat_map(|account| (0..PEOPLE.len()).map(move |person| seat(account, person)))
        .collect();
    (
        (any::<bool>(), accounts, [role(0), role(1)], seats),
        (subsequence((0..PEOPLE.len()).collect::<Vec<_>>(), 0..=1), subsequence(vec![4, 5], 0..=1)),
        (0..3_usize, any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.8)),
    )
        .prop_map(
            |(
                (tree, accounts, roles, seats),
                (offboarded, unreadable),
                (losses, take, report, with_state),
            )| {
                let (accounts, roles) = (accounts.to_vec(), roles.to_vec());
                Small {
                    tree,
                    accounts,
                    roles,
                    seats,
                    offboarded,
                    unreadable,
                    losses,
                    take,
                    report,
                    with_state,
                }
                .made_sound()
            },
        )
}

impl Small {
    /// Takes out what no manifest and no provider would have: a child without its parent, a grant of a role
    /// that is not above its account.
    pub(crate) fn made_sound(mut self) -> Self {
        if self.tree {
            for (child, parent) in [(1, 0), (2, 0), (3, 1)] {
                self.accounts[child].declared &= self.accounts[parent].declared;
                self.accounts[child].there &= self.accounts[parent].there;
            }
        }
        let Self { tree, accounts, roles, seats, .. } = &mut self;
        for role in roles.iter_mut() {
            role.declared = role.declared.take().filter(|_| *tree && accounts[role.owner].declared);
            role.there = role.there.take().filter(|_| *tree && accounts[role.owner].there);
            role.ours &= role.there.is_some();
        }
        let reaches =
            |role: usize, account: usize| role == 0 || *tree && (role == 1 || matches!(account, 1 | 3));
        let declared = |role: usize, account: usize| {
            reaches(role, account) && (role == 0 || roles[role - 1].declared.is_some())
        };
        let exists = |role: usize, account: usize| {
            reaches(role, account) && (role == 0 || roles[role - 1].there.is_some())
        };
        for seat in seats.iter_mut() {
            let account = seat.account;
            let one = if *tree { usize::MAX } else { 1 };
            let keep_declared = accounts[account].declared;
            seat.declared = seat.declared.take().filter(|_| keep_declared).map(|grants| {
                grants.into_iter().filter(|(role, _)| declared(*role, account)).take(one).collect::<Vec<_>>()
            });
            seat.declared = seat.declared.take().filter(|grants| !grants.is_empty());
            match &mut seat.there {
                _ if !accounts[account].there => seat.there = There::Nobody,
                There::Nobody => {}
                There::Member { roles, .. } | There::Invited { roles, .. } => {
                    roles.retain(|role| exists(*role, account));
                    roles.truncate(one);
                }
            }
            if !*tree && let There::Invited { roles, .. } = &mut seat.there {
                roles.clear();
            }
            seat.ours = seat.ours.take().filter(|_| accounts[account].there).map(|mut ours| {
                ours.granted.retain(|(role, _)| exists(*role, account));
                ours.kept.retain(|role| exists(*role, account));
                ours.granted.truncate(one);
                if !*tree {
                    ours.kept.clear();
                }
                ours
            });
        }
        self
    }
}
