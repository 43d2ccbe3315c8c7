//! Plans API keys: create, update, remove, make again, or let go of.
//!
//! A key is found by its id, by what is remembered for its object, or by its name. Its secret is shown once, so
//! a key whose secret was not stored is of no use: it is removed, and made again where it is still declared. A
//! key that works is never made again by itself, wherever its secret may be by now. Limits count people; what
//! a key loses is shown all the same.

mod compare;
mod find;
mod own;
mod secrets;

use std::collections::BTreeSet;

use orgform_model::change::{Action, Change, Ref};
use orgform_model::desired::DesiredApiKey;
use orgform_model::policy::Removal;
use orgform_model::semantics::ApiKeySemantics;
use orgform_model::state::{ApiKeyRecord, Entry, Record, SecretFate};
use orgform_model::world::ActualApiKey;
use orgform_model::{AccountId, Address, ApiKeyId, ApiKeyLabel, FieldChange, RoleId, Scope, Value};

use crate::bind::Bound;
use crate::ground::Ground;
use crate::plan::{Cause, ChangeKind, Deferred, Forgotten, Kept, Plan, PlannedChange, Refused, UnseenScope};
use crate::record::{ApiKeyDraft, RecordDraft};
use find::{Finder, Found};

pub(crate) use own::{is_own, own_key, roles_of_own_keys};
pub use secrets::secret_places;

/// Plans every declared key, then those that are ours and no longer declared, then tells of the others.
pub(crate) fn plan(ground: &Ground<'_>, plan: &mut Plan) {
    let finder = Finder::new(ground);
    for (label, key) in &ground.input.desired.api_keys {
        if ground.input.desired.subject.asks_for(&key.object) {
            let address = Address::api_key(&ground.input.desired.provider, label);
            Case { ground, finder: &finder, label, key, address }.plan(plan);
        }
    }
    for (id, record) in ground.input.state.into_iter().flat_map(|state| &state.api_keys) {
        if !finder.is_wanted(id) && !ground.going.contains(&record.account) {
            not_wanted(id, record, &finder, ground, plan);
        }
    }
    report_unmanaged(&finder, ground, plan);
    report_unseen(ground, plan);
}

/// Who holds a role that is going, once this plan is carried out, and what takes it from the others.
///
/// A held removal counts: if it is released, the role goes with it.
pub(crate) fn holders_after(
    role: &RoleId,
    plan: &Plan,
    ground: &Ground<'_>,
) -> (Vec<String>, BTreeSet<Address>) {
    let (mut left, mut droppers) = (Vec::new(), BTreeSet::new());
    for (account, id, _) in actual_keys(ground).filter(|(_, _, key)| key.roles.contains(role)) {
        let held = plan.held.iter().flat_map(|group| &group.changes);
        let drops = plan.changes.iter().chain(held).find(|change| match &change.change.action {
            Action::RemoveApiKey { key, .. } => key == id,
            Action::UpdateApiKey { key, roles: Some(roles), .. } => {
                key == id && !roles.iter().any(|one| one.known() == Some(role))
            }
            Action::RemoveAccount { account: going } => going == account,
            _ => false,
        });
        match drops {
            Some(change) => drop(droppers.insert(change.address.clone())),
            None => left.push(format!("API key {} in {}", shown(id, ground), ground.accounts.label(account))),
        }
    }
    (left, droppers)
}

/// Accounts whose keys may hold a role that goes, and were not looked at.
pub(crate) fn unseen_holders(owner: &AccountId, ground: &Ground<'_>) -> BTreeSet<Scope> {
    if !semantics(ground).is_some_and(|keys| keys.roles) {
        return BTreeSet::new();
    }
    let all = match ground.input.semantics.roles.inherited {
        true => ground.accounts.subtree(owner),
        false => BTreeSet::from([owner.clone()]),
    };
    let unseen = all.into_iter().filter(|id| !ground.input.world.api_keys.contains_key(id));
    unseen.map(Scope::ApiKeys).collect()
}

/// One declared key.
struct Case<'g, 'a> {
    ground: &'g Ground<'a>,
    finder: &'g Finder<'a>,
    label: &'g ApiKeyLabel,
    key: &'g DesiredApiKey,
    address: Address,
}

impl Case<'_, '_> {
    fn plan(&self, plan: &mut Plan) {
        let account = match self.ground.accounts.bound(&self.label.account) {
            Some(Bound::Create) => {
                let account = Address::account(&self.ground.input.desired.provider, &self.label.account);
                return self.create(Ref::Created(account), None, plan);
            }
            Some(Bound::Known(id)) => id,
            Some(Bound::Blocked { .. }) | None => {
                return self.defer("create", "its account can't be told yet", plan);
            }
        };
        match self.finder.find(self.label) {
            Found::One(id) if self.is_remade() => self.remake(account, &id, plan),
            Found::One(id) => self.compare_one(account, &id, plan),
            Found::None if self.key.external_id.is_some() => self.refuse(
                "use",
                "no such key is there",
                "correct its `externalId`, or drop it to have a key made".to_owned(),
                plan,
            ),
            Found::None if self.ground.is_pending(&self.address) => {
                self.ground.defer_pending(self.address.clone(), "create", plan);
            }
            Found::None => self.create(Ref::Known(account.clone()), None, plan),
            Found::Vanished => {
                let next = format!(
                    "the list may have been short: plan again; if it stays gone and was removed by hand, run `orgform \
                     forget {}`: then it is made anew",
                    self.address
                );
                self.refuse("compare", "it was here and is not listed any more", next, plan);
            }
            Found::Several(count) => self.refuse(
                "adopt",
                &format!("{count} API keys have this name here"),
                "set `externalId` to the one that is meant".to_owned(),
                plan,
            ),
            Found::Unseen => self.defer("compare", "the API keys of its account could not be seen", plan),
        }
    }

    /// Makes a key. One that it takes the place of is removed afterwards.
    fn create(&self, account: Ref<AccountId>, replaces: Option<&ApiKeyId>, plan: &mut Plan) {
        let Some(secret_to) = &self.key.secret_to else {
            let next = "say where its secret goes, with `writeSecretTo`".to_owned();
            return self.refuse("create", "nobody said where its secret goes", next, plan);
        };
        if !self.ground.input.capabilities.create_api_key {
            let next = "make it by hand at the provider, and name it with `externalId`".to_owned();
            return self.cannot("create", "make", next, plan);
        }
        let Some(roles) = self.roles() else {
            return self.defer("create", "a role of it can't be told yet", plan);
        };
        let fields: Vec<FieldChange> = self
            .key
            .fields
            .iter()
            .map(|(field, value)| FieldChange { field: field.clone(), from: None, to: Some(value.clone()) })
            .collect();
        let draft = ApiKeyDraft {
            secret: SecretFate::Lost,
            replaces: replaces.cloned(),
            ..self.draft(account.clone(), roles.clone())
        };
        let mut notes = vec![format!("its secret goes to {secret_to}")];
        notes.extend(
            self.finder
                .lost_of(&self.key.object)
                .next()
                .map(|_| "the secret of the one before was not stored".to_owned()),
        );
        let cause = if replaces.is_some() { Cause::Requested } else { Cause::Declared };
        plan.changes.push(PlannedChange {
            title: self.title(),
            fields,
            gains: self.titles(),
            notes,
            place: Some(self.key.place.clone()),
            ..PlannedChange::new(
                ChangeKind::Create,
                cause,
                Change {
                    address: self.address.clone(),
                    action: Action::CreateApiKey {
                        account,
                        fields: self.key.fields.clone(),
                        roles,
                        secret_to: secret_to.clone(),
                    },
                },
                RecordDraft::ApiKey(draft),
            )
        });
    }

    /// A new key first, with its secret stored; then the old one goes.
    fn remake(&self, account: &AccountId, old: &ApiKeyId, plan: &mut Plan) {
        let can = self.ground.input.capabilities;
        if !can.remove_api_key {
            let next = "make it again by hand at the provider".to_owned();
            return self.cannot("make again", "remove", next, plan);
        }
        if let Some(because) = own::runs_with(old, self.ground) {
            return self.refuse("make again", because, own::NEXT.to_owned(), plan);
        }
        let before = plan.changes.len();
        self.create(Ref::Known(account.clone()), Some(old), plan);
        if plan.changes.len() > before {
            remove(account, old, Cause::Replaced, Some(self.address.clone()), self.ground, plan);
        }
    }

    fn is_remade(&self) -> bool {
        self.ground.input.requests.remake.contains(&self.address)
    }

    fn draft(&self, account: Ref<AccountId>, roles: Option<BTreeSet<Ref<RoleId>>>) -> ApiKeyDraft {
        ApiKeyDraft {
            account,
            label: self.label.clone(),
            object: self.key.object.clone(),
            applied: self.key.fields.clone(),
            roles,
            kept: BTreeSet::new(),
            removal: self.key.removal,
            secret: SecretFate::Elsewhere,
            replaces: None,
        }
    }

    /// The declared roles; the outer none if one can't be told yet.
    fn roles(&self) -> Option<Option<BTreeSet<Ref<RoleId>>>> {
        let Some(roles) = &self.key.roles else { return Some(None) };
        let resolve = |grant| self.ground.roles.resolve(grant, &self.label.account, self.ground);
        roles.iter().map(resolve).collect::<Option<_>>().map(Some)
    }

    fn titles(&self) -> Vec<String> {
        let roles = self.key.roles.iter().flatten();
        let mut titles: Vec<String> =
            roles.map(|grant| self.ground.roles.grant_title(grant, self.ground)).collect();
        titles.sort();
        titles
    }

    fn title(&self) -> String {
        let semantics = self.ground.input.semantics.api_keys.as_ref();
        let name = semantics.and_then(|keys| self.key.fields.get(keys.natural_key)?.as_text());
        format!("API key {}", name.unwrap_or(&self.label.name))
    }

    fn cannot(&self, what: &str, verb: &str, next: String, plan: &mut Plan) {
        let title = self.ground.input.semantics.title;
        self.refuse(what, &format!("{title} can't {verb} API keys"), next, plan);
    }

    fn refuse(&self, what: &str, because: &str, next: String, plan: &mut Plan) {
        plan.refused.push(Refused {
            address: self.address.clone(),
            what: what.into(),
            because: because.into(),
            next,
            place: Some(self.key.place.clone()),
        });
    }

    fn defer(&self, what: &str, because: &str, plan: &mut Plan) {
        plan.deferred.push(Deferred {
            address: self.address.clone(),
            what: what.into(),
            because: because.into(),
            until: None,
        });
    }
}

/// A key of ours that is no longer declared, whose secret was lost, or whose place another one took.
fn not_wanted(
    id: &ApiKeyId,
    record: &ApiKeyRecord,
    finder: &Finder<'_>,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    let desired = ground.input.desired;
    let superseded = finder.is_superseded(id);
    let useless = superseded || record.secret == SecretFate::Lost;
    let subject = &desired.subject;
    let may_act = if useless { subject.asks_for(&record.object) } else { subject.speaks_for(&record.object) };
    if !may_act || desired.frozen.objects.contains(&record.object) {
        return;
    }
    if !useless && finder.is_unbound(&record.object) {
        return;
    }
    let address = address_of(id, record, superseded, ground);
    let drop = vec![Entry::DropApiKey { id: id.clone() }];
    let Some(keys) = ground.input.world.api_keys(&record.account) else {
        if ground.is_gone(&record.account) {
            plan.remember.extend(drop);
        } else {
            ground.defer_unseen(address, "remove", plan);
        }
        return;
    };
    if !keys.contains_key(id) {
        plan.remember.extend(drop);
        return;
    }
    if let Some(because) = ground.accounts.unsettled(&record.account).filter(|_| !useless) {
        ground.defer_unsettled(address, "remove", because, plan);
        return;
    }
    if record.removal != Removal::Remove && !useless {
        plan.forgotten.push(Forgotten {
            address,
            because: format!("it is no longer declared and its removal is {:?}", record.removal),
            entries: drop,
        });
        return;
    }
    if !ground.input.capabilities.remove_api_key {
        plan.refused.push(Refused {
            next: format!("remove it by hand at the provider, or run `orgform forget {address}`"),
            address,
            what: "remove".into(),
            because: format!("{} can't remove API keys", ground.input.semantics.title),
            place: None,
        });
        return;
    }
    let cause = match (&record.secret, superseded) {
        (_, true) => Cause::Replaced,
        (SecretFate::Lost, false) => Cause::SecretLost,
        (SecretFate::Stored(_) | SecretFate::Elsewhere, false) => Cause::Undeclared,
    };
    remove(&record.account, id, cause, None, ground, plan);
}

fn remove(
    account: &AccountId,
    id: &ApiKeyId,
    cause: Cause,
    requires: Option<Address>,
    ground: &Ground<'_>,
    plan: &mut Plan,
) {
    let record = ground.input.state.and_then(|state| state.api_keys.get(id));
    let by_id = matches!(cause, Cause::Replaced | Cause::SecretLost);
    let address = match record.filter(|_| !by_id) {
        Some(record) => address_of(id, record, false, ground),
        None => undeclared_address(account, id, ground),
    };
    let roles = actual_key(account, id, ground).into_iter().flat_map(|key| &key.roles);
    let mut loses: Vec<String> = roles.map(|role| ground.roles.title(role)).collect();
    loses.sort();
    plan.changes.push(PlannedChange {
        title: format!("API key {}", shown(id, ground)),
        loses,
        requires: requires.into_iter().collect(),
        ..PlannedChange::new(
            ChangeKind::Remove,
            cause,
            Change { address, action: Action::RemoveApiKey { account: account.clone(), key: id.clone() } },
            RecordDraft::Known(Record::DropApiKey(id.clone())),
        )
    });
}

/// A key that works is named as it was declared; one that another takes the place of, by its id.
fn address_of(id: &ApiKeyId, record: &ApiKeyRecord, superseded: bool, ground: &Ground<'_>) -> Address {
    if superseded || record.secret == SecretFate::Lost {
        return undeclared_address(&record.account, id, ground);
    }
    let label = ApiKeyLabel::new(ground.accounts.label(&record.account), record.label.name.clone());
    Address::api_key(&ground.input.desired.provider, &label)
}

fn undeclared_address(account: &AccountId, id: &ApiKeyId, ground: &Ground<'_>) -> Address {
    let label = ApiKeyLabel::undeclared(ground.accounts.label(account), id);
    Address::api_key(&ground.input.desired.provider, &label)
}

fn report_unmanaged(finder: &Finder<'_>, ground: &Ground<'_>, plan: &mut Plan) {
    for (account, id, _) in actual_keys(ground) {
        let ours = ground.input.state.is_some_and(|state| state.api_keys.contains_key(id));
        let path = ground.accounts.label(account);
        if ours || finder.is_wanted(id) || ground.accounts.bound(&path).is_none() {
            continue;
        }
        plan.kept.push(Kept {
            address: undeclared_address(account, id, ground),
            what: format!("API key {}", shown(id, ground)),
            because: if own::is_own(id, ground) { "orgform runs with it" } else { "unmanaged" }.into(),
        });
    }
}

fn report_unseen(ground: &Ground<'_>, plan: &mut Plan) {
    for (account, keys) in &ground.input.world.api_keys {
        if let Err(unseen) = keys {
            plan.unseen.push(UnseenScope {
                account: Some(ground.accounts.label(account)),
                because: unseen.because.clone(),
                hint: unseen.hint.clone(),
            });
        }
    }
}

pub(crate) fn actual_keys<'a>(
    ground: &Ground<'a>,
) -> impl Iterator<Item = (&'a AccountId, &'a ApiKeyId, &'a ActualApiKey)> + use<'a> {
    let world = ground.input.world;
    world
        .api_keys
        .iter()
        .flat_map(|(account, keys)| keys.iter().flatten().map(move |(id, key)| (account, id, key)))
}

fn actual_key<'a>(account: &AccountId, id: &ApiKeyId, ground: &Ground<'a>) -> Option<&'a ActualApiKey> {
    ground.input.world.api_keys(account)?.get(id)
}

fn semantics<'a>(ground: &Ground<'a>) -> Option<&'a ApiKeySemantics> {
    ground.input.semantics.api_keys.as_ref()
}

/// The name of an actual key, as shown; its id where it has none.
pub(crate) fn shown(id: &ApiKeyId, ground: &Ground<'_>) -> String {
    let found = actual_keys(ground).find(|(_, other, _)| *other == id);
    let name = found.and_then(|(_, _, key)| natural_key(&key.fields, ground));
    name.map_or_else(|| format!("{{{id}}}"), str::to_owned)
}

fn natural_key<'f>(fields: &'f orgform_model::Fields, ground: &Ground<'_>) -> Option<&'f str> {
    fields.get(semantics(ground)?.natural_key).and_then(Value::as_text)
}
