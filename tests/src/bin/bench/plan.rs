//! The pure plan of a converged organization, by number of memberships.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use orgform_model::desired::{DesiredAccount, DesiredMembership, DesiredRole, Manage};
use orgform_model::ids::{ObjectKind, ObjectRef};
use orgform_model::policy::Removal;
use orgform_model::state::{
    AccountRecord, Entry, KnownPerson, MailRecord, MembershipRecord, ProviderState, RoleRecord,
};
use orgform_model::world::{
    AccountContent, ActualAccount, ActualMember, ActualRole, Directory, Identity, RemovalFacts, World,
};
use orgform_model::{
    AccountId, AccountPath, Desired, Email, Fields, Grant, Grants, PersonId, Place, RoleId, RoleKey, Value,
};
use orgform_plan::{Input, Requests};

use crate::count::{Count, count};
use crate::process::{best_of, exponent, run, say};

/// People in one account.
const TEAM: usize = 50;

pub(crate) fn report() -> anyhow::Result<()> {
    say("plan: pure, converged, one core");
    let (mut times, mut instructions) = (vec![], vec![]);
    for size in [1_000, 10_000, 100_000] {
        let figure = run("plan", size)?;
        let count = count("plan", size)?;
        say(&format!(
            "  {size:>7} memberships  {:>8.1} ms  {:>6.0} MiB peak, input included{}",
            figure.seconds * 1e3,
            figure.mebibytes,
            count.map_or_else(String::new, |count| each(&count, size)),
        ));
        times.push((size, figure.seconds));
        instructions.extend(count.map(|count| (size, count.instructions)));
    }
    say(&format!("  time grows with exponent {:.2}", exponent(&times)));
    if !instructions.is_empty() {
        say(&format!("  instructions grow with exponent {:.2}", exponent(&instructions)));
    }
    Ok(())
}

fn each(count: &Count, size: usize) -> String {
    let Count { instructions, misses } = count;
    #[allow(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    let size = size as f64;
    format!("  each {:>5.0} instructions, {:>4.1} cache misses", instructions / size, misses / size)
}

pub(crate) fn measure(size: usize) -> anyhow::Result<()> {
    let org = Org::of(size);
    let plan = orgform_plan::plan(&org.input());
    anyhow::ensure!(plan.is_empty() && plan.kept.is_empty(), "the organization is not converged: {plan:?}");
    best_of(5, || drop(std::hint::black_box(orgform_plan::plan(&org.input()))))
}

/// Plans so many times and says nothing: for counting.
pub(crate) fn repeat(size: usize, times: usize) -> anyhow::Result<()> {
    let org = Org::of(size);
    for _ in 0..times {
        drop(std::hint::black_box(orgform_plan::plan(&org.input())));
    }
    Ok(())
}

/// A converged organization.
struct Org {
    desired: Desired,
    world: World,
    state: ProviderState,
    role: RoleKey,
    /// The e-mail and object of each Member, by number.
    declared: BTreeMap<usize, (Email, ObjectRef)>,
}

impl Org {
    fn input(&self) -> Input<'_> {
        static NOTHING_ASKED: LazyLock<Requests> = LazyLock::new(Requests::default);
        Input {
            desired: &self.desired,
            world: &self.world,
            state: Some(&self.state),
            base: None,
            semantics: &orgform_pureport::SEMANTICS,
            capabilities: &orgform_pureport::CAPABILITIES,
            requests: &NOTHING_ASKED,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn of(size: usize) -> Self {
        let root = AccountPath::from("acme");
        let mut org = Self {
            desired: Desired::empty("pureport".into()),
            world: World { directory: directory(), ..World::default() },
            state: ProviderState::default(),
            role: RoleKey::new(root.clone(), "member"),
            declared: BTreeMap::new(),
        };
        org.account(&root, None, "ac-root");
        org.role();
        for team in 0..size.div_ceil(TEAM) {
            let path = root.child(&format!("team-{team}"));
            let id = format!("ac-{team}");
            org.account(&path, Some(&root), &id);
            for seat in 0..TEAM.min(size - team * TEAM) {
                org.member(&path, &AccountId::from(id.as_str()), (team * TEAM + seat) % (size / 4 + TEAM));
            }
        }
        org
    }

    fn account(&mut self, path: &AccountPath, parent: Option<&AccountPath>, id: &str) {
        let fields = Fields::from([("displayName".to_owned(), Value::text(path.as_str()))]);
        let object = ObjectRef::of_file(ObjectKind::Account, path.as_str());
        let id = AccountId::from(id);
        self.desired.accounts.insert(
            path.clone(),
            DesiredAccount {
                object: object.clone(),
                place: place(),
                parent: parent.cloned(),
                manage: Manage::Full,
                external_id: None,
                fields: fields.clone(),
                authoritative_members: false,
                adoption: None,
                removal: Removal::Retain,
            },
        );
        let actual = ActualAccount {
            parent: parent.map(|_| "ac-root".into()),
            fields: fields.clone(),
            removal: RemovalFacts::LOCAL,
        };
        self.world.directory.accounts.insert(id.clone(), actual);
        self.world.contents.insert(id.clone(), Ok(AccountContent::default()));
        let record = AccountRecord { object, path: path.clone(), applied: fields, removal: Removal::Retain };
        self.state.record(Entry::Account { id, record: Box::new(record) });
    }

    fn role(&mut self) {
        let fields = Fields::from([
            ("displayName".to_owned(), Value::text("Member")),
            ("permissions".to_owned(), Value::set(["networks:read", "ports:read"])),
        ]);
        let object = ObjectRef::of_file(ObjectKind::Role, "member");
        let key = self.role.clone();
        let role = DesiredRole {
            object: object.clone(),
            place: place(),
            manage: Manage::Full,
            external_id: None,
            fields: fields.clone(),
            removal: Removal::Remove,
        };
        self.desired.roles.insert(key.clone(), role);
        if let Some(Ok(content)) = self.world.contents.get_mut(&AccountId::from("ac-root")) {
            let role = ActualRole { fixed: None, fields: fields.clone(), removal: RemovalFacts::LOCAL };
            content.roles.insert("role-1".into(), role);
        }
        let record =
            RoleRecord { object, account: "ac-root".into(), key, applied: fields, removal: Removal::Remove };
        self.state.record(Entry::Role { id: "role-1".into(), record: Box::new(record) });
    }

    /// A membership as each stage makes it: a Member's texts are shared by its memberships, those of observations
    /// and of state are their own.
    fn member(&mut self, path: &AccountPath, account: &AccountId, person: usize) {
        let name = format!("person-{person:06}");
        let email = || Email::new(&format!("{name}@people.example"));
        let object = || ObjectRef::of_file(ObjectKind::Member, &name);
        let id = || PersonId::new(format!("user-{person:06}"));
        let role = || RoleId::from("role-1");
        let declared = self.declared.entry(person).or_insert_with(|| (email(), object()));
        let membership = DesiredMembership {
            object: declared.1.clone(),
            place: place(),
            grants: Grants::from([(Grant::Role(self.role.clone()), None)]),
            removal: Removal::Remove,
        };
        let people = self.desired.memberships.entry(path.clone()).or_default();
        people.insert(declared.0.clone(), membership);
        if let Some(Ok(content)) = self.world.contents.get_mut(account) {
            content.members.insert(
                id(),
                ActualMember {
                    email: None,
                    hint: None,
                    roles: BTreeSet::from([role()]),
                    disabled: false,
                    removal: RemovalFacts::LOCAL,
                },
            );
        }
        let known = KnownPerson { email: Some(email()), seen: Timestamp::UNIX_EPOCH };
        self.state.people.entry(id()).or_insert(known);
        let record = MembershipRecord {
            object: object(),
            person: Some(id()),
            granted: Grants::from([(role(), None)]),
            kept: BTreeSet::new(),
            removal: Removal::Remove,
            mail: MailRecord::default(),
            leaving: false,
            disabled: false,
        };
        let record = Box::new(record);
        self.state.record(Entry::Membership { account: account.clone(), email: email(), record });
    }
}

fn directory() -> Directory {
    let identity = Some(Identity::Machine { name: "key".into(), roles: None });
    Directory { identity, ..Directory::default() }
}

fn place() -> Place {
    static FILE: LazyLock<Arc<str>> = LazyLock::new(|| "people.yaml".into());
    Place { file: FILE.clone(), line: 1, column: 1, length: 1 }
}
