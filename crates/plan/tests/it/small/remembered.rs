//! What is remembered of a small world.

use orgform_model::ProviderState;
use orgform_model::invite::MailOutcome;
use orgform_model::policy::Removal;
use orgform_model::state::{AccountRecord, Loss, MailRecord, MembershipRecord, RoleRecord};

use super::{Small, There, account_object, email, member_object, named, role_fields, role_object};
use crate::apply::person_id;

impl Small {
    pub(super) fn state(&self) -> ProviderState {
        let mut state = ProviderState::default();
        for (index, account) in self.accounts.iter().enumerate() {
            let Some(removal) = account.ours else { continue };
            let (object, path) = (account_object(index), self.path(index));
            let record = AccountRecord { object, path, applied: named(&index.to_string()), removal };
            state.accounts.insert(Self::account_id(index), record);
        }
        for (index, role) in self.roles.iter().enumerate().filter(|(_, role)| role.ours) {
            let record = RoleRecord {
                object: role_object(index),
                account: Self::account_id(role.owner),
                key: self.role_key(index),
                applied: role_fields(index, role.there.as_deref().unwrap_or_default()),
                removal: Removal::Remove,
            };
            state.roles.insert(self.role_id(index + 1, role.owner), record);
        }
        for seat in &self.seats {
            let Some(ours) = &seat.ours else { continue };
            let id = |role: usize| self.role_id(role, seat.account);
            let invited = matches!(seat.there, There::Invited { .. });
            let last = Some("2026-11-01T12:00:00Z".parse().unwrap());
            let record = MembershipRecord {
                object: member_object(seat.person),
                person: (ours.joined && !invited).then(|| person_id(&email(seat.person))),
                granted: ours.granted.iter().map(|(role, end)| (id(*role), end.at())).collect(),
                kept: ours.kept.iter().map(|role| id(*role)).collect(),
                removal: ours.removal,
                mail: MailRecord { attempts: 1, last, outcome: Some(MailOutcome::Sent) },
                leaving: false,
                disabled: false,
            };
            state
                .memberships
                .entry(Self::account_id(seat.account))
                .or_default()
                .insert(email(seat.person), record);
        }
        for nth in 0..self.losses {
            state.losses.push(Loss {
                at: "2026-11-23T08:00:00Z".parse().unwrap(),
                account: Self::account_id(0),
                person: format!("gone{nth}@acme.example"),
                consented: nth == 0,
            });
        }
        state
    }
}
