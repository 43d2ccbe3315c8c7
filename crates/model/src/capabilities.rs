//! What a provider can do, as data; the default is that it can't.
//!
//! They filter the conformance suite, drive messages and make the table in the documentation.

use std::time::Duration;

use crate::change::Action;

/// What a provider can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Make accounts.
    pub create_account: bool,
    /// Change fields of accounts.
    pub update_account: bool,
    /// Remove accounts.
    pub remove_account: bool,
    /// Make, change and remove custom roles.
    pub write_roles: bool,
    /// Change the grants of a pending invite.
    pub update_invite: bool,
    /// Give grants while the invite is pending; if not, they are given on joining.
    pub grants_before_acceptance: bool,
    /// Take a pending invite back.
    pub withdraw_invite: bool,
    /// Mail an invite again.
    pub resend_invite: bool,
    /// Invites expire, and the provider tells which have.
    pub invites_expire: bool,
    /// Remove a member from one account.
    pub remove_member: bool,
    /// Mail a member again how to come in, whether or not the person has come in yet.
    pub mail_member: bool,
    /// Disable a person instead of removing.
    pub disable: bool,
    /// List API keys.
    pub list_api_keys: bool,
    /// Make API keys, with a secret that is shown once.
    pub create_api_key: bool,
    /// Change the fields and roles of an API key.
    pub update_api_key: bool,
    /// Remove API keys.
    pub remove_api_key: bool,
    /// Tell members' e-mails in the list; if not, each person costs a call.
    pub email_in_list: bool,
    /// Set a mark on an account that tells other roots who has authority.
    pub claim_mark: bool,
    /// Keep a log of who did what, which the reader's credential may read.
    pub audit_log: bool,
    /// Mails that a write sends.
    pub mails: Mails,
    /// How many changes of a kind go in one call.
    pub batch: usize,
    /// How many invites go in one call, where that is more.
    pub bulk_invite: usize,
    /// How hard the provider may be asked.
    pub rate: Rate,
    /// How long after a write a list may still lack the result.
    pub visible_within: Duration,
}

/// Which writes send a mail to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mails {
    /// Inviting somebody.
    pub on_invite: bool,
    /// Making somebody at once whom the provider does not know.
    pub on_create: bool,
    /// Sending an invite again.
    pub on_resend: bool,
    /// Removing a member.
    pub on_remove: bool,
}

/// How hard a provider may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls in flight at once.
    pub concurrency: usize,
    /// Calls per second over a while.
    pub per_second: u32,
}

impl Capabilities {
    /// Can do nothing but be observed.
    pub const NONE: Self = Self {
        create_account: false,
        update_account: false,
        remove_account: false,
        write_roles: false,
        update_invite: false,
        grants_before_acceptance: false,
        withdraw_invite: false,
        resend_invite: false,
        invites_expire: false,
        remove_member: false,
        mail_member: false,
        disable: false,
        list_api_keys: false,
        create_api_key: false,
        update_api_key: false,
        remove_api_key: false,
        email_in_list: false,
        claim_mark: false,
        audit_log: false,
        mails: Mails { on_invite: false, on_create: false, on_resend: false, on_remove: false },
        batch: 1,
        bulk_invite: 1,
        rate: Rate { concurrency: 1, per_second: 1 },
        visible_within: Duration::ZERO,
    };

    /// How many changes like this one go in one call.
    pub fn batch_of(&self, action: &Action) -> usize {
        let batch = self.batch.max(1);
        if matches!(action, Action::Invite { .. }) { batch.max(self.bulk_invite) } else { batch }
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::NONE
    }
}
