//! Binds declared accounts to actual ones, and labels the rest.
//!
//! An account is found by its `externalId`, else by the id we remember for its object, else by its natural
//! key under its parent. An ambiguous key binds nothing: adopting the wrong account is worse than waiting.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::desired::{DesiredAccount, Manage, Subject};
use orgform_model::world::Directory;
use orgform_model::{
    AccountId, AccountPath, Address, Desired, ProviderName, ProviderState, Semantics, Value,
};

/// Which declared account is which actual one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accounts {
    bound: BTreeMap<AccountPath, Bound>,
    labels: BTreeMap<AccountId, AccountPath>,
    children: BTreeMap<AccountId, BTreeSet<AccountId>>,
    unsettled: BTreeMap<AccountId, &'static str>,
}

/// What a declared account is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// It exists.
    Known(AccountId),
    /// It does not exist and can be made.
    Create,
    /// It can't be told, or can't be made.
    Blocked {
        /// Why, as a sentence without a period.
        because: String,
        /// What to do.
        next: String,
        /// Whether it may come by itself, so that it is deferred rather than refused.
        passing: bool,
    },
}

impl Accounts {
    /// What a declared account is bound to.
    pub(crate) fn bound(&self, path: &AccountPath) -> Option<&Bound> {
        self.bound.get(path)
    }

    /// The id of a declared account, if it exists.
    pub(crate) fn id(&self, path: &AccountPath) -> Option<&AccountId> {
        match self.bound.get(path) {
            Some(Bound::Known(id)) => Some(id),
            _ => None,
        }
    }

    /// The label of an actual account.
    pub(crate) fn label(&self, id: &AccountId) -> AccountPath {
        self.labels.get(id).cloned().unwrap_or_else(|| AccountPath::undeclared(None, id))
    }

    /// The account and everything below it.
    pub(crate) fn subtree(&self, id: &AccountId) -> BTreeSet<AccountId> {
        let mut all = BTreeSet::new();
        let mut open = vec![id.clone()];
        while let Some(id) = open.pop() {
            open.extend(self.children.get(&id).into_iter().flatten().cloned());
            all.insert(id);
        }
        all
    }

    /// Why nobody can tell yet what is declared of an account that exists, as a clause; none for most. It
    /// stays as it is, with all that is in it.
    pub(crate) fn unsettled(&self, id: &AccountId) -> Option<&'static str> {
        self.unsettled.get(id).copied()
    }

    /// The direct children of an account.
    pub(crate) fn children(&self, id: &AccountId) -> impl Iterator<Item = &AccountId> {
        self.children.get(id).into_iter().flatten()
    }
}

/// Binds every declared account, parents first.
pub(crate) fn bind(
    desired: &Desired,
    directory: &Directory,
    state: Option<&ProviderState>,
    semantics: &Semantics,
) -> Accounts {
    let mut accounts = Accounts::default();
    for (id, account) in &directory.accounts {
        if let Some(parent) = &account.parent {
            accounts.children.entry(parent.clone()).or_default().insert(id.clone());
        }
    }
    let binder = Binder::new(desired, directory, state, semantics);
    for (path, account) in &desired.accounts {
        let parent = account.parent.as_ref().and_then(|parent| accounts.bound.get(parent)).cloned();
        let bound = binder.bind_one(path, account, parent.as_ref());
        match &bound {
            Bound::Known(id) => {
                accounts.labels.insert(id.clone(), path.clone());
            }
            Bound::Blocked { .. } => {
                let meant =
                    account.external_id.as_ref().or_else(|| binder.by_object.get(&account.object).copied());
                accounts.unsettled.extend(meant.map(|id| (id.clone(), "its account can't be told yet")));
                let renamed = binder.vanished_for(account, parent.as_ref());
                accounts.unsettled.extend(renamed.map(|id| (id.clone(), MAY_BE_RENAMED)));
            }
            Bound::Create => {}
        }
        accounts.bound.insert(path.clone(), bound);
    }
    let frozen = binder.by_object.iter().filter(|(object, _)| desired.frozen.objects.contains(**object));
    accounts
        .unsettled
        .extend(frozen.map(|(_, id)| ((*id).clone(), "the declaration of its account has an error")));
    label_the_rest(&mut accounts, directory, state);
    accounts
}

const MAY_BE_RENAMED: &str = "its account may have been renamed; `externalId` tells";

struct Binder<'a> {
    provider: &'a ProviderName,
    directory: &'a Directory,
    semantics: &'a Semantics,
    /// Ids that some declared account has by `externalId` or by its object.
    taken: BTreeSet<&'a AccountId>,
    by_object: BTreeMap<&'a orgform_model::ObjectRef, &'a AccountId>,
    by_key: BTreeMap<(Option<&'a AccountId>, &'a str), Vec<&'a AccountId>>,
    /// Accounts of ours that are there and no longer declared, by parent.
    vanished: BTreeMap<Option<&'a AccountId>, Vec<&'a AccountId>>,
}

impl<'a> Binder<'a> {
    fn new(
        desired: &'a Desired,
        directory: &'a Directory,
        state: Option<&'a ProviderState>,
        semantics: &'a Semantics,
    ) -> Self {
        let by_object: BTreeMap<_, _> = state
            .into_iter()
            .flat_map(|state| &state.accounts)
            .map(|(id, record)| (&record.object, id))
            .collect();
        let taken = desired
            .accounts
            .values()
            .filter_map(|account| {
                account.external_id.as_ref().or_else(|| by_object.get(&account.object).copied())
            })
            .collect();
        let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, account) in &directory.accounts {
            // A parent that the credential can't see is as good as none.
            let parent = account.parent.as_ref().filter(|parent| directory.accounts.contains_key(*parent));
            if let Some(key) = account.fields.get(semantics.accounts.natural_key).and_then(Value::as_text) {
                by_key.entry((parent, key)).or_default().push(id);
            }
        }
        let vanished = vanished(desired, directory, state, semantics);
        Self { provider: &desired.provider, directory, semantics, taken, by_object, by_key, vanished }
    }

    fn bind_one(&self, path: &AccountPath, account: &'a DesiredAccount, parent: Option<&Bound>) -> Bound {
        if let Some(id) = &account.external_id {
            return match self.directory.accounts.contains_key(id) {
                true => self.known(id, account, parent),
                false => refuse(
                    format!("no account with the id {id} is visible"),
                    "correct `externalId`, or use a credential that can see it",
                ),
            };
        }
        if let Some(id) = self.by_object.get(&account.object) {
            // Somebody removed it, or the list is short: making it again could leave two of them.
            return match self.directory.accounts.contains_key(*id) {
                true => self.known(id, account, parent),
                false if !self.directory.completeness.is_complete() => {
                    defer("not all accounts could be seen")
                }
                false => refuse(
                    format!("it was account {id}, which is not listed any more"),
                    self.after_a_removal_by_hand(path, account),
                ),
            };
        }
        if let Some(Bound::Blocked { .. }) = parent {
            return defer("its parent account can't be told yet");
        }
        if account.parent.is_some() && !matches!(parent, Some(Bound::Known(_) | Bound::Create)) {
            return defer("its parent account is not part of this");
        }
        let parent_id = match parent {
            Some(Bound::Known(id)) => Some(id),
            _ => None,
        };
        let candidates =
            if matches!(parent, Some(Bound::Create)) { vec![] } else { self.candidates(account, parent_id) };
        match candidates.as_slice() {
            [] => self.absent(account, parent_id),
            [id] => Bound::Known((*id).clone()),
            several => refuse(
                format!("{} accounts have this name here: {}", several.len(), join(several)),
                "set `externalId` to the one that is meant",
            ),
        }
    }

    /// What to do about an account of ours that is gone.
    fn after_a_removal_by_hand(&self, path: &AccountPath, account: &DesiredAccount) -> String {
        let forget = format!("`orgform forget {}`", Address::account(self.provider, path));
        if account.parent.is_some() || self.semantics.accounts.top_level_creatable {
            return format!(
                "the list may have been short: plan again; if it stays gone and was removed by hand, run {forget}: then it \
                 is made anew, and its people are invited again"
            );
        }
        format!(
            "the list may have been short: plan again; if it stays gone and was removed by hand, sign up for it at the \
             provider again, since an account at the top can't be made through the API, then run {forget}: the new one is adopted, and its people are invited again"
        )
    }

    fn known(&self, id: &AccountId, account: &DesiredAccount, parent: Option<&Bound>) -> Bound {
        let actual = self.directory.accounts.get(id).and_then(|account| account.parent.as_ref());
        let visible = actual.filter(|parent| self.directory.accounts.contains_key(*parent));
        let matches = match (parent, visible) {
            (Some(Bound::Known(declared)), Some(actual)) => declared == actual,
            (Some(Bound::Known(_) | Bound::Create), _) => false,
            (Some(Bound::Blocked { .. }), _) => return defer("its parent account can't be told yet"),
            // Declared at the top: an account whose parent nobody declares may well be a child.
            (None, _) => account.parent.is_none(),
        };
        match matches {
            true => Bound::Known(id.clone()),
            false => refuse(
                format!("account {id} has another parent at the provider, and accounts don't move"),
                "correct `parentRef`, or declare a new account",
            ),
        }
    }

    fn candidates(&self, account: &'a DesiredAccount, parent: Option<&AccountId>) -> Vec<&'a AccountId> {
        let Some(key) = self.natural_key(account) else { return vec![] };
        self.by_key
            .get(&(parent, key))
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| !self.taken.contains(id))
            .collect()
    }

    fn natural_key(&self, account: &'a DesiredAccount) -> Option<&'a str> {
        account.fields.get(self.semantics.accounts.natural_key).and_then(Value::as_text)
    }

    fn absent(&self, account: &DesiredAccount, parent: Option<&AccountId>) -> Bound {
        if !self.directory.completeness.is_complete() {
            return defer("not all accounts could be seen");
        }
        if account.manage == Manage::Reference {
            return refuse(
                "no such account is visible, and it is only referenced",
                "make it, or correct its name",
            );
        }
        if account.parent.is_none() && !self.semantics.accounts.top_level_creatable {
            return refuse(
                "no such account is visible, and an account at the top can't be made through the API",
                "sign up for it at the provider, or correct `displayName`, or set `externalId`",
            );
        }
        match self.vanished.get(&parent).map(Vec::as_slice) {
            None | Some([]) => Bound::Create,
            Some(vanished) => {
                let ids = join(vanished);
                let (noun, verb) = if vanished.len() == 1 { ("account", "is") } else { ("accounts", "are") };
                refuse(
                    format!(
                        "{noun} {ids} {verb} no longer declared and this one is new under the same parent: \
                         it may be a rename"
                    ),
                    match vanished {
                        [one] => format!("if it is, set `externalId: {one}`; if not, apply the removal of the old one first"),
                        _ => "if it is, set `externalId` to the one that is meant; if not, apply the removals first".into(),
                    },
                )
            }
        }
    }

    /// The accounts that a declaration which finds nothing may be a new name of.
    fn vanished_for(
        &self,
        account: &DesiredAccount,
        parent: Option<&Bound>,
    ) -> impl Iterator<Item = &'a AccountId> {
        let found = account.external_id.is_some() || self.by_object.contains_key(&account.object);
        let parent = match parent {
            Some(Bound::Known(id)) => Some(Some(id)),
            None if account.parent.is_none() => Some(None),
            _ => None,
        };
        let vanished = parent.filter(|_| !found).and_then(|parent| self.vanished.get(&parent));
        vanished.map_or(&[][..], Vec::as_slice).to_vec().into_iter()
    }
}

/// Accounts that we remember, or somebody in them, whose objects are gone and whose names nobody declares, by
/// parent.
fn vanished<'a>(
    desired: &'a Desired,
    directory: &'a Directory,
    state: Option<&'a ProviderState>,
    semantics: &Semantics,
) -> BTreeMap<Option<&'a AccountId>, Vec<&'a AccountId>> {
    let natural_key = |fields: &'a orgform_model::Fields| {
        fields.get(semantics.accounts.natural_key).and_then(Value::as_text)
    };
    let declared: BTreeSet<_> = desired.accounts.values().map(|account| &account.object).collect();
    let ids: BTreeSet<_> =
        desired.accounts.values().filter_map(|account| account.external_id.as_ref()).collect();
    let keys: BTreeSet<_> = desired.accounts.values().map(|account| natural_key(&account.fields)).collect();
    // A plan for some objects knows all declarations too: it may not take from an account what a plan for
    // everything would leave there. With a gap nobody can tell what is declared.
    let Some(state) = state.filter(|_| !matches!(desired.subject, Subject::Some { gap: true, .. })) else {
        return BTreeMap::new();
    };
    let undeclared = state.accounts.iter().filter(|(_, record)| {
        !declared.contains(&record.object) && !desired.frozen.objects.contains(&record.object)
    });
    // People of ours may be in an account that only plans for some people have met so far.
    let owners = state.roles.values().map(|role| &role.account);
    let never_asked_for =
        state.memberships.keys().chain(owners).filter(|id| !state.accounts.contains_key(*id));
    let candidates: BTreeSet<&AccountId> =
        undeclared.map(|(id, _)| id).chain(never_asked_for).filter(|id| !ids.contains(id)).collect();
    let mut vanished: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for id in candidates {
        let Some(actual) = directory.accounts.get(id) else { continue };
        if !keys.contains(&natural_key(&actual.fields)) {
            let parent = actual.parent.as_ref().filter(|parent| directory.accounts.contains_key(*parent));
            vanished.entry(parent).or_default().push(id);
        }
    }
    vanished
}

fn label_the_rest(accounts: &mut Accounts, directory: &Directory, state: Option<&ProviderState>) {
    let declared: BTreeSet<AccountPath> = accounts.bound.keys().cloned().collect();
    for id in directory.accounts.keys() {
        let mut chain = vec![];
        let mut at = Some(id);
        // Up to the first account that has a label; a loop in the provider's answer ends the walk.
        while let Some(id) = at.filter(|id| !accounts.labels.contains_key(*id) && !chain.contains(id)) {
            chain.push(id);
            at = directory.accounts.get(id).and_then(|account| account.parent.as_ref());
        }
        let mut label = at.and_then(|id| accounts.labels.get(id)).cloned();
        for id in chain.into_iter().rev() {
            let remembered = state
                .and_then(|state| state.accounts.get(id))
                .map(|record| record.path.clone())
                .filter(|path| !declared.contains(path));
            let own = remembered.unwrap_or_else(|| AccountPath::undeclared(label.as_ref(), id));
            accounts.labels.insert(id.clone(), own.clone());
            label = Some(own);
        }
    }
}

fn refuse(because: impl Into<String>, next: impl Into<String>) -> Bound {
    Bound::Blocked { because: because.into(), next: next.into(), passing: false }
}

fn defer(because: impl Into<String>) -> Bound {
    Bound::Blocked { because: because.into(), next: String::new(), passing: true }
}

fn join(ids: &[&AccountId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
