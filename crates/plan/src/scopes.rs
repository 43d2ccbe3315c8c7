//! Says what to look at: which accounts, then which people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orgform_model::change::Action;
use orgform_model::world::{ActualMember, Directory, Scope};
use orgform_model::{
    AccountId, AccountPath, Desired, Email, PersonId, ProviderState, RoleId, Semantics, World,
};

use crate::bind::{Accounts, bind};

/// Lists the accounts to ask for what is below them, where the list of accounts lacks that: parents that are
/// declared or remembered; all at the top if anyone is declared absent, or something remembered is in no list.
pub fn below(
    desired: &Desired,
    directory: &Directory,
    state: Option<&ProviderState>,
    semantics: &Semantics,
) -> BTreeSet<Scope> {
    if semantics.accounts.below_listed {
        return BTreeSet::new();
    }
    let accounts = bind(desired, directory, state, semantics);
    let parents = desired.accounts.values().filter_map(|account| account.parent.as_ref());
    let mut asked: BTreeSet<Scope> =
        parents.filter_map(|parent| accounts.id(parent)).cloned().map(Scope::Below).collect();
    let mut hidden = desired.people.values().any(|person| person.offboarded);
    if let Some(state) = state {
        let begun = state.intents.values().filter_map(|intent| match &intent.change.action {
            Action::CreateAccount { parent, .. } => parent.as_ref()?.known(),
            _ => None,
        });
        asked.extend(begun.filter(|id| directory.accounts.contains_key(*id)).cloned().map(Scope::Below));
        let unlisted = |id: &&AccountId| !directory.accounts.contains_key(*id);
        for id in state.accounts.keys().chain(state.memberships.keys()).filter(unlisted) {
            let path = state.accounts.get(id).and_then(|record| record.path.parent());
            match path.and_then(|path| accounts.id(&path).cloned()) {
                Some(parent) => drop(asked.insert(Scope::Below(parent))),
                None => hidden = true,
            }
        }
    }
    if hidden {
        asked.extend(below_all(directory, semantics));
    }
    asked
}

/// All accounts at the top that were not asked yet for what is below them, where the list lacks that.
pub fn below_all(directory: &Directory, semantics: &Semantics) -> BTreeSet<Scope> {
    if semantics.accounts.below_listed {
        return BTreeSet::new();
    }
    let at_the_top = directory.accounts.iter().filter(|(_, account)| account.parent.is_none());
    let unasked = at_the_top.filter(|(id, _)| !directory.below.contains(*id));
    unasked.map(|(id, _)| Scope::Below(id.clone())).collect()
}

/// Members of these accounts who hold a fixed role with the admin right.
pub fn admins<'w>(
    world: &'w World,
    accounts: &BTreeSet<&AccountId>,
    semantics: &Semantics,
) -> BTreeSet<&'w PersonId> {
    let admin = |id: &RoleId| {
        let mut fixed = semantics.roles.fixed.iter();
        fixed.any(|role| role.id == Some(id.as_str()) && semantics.admin.fixed.contains(&role.name))
    };
    let contents = accounts.iter().filter_map(|id| world.content(id));
    let members = contents.flat_map(|content| &content.members);
    members.filter(|(_, member)| member.roles.iter().any(admin)).map(|(person, _)| person).collect()
}

/// Lists the accounts to look into: declared, remembered, the parents of these, and all of them if anyone is
/// declared absent.
pub fn scopes(
    desired: &Desired,
    directory: &Directory,
    state: Option<&ProviderState>,
    semantics: &Semantics,
) -> BTreeSet<Scope> {
    let accounts = bind(desired, directory, state, semantics);
    let declared = desired.accounts.keys().filter_map(|path| accounts.id(path));
    let remembered = state.into_iter().flat_map(|state| {
        let owners = state.roles.values().map(|role| &role.account);
        state.accounts.keys().chain(state.memberships.keys()).chain(owners)
    });
    let all = desired.people.values().any(|person| person.offboarded).then_some(directory.accounts.keys());
    let mut asked: BTreeSet<&AccountId> =
        declared.chain(remembered).chain(all.into_iter().flatten()).collect();
    if semantics.roles.inherited {
        // What an account shows is told from what is held above it only where that is seen.
        let parent = |id: &&AccountId| directory.accounts.get(*id)?.parent.as_ref();
        asked.extend(asked.iter().filter_map(parent).collect::<Vec<_>>());
    }
    asked
        .into_iter()
        .filter(|id| directory.accounts.contains_key(*id))
        .map(|id| account_scope(id, desired, &accounts, semantics))
        .chain(api_key_scopes(desired, directory, state, &accounts))
        .collect()
}

/// API keys cost a call for each account, so they are looked at only where one is declared or remembered.
fn api_key_scopes(
    desired: &Desired,
    directory: &Directory,
    state: Option<&ProviderState>,
    accounts: &Accounts,
) -> BTreeSet<Scope> {
    let declared = desired.api_keys.keys().filter_map(|label| accounts.id(&label.account));
    let remembered = state.into_iter().flat_map(|state| {
        let begun = state.intents.values().filter_map(|intent| match &intent.change.action {
            Action::CreateApiKey { account, .. } => account.known(),
            _ => None,
        });
        state.api_keys.values().map(|key| &key.account).chain(begun)
    });
    declared
        .chain(remembered)
        .filter(|id| directory.accounts.contains_key(*id))
        .map(|id| Scope::ApiKeys(id.clone()))
        .collect()
}

/// The scope of one account, with the costly fields that are declared for it.
pub(crate) fn account_scope(
    id: &AccountId,
    desired: &Desired,
    accounts: &Accounts,
    semantics: &Semantics,
) -> Scope {
    let declared = desired.accounts.get(&accounts.label(id));
    let costly = semantics.accounts.fields.iter().filter(|rule| rule.own_call).map(|rule| rule.name);
    let fields =
        costly.filter(|name| declared.is_some_and(|account| account.fields.contains_key(*name))).collect();
    Scope::Account { id: id.clone(), fields }
}

/// Lists the people to look up: those whose e-mail the list lacks, and who were never seen, were seen longer ago
/// than `maxAge`, or would lose a membership or change an e-mail if what we remember still holds.
pub fn people_to_look_up(
    desired: &Desired,
    world: &World,
    state: Option<&ProviderState>,
    semantics: &Semantics,
    now: Timestamp,
) -> BTreeSet<Scope> {
    let accounts = bind(desired, &world.directory, state, semantics);
    let declared_ids: BTreeMap<&PersonId, &Email> = desired
        .people
        .iter()
        .filter_map(|(email, person)| Some((person.identity.as_ref()?, email)))
        .collect();
    let mut people = BTreeSet::new();
    for (id, content) in &world.contents {
        let Ok(content) = content else { continue };
        let path = accounts.label(id);
        for (person, member) in &content.members {
            let known = LookUp { desired, world, state, now, declared_ids: &declared_ids };
            if known.is_due(person, member, id, &path) {
                people.insert(Scope::Person(person.clone()));
            }
        }
    }
    people
}

struct LookUp<'a> {
    desired: &'a Desired,
    world: &'a World,
    state: Option<&'a ProviderState>,
    now: Timestamp,
    declared_ids: &'a BTreeMap<&'a PersonId, &'a Email>,
}

impl LookUp<'_> {
    fn is_due(
        &self,
        person: &PersonId,
        member: &ActualMember,
        account: &AccountId,
        path: &AccountPath,
    ) -> bool {
        if member.email.is_some()
            || self.world.people.contains_key(person)
            || self.declared_ids.contains_key(person)
        {
            return false;
        }
        let Some(known) = self.state.and_then(|state| state.people.get(person)) else { return true };
        let age = self.now.duration_since(known.seen);
        if age.is_negative() || age.unsigned_abs() > self.desired.policy.max_age {
            return true;
        }
        let Some(email) = &known.email else { return false };
        let live = |ends: &Option<Timestamp>| ends.is_none_or(|ends| ends > self.now);
        let wanted = self
            .desired
            .membership(path, email)
            .is_some_and(|one| one.grants.is_empty() || one.grants.values().any(live));
        let declared = self.desired.membership(path, email).is_some();
        let record = self.state.and_then(|state| state.membership(account, email));
        let ours = record.is_some();
        // Two people may have swapped e-mails, and their declarations followed.
        let other_object = record.zip(self.desired.membership(path, email));
        let other_object = other_object.is_some_and(|(record, desired)| record.object != desired.object);
        let authority = self.desired.accounts.get(path).is_some_and(|account| account.authoritative_members);
        let absent = self.desired.people.get(email).is_some_and(|person| person.offboarded);
        !wanted && (ours || declared || authority) || absent || other_object
    }
}
