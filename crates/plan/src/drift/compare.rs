//! Compares what was last applied with what is there.

use std::collections::BTreeSet;

use orgform_model::desired::Manage;
use orgform_model::history::About;
use orgform_model::semantics::{FieldRule, Rule};
use orgform_model::state::{AccountRecord, MembershipRecord, RoleRecord};
use orgform_model::world::AccountContent;
use orgform_model::{
    AccountId, AccountPath, Address, Email, FieldChange, Fields, Grant, ObjectRef, PersonId, RoleId, RoleKey,
    Thing, Value,
};

use super::{Attribution, Difference, Drift, Drifted, Then};
use crate::Input;
use crate::fields::same;
use crate::ground::Ground;
use crate::inherited::on_own_ground;
use crate::people::Seat;
use crate::plan::{ChangeKind, Plan, PlannedChange};

/// Compares what was last applied with what is there; what happens next is what the plan says.
///
/// The plan is that of the same input.
pub fn drift(input: &Input<'_>, plan: &Plan) -> Drift {
    on_own_ground(input, |ground| on_ground(ground, plan))
}

fn on_ground(ground: &Ground<'_>, plan: &Plan) -> Drift {
    let input = &ground.input;
    let mut found = Found { ground, plan, changes: vec![], unmanaged: vec![] };
    if let Some(state) = input.state {
        for (id, record) in &state.accounts {
            found.account(id, record);
        }
        for (id, record) in &state.roles {
            found.role(id, record);
        }
        for (id, record) in &state.api_keys {
            found.api_key(id, record);
        }
        for (account, people) in &state.memberships {
            let Some(content) = input.world.content(account) else { continue };
            for (email, record) in people {
                found.membership(account, content, email, record);
            }
        }
    }
    for (account, content) in &input.world.contents {
        if let Ok(content) = content {
            found.unmanaged(account, content);
        }
    }
    found.unmanaged_keys();
    let Found { ground: _, plan: _, mut changes, mut unmanaged } = found;
    // Stable: of one thing, the differences stay in the order in which they are told.
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    unmanaged.sort_by(|a, b| a.address.cmp(&b.address));
    Drift {
        provider: plan.provider.clone(),
        seen: plan.seen.clone(),
        changes,
        unmanaged,
        unseen: plan.unseen.clone(),
        log_calls: 0,
    }
}

pub(super) struct Found<'f, 'a> {
    pub(super) ground: &'f Ground<'a>,
    pub(super) plan: &'f Plan,
    changes: Vec<Drifted>,
    pub(super) unmanaged: Vec<Drifted>,
}

/// One thing of ours that is compared.
pub(super) struct Ours<'t> {
    pub(super) address: Address,
    pub(super) title: String,
    pub(super) object: &'t ObjectRef,
    pub(super) log: AccountId,
    pub(super) traces: Vec<About>,
}

impl<'a> Found<'_, 'a> {
    fn account(&mut self, id: &AccountId, record: &AccountRecord) {
        let ground = self.ground;
        let directory = &ground.input.world.directory;
        let mut ours = Ours {
            address: Address::account(&self.plan.provider, &ground.accounts.label(id)),
            title: format!(
                "account {}",
                name(&record.applied, ground.input.semantics.accounts.natural_key, id)
            ),
            object: &record.object,
            log: id.clone(),
            traces: vec![About::Account(id.clone())],
        };
        let Some(actual) = directory.accounts.get(id) else {
            if ground.is_gone(id) {
                // What was labelled by what we remember: nothing at the provider tells its path any more.
                ours.address = Address::account(&self.plan.provider, &record.path);
                ours.log = self.log_above(&record.path).unwrap_or(ours.log);
                self.push(&ours, Difference::Gone("account"));
            }
            return;
        };
        let mut there = actual.fields.clone();
        if let Some(content) = ground.input.world.content(id) {
            there.extend(content.fields.clone());
        }
        self.fields(&ours, &record.applied, &there, ground.input.semantics.accounts.fields);
    }

    fn role(&mut self, id: &RoleId, record: &RoleRecord) {
        let ground = self.ground;
        let Some(content) = ground.input.world.content(&record.account) else { return };
        let key = RoleKey::new(ground.accounts.label(&record.account), record.key.name.clone());
        let ours = Ours {
            address: Address::role(&self.plan.provider, &key),
            title: format!("role {}", name(&record.applied, ground.input.semantics.roles.natural_key, id)),
            object: &record.object,
            log: record.account.clone(),
            traces: vec![About::Role(id.clone())],
        };
        match content.roles.get(id) {
            Some(role) => {
                self.fields(&ours, &record.applied, &role.fields, ground.input.semantics.roles.fields);
            }
            None if content.roles_complete.is_complete() => self.push(&ours, Difference::Gone("role")),
            None => {}
        }
    }

    pub(super) fn fields(&mut self, ours: &Ours<'_>, applied: &Fields, there: &Fields, rules: &[FieldRule]) {
        for (field, was) in applied {
            let rule = rules.iter().find(|rule| rule.name == field);
            let unknown = rule.is_some_and(|rule| rule.rule == Rule::WriteOnly || rule.own_call);
            let is = there.get(field);
            if same(Some(was), is) || unknown && is.is_none() {
                continue;
            }
            let change = FieldChange { field: field.clone(), from: Some(was.clone()), to: is.cloned() };
            self.push(ours, Difference::Field(change));
        }
    }

    fn membership(
        &mut self,
        account: &AccountId,
        content: &AccountContent,
        email: &Email,
        record: &MembershipRecord,
    ) {
        let MembershipRecord { object, person, granted: _, kept: _, removal: _, mail: _, leaving, disabled } =
            record;
        let address = Address::member(&self.plan.provider, &self.ground.accounts.label(account), email);
        if *leaving || self.ground.is_pending(&address) {
            return;
        }
        let Some(roster) = self.ground.rosters.get(account) else { return };
        let seat = match person {
            Some(person) => roster.by_id(person),
            None => roster.by_email(email),
        };
        let invites: Vec<_> = content.invites.iter().filter(|invite| invite.email == *email).collect();
        let mut traces: Vec<About> =
            person.iter().map(|id| About::Member(account.clone(), id.clone())).collect();
        traces.extend(
            seat.filter(|_| person.is_none()).map(|seat| About::Member(account.clone(), seat.id.clone())),
        );
        traces.push(About::Invite(account.clone(), "".into(), Some(email.clone())));
        let ours =
            Ours { address, title: email.to_string(), object, log: account.clone(), traces: traces.clone() };
        match (seat, invites.as_slice()) {
            (Some(Seat { id, member, email: now }), _) => {
                if let Some(to) = now.filter(|now| *now != email) {
                    let ours = Ours { traces: vec![About::Person(id.clone())], ..ours.again() };
                    self.push(&ours, Difference::Renamed { to: to.clone() });
                }
                if member.disabled && !disabled {
                    let ours = Ours { traces: vec![About::Person(id.clone())], ..ours.again() };
                    self.push(&ours, Difference::Disabled);
                }
                if !disabled {
                    self.grants(&ours, record, &member.roles);
                }
            }
            (None, [invite, ..]) if person.is_none() => self.grants(&ours, record, &invite.roles),
            (None, _) if content.people_complete.is_complete() => {
                let what = if person.is_some() { "member" } else { "invite" };
                self.push(&ours, Difference::Gone(what));
            }
            (None, _) => {}
        }
    }

    fn grants(&mut self, ours: &Ours<'_>, record: &MembershipRecord, there: &BTreeSet<RoleId>) {
        let ground = self.ground;
        let input = &ground.input;
        // Before somebody joins, what is missing or other may be what comes with joining.
        if record.person.is_none() && !input.capabilities.grants_before_acceptance {
            return;
        }
        let implied = input.semantics.roles.implied;
        let gained = there.iter().filter(|role| {
            let is_implied =
                matches!(ground.roles.grant(role), Grant::Fixed(name) if implied.contains(&name.as_str()));
            !record.granted.contains_key(*role) && !record.kept.contains(*role) && !is_implied
        });
        let live = record.granted.iter().filter(|(_, ends)| ends.is_none_or(|ends| ends > input.now));
        let lost = live.map(|(role, _)| role).filter(|role| !there.contains(*role));
        self.roles(ours, gained, lost);
    }

    pub(super) fn roles<'r>(
        &mut self,
        ours: &Ours<'_>,
        gained: impl Iterator<Item = &'r RoleId>,
        lost: impl Iterator<Item = &'r RoleId>,
    ) {
        for (title, role) in self.by_title(gained) {
            self.push(ours, Difference::Gained { role, title });
        }
        for (title, role) in self.by_title(lost) {
            let mut ours = ours.again();
            ours.traces.push(About::Role(role.clone()));
            self.push(&ours, Difference::Lost { role, title });
        }
    }

    fn by_title<'r>(&self, roles: impl Iterator<Item = &'r RoleId>) -> BTreeSet<(String, RoleId)> {
        roles.map(|role| (self.title(role), role.clone())).collect()
    }

    /// What a role is called, also one that is gone.
    fn title(&self, role: &RoleId) -> String {
        let state = self.ground.input.state;
        let record = state.and_then(|state| state.roles.get(role));
        match (self.ground.roles.known(role), record) {
            (None, Some(record)) => {
                name(&record.applied, self.ground.input.semantics.roles.natural_key, role)
            }
            _ => self.ground.roles.title(role),
        }
    }

    /// What is there, is not ours and is not declared, in an account that is declared and managed.
    fn unmanaged(&mut self, account: &'a AccountId, content: &'a AccountContent) {
        let ground = self.ground;
        let managed = ground.declared_account(account).is_some_and(|one| one.manage == Manage::Full);
        if !managed {
            return;
        }
        let (path, provider) = (ground.accounts.label(account), &self.plan.provider);
        let state = ground.input.state;
        let (desired, ours) = (
            ground.input.desired.memberships.get(&path),
            state.and_then(|state| state.memberships.get(account)),
        );
        let known = |email: &Email, id: Option<&PersonId>| {
            desired.is_some_and(|people| people.contains_key(email))
                || ours.is_some_and(|people| {
                    people.contains_key(email)
                        || id.is_some_and(|id| people.values().any(|one| one.person.as_ref() == Some(id)))
                })
        };
        let Some(roster) = ground.rosters.get(account) else { return };
        let mut found = Vec::new();
        for Seat { id, member, email } in roster.seats() {
            if email.is_none_or(|email| known(email, Some(id))) {
                continue;
            }
            let Some(email) = email else { continue };
            let traces = vec![
                About::Member(account.clone(), id.clone()),
                About::Invite(account.clone(), "".into(), Some(email.clone())),
            ];
            found.push((Address::member(provider, &path, email), self.what("member", &member.roles), traces));
        }
        for invite in &content.invites {
            if known(&invite.email, None) || roster.by_email(&invite.email).is_some() {
                continue;
            }
            let traces = vec![About::Invite(account.clone(), invite.id.clone(), Some(invite.email.clone()))];
            let address = Address::member(provider, &path, &invite.email);
            found.push((address, self.what("invite", &invite.roles), traces));
        }
        for (id, role) in &content.roles {
            let declared = ground.roles.is_declared(id);
            let remembered = state.is_some_and(|state| state.roles.contains_key(id));
            let Grant::Role(key) = ground.roles.grant(id) else { continue };
            if role.fixed.is_none() && !declared && !remembered {
                let what = format!("role {}", ground.roles.title(id));
                found.push((Address::role(provider, &key), what, vec![About::Role(id.clone())]));
            }
        }
        for (address, what, traces) in found {
            self.unmanaged.push(Drifted {
                title: match &address.thing {
                    Thing::Member(_, email) => email.to_string(),
                    _ => what.clone(),
                },
                then: self.then_unmanaged(&address),
                address,
                difference: Difference::Unmanaged(what),
                by: not_asked(),
                log: account.clone(),
                traces,
            });
        }
    }

    fn what(&self, thing: &str, roles: &BTreeSet<RoleId>) -> String {
        let mut titles: Vec<String> = roles.iter().map(|id| self.ground.roles.title(id)).collect();
        titles.sort();
        std::iter::once(thing.to_owned()).chain(titles).collect::<Vec<_>>().join(", ")
    }

    /// The account above one that is gone: its log tells of the removal.
    fn log_above(&self, path: &AccountPath) -> Option<AccountId> {
        let parent = path.parent()?;
        let state = self.ground.input.state;
        let remembered = state.and_then(|state| {
            state.accounts.iter().find(|(_, record)| record.path == parent).map(|(id, _)| id)
        });
        let declared = self.ground.accounts.id(&parent);
        let found = declared.or(remembered)?;
        self.ground.input.world.directory.accounts.contains_key(found).then(|| found.clone())
    }

    pub(super) fn push(&mut self, ours: &Ours<'_>, difference: Difference) {
        let Ours { address, title, object, log, traces } = ours.again();
        let then = self.then(&address, object, &difference);
        self.changes.push(Drifted { address, title, difference, then, by: not_asked(), log, traces });
    }

    /// What the plan says about it.
    fn then(&self, address: &Address, object: &ObjectRef, difference: &Difference) -> Then {
        let Plan { changes, drift, refused, held, deferred, renamed, .. } = self.plan;
        let undoes = |change: &&PlannedChange| change.address == *address && undoes(change, difference);
        if let Some(group) = held.iter().find(|group| group.changes.iter().any(|one| undoes(&one))) {
            return Then::Held { release: format!("orgform apply --release {}", group.digest.short()) };
        }
        if changes.iter().any(|one| undoes(&one)) {
            return Then::Corrected;
        }
        if drift.iter().any(|one| one.address == *address) {
            return Then::Reported;
        }
        if let Some(refused) = refused.iter().find(|one| one.address == *address) {
            return Then::Refused { because: refused.because.clone(), next: refused.next.clone() };
        }
        if let (Difference::Renamed { to }, true) =
            (difference, renamed.iter().any(|one| one.address == *address))
        {
            let because = "the declaration has the old e-mail".to_owned();
            return Then::Refused { because, next: format!("write `email: {}` there", to.written()) };
        }
        if let Some(deferred) = deferred.iter().find(|one| one.address == *address) {
            return Then::Deferred { because: deferred.because.clone() };
        }
        let desired = self.ground.input.desired;
        let declared = match &address.thing {
            Thing::Account(path) => desired.accounts.contains_key(path),
            Thing::Role(key) => desired.roles.contains_key(key),
            Thing::Member(path, email) => desired.membership(path, email).is_some(),
            Thing::ApiKey(label) => desired.api_keys.contains_key(label),
            Thing::Person(_) => false,
        };
        // The declaration has followed, and the next plan remembers the person under the new e-mail.
        let followed = match (&address.thing, difference) {
            (Thing::Member(path, _), Difference::Renamed { to }) => desired.membership(path, to).is_some(),
            _ => false,
        };
        match (desired.frozen.objects.contains(object), declared || followed) {
            (true, _) => Then::Frozen,
            (false, true) => Then::Declared,
            (false, false) => Then::Undeclared,
        }
    }

    pub(super) fn then_unmanaged(&self, address: &Address) -> Then {
        let Plan { changes, held, .. } = self.plan;
        let goes = |change: &PlannedChange| change.address == *address;
        if let Some(group) = held.iter().find(|group| group.changes.iter().any(goes)) {
            return Then::Held { release: format!("orgform apply --release {}", group.digest.short()) };
        }
        if changes.iter().any(goes) { Then::Corrected } else { Then::Kept }
    }
}

impl<'t> Ours<'t> {
    fn again(&self) -> Ours<'t> {
        let Self { address, title, object, log, traces } = self;
        Ours {
            address: address.clone(),
            title: title.clone(),
            object,
            log: log.clone(),
            traces: traces.clone(),
        }
    }
}

/// Whether a change of the same thing takes this very difference back.
fn undoes(change: &PlannedChange, difference: &Difference) -> bool {
    match difference {
        Difference::Gone(_) => matches!(change.kind, ChangeKind::Create | ChangeKind::Invite),
        Difference::Field(field) => change.fields.iter().any(|one| one.field == field.field),
        Difference::Gained { role: _, title } => change.loses.contains(title),
        Difference::Lost { role: _, title } => change.gains.contains(title),
        Difference::Disabled => change.kind == ChangeKind::Enable,
        Difference::Renamed { .. } => false,
        Difference::Unmanaged(_) => true,
    }
}

pub(super) fn not_asked() -> Attribution {
    Attribution::NoRecord { because: "nobody asked the audit log".to_owned() }
}

pub(super) fn name(applied: &Fields, natural_key: &str, id: &impl ToString) -> String {
    applied.get(natural_key).and_then(Value::as_text).map_or_else(|| id.to_string(), str::to_owned)
}
