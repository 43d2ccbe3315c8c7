//! What a small world declares.

use orgform_model::desired::{
    Desired, DesiredAccount, DesiredMembership, DesiredPerson, DesiredRole, Manage,
};
use orgform_model::fields::Fields;
use orgform_model::policy::{Adoption, DriftPolicy, Removal};

use super::{PEOPLE, Small, account_object, email, member_object, named, place, role_fields, role_object};

impl Small {
    pub(super) fn desired(&self) -> Desired {
        let mut desired = Desired::empty("pureport".into());
        desired.policy.adoption = if self.take { Adoption::Take } else { Adoption::Keep };
        desired.policy.drift = if self.report { DriftPolicy::Report } else { DriftPolicy::Correct };
        for (index, account) in self.accounts.iter().enumerate().filter(|(_, account)| account.declared) {
            let path = self.path(index);
            let declared = DesiredAccount {
                object: account_object(index),
                place: place(),
                parent: path.parent(),
                manage: Manage::Full,
                external_id: None,
                fields: named(&index.to_string()),
                authoritative_members: false,
                adoption: None,
                removal: account.ours.unwrap_or(Removal::Retain),
            };
            desired.accounts.insert(path, declared);
        }
        for (index, role) in self.roles.iter().enumerate() {
            let Some(cells) = &role.declared else { continue };
            let declared = DesiredRole {
                object: role_object(index),
                place: place(),
                manage: Manage::Full,
                external_id: None,
                fields: role_fields(index, cells),
                removal: Removal::Remove,
            };
            desired.roles.insert(self.role_key(index), declared);
        }
        for seat in &self.seats {
            if self.offboarded.contains(&seat.person) {
                continue;
            }
            let Some(grants) = &seat.declared else { continue };
            let grants = grants.iter().map(|(role, end)| (self.grant(*role), end.at())).collect();
            let removal = seat.ours.as_ref().map_or(Removal::Remove, |ours| ours.removal);
            let membership =
                DesiredMembership { object: member_object(seat.person), place: place(), grants, removal };
            desired
                .memberships
                .entry(self.path(seat.account))
                .or_default()
                .insert(email(seat.person), membership);
        }
        for person in 0..PEOPLE.len() {
            let declared = DesiredPerson {
                object: member_object(person),
                place: place(),
                offboarded: self.offboarded.contains(&person),
                identity: None,
                fields: Fields::new(),
                creation: None,
            };
            desired.people.insert(email(person), declared);
        }
        desired
    }
}
