//! Small worlds made by chance: accounts, roles and six people, declared, there and remembered in every mixture
//! that a manifest and a provider allow.

use std::collections::BTreeSet;

use orgform_model::desired::{
    Desired, DesiredAccount, DesiredMembership, DesiredPerson, DesiredRole, Manage,
};
use orgform_model::fields::{Fields, Value};
use orgform_model::finding::Place;
use orgform_model::invite::{InviteStatus, MailOutcome};
use orgform_model::policy::{Adoption, DriftPolicy, Limit, Removal};
use orgform_model::state::{AccountRecord, Loss, MailRecord, MembershipRecord, RoleRecord};
use orgform_model::world::{
    AccountContent, ActualAccount, ActualInvite, ActualRole, Completeness, Directory, Identity, PersonSeen,
    RemovalFacts,
};
use orgform_model::{
    AccountId, AccountPath, Address, Capabilities, Email, Grant, ObjectKind, ObjectRef, PersonId,
    ProviderState, RoleId, RoleKey, Scope, Semantics, Timestamp, World,
};
use orgform_plan::{Plan, Requests};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::apply::{Model, admin_role, member, person_id};
use crate::capability::{FLAT, FLAT_CAN, TREE, TREE_CAN};
use crate::observe::{self, Setting};

pub(crate) const PEOPLE: [&str; 6] = ["ada", "ben", "cy", "dee", "eve", "fay"];
pub(crate) const CELLS: [&str; 4] = ["networks:read", "billing:read", "billing:update", "all:all"];

/// One person in one account, in the three ways that count.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) account: usize,
    pub(crate) person: usize,
    pub(crate) declared: Option<Vec<(usize, End)>>,
    pub(crate) there: There,
    pub(crate) ours: Option<Ours>,
}

#[derive(Clone, Debug)]
pub(crate) enum There {
    Nobody,
    Member { roles: Vec<usize>, disabled: bool },
    Invited { roles: Vec<usize>, status: InviteStatus, times: usize },
}

/// What is remembered: which of the roles were applied, which were kept, and what an end means.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) granted: Vec<(usize, End)>,
    pub(crate) kept: Vec<usize>,
    pub(crate) removal: Removal,
    pub(crate) joined: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Never,
    Past,
    Ahead,
}

#[derive(Clone, Debug)]
pub(crate) struct RoleCase {
    pub(crate) owner: usize,
    pub(crate) declared: Option<Vec<&'static str>>,
    pub(crate) there: Option<Vec<&'static str>>,
    pub(crate) ours: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountCase {
    pub(crate) declared: bool,
    pub(crate) there: bool,
    pub(crate) ours: Option<Removal>,
    pub(crate) partial: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Small {
    pub(crate) tree: bool,
    pub(crate) accounts: Vec<AccountCase>,
    pub(crate) roles: Vec<RoleCase>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) offboarded: Vec<usize>,
    pub(crate) unreadable: Vec<usize>,
    pub(crate) losses: usize,
    pub(crate) take: bool,
    pub(crate) report: bool,
    pub(crate) with_state: bool,
}

/// The accounts: a root, two children, and one below the first.
pub(crate) const PATHS: [&str; 4] = ["acme", "acme/lab", "acme/shop", "acme/lab/deep"];
const FLAT_PATHS: [&str; 4] = ["acme", "lab", "shop", "deep"];
/// Role 0 is admin, role 1 belongs to the root, role 2 to the first child.
pub(crate) const ROLES: usize = 3;

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

/// Everything that planning one small world takes.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) desired: Desired,
    pub(crate) world: World,
    pub(crate) state: Option<ProviderState>,
    pub(crate) semantics: &'static Semantics,
    pub(crate) capabilities: Capabilities,
}

pub(crate) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn place() -> Place {
    Place { file: "all.yaml".into(), line: 1, column: 1, length: 1 }
}

fn email(person: usize) -> Email {
    Email::new(&format!("{}@acme.example", PEOPLE[person]))
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

    fn path(&self, account: usize) -> AccountPath {
        if self.tree { PATHS[account].into() } else { FLAT_PATHS[account].into() }
    }

    fn account_id(account: usize) -> AccountId {
        format!("ac-{account}").into()
    }

    fn role_id(&self, role: usize, account: usize) -> RoleId {
        match (self.tree, role) {
            (false, _) => "1".into(),
            (true, 0) => format!("role-admin-{account}").into(),
            (true, role) => format!("role-{role}").into(),
        }
    }

    pub(crate) fn case(&self) -> Case {
        let mut capabilities = if self.tree { TREE_CAN.clone() } else { FLAT_CAN.clone() };
        capabilities.visible_within = std::time::Duration::ZERO;
        Case {
            desired: self.desired(),
            world: self.world(),
            state: self.with_state.then(|| self.state()),
            semantics: if self.tree { &TREE } else { &FLAT },
            capabilities,
        }
    }

    fn desired(&self) -> Desired {
        let mut desired = Desired::empty("pureport".into());
        desired.policy.adoption = if self.take { Adoption::Take } else { Adoption::Keep };
        desired.policy.drift = if self.report { DriftPolicy::Report } else { DriftPolicy::Correct };
        for (index, account) in self.accounts.iter().enumerate().filter(|(_, account)| account.declared) {
            let path = self.path(index);
            let declared = DesiredAccount {
                object: account_object(index),
                place: place(),
                parent: path.parent(),
                manage: Manage::Full,
                external_id: None,
                fields: named(&index.to_string()),
                authoritative_members: false,
                adoption: None,
                removal: account.ours.unwrap_or(Removal::Retain),
            };
            desired.accounts.insert(path, declared);
        }
        for (index, role) in self.roles.iter().enumerate() {
            let Some(cells) = &role.declared else { continue };
            let declared = DesiredRole {
                object: role_object(index),
                place: place(),
                manage: Manage::Full,
                external_id: None,
                fields: role_fields(index, cells),
                removal: Removal::Remove,
            };
            desired.roles.insert(self.role_key(index), declared);
        }
        for seat in &self.seats {
            if self.offboarded.contains(&seat.person) {
                continue;
            }
            let Some(grants) = &seat.declared else { continue };
            let grants = grants.iter().map(|(role, end)| (self.grant(*role), end.at())).collect();
            let removal = seat.ours.as_ref().map_or(Removal::Remove, |ours| ours.removal);
            let membership =
                DesiredMembership { object: member_object(seat.person), place: place(), grants, removal };
            desired
                .memberships
                .entry(self.path(seat.account))
                .or_default()
                .insert(email(seat.person), membership);
        }
        for person in 0..PEOPLE.len() {
            let declared = DesiredPerson {
                object: member_object(person),
                place: place(),
                offboarded: self.offboarded.contains(&person),
                identity: None,
                fields: Fields::new(),
            };
            desired.people.insert(email(person), declared);
        }
        desired
    }

    fn grant(&self, role: usize) -> Grant {
        match role {
            0 => Grant::Fixed("admin".to_owned()),
            role => Grant::Role(self.role_key(role - 1)),
        }
    }

    fn role_key(&self, index: usize) -> RoleKey {
        RoleKey::new(self.path(self.roles[index].owner), format!("r{index}"))
    }

    fn world(&self) -> World {
        let identity = Identity::Machine { name: "a key".to_owned(), roles: Some(BTreeSet::new()) };
        let mut world = World {
            directory: Directory { identity: Some(identity), ..Directory::default() },
            at: now(),
            ..World::default()
        };
        for (index, account) in self.accounts.iter().enumerate().filter(|(_, account)| account.there) {
            let parent = self.path(index).parent().map(|parent| {
                let at = PATHS.iter().position(|path| *path == parent.as_str()).unwrap();
                Self::account_id(at)
            });
            let actual =
                ActualAccount { parent, fields: named(&index.to_string()), removal: RemovalFacts::LOCAL };
            world.directory.accounts.insert(Self::account_id(index), actual);
            let mut content = AccountContent::default();
            if account.partial {
                content.people_complete = Completeness::Partial { because: "a page failed (503)".to_owned() };
            }
            if self.tree {
                content.roles.insert(self.role_id(0, index), admin_role());
            }
            world.contents.insert(Self::account_id(index), Ok(content));
        }
        for (index, role) in self.roles.iter().enumerate() {
            let Some(cells) = &role.there else { continue };
            let content = content(&mut world, role.owner);
            let actual =
                ActualRole { fixed: None, fields: role_fields(index, cells), removal: RemovalFacts::LOCAL };
            content.roles.insert(self.role_id(index + 1, role.owner), actual);
        }
        for seat in &self.seats {
            self.sit(seat, &mut world);
        }
        let members = world.contents.values().flatten().flat_map(|content| content.members.keys().cloned());
        let members: BTreeSet<PersonId> = members.collect();
        for person in 0..PEOPLE.len() {
            let id = person_id(&email(person));
            if members.contains(&id) {
                let seen = match self.unreadable.contains(&person) {
                    true => PersonSeen::Unreadable { because: "it was refused (403)".to_owned() },
                    false => PersonSeen::Email(email(person)),
                };
                world.people.insert(id, seen);
            }
        }
        world
    }

    fn sit(&self, seat: &Seat, world: &mut World) {
        let roles = |roles: &[usize]| roles.iter().map(|role| self.role_id(*role, seat.account)).collect();
        match &seat.there {
            There::Nobody => {}
            There::Member { roles: held, disabled } => {
                let mut one = member(roles(held));
                one.disabled = *disabled;
                content(world, seat.account).members.insert(person_id(&email(seat.person)), one);
            }
            There::Invited { roles: held, status, times } => {
                for nth in 0..*times {
                    content(world, seat.account).invites.push(ActualInvite {
                        id: format!("invite-{}-{nth}", PEOPLE[seat.person]).into(),
                        email: email(seat.person),
                        roles: roles(held),
                        invited_at: Some("2026-11-01T12:00:00Z".parse().unwrap()),
                        status: *status,
                    });
                }
            }
        }
    }

    fn state(&self) -> ProviderState {
        let mut state = ProviderState::default();
        for (index, account) in self.accounts.iter().enumerate() {
            let Some(removal) = account.ours else { continue };
            let (object, path) = (account_object(index), self.path(index));
            let record = AccountRecord { object, path, applied: named(&index.to_string()), removal };
            state.accounts.insert(Self::account_id(index), record);
        }
        for (index, role) in self.roles.iter().enumerate().filter(|(_, role)| role.ours) {
            let record = RoleRecord {
                object: role_object(index),
                account: Self::account_id(role.owner),
                key: self.role_key(index),
                applied: role_fields(index, role.there.as_deref().unwrap_or_default()),
                removal: Removal::Remove,
            };
            state.roles.insert(self.role_id(index + 1, role.owner), record);
        }
        for seat in &self.seats {
            let Some(ours) = &seat.ours else { continue };
            let id = |role: usize| self.role_id(role, seat.account);
            let invited = matches!(seat.there, There::Invited { .. });
            let last = Some("2026-11-01T12:00:00Z".parse().unwrap());
            let record = MembershipRecord {
                object: member_object(seat.person),
                person: (ours.joined && !invited).then(|| person_id(&email(seat.person))),
                granted: ours.granted.iter().map(|(role, end)| (id(*role), end.at())).collect(),
                kept: ours.kept.iter().map(|role| id(*role)).collect(),
                removal: ours.removal,
                mail: MailRecord { attempts: 1, last, outcome: Some(MailOutcome::Sent) },
                leaving: false,
                disabled: false,
            };
            state
                .memberships
                .entry(Self::account_id(seat.account))
                .or_default()
                .insert(email(seat.person), record);
        }
        for nth in 0..self.losses {
            state.losses.push(Loss {
                at: "2026-11-23T08:00:00Z".parse().unwrap(),
                account: Self::account_id(0),
                person: format!("gone{nth}@acme.example"),
                consented: nth == 0,
            });
        }
        state
    }
}

impl End {
    fn at(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Past => Some("2026-11-01T00:00:00Z".parse().unwrap()),
            Self::Ahead => Some("2027-11-01T00:00:00Z".parse().unwrap()),
        }
    }
}

fn content(world: &mut World, account: usize) -> &mut AccountContent {
    world.contents.get_mut(&Small::account_id(account)).unwrap().as_mut().unwrap()
}

fn account_object(index: usize) -> ObjectRef {
    ObjectRef::of_file(ObjectKind::Account, &format!("a{index}"))
}

fn role_object(index: usize) -> ObjectRef {
    ObjectRef::of_file(ObjectKind::Role, &format!("r{index}"))
}

fn member_object(person: usize) -> ObjectRef {
    ObjectRef::of_file(ObjectKind::Member, PEOPLE[person])
}

fn named(name: &str) -> Fields {
    Fields::from([("displayName".to_owned(), Value::text(format!("Account {name}")))])
}

fn role_fields(index: usize, cells: &[&str]) -> Fields {
    Fields::from([
        ("displayName".to_owned(), Value::text(format!("Role {index}"))),
        ("permissions".to_owned(), Value::set(cells.iter().copied())),
    ])
}

impl Case {
    pub(crate) fn plan(&self) -> Plan {
        self.plan_of(&self.world, self.state.as_ref())
    }

    pub(crate) fn plan_of(&self, world: &World, state: Option<&ProviderState>) -> Plan {
        observe::plan(&Setting {
            desired: &self.desired,
            base: None,
            all: world,
            state,
            semantics: self.semantics,
            capabilities: &self.capabilities,
            requests: &Requests::default(),
            now: now(),
        })
    }

    pub(crate) fn model(&self) -> Model {
        let mut model = Model::new(self.world.clone(), self.state.clone().unwrap_or_default());
        model.grants_before_acceptance = self.capabilities.grants_before_acceptance;
        model.own_admin = self.semantics.accounts.tree;
        model
    }

    /// The accounts that were seen completely; others may well have admins that nobody saw.
    pub(crate) fn seen(&self) -> BTreeSet<AccountId> {
        let state = self.state.as_ref();
        let scopes = orgform_plan::scopes(&self.desired, &self.world.directory, state, self.semantics);
        let ids = scopes.into_iter().filter_map(|scope| match scope {
            Scope::Account { id, .. } => Some(id),
            Scope::Directory | Scope::Person(_) | Scope::ApiKeys(_) => None,
        });
        let ids = ids.filter(|id| self.world.people_seen(id));
        ids.collect()
    }

    pub(crate) fn is_ours(&self, account: &AccountId, email: &Email) -> bool {
        self.state.as_ref().is_some_and(|state| state.membership(account, email).is_some())
    }

    pub(crate) fn path_of<'p>(&self, address: &'p Address) -> (&'p AccountPath, &'p Email) {
        (address.account_path().unwrap(), address.email().unwrap())
    }

    pub(crate) fn is_declared(&self, address: &Address) -> bool {
        let (path, email) = self.path_of(address);
        self.desired.membership(path, email).is_some() || self.desired.people[email].offboarded
    }
}

impl Small {
    pub(crate) fn without_gaps(mut self) -> Self {
        for account in &mut self.accounts {
            account.partial = false;
        }
        self.unreadable.clear();
        self
    }

    /// One invite for each: of two, one plan takes one back, and what waits for that comes with the next.
    pub(crate) fn without_duplicates(mut self) -> Self {
        for seat in &mut self.seats {
            if let There::Invited { times, .. } = &mut seat.there {
                *times = 1;
            }
        }
        self
    }

    /// The case with limits and admin rules out of the way.
    pub(crate) fn unlimited(&self) -> Case {
        let mut case = self.case();
        case.desired.policy.safety.per_account = Limit { percent: 100, floor: 100 };
        case.desired.policy.safety.total = Limit { percent: 100, floor: 100 };
        case.desired.policy.safety.admin_minimum = 0;
        case
    }
}
