//! A made-up provider that carries plans out: a pure reading of what each change means, with every precondition
//! checked. What is remembered is what the engine would remember.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::{Action, Applied, Ref};
use orgform_model::fields::{FieldChange, Fields};
use orgform_model::invite::InviteStatus;
use orgform_model::state::{Loss, Record, Remember, SecretFate};
use orgform_model::world::{
    AccountContent, ActualAccount, ActualApiKey, ActualInvite, ActualMember, ActualRole, PersonSeen,
    RemovalFacts,
};
use orgform_model::{
    AccountId, Address, ApiKeyId, Email, PersonId, ProviderState, RoleId, RoleKey, Thing, Timestamp, Value,
    World,
};
use orgform_plan::{Bindings, Plan, PlannedChange};

/// A provider and what is remembered of it.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) world: World,
    pub(crate) state: ProviderState,
    /// Whether an invite shows its grants, and gives them on joining.
    pub(crate) grants_before_acceptance: bool,
    /// Whether each account gets an admin role of its own.
    pub(crate) own_admin: bool,
    /// Mails by address.
    pub(crate) mails: BTreeMap<Address, u32>,
    /// Changes that were not made because something else had changed, and what depends on them.
    pub(crate) stale: BTreeSet<Address>,
    /// The world that the plan was made for.
    before: World,
    made: usize,
}

impl Model {
    pub(crate) fn new(world: World, state: ProviderState) -> Self {
        let (mails, stale) = (BTreeMap::new(), BTreeSet::new());
        let before = world.clone();
        Self { world, state, grants_before_acceptance: true, own_admin: true, mails, stale, before, made: 0 }
    }

    /// Carries out what is planned, in an order that `requires` allows, and remembers it.
    pub(crate) fn apply(&mut self, plan: &Plan, now: Timestamp) {
        self.apply_watched(plan, now, |_| {});
    }

    /// The same, and shows the world after every single change.
    pub(crate) fn apply_watched(&mut self, plan: &Plan, now: Timestamp, mut watch: impl FnMut(&World)) {
        let adopted = plan.adopted.iter().flat_map(|one| &one.entries);
        let forgotten = plan.forgotten.iter().flat_map(|one| &one.entries);
        for entry in adopted.chain(forgotten).chain(&plan.remember) {
            self.state.record(entry.clone());
        }
        self.stale.clear();
        self.before = self.world.clone();
        let mut bindings = Bindings::default();
        let mut left: Vec<&PlannedChange> = plan.changes.iter().rev().collect();
        while !left.is_empty() {
            let open: BTreeSet<&Address> = left.iter().map(|change| &change.address).collect();
            let at = left.iter().position(|change| change.requires.iter().all(|first| !open.contains(first)));
            let change = left.remove(at.expect("no cycle in `requires`"));
            self.one(change, &mut bindings, now);
            watch(&self.world);
        }
    }

    /// The last look of a run: what it lets go of is remembered, without a call.
    pub(crate) fn look_again(&mut self, plan: &Plan) {
        let forgotten = plan.forgotten.iter().flat_map(|one| &one.entries);
        for entry in forgotten.chain(&plan.remember) {
            self.state.record(entry.clone());
        }
    }

    /// Everybody who was invited joins.
    pub(crate) fn everybody_accepts(&mut self) {
        for content in self.world.contents.values_mut().flatten() {
            let (pending, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut content.invites)
                .into_iter()
                .partition(|invite| invite.status == InviteStatus::Pending);
            content.invites = rest;
            for invite in pending {
                let id = person_id(&invite.email);
                self.world.people.insert(id.clone(), PersonSeen::Email(invite.email.clone()));
                content.members.entry(id).or_insert_with(|| member(invite.roles));
            }
        }
    }

    fn one(&mut self, change: &PlannedChange, bindings: &mut Bindings, now: Timestamp) {
        if self.is_stale(&change.change.action) || change.requires.iter().any(|one| self.stale.contains(one))
        {
            self.stale.insert(change.address.clone());
            return;
        }
        let applied = self.write(&change.change.action, &change.address, bindings);
        match (&applied, &change.address.thing) {
            (Applied::Account { id, fixed_roles }, Thing::Account(path)) => {
                bindings.accounts.insert(change.address.clone(), id.clone());
                for (name, role) in fixed_roles {
                    let key = RoleKey::new(path.clone(), name.as_str());
                    bindings.roles.insert(Address::role(&change.address.provider, &key), role.clone());
                }
            }
            (Applied::Role { id }, _) => {
                bindings.roles.insert(change.address.clone(), id.clone());
            }
            _ => {}
        }
        if change.mails > 0 {
            *self.mails.entry(change.address.clone()).or_default() += change.mails;
        }
        let losses = change
            .losers
            .iter()
            .filter(|loser| !loser.foreseen)
            .map(|loser| Loss {
                at: now,
                account: loser.account.clone(),
                person: loser.person.clone(),
                consented: true,
            })
            .collect();
        let record = change.record.bind(bindings).expect("every reference is bound");
        let record = match (record, &change.change.action) {
            (Record::ApiKey(mut record), Action::CreateApiKey { secret_to, .. }) => {
                record.secret = SecretFate::Stored(secret_to.clone());
                Record::ApiKey(record)
            }
            (record, _) => record,
        };
        for entry in (Remember { record, losses }).entries(&applied) {
            self.state.record(entry);
        }
    }

    fn write(&mut self, action: &Action, address: &Address, bindings: &Bindings) -> Applied {
        match action {
            Action::CreateAccount { parent, fields } => {
                let parent = parent.as_ref().map(|parent| bindings.account(parent).expect("a parent"));
                self.create_account(parent, fields)
            }
            Action::UpdateAccount { account, changes } => {
                let actual = self.world.directory.accounts.get_mut(account).expect("an account");
                write_fields(&mut actual.fields, changes);
                Applied::Account { id: account.clone(), fixed_roles: BTreeMap::new() }
            }
            Action::RemoveAccount { account } => {
                let mut accounts = self.world.directory.accounts.values();
                assert!(accounts.all(|one| one.parent.as_ref() != Some(account)), "{account} has children");
                self.world.directory.accounts.remove(account).expect("an account");
                self.world.contents.remove(account);
                Applied::Gone
            }
            Action::CreateRole { account, fields } => {
                let account = bindings.account(account).expect("an owner");
                self.made += 1;
                let id = RoleId::from(format!("role-made-{}", self.made));
                let role = ActualRole { fixed: None, fields: fields.clone(), removal: RemovalFacts::LOCAL };
                self.content(&account).roles.insert(id.clone(), role);
                Applied::Role { id }
            }
            Action::UpdateRole { account, role, changes } => {
                let actual = self.content(account).roles.get_mut(role).expect("a role");
                assert_eq!(actual.fixed, None, "a fixed role is never written");
                write_fields(&mut actual.fields, changes);
                Applied::Role { id: role.clone() }
            }
            Action::RemoveRole { account, role } => {
                for content in self.world.contents.values().flatten() {
                    let held = content.members.values().any(|member| member.roles.contains(role));
                    let promised = content.invites.iter().any(|invite| invite.roles.contains(role));
                    assert!(!held && !promised, "{role} is in use");
                }
                self.content(account).roles.remove(role).expect("a role");
                Applied::Gone
            }
            Action::Invite { account, email, roles } => {
                let account = bindings.account(account).expect("an account");
                let roles = self.bound(&account, roles, bindings);
                self.invite(&account, email, roles)
            }
            Action::UpdateInvite { account, invite, email, from, roles }
            | Action::Resend { account, invite, email, from, roles } => {
                let roles = self.bound(account, roles, bindings);
                let invites = &mut self.content(account).invites;
                let actual = invites.iter_mut().find(|one| one.id == *invite).expect("an invite");
                assert_eq!((&actual.email, &actual.roles), (email, from), "{address}");
                actual.roles.clone_from(&roles);
                if matches!(action, Action::Resend { .. }) {
                    actual.status = InviteStatus::Pending;
                }
                Applied::Invited { invite: invite.clone(), roles }
            }
            Action::Withdraw { account, invite, email } => {
                let invites = &mut self.content(account).invites;
                let at = invites.iter().position(|one| one.id == *invite && one.email == *email);
                invites.remove(at.expect("an invite"));
                Applied::Gone
            }
            Action::UpdateMember { account, person, from: _, roles } => {
                let roles = self.bound(account, roles, bindings);
                self.member(account, person).roles.clone_from(&roles);
                Applied::Member { person: person.clone(), roles }
            }
            Action::RemoveMember { account, person, from: _, everywhere: _ } => {
                self.content(account).members.remove(person).expect("a member");
                Applied::Gone
            }
            Action::CreateApiKey { account, fields, roles, secret_to } => {
                let account = bindings.account(account).expect("an account");
                let roles = roles.iter().flat_map(|roles| self.bound(&account, roles, bindings)).collect();
                self.made += 1;
                let id = ApiKeyId::from(format!("key-made-{}", self.made));
                let key = ActualApiKey { fields: fields.clone(), roles };
                self.keys(&account).insert(id.clone(), key);
                self.world.secrets.insert(secret_to.clone(), Some(id.clone()));
                Applied::ApiKey { id, secret: None }
            }
            Action::UpdateApiKey { account, key, changes, from, roles } => {
                let roles = roles.as_ref().map(|roles| self.bound(account, roles, bindings));
                let actual = self.keys(account).get_mut(key).expect("a key");
                assert_eq!(actual.roles, *from, "{address}");
                write_fields(&mut actual.fields, changes);
                actual.roles = roles.unwrap_or_else(|| from.clone());
                Applied::ApiKey { id: key.clone(), secret: None }
            }
            Action::RemoveApiKey { account, key } => {
                self.keys(account).remove(key).expect("a key");
                Applied::Gone
            }
            Action::CreateMember { account, email, roles, fields, password: _ } => {
                let account = bindings.account(account).expect("an account");
                let (person, roles) = (person_id(email), self.bound(&account, roles, bindings));
                let content = self.content(&account);
                assert!(!content.members.contains_key(&person), "{email} is a member already");
                content.members.insert(person.clone(), member(roles.clone()));
                content.person_fields.insert(person.clone(), fields.clone());
                Applied::Member { person, roles }
            }
            Action::UpdatePerson { account, person, changes } => {
                let fields = self.content(account).person_fields.get_mut(person).expect("a person");
                write_fields(fields, changes);
                Applied::Person { person: person.clone() }
            }
            Action::MailMember { account, person } => {
                let roles = self.member(account, person).roles.clone();
                Applied::Member { person: person.clone(), roles }
            }
            Action::Disable { account, person } | Action::Enable { account, person } => {
                let member = self.member(account, person);
                member.disabled = matches!(action, Action::Disable { .. });
                Applied::Member { person: person.clone(), roles: member.roles.clone() }
            }
        }
    }

    /// Whether somebody has more than these roles and what the parent shows too: what the plan took for inherited
    /// was given in the account itself, and is not any more in the parent.
    fn is_stale(&self, action: &Action) -> bool {
        let (Action::UpdateMember { account, person, from, .. }
        | Action::RemoveMember { account, person, from, everywhere: _ }) = action
        else {
            return false;
        };
        let held = |world: &World, account: &AccountId| {
            let roles = world.content(account).and_then(|content| content.members.get(person));
            roles.map(|member| member.roles.clone()).unwrap_or_default()
        };
        let parent = self.world.directory.accounts.get(account).and_then(|account| account.parent.as_ref());
        let above = |world: &World| parent.map(|parent| held(world, parent)).unwrap_or_default();
        let now = held(&self.world, account);
        let more: BTreeSet<RoleId> = now.difference(from).cloned().collect();
        assert!(now.is_superset(from) && more.is_subset(&above(&self.before)), "{now:?} is not {from:?}");
        !more.is_subset(&above(&self.world))
    }

    fn create_account(&mut self, parent: Option<AccountId>, fields: &Fields) -> Applied {
        self.made += 1;
        let id = AccountId::from(format!("ac-made-{}", self.made));
        let account = ActualAccount { parent, fields: fields.clone(), removal: RemovalFacts::LOCAL };
        self.world.directory.accounts.insert(id.clone(), account);
        let mut content = AccountContent::default();
        let mut fixed_roles = BTreeMap::new();
        if self.own_admin {
            let role = RoleId::from(format!("role-{id}-admin"));
            content.roles.insert(role.clone(), admin_role());
            fixed_roles.insert("admin".to_owned(), role);
        }
        self.world.contents.insert(id.clone(), Ok(content));
        Applied::Account { id, fixed_roles }
    }

    /// A person whom the provider knows joins at once; another one is invited.
    fn invite(&mut self, account: &AccountId, email: &Email, roles: BTreeSet<RoleId>) -> Applied {
        let before = self.grants_before_acceptance;
        let person = person_id(email);
        let known = self.world.people.contains_key(&person);
        self.made += 1;
        let invite = format!("invite-made-{}", self.made).into();
        let content = self.content(account);
        assert!(!content.members.contains_key(&person), "{email} is a member already");
        assert!(content.invites.iter().all(|one| one.email != *email), "{email} is invited already");
        if known && before {
            content.members.insert(person.clone(), member(roles.clone()));
            return Applied::Member { person, roles };
        }
        let shown = if before { roles } else { BTreeSet::new() };
        content.invites.push(ActualInvite {
            id: format!("{invite}").into(),
            email: email.clone(),
            roles: shown.clone(),
            invited_at: None,
            status: InviteStatus::Pending,
        });
        Applied::Invited { invite, roles: shown }
    }

    fn bound(
        &self,
        account: &AccountId,
        roles: &BTreeSet<Ref<RoleId>>,
        bindings: &Bindings,
    ) -> BTreeSet<RoleId> {
        let ids: BTreeSet<RoleId> = roles.iter().map(|role| bindings.role(role).expect("a role")).collect();
        for id in &ids {
            assert!(!self.own_admin || self.has_role(account, id), "{account} has no role {id}");
        }
        ids
    }

    /// Whether the account or one above it owns the role.
    fn has_role(&self, account: &AccountId, role: &RoleId) -> bool {
        let mut at = Some(account.clone());
        while let Some(id) = at {
            if self.world.content(&id).is_some_and(|content| content.roles.contains_key(role)) {
                return true;
            }
            at = self.world.directory.accounts.get(&id).and_then(|account| account.parent.clone());
        }
        false
    }

    fn content(&mut self, account: &AccountId) -> &mut AccountContent {
        self.world.contents.get_mut(account).expect("an account").as_mut().expect("a seen account")
    }

    fn keys(&mut self, account: &AccountId) -> &mut BTreeMap<ApiKeyId, ActualApiKey> {
        self.world
            .api_keys
            .entry(account.clone())
            .or_insert_with(|| Ok(BTreeMap::new()))
            .as_mut()
            .expect("seen")
    }

    fn member(&mut self, account: &AccountId, person: &PersonId) -> &mut ActualMember {
        self.content(account).members.get_mut(person).expect("a member")
    }
}

pub(crate) fn admin_role() -> ActualRole {
    let fields = Fields::from([("displayName".to_owned(), Value::text("Admin"))]);
    ActualRole { fixed: Some("admin"), fields, removal: RemovalFacts::LOCAL }
}

pub(crate) fn member(roles: BTreeSet<RoleId>) -> ActualMember {
    ActualMember { email: None, hint: None, roles, disabled: false, removal: RemovalFacts::LOCAL }
}

pub(crate) fn person_id(email: &Email) -> PersonId {
    format!("user-{}", email.as_str().split('@').next().unwrap_or_default()).into()
}

fn write_fields(fields: &mut Fields, changes: &[FieldChange]) {
    for change in changes {
        assert_eq!(fields.get(&change.field), change.from.as_ref(), "{}", change.field);
        match &change.to {
            Some(to) => fields.insert(change.field.clone(), to.clone()),
            None => fields.remove(&change.field),
        };
    }
}
