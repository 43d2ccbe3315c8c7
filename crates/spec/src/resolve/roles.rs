//! Custom roles: who owns them, and which name means which.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgform_model::desired::DesiredRole;
use orgform_model::{AccountPath, Finding, Grant, RoleId, RoleKey, Semantics, Value};

use super::Run;
use super::accounts::{Accounts, Seat, tell_unknown_account, unknown_fields, with_natural_key};
use super::names::Index;
use crate::manifest::{At, Object, Role};
use crate::names::quoted;
use crate::near::{join, nearest};

/// Where each role is.
pub(super) struct Roles<'m> {
    index: Index<'m>,
    /// By position; none where the role, or its account, has an error.
    keys: Vec<Option<(usize, RoleKey)>>,
    /// Names of the right ones, by provider and account.
    by_account: HashMap<(usize, AccountPath), Vec<&'m str>>,
}

/// What a role name means.
pub(super) enum Meaning {
    Grant(Grant),
    /// It is declared, but can't be used; told already.
    Frozen,
    Unknown(Box<Finding>),
}

pub(super) fn place_roles<'m>(run: &mut Run<'m>, accounts: &Accounts<'m>) -> Roles<'m> {
    let objects: &'m [Object<Role>] = &run.manifest.roles;
    let mut roles = Roles { index: Index::new(objects), keys: Vec::new(), by_account: HashMap::new() };
    let mut spots = Vec::with_capacity(objects.len());
    for (at, object) in objects.iter().enumerate() {
        let spot = spot(run, accounts, object).filter(|_| roles.index.is_unique(at));
        let right = spot.as_ref().is_some_and(|(_, right)| *right);
        let key = spot.map(|(seat, _)| (seat.target, RoleKey::new(seat.path, object.name.value.clone())));
        roles.keys.push(key.clone().filter(|_| right));
        spots.push(key);
    }
    roles.tell_same(run, objects, &spots);
    for (at, object) in objects.iter().enumerate() {
        match &roles.keys[at] {
            Some((target, key)) => {
                let seat = (*target, key.account.clone());
                roles.by_account.entry(seat).or_default().push(&object.name.value);
                add_role(run, object, *target, key);
            }
            None => run.freeze(object.object()),
        }
    }
    roles
}

/// The account that owns the role, as far as that can be told, and whether all is right.
fn spot(run: &mut Run<'_>, accounts: &Accounts<'_>, object: &Object<Role>) -> Option<(Seat, bool)> {
    let account = object.spec.account.as_ref()?;
    let Some(at) = accounts.index.find(&account.value) else {
        tell_unknown_account(run, accounts, object.place_of(account.span), &account.value);
        return None;
    };
    let seat = accounts.spots[at].clone()?;
    let semantics = run.targets[seat.target].semantics;
    let before = run.findings.len();
    let whose = format!("{} roles", semantics.kind);
    run.findings.extend(unknown_fields(object, &object.spec.field_spans, semantics.roles.fields, &whose));
    if !semantics.roles.custom {
        let said = format!("{} has no custom roles", semantics.title);
        run.findings.push(Finding::error(said, object.place()));
    }
    if semantics.roles.fixed_role(&object.name.value).is_some() {
        let said = format!("{} is a fixed role of {}", quoted(&object.name.value), semantics.kind);
        run.findings.push(
            Finding::error(said, object.place())
                .hint("give the Role another name: it would not be clear which of the two is meant."),
        );
    }
    let right = run.findings.len() == before && !object.broken && accounts.seats[at].is_some();
    Some((seat, right))
}

impl<'m> Roles<'m> {
    /// Two declarations of one role: the same natural key or id in one account. Erroneous ones count too.
    fn tell_same(&mut self, run: &mut Run<'_>, objects: &[Object<Role>], spots: &[Option<(usize, RoleKey)>]) {
        let mut seen: HashMap<(usize, AccountPath, bool, &str), usize> = HashMap::new();
        let mut same = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            let Some((target, key)) = &spots[at] else { continue };
            let natural_key = run.targets[*target].semantics.roles.natural_key;
            if object.broken
                && object.spec.external_id.is_none()
                && !object.spec.fields.contains_key(natural_key)
            {
                // Its name may be what could not be read.
                continue;
            }
            let (is_id, what) = match &object.spec.external_id {
                Some(id) => (true, id.value.as_str()),
                None => {
                    let name = object.spec.fields.get(natural_key).and_then(Value::as_text);
                    (false, name.unwrap_or(&object.name.value))
                }
            };
            let first = *seen.entry((*target, key.account.clone(), is_id, what)).or_insert(at);
            if first != at {
                same.push((first, at, what.to_owned()));
            }
        }
        for (first, second, what) in same {
            let said = format!("two roles of one account are {}", quoted(&what));
            run.findings.push(
                Finding::error(said, objects[second].place())
                    .also_at(objects[first].place())
                    .hint("keep one, or give one another `displayName`."),
            );
            self.keys[first] = None;
            self.keys[second] = None;
        }
    }

    /// What a role name means in an account: a declared role of it or above it, else a fixed one.
    pub(super) fn meaning(&self, run: &Run<'_>, seat: &Seat, name: &At<Arc<str>>) -> Meaning {
        let semantics = run.targets[seat.target].semantics;
        if let Some(at) = self.index.find(&name.value) {
            match &self.keys[at] {
                None => return Meaning::Frozen,
                Some((target, key)) if *target == seat.target && reaches(semantics, key, &seat.path) => {
                    return Meaning::Grant(Grant::Role(key.clone()));
                }
                Some(_) => {}
            }
        }
        let below = seat.path.parent().is_some();
        let fixed = semantics.roles.fixed_role(&name.value.to_lowercase());
        if let Some(fixed) = fixed.filter(|fixed| fixed.level.has(below)) {
            return Meaning::Grant(Grant::Fixed(fixed.name.to_owned()));
        }
        Meaning::Unknown(Box::new(self.unknown(run, semantics, seat, name)))
    }

    fn unknown(&self, run: &Run<'_>, semantics: &Semantics, seat: &Seat, name: &At<Arc<str>>) -> Finding {
        let around: Vec<AccountPath> = if semantics.roles.inherited {
            seat.path.self_and_ancestors().collect()
        } else {
            vec![seat.path.clone()]
        };
        let segments: Vec<String> = around.iter().map(|path| last_segment(path).to_owned()).collect();
        let label =
            format!("not declared in {}, and not a fixed role of {}", join(&segments, "or"), semantics.kind);
        // The caller knows the file; the place is filled in there.
        let mut finding =
            Finding::error(format!("no role {} here", quoted(&name.value)), nowhere()).label(label);
        finding.hint = self.hint(run, semantics, seat, &around, &name.value);
        finding
    }

    fn hint(
        &self,
        run: &Run<'_>,
        semantics: &Semantics,
        seat: &Seat,
        around: &[AccountPath],
        name: &str,
    ) -> Option<String> {
        let roles = &run.manifest.roles;
        let place = |name: &str| self.index.find(name).map(|at| roles[at].place());
        if let (Some(at), Some(place)) = (self.index.find(name), place(name)) {
            let owner = self.keys[at].as_ref().map_or("elsewhere", |(_, key)| last_segment(&key.account));
            return Some(format!(
                "{} belongs to {owner} ({}:{}), which is not above {}.",
                quoted(name),
                place.file,
                place.line,
                last_segment(&seat.path)
            ));
        }
        let declared = around.iter().filter_map(|path| self.by_account.get(&(seat.target, path.clone())));
        let below = seat.path.parent().is_some();
        let here = semantics.roles.fixed.iter().filter(|role| role.level.has(below));
        let fixed = here.map(|role| role.name);
        let near = nearest(name, declared.flatten().copied().chain(fixed));
        let shown: Vec<String> = near
            .iter()
            .map(|near| match place(near) {
                Some(place) => format!("`{near}` ({}:{})", place.file, place.line),
                None => format!("`{near}`"),
            })
            .collect();
        (!shown.is_empty()).then(|| format!("did you mean {}?", join(&shown, "or")))
    }
}

fn nowhere() -> orgform_model::Place {
    orgform_model::Place { file: Arc::from(""), line: 0, column: 0, length: 0 }
}

/// Whether a role can be given in an account: its own, or one above where roles are inherited.
fn reaches(semantics: &Semantics, key: &RoleKey, account: &AccountPath) -> bool {
    let rest = account.as_str().strip_prefix(key.account.as_str());
    rest.is_some_and(|rest| rest.is_empty() || (semantics.roles.inherited && rest.starts_with('/')))
}

fn last_segment(path: &AccountPath) -> &str {
    path.as_str().rsplit('/').next().unwrap_or_default()
}

fn add_role(run: &mut Run<'_>, object: &Object<Role>, target: usize, key: &RoleKey) {
    let target = &mut run.targets[target];
    let Role { account: _, fields, field_spans: _, manage, external_id } = &object.spec;
    let natural_key = target.semantics.roles.natural_key;
    let role = DesiredRole {
        object: object.object(),
        place: object.place(),
        manage: *manage,
        external_id: external_id.as_ref().map(|id| RoleId::from(id.value.as_str())),
        fields: with_natural_key(fields, natural_key, &object.name.value, external_id.is_some()),
        removal: target.desired.policy.removal.roles,
    };
    let roles: &mut BTreeMap<_, _> = &mut target.desired.roles;
    roles.insert(key.clone(), role);
}
