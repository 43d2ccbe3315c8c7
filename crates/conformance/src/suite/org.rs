//! What a story declares: a small builder of desired states, in the words of any provider.
//!
//! An org knows two ordinary grants, [`Org::first`] and [`Org::second`]: custom roles where the provider has
//! them, else fixed roles without the admin right. So one story fits both.

use std::sync::Arc;

use jiff::Timestamp;
use orgform_model::desired::{
    DesiredAccount, DesiredApiKey, DesiredMembership, DesiredPerson, DesiredRole, Manage,
};
use orgform_model::policy::{Adoption, Allow, Limit, Removal};
use orgform_model::semantics::FixedRole;
use orgform_model::{
    AccountPath, ApiKeyLabel, Desired, Email, Fields, Grant, ObjectKind, ObjectRef, Place, Policy, RoleKey,
    SecretPlace, Value,
};

use super::{Breadth, Subject};

/// The `metadata.name` of the account that exists from the start.
pub const ROOT: &str = "acme";

/// What is declared.
#[derive(Clone)]
pub struct Org {
    subject: Arc<dyn Subject>,
    /// The declaration, before it is brought into the provider's normal form.
    pub desired: Desired,
}

impl std::fmt::Debug for Org {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Org").field("desired", &self.desired).finish_non_exhaustive()
    }
}

impl Org {
    /// Declares what there is in a fresh world: the founding account and its founder.
    ///
    /// What is irreversible or reaches other accounts is allowed, since most stories are not about that.
    pub fn founded(subject: Arc<dyn Subject>) -> Self {
        let founding = subject.founding();
        let mut desired = Desired::empty("provider".into());
        desired.policy = Policy::default();
        desired.policy.safety.allow.extend([Allow::Irreversible, Allow::WiderReach]);
        desired.policy.runs_as = subject.runs_as();
        let mut org = Self { subject, desired };
        org.declare_account(ROOT.into(), None, &founding.account);
        let admin = org.admin();
        org.member(founding.email.as_str(), ROOT, &[admin]);
        org
    }

    /// Declares an account: below another where the provider has a tree, else beside it.
    pub fn account(&mut self, name: &str, title: &str) -> AccountPath {
        let root = AccountPath::from(ROOT);
        let (path, parent) = match self.subject.semantics().accounts.tree {
            true => (root.child(name), Some(root)),
            false => (AccountPath::from(name), None),
        };
        self.declare_account(path.clone(), parent, title);
        path
    }

    /// Declares an account below another one.
    pub fn account_below(&mut self, parent: &AccountPath, name: &str, title: &str) -> AccountPath {
        let path = parent.child(name);
        self.declare_account(path.clone(), Some(parent.clone()), title);
        path
    }

    /// Takes the declaration of an account back, with its members and roles.
    pub fn drop_account(&mut self, path: &AccountPath) {
        self.desired.accounts.remove(path);
        self.desired.memberships.remove(path);
        self.desired.roles.retain(|key, _| key.account != *path);
    }

    /// A declared account.
    pub fn account_mut(&mut self, path: &AccountPath) -> &mut DesiredAccount {
        self.desired.accounts.entry(path.clone()).or_insert_with(|| no_account(path))
    }

    /// Declares the two ordinary roles on the founding account, where roles are declared at all.
    pub fn roles(&mut self) {
        if self.subject.semantics().roles.custom {
            let (first, second) = (self.first(), self.second());
            self.role(&first, "Operator", Breadth::Narrow);
            self.role(&second, "Auditor", Breadth::Narrow);
        }
    }

    /// Declares a custom role.
    pub fn role(&mut self, grant: &Grant, title: &str, breadth: Breadth) {
        let Grant::Role(key) = grant else { return };
        let mut fields = self.subject.role_fields(breadth);
        fields.insert(self.subject.semantics().roles.natural_key.to_owned(), Value::text(title));
        let role = DesiredRole {
            object: ObjectRef::of_file(ObjectKind::Role, &format!("{}-{}", key.account, key.name)),
            place: place("roles.yaml"),
            manage: Manage::Full,
            external_id: None,
            fields,
            removal: Removal::Remove,
        };
        self.desired.roles.insert(key.clone(), role);
    }

    /// The fields of a declared role.
    pub fn role_fields(&mut self, grant: &Grant) -> Option<&mut Fields> {
        let Grant::Role(key) = grant else { return None };
        self.desired.roles.get_mut(key).map(|role| &mut role.fields)
    }

    /// Takes the declaration of a role back.
    pub fn drop_role(&mut self, grant: &Grant) {
        if let Grant::Role(key) = grant {
            self.desired.roles.remove(key);
        }
    }

    /// The admin role.
    pub fn admin(&self) -> Grant {
        self.fixed(false, true, 0)
    }

    /// The admin role of an account.
    pub fn admin_in(&self, account: &AccountPath) -> Grant {
        self.fixed(account.parent().is_some(), true, 0)
    }

    /// An ordinary grant.
    pub fn first(&self) -> Grant {
        self.ordinary(0, "operator")
    }

    /// Another ordinary grant.
    pub fn second(&self) -> Grant {
        self.ordinary(1, "auditor")
    }

    /// An ordinary grant in an account other than the founding one: a role of its own, where there are such.
    pub fn ordinary_in(&mut self, account: &AccountPath) -> Grant {
        if !self.subject.semantics().roles.custom {
            return self.fixed(account.parent().is_some(), false, 0);
        }
        let grant = Grant::Role(RoleKey::new(account.clone(), "clerk"));
        self.role(&grant, "Clerk", Breadth::Narrow);
        grant
    }

    fn ordinary(&self, number: usize, name: &str) -> Grant {
        let semantics = self.subject.semantics();
        if semantics.roles.custom {
            return Grant::Role(RoleKey::new(ROOT.into(), name));
        }
        self.fixed(false, false, number)
    }

    /// A fixed role that is given where it is: at the top or below, with the admin right or without.
    fn fixed(&self, below: bool, admin: bool, number: usize) -> Grant {
        let semantics = self.subject.semantics();
        let fits = |role: &&FixedRole| {
            role.level.has(below)
                && semantics.admin.fixed.contains(&role.name) == admin
                && !semantics.roles.implied.contains(&role.name)
        };
        let name = semantics.roles.fixed.iter().filter(fits).map(|role| role.name).nth(number);
        Grant::Fixed(name.unwrap_or_default().to_owned())
    }

    /// The name that people see of a grant.
    pub fn title(&self, grant: &Grant) -> String {
        let semantics = self.subject.semantics();
        match grant {
            Grant::Fixed(name) => {
                semantics.roles.fixed_role(name).map_or_else(|| name.clone(), |role| role.title.to_owned())
            }
            Grant::Role(key) => {
                let fields = self.desired.roles.get(key).map(|role| &role.fields);
                let title = fields.and_then(|fields| fields.get(semantics.roles.natural_key)?.as_text());
                title.unwrap_or(&key.name).to_owned()
            }
        }
    }

    /// Declares somebody in an account, with exactly these grants.
    pub fn member(&mut self, email: &str, account: impl Into<AccountPath>, grants: &[Grant]) {
        let (email, object) = (Email::new(email), member_object(email));
        let membership = DesiredMembership {
            object: object.clone(),
            place: place("members.yaml"),
            grants: grants.iter().map(|grant| (grant.clone(), None)).collect(),
            removal: Removal::Remove,
        };
        self.desired.memberships.entry(account.into()).or_default().insert(email.clone(), membership);
        self.person(&email, object);
    }

    /// Declares an API key of the founding account, with these roles where keys have roles.
    pub fn api_key(&mut self, name: &str, title: &str, grants: &[Grant]) -> Option<&mut DesiredApiKey> {
        let semantics = self.subject.semantics().api_keys.as_ref()?;
        let key = DesiredApiKey {
            object: ObjectRef::of_file(ObjectKind::ApiKey, name),
            place: place("keys.yaml"),
            external_id: None,
            fields: Fields::from([(semantics.natural_key.to_owned(), Value::text(title))]),
            roles: semantics.roles.then(|| grants.iter().cloned().collect()),
            secret_to: Some(Self::secret_place(name)),
            removal: Removal::Remove,
        };
        let label = ApiKeyLabel::new(ROOT.into(), name);
        self.desired.api_keys.insert(label.clone(), key);
        self.desired.api_keys.get_mut(&label)
    }

    /// Where the secret of a declared API key goes.
    pub fn secret_place(name: &str) -> SecretPlace {
        SecretPlace::File { path: format!("keys/{name}") }
    }

    /// Lets a grant end.
    pub fn ends(&mut self, email: &str, account: impl Into<AccountPath>, grant: &Grant, at: Timestamp) {
        if let Some(membership) = self.membership(email, account) {
            membership.grants.insert(grant.clone(), Some(at));
        }
    }

    /// A declared membership.
    pub fn membership(
        &mut self,
        email: &str,
        account: impl Into<AccountPath>,
    ) -> Option<&mut DesiredMembership> {
        self.desired.memberships.get_mut(&account.into())?.get_mut(&Email::new(email))
    }

    /// Takes the declaration of somebody in an account back.
    pub fn drop_member(&mut self, email: &str, account: impl Into<AccountPath>) {
        let (email, account) = (Email::new(email), account.into());
        if let Some(people) = self.desired.memberships.get_mut(&account) {
            people.remove(&email);
        }
        if !self.desired.all_memberships().any(|(_, other, _)| *other == email) {
            self.desired.people.remove(&email);
        }
    }

    /// Declares somebody absent everywhere.
    pub fn offboard(&mut self, email: &str) {
        let email = Email::new(email);
        for people in self.desired.memberships.values_mut() {
            people.remove(&email);
        }
        self.person(&email, member_object(email.as_str()));
        if let Some(person) = self.desired.people.get_mut(&email) {
            person.offboarded = true;
        }
    }

    /// Says that the same object names its person by another e-mail now.
    pub fn rename_member(&mut self, email: &str, to: &str) {
        let (email, to) = (Email::new(email), Email::new(to));
        for people in self.desired.memberships.values_mut() {
            if let Some(membership) = people.remove(&email) {
                people.insert(to.clone(), membership);
            }
        }
        if let Some(person) = self.desired.people.remove(&email) {
            self.desired.people.insert(to, person);
        }
    }

    /// Lets everybody go at once: for stories of a few people of whom most lose something.
    pub fn without_limits(&mut self) {
        let all = Limit { percent: 100, floor: 0 };
        self.desired.policy.safety.per_account = all;
        self.desired.policy.safety.total = all;
    }

    /// Takes people over whole.
    pub fn take_over(&mut self) {
        self.desired.policy.adoption = Adoption::Take;
    }

    /// What a plan is made for: normal form, with the identities that somebody would have had to write.
    pub fn declared(&self) -> Desired {
        let mut desired = self.desired.clone();
        for (email, person) in &mut desired.people {
            person.identity = self.subject.identity(email);
        }
        self.subject.normal(desired)
    }

    fn declare_account(&mut self, path: AccountPath, parent: Option<AccountPath>, title: &str) {
        let key = self.subject.semantics().accounts.natural_key.to_owned();
        let mut account = no_account(&path);
        account.parent = parent;
        account.fields = self.subject.account_fields();
        account.fields.insert(key, Value::text(title));
        self.desired.accounts.insert(path, account);
    }

    fn person(&mut self, email: &Email, object: ObjectRef) {
        self.desired.people.entry(email.clone()).or_insert_with(|| DesiredPerson {
            object,
            place: place("members.yaml"),
            offboarded: false,
            identity: None,
            fields: Fields::new(),
            creation: None,
        });
    }
}

fn no_account(path: &AccountPath) -> DesiredAccount {
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    DesiredAccount {
        object: ObjectRef::of_file(ObjectKind::Account, name),
        place: place("accounts.yaml"),
        parent: None,
        manage: Manage::Full,
        external_id: None,
        fields: Fields::new(),
        authoritative_members: false,
        adoption: None,
        removal: Removal::Retain,
    }
}

fn member_object(email: &str) -> ObjectRef {
    let name = email.split('@').next().unwrap_or(email);
    ObjectRef::of_file(ObjectKind::Member, name)
}

fn place(file: &str) -> Place {
    Place { file: file.into(), line: 1, column: 1, length: 1 }
}
