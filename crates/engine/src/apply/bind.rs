//! Binds the references of a change to the ids that earlier changes were answered with.

use std::collections::BTreeSet;

use orgform_model::change::{Action, Applied, Change, Ref};
use orgform_model::{AccountId, Address, PersonId, RoleId, RoleKey};
use orgform_plan::Bindings;

/// The change with every reference known; none if something it names was not made.
pub(super) fn bind(change: &Change, bindings: &Bindings) -> Option<Change> {
    let account = |reference: &Ref<AccountId>| bindings.account(reference).map(Ref::Known);
    let roles = |roles: &BTreeSet<Ref<RoleId>>| {
        roles.iter().map(|role| bindings.role(role).map(Ref::Known)).collect::<Option<BTreeSet<_>>>()
    };
    let mut bound = change.clone();
    match &mut bound.action {
        Action::CreateAccount { parent: reference, fields: _ } => {
            if let Some(parent) = reference {
                *parent = account(parent)?;
            }
        }
        Action::CreateRole { account: owner, fields: _ } => *owner = account(owner)?,
        Action::Invite { account: of, email: _, roles: grants }
        | Action::CreateMember { account: of, email: _, roles: grants, fields: _, password: _ } => {
            *of = account(of)?;
            *grants = roles(grants)?;
        }
        Action::UpdateInvite { account: _, invite: _, email: _, from: _, roles: grants }
        | Action::Resend { account: _, invite: _, email: _, from: _, roles: grants }
        | Action::UpdateMember { account: _, person: _, from: _, roles: grants } => *grants = roles(grants)?,
        Action::CreateApiKey { account: of, fields: _, roles: grants, secret_to: _ } => {
            *of = account(of)?;
            if let Some(grants) = grants {
                *grants = roles(grants)?;
            }
        }
        Action::UpdateApiKey { account: _, key: _, changes: _, from: _, roles: grants } => {
            if let Some(grants) = grants {
                *grants = roles(grants)?;
            }
        }
        Action::UpdateAccount { .. }
        | Action::UpdatePerson { .. }
        | Action::RemoveAccount { .. }
        | Action::UpdateRole { .. }
        | Action::RemoveRole { .. }
        | Action::Withdraw { .. }
        | Action::RemoveMember { .. }
        | Action::MailMember { .. }
        | Action::RemoveApiKey { .. }
        | Action::Disable { .. }
        | Action::Enable { .. } => {}
    }
    Some(bound)
}

/// Remembers the id of what a change has made.
pub(super) fn remember(bindings: &mut Bindings, change: &Change, applied: &Applied) {
    match (&change.action, applied) {
        (Action::CreateAccount { .. }, Applied::Account { id, fixed_roles }) => {
            bindings.accounts.insert(change.address.clone(), id.clone());
            let Some(path) = change.address.account_path() else { return };
            for (name, role) in fixed_roles {
                let key = RoleKey::new(path.clone(), name.as_str());
                bindings.roles.insert(Address::role(&change.address.provider, &key), role.clone());
            }
        }
        (Action::CreateRole { .. }, Applied::Role { id }) => {
            bindings.roles.insert(change.address.clone(), id.clone());
        }
        _ => {}
    }
}

/// Whether this is an answer to that: anything else means that we don't know what happened.
pub(super) fn answers(applied: &Applied, action: &Action) -> bool {
    match action {
        Action::CreateAccount { .. } | Action::UpdateAccount { .. } => {
            matches!(applied, Applied::Account { .. })
        }
        Action::CreateRole { .. } | Action::UpdateRole { .. } => matches!(applied, Applied::Role { .. }),
        Action::RemoveAccount { .. }
        | Action::RemoveRole { .. }
        | Action::Withdraw { .. }
        | Action::RemoveMember { .. }
        | Action::RemoveApiKey { .. } => matches!(applied, Applied::Gone),
        Action::CreateApiKey { .. } | Action::UpdateApiKey { .. } => {
            matches!(applied, Applied::ApiKey { .. })
        }
        Action::Invite { .. } => {
            matches!(applied, Applied::Invited { .. } | Applied::Unmailed { .. } | Applied::Member { .. })
        }
        Action::UpdateInvite { .. } | Action::Resend { .. } => {
            matches!(applied, Applied::Invited { .. } | Applied::Member { .. })
        }
        Action::UpdatePerson { .. } => matches!(applied, Applied::Person { .. }),
        Action::CreateMember { .. }
        | Action::UpdateMember { .. }
        | Action::MailMember { .. }
        | Action::Enable { .. } => {
            matches!(applied, Applied::Member { .. })
        }
        // Where disabling takes the grants away, the answer may be that nothing is left.
        Action::Disable { .. } => matches!(applied, Applied::Member { .. } | Applied::Gone),
    }
}

/// The member that a change is about.
pub(super) fn person_of(action: &Action) -> Option<&PersonId> {
    match action {
        Action::UpdateMember { person, .. }
        | Action::RemoveMember { person, .. }
        | Action::MailMember { person, .. }
        | Action::UpdatePerson { person, .. }
        | Action::Disable { person, .. }
        | Action::Enable { person, .. } => Some(person),
        _ => None,
    }
}

/// The account that a change is about, where its id is known.
pub(super) fn account_of(action: &Action) -> Option<&AccountId> {
    match action {
        Action::CreateAccount { parent, fields: _ } => parent.as_ref().and_then(Ref::known),
        Action::CreateRole { account, .. }
        | Action::Invite { account, .. }
        | Action::CreateMember { account, .. }
        | Action::CreateApiKey { account, .. } => account.known(),
        Action::UpdateAccount { account, .. }
        | Action::UpdatePerson { account, .. }
        | Action::RemoveAccount { account }
        | Action::UpdateRole { account, .. }
        | Action::RemoveRole { account, .. }
        | Action::UpdateInvite { account, .. }
        | Action::Resend { account, .. }
        | Action::Withdraw { account, .. }
        | Action::UpdateMember { account, .. }
        | Action::RemoveMember { account, .. }
        | Action::MailMember { account, .. }
        | Action::Disable { account, .. }
        | Action::Enable { account, .. }
        | Action::UpdateApiKey { account, .. }
        | Action::RemoveApiKey { account, .. } => Some(account),
    }
}
