//! Which role is which: what a grant means, and which actual role a declaration means.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::change::Ref;
use orgform_model::desired::{DesiredRole, Manage};
use orgform_model::world::ActualRole;
use orgform_model::{AccountId, AccountPath, Address, Fields, Grant, ObjectRef, RoleId, RoleKey, Value};

use crate::bind::Bound;
use crate::ground::Ground;

/// Which role is which, before and after the plan.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    pub(super) declared: BTreeMap<RoleKey, Ref<RoleId>>,
    actual: BTreeMap<RoleId, KnownRole>,
}

/// What is known of an actual role.
#[derive(Debug)]
pub(crate) struct KnownRole {
    /// How it is named in a grant.
    pub(crate) grant: Grant,
    /// How it is shown.
    pub(crate) title: String,
    /// Whether it carries the admin right now.
    pub(crate) admin: bool,
}

impl Roles {
    /// What is known of an actual role; none if it was not seen.
    pub(crate) fn known(&self, id: &RoleId) -> Option<&KnownRole> {
        self.actual.get(id)
    }

    /// The id of a declared role, if it exists.
    pub(crate) fn id(&self, key: &RoleKey) -> Option<&RoleId> {
        self.declared.get(key)?.known()
    }

    /// Whether an actual role is one that is declared.
    pub(crate) fn is_declared(&self, id: &RoleId) -> bool {
        self.declared.values().any(|declared| declared.known() == Some(id))
    }

    /// The grant that an actual role is.
    pub(crate) fn grant(&self, id: &RoleId) -> Grant {
        match self.actual.get(id) {
            Some(role) => role.grant.clone(),
            None => Grant::Fixed(format!("{{{id}}}")),
        }
    }

    /// How an actual role is shown.
    pub(crate) fn title(&self, id: &RoleId) -> String {
        self.actual.get(id).map_or_else(|| format!("{{{id}}}"), |role| role.title.clone())
    }

    /// What a declared grant refers to in an account; none if the role can't be told yet.
    pub(crate) fn resolve(
        &self,
        grant: &Grant,
        account: &AccountPath,
        ground: &Ground<'_>,
    ) -> Option<Ref<RoleId>> {
        match grant {
            Grant::Role(key) => self.declared.get(key).cloned(),
            Grant::Fixed(name) => self.resolve_fixed(name, account, ground),
        }
    }

    fn resolve_fixed(&self, name: &str, account: &AccountPath, ground: &Ground<'_>) -> Option<Ref<RoleId>> {
        let fixed = ground.input.semantics.roles.fixed_role(name)?;
        if let Some(id) = fixed.id {
            return Some(Ref::Known(id.into()));
        }
        for path in account.self_and_ancestors() {
            match ground.accounts.bound(&path)? {
                Bound::Create => {
                    let key = RoleKey::new(path, name);
                    return Some(Ref::Created(Address::role(&ground.input.desired.provider, &key)));
                }
                Bound::Blocked { .. } => return None,
                Bound::Known(id) => {
                    let content = ground.input.world.content(id)?;
                    let found = content.roles.iter().find(|(_, role)| role.fixed == Some(name));
                    if let Some((id, _)) = found {
                        return Some(Ref::Known(id.clone()));
                    }
                }
            }
        }
        None
    }

    /// How a grant is shown.
    pub(crate) fn grant_title(&self, grant: &Grant, ground: &Ground<'_>) -> String {
        match grant {
            Grant::Role(key) => ground
                .input
                .desired
                .roles
                .get(key)
                .map(|role| title_of(&role.fields, ground).unwrap_or_else(|| key.name.to_string()))
                .unwrap_or_else(|| key.name.to_string()),
            Grant::Fixed(name) => ground
                .input
                .semantics
                .roles
                .fixed_role(name)
                .map_or_else(|| name.clone(), |role| role.title.to_owned()),
        }
    }

    /// Whether a role carries the admin right once the plan is carried out.
    pub(crate) fn admin_after(&self, role: &Ref<RoleId>, ground: &Ground<'_>) -> bool {
        match role {
            Ref::Known(id) => {
                let Some(known) = self.actual.get(id) else { return false };
                match &known.grant {
                    Grant::Role(key) => match ground.input.desired.roles.get(key) {
                        Some(role) if role.manage == Manage::Full => {
                            declared_admin(role, known.admin, ground)
                        }
                        _ => known.admin,
                    },
                    Grant::Fixed(_) => known.admin,
                }
            }
            Ref::Created(address) => match &address.thing {
                orgform_model::Thing::Role(key) => match ground.input.desired.roles.get(key) {
                    Some(role) => declared_admin(role, false, ground),
                    None => ground.input.semantics.admin.fixed.contains(&key.name.as_ref()),
                },
                _ => false,
            },
        }
    }
}

/// Whether a declared role carries the admin right; as it is now, where the manifest leaves that open.
fn declared_admin(role: &DesiredRole, now: bool, ground: &Ground<'_>) -> bool {
    let Some((field, item)) = ground.input.semantics.admin.item else { return now };
    role.fields.get(field).map_or(now, |value| value.as_set().is_some_and(|set| set.contains(item)))
}

pub(super) fn title_of(fields: &Fields, ground: &Ground<'_>) -> Option<String> {
    fields.get(ground.input.semantics.roles.natural_key).and_then(Value::as_text).map(str::to_owned)
}

/// Names every actual role, and binds declared ones.
pub(crate) fn index(ground: &Ground<'_>) -> Roles {
    let mut roles = Roles::default();
    let finder = Finder::new(ground);
    for (key, role) in &ground.input.desired.roles {
        let address = || Address::role(&ground.input.desired.provider, key);
        let bound = match ground.accounts.bound(&key.account) {
            Some(Bound::Create) => Some(Ref::Created(address())),
            Some(Bound::Known(account)) => match finder.find(role, account) {
                Found::One(id) => Some(Ref::Known(id)),
                Found::None if role.manage == Manage::Full => Some(Ref::Created(address())),
                Found::None | Found::Several(_) | Found::Vanished | Found::Unseen => None,
            },
            Some(Bound::Blocked { .. }) | None => None,
        };
        if let Some(bound) = bound {
            roles.declared.insert(key.clone(), bound);
        }
    }
    let declared: BTreeMap<RoleId, RoleKey> = roles
        .declared
        .iter()
        .filter_map(|(key, bound)| Some((bound.known()?.clone(), key.clone())))
        .collect();
    for (account, id, role) in actual_roles(ground) {
        let known = name(account, id, role, declared.get(id), ground);
        roles.actual.insert(id.clone(), known);
    }
    // Fixed roles are known by id too: a list that comes short takes nothing from anybody, and gives nothing.
    let everywhere =
        ground.input.semantics.roles.fixed.iter().filter_map(|one| Some((one.id?.into(), one.name)));
    let remembered = ground.input.state.into_iter().flat_map(|state| &state.fixed_roles);
    for (id, name) in everywhere.chain(remembered.map(|(id, name)| (id.clone(), name.as_str()))) {
        if let Some(fixed) = ground.input.semantics.roles.fixed_role(name) {
            roles.actual.entry(id).or_insert_with(|| KnownRole {
                grant: Grant::Fixed(fixed.name.to_owned()),
                title: fixed.title.to_owned(),
                admin: ground.input.semantics.admin.fixed.contains(&fixed.name),
            });
        }
    }
    roles
}

pub(super) fn actual_roles<'a>(
    ground: &Ground<'a>,
) -> impl Iterator<Item = (&'a AccountId, &'a RoleId, &'a ActualRole)> + use<'a> {
    let world = ground.input.world;
    world.contents.iter().flat_map(|(account, content)| {
        content
            .iter()
            .flat_map(move |content| content.roles.iter().map(move |(id, role)| (account, id, role)))
    })
}

pub(super) fn natural_key<'f>(fields: &'f Fields, ground: &Ground<'_>) -> Option<&'f str> {
    fields.get(ground.input.semantics.roles.natural_key).and_then(Value::as_text)
}

fn name(
    account: &AccountId,
    id: &RoleId,
    role: &ActualRole,
    declared: Option<&RoleKey>,
    ground: &Ground<'_>,
) -> KnownRole {
    let semantics = ground.input.semantics;
    let grant = match (role.fixed, declared) {
        (Some(fixed), _) => Grant::Fixed(fixed.to_owned()),
        (None, Some(key)) => Grant::Role(key.clone()),
        (None, None) => {
            let remembered = ground.input.state.and_then(|state| state.roles.get(id));
            let label =
                remembered.map_or_else(|| format!("{{{id}}}").into(), |record| record.key.name.clone());
            Grant::Role(RoleKey::new(ground.accounts.label(account), label))
        }
    };
    let carries = semantics.admin.item.is_some_and(|(field, item)| {
        role.fields.get(field).and_then(Value::as_set).is_some_and(|set| set.contains(item))
    });
    let admin = role.fixed.is_some_and(|fixed| semantics.admin.fixed.contains(&fixed)) || carries;
    let fixed_title = role.fixed.and_then(|fixed| semantics.roles.fixed_role(fixed)).map(|role| role.title);
    let declared_title = declared
        .and_then(|key| ground.input.desired.roles.get(key))
        .and_then(|role| natural_key(&role.fields, ground));
    let title = fixed_title.or(declared_title).or_else(|| natural_key(&role.fields, ground));
    KnownRole { grant, title: title.map_or_else(|| id.to_string(), str::to_owned), admin }
}

pub(super) enum Found {
    One(RoleId),
    None,
    Several(usize),
    /// It is ours, and the list lacks it: somebody removed it, or the list is short and does not say so.
    Vanished,
    Unseen,
}

/// Finds the actual role that a declaration means: by its id, as remembered for its object, or by its name.
pub(super) struct Finder<'g, 'a> {
    ground: &'g Ground<'a>,
    by_object: BTreeMap<(&'a AccountId, &'a ObjectRef), &'a RoleId>,
    /// Custom roles by name, without those that a declaration means in another way.
    by_key: BTreeMap<(&'a AccountId, &'a str), Vec<&'a RoleId>>,
}

impl<'g, 'a> Finder<'g, 'a> {
    pub(super) fn new(ground: &'g Ground<'a>) -> Self {
        let ours = ground.input.state.into_iter().flat_map(|state| &state.roles);
        let by_object: BTreeMap<_, _> =
            ours.map(|(id, record)| ((&record.account, &record.object), id)).collect();
        let taken: BTreeSet<_> = ground
            .input
            .desired
            .roles
            .iter()
            .filter_map(|(key, role)| {
                let account = ground.accounts.id(&key.account)?;
                role.external_id.as_ref().or_else(|| by_object.get(&(account, &role.object)).copied())
            })
            .collect();
        let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (account, id, role) in actual_roles(ground) {
            let key =
                natural_key(&role.fields, ground).filter(|_| role.fixed.is_none() && !taken.contains(id));
            if let Some(key) = key {
                by_key.entry((account, key)).or_default().push(id);
            }
        }
        Self { ground, by_object, by_key }
    }

    pub(super) fn find(&self, role: &DesiredRole, account: &AccountId) -> Found {
        let Some(content) = self.ground.input.world.content(account) else { return Found::Unseen };
        let complete = content.roles_complete.is_complete();
        if let Some(id) = &role.external_id {
            return match content.roles.contains_key(id) {
                true => Found::One(id.clone()),
                false if complete => Found::None,
                false => Found::Unseen,
            };
        }
        if let Some(id) = self.by_object.get(&(account, &role.object)) {
            return match content.roles.contains_key(*id) {
                true => Found::One((*id).clone()),
                false if complete => Found::Vanished,
                false => Found::Unseen,
            };
        }
        let key = natural_key(&role.fields, self.ground);
        match key.and_then(|key| self.by_key.get(&(account, key))).map(Vec::as_slice) {
            Some([id]) => Found::One((*id).clone()),
            Some(several @ [_, _, ..]) => Found::Several(several.len()),
            _ if complete => Found::None,
            _ => Found::Unseen,
        }
    }
}
