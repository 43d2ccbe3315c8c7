//! What every planning step stands on: the input, and what was worked out from it once.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use orgform_model::desired::DesiredAccount;
use orgform_model::policy::Removal;
use orgform_model::state::AccountRecord;
use orgform_model::{AccountId, Address, Email, ObjectRef};

use crate::Input;
use crate::bind::{Accounts, bind};
use crate::inherited::TakenOut;
use crate::people::{People, Roster};
use crate::plan::{Deferred, Plan};
use crate::roles::{self, Roles};

/// The input and its indexes.
#[derive(Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) input: Input<'a>,
    pub(crate) accounts: Accounts,
    pub(crate) people: People<'a>,
    pub(crate) rosters: BTreeMap<&'a AccountId, Roster<'a>>,
    pub(crate) roles: Roles,
    /// What accounts show and was taken out, because it is held above them.
    pub(crate) taken_out: &'a [TakenOut],
    /// Accounts that are to be removed: what is in them goes with them.
    pub(crate) going: BTreeSet<AccountId>,
    /// People who are declared absent everywhere.
    pub(crate) offboarded: BTreeSet<&'a Email>,
    emails_of_objects: OnceCell<HashMap<&'a ObjectRef, &'a Email>>,
    remembered_of_objects: OnceCell<HashMap<&'a ObjectRef, Vec<(&'a AccountId, &'a Email)>>>,
}

impl<'a> Ground<'a> {
    /// Works the indexes out.
    pub(crate) fn new(input: &Input<'a>) -> Self {
        let Input { desired, world, state, semantics, .. } = *input;
        let accounts = bind(desired, &world.directory, state, semantics);
        let people = People::new(desired, world, state);
        let rosters = world.contents.keys().map(|id| (id, people.of_account(id))).collect();
        let mut ground = Self {
            input: *input,
            accounts,
            people,
            rosters,
            roles: Roles::default(),
            taken_out: &[],
            going: BTreeSet::new(),
            offboarded: desired
                .people
                .iter()
                .filter(|(_, person)| person.offboarded)
                .map(|(email, _)| email)
                .collect(),
            emails_of_objects: OnceCell::new(),
            remembered_of_objects: OnceCell::new(),
        };
        ground.going = ground
            .undeclared_accounts()
            .filter(|(id, record)| {
                record.removal == Removal::Remove && world.directory.accounts.contains_key(*id)
            })
            .map(|(id, _)| id.clone())
            .collect();
        ground.roles = roles::index(&ground);
        ground
    }

    /// Accounts of ours that are no longer declared and that the plan may speak for.
    pub(crate) fn undeclared_accounts(
        &self,
    ) -> impl Iterator<Item = (&'a AccountId, &'a AccountRecord)> + use<'a, '_> {
        let desired = self.input.desired;
        self.input.state.into_iter().flat_map(|state| &state.accounts).filter(move |(id, record)| {
            self.declared_account(id).is_none()
                && !desired.frozen.objects.contains(&record.object)
                && desired.subject.speaks_for(&record.object)
                && self.accounts.unsettled(id).is_none()
        })
    }

    /// The declaration of an actual account.
    pub(crate) fn declared_account(&self, id: &AccountId) -> Option<&'a DesiredAccount> {
        let path = self.accounts.label(id);
        (self.accounts.id(&path) == Some(id)).then(|| self.input.desired.accounts.get(&path)).flatten()
    }

    /// Whether an account is certainly not there any more.
    pub(crate) fn is_gone(&self, id: &AccountId) -> bool {
        let directory = &self.input.world.directory;
        directory.completeness.is_complete() && !directory.accounts.contains_key(id)
    }

    /// Whether an interrupted run may still be making this.
    pub(crate) fn is_pending(&self, address: &Address) -> bool {
        self.input.state.is_some_and(|state| state.intents.contains_key(address))
    }

    /// Defers what an interrupted run may have done.
    pub(crate) fn defer_pending(&self, address: Address, what: &str, plan: &mut Plan) {
        let begun = self.input.state.and_then(|state| state.intents.get(&address)).map(|intent| intent.at);
        let wait = jiff::SignedDuration::try_from(self.input.capabilities.visible_within).ok();
        let until = begun.zip(wait).and_then(|(at, wait)| at.checked_add(wait).ok());
        let because = "an interrupted run may have done it; it is not visible yet".into();
        plan.deferred.push(Deferred { address, what: what.into(), because, until });
    }

    /// Defers what is in an account that could not be seen.
    pub(crate) fn defer_unseen(&self, address: Address, what: &str, plan: &mut Plan) {
        let because = "its account could not be seen completely".into();
        plan.deferred.push(Deferred { address, what: what.into(), because, until: None });
    }

    /// Defers what is in an account of which nobody can tell yet what is declared.
    pub(crate) fn defer_unsettled(&self, address: Address, what: &str, because: &str, plan: &mut Plan) {
        plan.deferred.push(Deferred { address, what: what.into(), because: because.into(), until: None });
    }

    /// The e-mail that an object declares, where it declares a membership.
    pub(crate) fn email_of_object(&self, object: &ObjectRef) -> Option<&'a Email> {
        let desired = self.input.desired;
        let emails = self
            .emails_of_objects
            .get_or_init(|| desired.all_memberships().map(|(_, email, one)| (&one.object, email)).collect());
        emails.get(object).copied()
    }

    /// The memberships that we remember of an object: the account, and the e-mail.
    pub(crate) fn remembered_of_object(&self, object: &ObjectRef) -> &[(&'a AccountId, &'a Email)] {
        let state = self.input.state;
        let remembered = self.remembered_of_objects.get_or_init(|| {
            let mut remembered: HashMap<_, Vec<_>> = HashMap::new();
            for (account, people) in state.into_iter().flat_map(|state| &state.memberships) {
                for (email, record) in people {
                    remembered.entry(&record.object).or_default().push((account, email));
                }
            }
            remembered
        });
        remembered.get(object).map_or(&[], Vec::as_slice)
    }
}
