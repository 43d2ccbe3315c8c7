//! A small world, ready to be planned and carried out.

use std::collections::BTreeSet;

use orgform_model::{
    AccountId, AccountPath, Address, Capabilities, Desired, Email, ProviderState, Scope, Semantics, World,
};
use orgform_plan::{Plan, Requests};

use super::now;
use crate::apply::Model;
use crate::observe::{self, Setting};

/// Everything that planning one small world takes.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) desired: Desired,
    pub(crate) world: World,
    pub(crate) state: Option<ProviderState>,
    pub(crate) semantics: &'static Semantics,
    pub(crate) capabilities: Capabilities,
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
            Scope::Directory
            | Scope::Below(_)
            | Scope::Member { .. }
            | Scope::Person(_)
            | Scope::ApiKeys(_) => None,
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
